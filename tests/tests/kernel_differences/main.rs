//! The differences between kernels' types, compared with those between what bpftool prints of them.
//!
//! `bpftool btf dump -j` prints the records; what follows from them is computed here once more, from its JSON.

mod printed;

use std::collections::{BTreeMap, BTreeSet};

use btf_types::{Btf, Kind};
use core_reloc::Target;
use core_reloc_tests::data;
use core_reloc_tools::diff::{Change, Diff, Differ, MemberSide, TypeClass};

use self::printed::Printed;

/// The pairs of kernels: with many years between them, without many, and of other architectures.
const PAIRS: [[&str; 2]; 3] =
    [["amd64-6.1", "amd64-6.12"], ["amd64-5.10", "amd64-6.1"], ["arm64-6.1", "s390x-6.12"]];

/// A fact about a type or a member, by kernel.
type Facts = BTreeSet<(String, String, String)>;

/// Calls a function with the differences of each pair of kernels, and what bpftool prints of them.
fn for_each_pair(test: impl Fn(&Diff, &Printed, &Printed)) {
    let kernels = data::kernels().unwrap();
    for names in PAIRS {
        let [Some(old), Some(new)] =
            names.map(|name| kernels.iter().find(|kernel| kernel.name == name))
        else {
            println!("SKIPPED: {names:?} were not fetched");
            continue;
        };
        let (Some(of_old), Some(of_new)) = (Printed::of(&old.btf), Printed::of(&new.btf)) else {
            return;
        };
        let bytes = [old, new].map(|kernel| std::fs::read(&kernel.btf).unwrap());
        let [old, new] = bytes.each_ref().map(|bytes| Btf::parse(bytes).unwrap());
        let (old, new) = (Target::new(&old), Target::new(&new));
        let diff = Differ::new(&old, &new).whole();
        assert!(!diff.is_cut);
        println!("{names:?}: {:?}", diff.totals());
        test(&diff, &of_old, &of_new);
    }
}

/// Returns the members that both kernels have, with their offsets, and the others.
fn member_facts(diff: &Diff, is_unique: impl Fn(&str) -> bool) -> [Facts; 4] {
    let [mut moved, mut retyped, mut gone, mut new] = [const { Facts::new() }; 4];
    for ty in diff.types.iter().filter(|ty| is_unique(ty.name())) {
        if ty.class != TypeClass::Composite || ty.change() != Change::Changed {
            continue;
        }
        let fact =
            |side: &MemberSide, other: String| (ty.name().to_string(), side.path.clone(), other);
        for member in &ty.members {
            let offset = |side: &MemberSide| side.layout.bit_offset.to_string();
            match (&member.old, &member.new) {
                (Some(old), Some(now)) if old.path == now.path => {
                    if member.moved_by().is_some() {
                        moved.insert(fact(now, format!("{} {}", offset(old), offset(now))));
                    }
                    if member.is_retyped {
                        retyped.insert(fact(now, String::new()));
                    }
                }
                // bpftool knows nothing of renames.
                (old, now) => {
                    gone.extend(old.as_ref().map(|old| fact(old, offset(old))));
                    new.extend(now.as_ref().map(|now| fact(now, offset(now))));
                }
            }
        }
    }
    [moved, retyped, gone, new]
}

/// Returns the same of what bpftool prints.
fn printed_facts(old: &Printed, new: &Printed, is_unique: impl Fn(&str) -> bool) -> [Facts; 4] {
    let [mut moved, mut retyped, mut gone, mut fresh] = [const { Facts::new() }; 4];
    for (name, of_old) in old.composites().filter(|(name, _)| is_unique(name)) {
        let Some(of_new) = new.composite(name) else { continue };
        let (of_old, of_new) = (old.members(of_old), new.members(of_new));
        let fact = |path: &str, other: String| (name.to_string(), path.to_string(), other);
        for (path, was) in &of_old {
            match of_new.get(path) {
                Some(is) => {
                    if was.offset != is.offset {
                        moved.insert(fact(path, format!("{} {}", was.offset, is.offset)));
                    }
                    if was.ty != is.ty {
                        retyped.insert(fact(path, String::new()));
                    }
                }
                None => _ = gone.insert(fact(path, was.offset.to_string())),
            }
        }
        for (path, is) in of_new.iter().filter(|(path, _)| !of_old.contains_key(*path)) {
            fresh.insert(fact(path, is.offset.to_string()));
        }
    }
    [moved, retyped, gone, fresh]
}

