//! Everything that strategies promise occurs, and not just once.

use std::collections::BTreeMap;

use btf_types::{
    ByteOrder, Kind,
    proptest::{
        Change, Damage, Graph, Layout, Packing, Place, Profile, TypeDesc, damaged, evolution, graph,
    },
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};

/// How many values are looked at.
const VALUES: usize = 3000;
/// How often a feature occurs at least.
const LEAST: usize = 5;

/// How often each feature occurs.
#[derive(Default)]
struct Mix(BTreeMap<String, usize>);

impl Mix {
    fn count(&mut self, feature: &str, times: usize) {
        *self.0.entry(feature.into()).or_default() += times;
    }

    fn note(&mut self, feature: &str, occurs: bool) {
        self.count(feature, usize::from(occurs));
    }

    /// Checks that there are so many features, and that each occurs.
    #[track_caller]
    fn check(self, features: usize) {
        assert_eq!(self.0.len(), features, "{:#?}", self.0);
        let rare: Vec<_> = self.0.iter().filter(|(_, times)| **times < LEAST).collect();
        assert!(rare.is_empty(), "{rare:?} are rare among {:#?}", self.0);
    }
}

fn values<S: Strategy>(strategy: S) -> impl Iterator<Item = S::Value> {
    let mut runner = TestRunner::deterministic();
    std::iter::repeat_with(move || strategy.new_tree(&mut runner).unwrap().current()).take(VALUES)
}

#[test]
fn graphs_have_types_of_every_sort() {
    let mut mix = Mix::default();
    for graph in values(graph(Profile::default())) {
        let layout = graph.layout().unwrap();
        mix.note("little endian", graph.byte_order == ByteOrder::Little);
        mix.note("big endian", graph.byte_order == ByteOrder::Big);
        mix.note("split", graph.base_len > 0);
        mix.note("pointers of 4 bytes", graph.pointer_size() == 4);
        mix.note("pointers of 8 bytes", graph.pointer_size() == 8);
        for kind in Kind::ALL {
            let types = graph.types.iter().filter(|ty| ty.kind() == kind);
            mix.count(kind.name(), types.count());
        }
        for (id, ty) in graph.iter() {
            note_type(&mut mix, &graph, &layout, id, ty);
        }
    }
    mix.check(52);
}

fn note_type(mix: &mut Mix, graph: &Graph, layout: &Layout, id: btf_types::TypeId, ty: &TypeDesc) {
    let name = ty.name();
    mix.note("flavor", name.split_once("___").is_some_and(|(before, _)| !before.is_empty()));
    mix.note("name that only looks like a flavor", name.starts_with("___"));
    match ty {
        TypeDesc::Composite(desc) => {
            mix.note("anonymous composite", name.is_empty());
            mix.note("packed", desc.packing == Packing::Packed);
            mix.note("aligned", matches!(desc.packing, Packing::Aligned(_)));
            mix.note("no members", desc.members.is_empty());
            mix.note("64 KiB and more", layout.size(id).unwrap() >= 1 << 16);
            for (at, member) in desc.members.iter().enumerate() {
                let is_last = at + 1 == desc.members.len();
                mix.note("bitfield", member.bits.is_some());
                let resolved = graph.resolve(member.ty).unwrap();
                let flexible = matches!(resolved, TypeDesc::Array { len: 0, .. });
                mix.note("flexible array", flexible && is_last);
                mix.note("array of no elements before the end", flexible && !is_last);
                mix.note("anonymous member", member.name.is_empty());
                let anonymous = |ty: &TypeDesc| ty.members().iter().any(|m| m.name.is_empty());
                mix.note("anonymous in anonymous", member.name.is_empty() && anonymous(resolved));
                mix.note(
                    "struct in struct",
                    !member.name.is_empty() && matches!(resolved, TypeDesc::Composite(_)),
                );
                let pointer = matches!(resolved, TypeDesc::Ptr(to) if *to == id);
                mix.note("recursion through a pointer", pointer);
            }
        }
        TypeDesc::Array { element, .. } => {
            let element = graph.resolve(*element).unwrap();
            mix.note("array of arrays", matches!(element, TypeDesc::Array { .. }));
            mix.note("array of composites", matches!(element, TypeDesc::Composite(_)));
        }
        TypeDesc::Enum(desc) => {
            let signed = if desc.signed { "signed" } else { "unsigned" };
            mix.note(&format!("{signed} {}", ty.kind()), true);
            let large = |value: i128| value > i32::MAX.into();
            let enumerators = &desc.enumerators;
            mix.note("large value", enumerators.iter().any(|one| large(one.value)));
            mix.note("negative value", enumerators.iter().any(|one| one.value < 0));
            mix.note("small enum", desc.size < 4);
        }
        TypeDesc::Typedef { of, .. } => {
            mix.note(
                "typedef of typedef",
                matches!(graph.get(*of), Some(TypeDesc::Typedef { .. })),
            );
            mix.note("typedef of void", of.is_void());
        }
        TypeDesc::Ptr(to) => {
            let function = matches!(graph.get(*to), Some(TypeDesc::FuncProto(_)));
            mix.note("pointer to function", function);
            mix.note("forward reference", to.0 > id.0);
        }
        TypeDesc::FuncProto(proto) => mix.note("variadic function", proto.variadic),
        _ => {}
    }
}