#[track_caller]
fn are_equal(what: &str, ours: &Facts, theirs: &Facts) {
    let only = |one: &Facts, other: &Facts| -> Vec<(String, String, String)> {
        one.difference(other).take(10).cloned().collect()
    };
    println!("{what}: {} of ours, {} by bpftool", ours.len(), theirs.len());
    assert_eq!((only(ours, theirs), only(theirs, ours)), (Vec::new(), Vec::new()), "{what}");
    assert!(theirs.len() > 100, "{what}");
}

#[test]
fn members_differ_as_bpftool_prints_them() {
    for_each_pair(|diff, old, new| {
        // Several structs of a name are paired by what they have in common, which is another question.
        let is_unique = |name: &str| old.is_unique(name) && new.is_unique(name);
        let left_out = old.composites().filter(|(name, _)| !is_unique(name)).count();
        println!("{left_out} structs share their names");
        assert!(left_out < 400);
        let ours = member_facts(diff, is_unique);
        let theirs = printed_facts(old, new, is_unique);
        for ((what, ours), theirs) in
            ["moved", "retyped", "gone", "new"].iter().zip(&ours).zip(&theirs)
        {
            are_equal(what, ours, theirs);
        }
    });
}

#[test]
fn members_of_types_that_share_a_name_are_those_of_one_of_them() {
    for_each_pair(|diff, old, new| {
        let places = |kernel: &Printed, name: &str| -> BTreeSet<(String, u64)> {
            let all = kernel.all_composites(name);
            let members = all.flat_map(|ty| kernel.members(ty));
            members.map(|(path, member)| (path, member.offset)).collect()
        };
        let mut compared = 0;
        for ty in &diff.types {
            let name = ty.name();
            if ty.class != TypeClass::Composite || old.is_unique(name) && new.is_unique(name) {
                continue;
            }
            let (of_old, of_new) = (places(old, name), places(new, name));
            for member in &ty.members {
                let place = |side: &MemberSide| (side.path.clone(), side.layout.bit_offset);
                assert!(member.old.as_ref().is_none_or(|side| of_old.contains(&place(side))));
                assert!(member.new.as_ref().is_none_or(|side| of_new.contains(&place(side))));
                compared += 1;
            }
        }
        println!("{compared} members of types that share their names");
    });
}

#[test]
fn named_types_are_gone_and_new_as_bpftool_prints_them() {
    for_each_pair(|diff, old, new| {
        for (class, kinds) in [
            (TypeClass::Composite, &["STRUCT", "UNION", "FWD"] as &[&str]),
            (TypeClass::Enum, &["ENUM", "ENUM64"]),
            (TypeClass::Typedef, &["TYPEDEF"]),
            (TypeClass::Function, &["FUNC"]),
            (TypeClass::Variable, &["VAR"]),
        ] {
            let (of_old, of_new) = (old.names(kinds), new.names(kinds));
            let is_both = |name: &str| of_old.contains_key(name) && of_new.contains_key(name);
            let only = |change: Change| -> BTreeSet<&str> {
                let all = diff.types.iter().filter(|ty| ty.class == class);
                let sides = all.flat_map(|ty| match change {
                    // A type that was renamed is gone under its old name.
                    Change::Gone => ty.old.as_ref().filter(|_| ty.change() != Change::Changed),
                    _ => ty.new.as_ref().filter(|_| ty.change() != Change::Changed),
                });
                let names = sides.map(|side| side.name.as_str());
                names.filter(|name| !name.is_empty() && !is_both(name)).collect()
            };
            let absent = |one: &BTreeMap<String, usize>, other: &BTreeMap<String, usize>| {
                let names = one.keys().filter(|name| !other.contains_key(*name));
                names.cloned().collect::<BTreeSet<String>>()
            };
            let gone: BTreeSet<String> = only(Change::Gone).into_iter().map(String::from).collect();
            let fresh: BTreeSet<String> = only(Change::New).into_iter().map(String::from).collect();
            println!("{class}: {} gone, {} new", gone.len(), fresh.len());
            assert_eq!(gone, absent(&of_old, &of_new), "{class}");
            assert_eq!(fresh, absent(&of_new, &of_old), "{class}");
        }
    });
}