#[test]
fn targets_see_changes_of_every_sort() {
    let mut mix = Mix::default();
    for evolution in values(evolution(Profile::object())) {
        for edit in &evolution.edits {
            note_change(&mut mix, "", &edit.change);
        }
        let evolved = evolution.evolve();
        mix.note("one module", evolved.modules.len() == 1);
        mix.note("two modules", evolved.modules.len() == 2);
        mix.note("pointers of 4 bytes", evolved.main.pointer_size() == 4);
    }
    mix.check(55);
}

fn note_change(mix: &mut Mix, of: &str, change: &Change) {
    let feature = match change {
        Change::AddMember { .. } => "add member",
        Change::RemoveMember { .. } => "remove member",
        Change::MoveMember { .. } => "move member",
        Change::RenameMember { .. } => "rename member",
        Change::NestMembers { name, .. } if name.is_empty() => "nest in an anonymous member",
        Change::NestMembers { .. } => "nest in a named member",
        Change::UnnestMember { .. } => "unnest member",
        Change::SetBits { bits: Some(_), .. } => "become a bitfield",
        Change::SetBits { bits: None, .. } => "no longer be a bitfield",
        Change::SetPacking(_) => "pack",
        Change::SwapKind => "struct or union",
        Change::Retype { place: Place::Member(_), .. } => "retype member",
        Change::Retype { place: Place::Param(_), .. } if of.is_empty() => "retype parameter",
        Change::Retype { .. } => "retype",
        Change::SetLen(_) => "another length",
        Change::Resize(_) => "another size",
        Change::SetSigned(_) => "another signedness",
        Change::SetWide(_) => "another width",
        Change::AddEnumerator { .. } => "add enumerator",
        Change::RemoveEnumerator { .. } => "remove enumerator",
        Change::Renumber { .. } => "renumber",
        Change::RenameEnumerator { .. } => "rename enumerator",
        Change::AddParam(_) => "add parameter",
        Change::RemoveParam { .. } => "remove parameter",
        Change::Rename(_) => "rename",
        Change::Remove => "remove",
        Change::Duplicate { changes, module, .. } => {
            changes.iter().for_each(|change| note_change(mix, "copy: ", change));
            match (changes.is_empty(), module) {
                (true, None) => "duplicate that agrees",
                (false, None) => "duplicate that changed",
                (_, Some(_)) => "duplicate in a module",
            }
        }
        Change::BehindTypedef => "behind a typedef",
        Change::OutOfTypedef => "out of a typedef",
        Change::ToModule(_) => "to a module",
        other => panic!("{other:?} has no word here"),
    };
    mix.note(&format!("{of}{feature}"), true);
}

#[test]
fn damages_are_of_every_sort() {
    let mut mix = Mix::default();
    for damaged in values(damaged(Profile::default())) {
        let feature = match damaged.damage {
            Damage::Magic(_) => "magic",
            Damage::Version(_) => "version",
            Damage::HeaderLen(_) => "length of the header",
            Damage::TypesAt(_) => "start of the types",
            Damage::TypesLen(_) => "length of the types",
            Damage::StringsAt(_) => "start of the strings",
            Damage::StringsLen(_) => "length of the strings",
            Damage::Cut(_) => "cut",
            Damage::FirstString => "first string",
            Damage::LastString => "last string",
            Damage::UnknownKind { .. } => "kind",
            Damage::Vlen { .. } => "vlen",
            Damage::Name { .. } => "name",
            Damage::PartName { .. } => "name of a part",
            Damage::Reference { .. } => "reference",
            Damage::PartReference { .. } => "reference of a part",
            Damage::Circle(_) => "circle",
            Damage::Recursion { .. } => "recursion",
            Damage::IntBits { .. } => "bits of an INT",
            Damage::Size { .. } => "size",
            Damage::Offset { .. } => "offset",
            Damage::KindFlag(_) => "kind_flag",
            Damage::Byte { .. } => "byte",
            other => panic!("{other:?} has no word here"),
        };
        mix.note(feature, true);
    }
    mix.check(23);
}