#[test]
fn enumerators_differ_as_bpftool_prints_them() {
    for_each_pair(|diff, old, new| {
        let mut ours = Facts::new();
        for ty in
            diff.types.iter().filter(|ty| old.is_unique(ty.name()) && new.is_unique(ty.name()))
        {
            if ty.class != TypeClass::Enum || ty.change() != Change::Changed || ty.name().is_empty()
            {
                continue;
            }
            for enumerator in &ty.enumerators {
                // The BTF of some kernels does not state the sign, which is no difference.
                let value = |value: i128| (value & 0xffff_ffff).to_string();
                for (mark, side) in [("-", &enumerator.old), ("+", &enumerator.new)] {
                    ours.extend(side.as_ref().map(|side| {
                        let fact = format!("{mark} {}", value(side.value));
                        (ty.name().to_string(), side.name.clone(), fact)
                    }));
                }
            }
        }
        let mut theirs = Facts::new();
        for (name, of_old) in
            old.enums().filter(|(name, _)| old.is_unique(name) && new.is_unique(name))
        {
            let Some(of_new) = new.enumerators_of(name) else { continue };
            let of_old = old.enumerators(of_old);
            let mut add = |mark: &str,
                           one: &BTreeMap<String, i128>,
                           other: &BTreeMap<String, i128>| {
                for (enumerator, value) in one.iter().filter(|(key, value)| {
                    !other.get(*key).is_some_and(|it| [0, 1 << 32].contains(&it.abs_diff(**value)))
                }) {
                    let fact = format!("{mark} {}", value & 0xffff_ffff);
                    theirs.insert((name.to_string(), enumerator.clone(), fact));
                }
            };
            add("-", &of_old, &of_new);
            add("+", &of_new, &of_old);
        }
        are_equal("enumerators", &ours, &theirs);
    });
}

#[test]
fn prototypes_and_typedefs_differ_as_bpftool_prints_them() {
    for_each_pair(|diff, old, new| {
        for (class, kind) in [(TypeClass::Function, "FUNC"), (TypeClass::Typedef, "TYPEDEF")] {
            let (of_old, of_new) = (old.names(&[kind]), new.names(&[kind]));
            let is_unique =
                |name: &str| of_old.get(name) == Some(&1) && of_new.get(name) == Some(&1);
            let ours: BTreeSet<&str> = diff
                .types
                .iter()
                .filter(|ty| ty.class == class && ty.change() == Change::Changed)
                // What is in a type without a name has tests of its own.
                .filter(|ty| ty.members.is_empty() && ty.enumerators.is_empty())
                .map(|ty| ty.name())
                .filter(|name| is_unique(name))
                .collect();
            let theirs: BTreeSet<&str> = of_old
                .keys()
                .map(String::as_str)
                .filter(|name| is_unique(name))
                .filter(|name| old.declaration(kind, name) != new.declaration(kind, name))
                .collect();
            println!("{class}: {} changed", theirs.len());
            assert_eq!(ours, theirs, "{class}");
        }
    });
}

#[test]
fn a_kernel_does_not_differ_from_itself() {
    for kernel in data::kernels().unwrap() {
        let bytes = std::fs::read(&kernel.btf).unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        let target = Target::new(&btf);
        let diff = Differ::new(&target, &target).whole();
        assert!(diff.types.is_empty() && !diff.is_cut, "{}", kernel.name);
        let is_function = |ty: &btf_types::Type<'_>| ty.kind() == Kind::Func;
        let functions = btf.own_types().filter(is_function).count();
        assert_eq!(diff.equal[&TypeClass::Function], functions);
    }
}
