//! Differences between types that are written in C, one test for each thing that can happen. The expected offsets and
//! sizes are those of C, by arithmetic.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

use btf_from_c::btf;
use btf_types::{Btf, ByteOrder, IntEncoding, Kind, Linkage, build::Builder};
use core_reloc::{Module, Target};
use core_reloc_tools::diff::{
    Change, Diff, Differ, EnumeratorDiff, MemberDiff, TypeClass, TypeDiff,
};

fn diff_of(old: &[u8], new: &[u8]) -> Diff {
    let (old, new) = (Btf::parse(old).unwrap(), Btf::parse(new).unwrap());
    let diff = Differ::new(&Target::new(&old), &Target::new(&new)).whole();
    assert!(!diff.is_cut);
    diff
}

/// Compares types in C, in both byte orders.
#[track_caller]
fn diff(old: &str, new: &str) -> Diff {
    let [little, big] = [ByteOrder::Little, ByteOrder::Big]
        .map(|order| diff_of(&btf(order, old), &btf(order, new)));
    assert_eq!(little, big);
    // A kernel does not differ from itself, nor from one of the other byte order.
    for types in [old, new] {
        let same = diff_of(&btf(ByteOrder::Little, types), &btf(ByteOrder::Big, types));
        assert_eq!(same.types, []);
    }
    // The integers are those that the types need.
    let mut diff = little;
    diff.types.retain(|ty| ty.class != TypeClass::Number);
    diff
}

/// Returns what a member was and is, and what happened to it.
fn member(member: &MemberDiff) -> String {
    let mut text = member.change().name().to_string();
    for side in [&member.old, &member.new].into_iter().flatten() {
        let layout = side.layout;
        text.push_str(&format!(", {} at {}", side.declaration, layout.bit_offset));
    }
    let facts = [(member.moved_by().is_some(), "moved"), (member.is_resized(), "resized")];
    let facts = facts.into_iter().chain([(member.is_retyped, "retyped")]);
    facts.filter(|(is, _)| *is).for_each(|(_, what)| text.push_str(&format!(", {what}")));
    if let Some(path) = &member.replacement {
        text.push_str(&format!(", see {path}"));
    }
    text
}

#[track_caller]
fn only(diff: &Diff) -> &TypeDiff {
    let [only] = diff.types.as_slice() else { panic!("{:#?}", diff.types) };
    only
}

/// Returns the members of the only type that differs.
#[track_caller]
fn members(old: &str, new: &str) -> Vec<String> {
    only(&diff(old, new)).members.iter().map(member).collect()
}

#[test]
fn members_are_moved_resized_and_retyped() {
    assert_eq!(
        members(
            "struct job { int pid; char state; long flags; };",
            "struct job { char state; int pid; unsigned int flags; };"
        ),
        [
            "changed, char state at 32, char state at 0, moved",
            "changed, int pid at 0, int pid at 32, moved",
            "changed, long flags at 64, unsigned int flags at 64, resized, retyped",
        ]
    );
    // The size of what a member contains, of which it is the type by name.
    assert_eq!(
        diff(
            "struct list { long next; }; struct job { struct list all; int pid; };",
            "struct list { long next; long prev; }; struct job { struct list all; int pid; };"
        )
        .types
        .iter()
        .map(|ty| (ty.name(), ty.members.iter().map(member).collect()))
        .collect::<Vec<(&str, Vec<String>)>>(),
        [
            (
                "job",
                vec![
                    "changed, struct list all at 0, struct list all at 0, resized".to_string(),
                    "changed, int pid at 64, int pid at 128, moved".to_string(),
                ]
            ),
            ("list", vec!["new, long prev at 64".to_string()]),
        ]
    );
}

#[test]
fn members_are_gone_and_new() {
    // What is gone follows what it followed.
    assert_eq!(
        members(
            "struct job { int pid; int apples; int prio; };",
            "struct job { int pid; int prio; int zebra; int x; };"
        ),
        [
            "gone, int apples at 32",
            "changed, int prio at 64, int prio at 32, moved",
            "new, int zebra at 64",
            "new, int x at 96",
        ]
    );
}

#[test]
fn members_are_renamed_as_suggestions_see_it() {
    assert_eq!(
        members(
            "struct job { long state; int pid; };",
            "struct job { unsigned int __state; int pid; };"
        ),
        [
            "renamed, long state at 0, unsigned int __state at 0, resized, retyped",
            "changed, int pid at 64, int pid at 32, moved"
        ]
    );
    // What is in another struct now is not renamed.
    assert_eq!(
        diff(
            "struct info { int flags; }; struct job { struct info info; int cpu; };",
            "struct info { int flags; int cpu; }; struct job { struct info info; };"
        )
        .types[1]
            .members
            .iter()
            .map(member)
            .collect::<Vec<_>>(),
        [
            "changed, struct info info at 0, struct info info at 0, resized",
            "gone, int cpu at 32, see info.cpu",
        ]
    );
}

#[test]
fn bitfields_differ_by_bits() {
    assert_eq!(
        members(
            "struct job { unsigned a : 3; unsigned b : 5; unsigned c; unsigned d : 2; };",
            "struct job { unsigned a : 4; unsigned b : 5; unsigned c : 9; unsigned d; };"
        ),
        [
            "changed, unsigned int a : 3 at 0, unsigned int a : 4 at 0, resized",
            "changed, unsigned int b : 5 at 3, unsigned int b : 5 at 4, moved",
            "changed, unsigned int c at 32, unsigned int c : 9 at 9, moved, resized",
            "changed, unsigned int d : 2 at 64, unsigned int d at 32, moved, resized",
        ]
    );
}

#[test]
fn types_without_a_name_belong_to_the_type_around_them() {
    assert_eq!(
        members(
            "struct job {
                 union { int a; struct { char b; char c; }; };
                 struct { int id; } pairs[2];
                 struct { short port; } *next;
             };",
            "struct job {
                 union { int a; struct { short b; char c; }; };
                 struct { int tag; int id; } pairs[2];
                 struct { char kind; short port; } *next;
             };"
        ),
        [
            "changed, char b at 0, short b at 0, resized, retyped",
            "changed, char c at 8, char c at 16, moved",
            "changed, struct {…} pairs[2] at 32, struct {…} pairs[2] at 32, resized",
            "new, int pairs[].tag at 32",
            "changed, int pairs[].id at 32, int pairs[].id at 64, moved",
            "changed, struct {…} *next at 128, struct {…} *next at 192, moved",
            "new, char next->kind at 0",
            "changed, short next->port at 0, short next->port at 16, moved",
        ]
    );
    // A member that a union gets around it stays where it is.
    assert_eq!(
        members("struct job { int a; };", "struct job { union { int a; int b; }; };"),
        ["new, int b at 0"]
    );
}

#[test]
fn declarations_are_compared_by_name() {
    let retyped = |old: &str, new: &str| {
        let [old, new] = [old, new].map(|member| {
            format!("struct a {{ int x; }}; struct b {{ int x; }}; typedef int t; struct job {{ {member} }};")
        });
        diff(&old, &new).types.iter().any(|ty| ty.members.iter().any(|member| member.is_retyped))
    };
    for (old, new, expected) in [
        ("struct a *m;", "struct a *m;", false),
        ("struct a *m;", "struct b *m;", true),
        ("struct a *m;", "const struct a *m;", true),
        ("struct a *m;", "struct a **m;", true),
        ("int m;", "t m;", true),
        ("int m[2];", "int m[3];", true),
        ("int (*m)(int);", "int (*m)(long);", true),
        ("int (*m)(int);", "int (*m)(int, int);", true),
        ("int (*m)(int a);", "int (*m)(int b);", false),
        ("unsigned long m;", "unsigned int m;", true),
        ("struct { int a; } m;", "union { int a; } m;", true),
        ("int (*m)(struct { int a; } *);", "int (*m)(struct { long a; } *);", true),
    ] {
        assert_eq!(retyped(old, new), expected, "{old} {new}");
    }
}

#[test]
fn compilers_spell_integers_differently() {
    let kernel = |name: &str| {
        let mut btf = Builder::new(ByteOrder::Little);
        let int = btf.int(name, 8, IntEncoding::new(64, 0));
        btf.structure("job", 8).member("flags", int, 0).finish();
        btf.finish().unwrap()
    };
    assert_eq!(diff_of(&kernel("long unsigned int"), &kernel("unsigned long")).types, []);
    let other = diff_of(&kernel("unsigned long"), &kernel("unsigned long long"));
    assert!(other.types[0].members[0].is_retyped);
}

fn enumerator(one: &EnumeratorDiff) -> (&'static str, &str, Vec<i128>) {
    let sides = [&one.old, &one.new].into_iter().flatten();
    (one.change().name(), one.name(), sides.map(|side| side.value).collect())
}

#[test]
fn enumerators_are_changed_renamed_gone_and_new() {
    let diff = diff(
        "enum state { DEAD = 3, RUNNING, READ_OLD, WAITING = 9 };",
        "enum state { RUNNING = 5, READ_OLDER = 5, WAITING = 9, ZOMBIE = -1 };",
    );
    let state = only(&diff);
    assert_eq!((state.class, state.name()), (TypeClass::Enum, "state"));
    assert_eq!(
        state.enumerators.iter().map(enumerator).collect::<Vec<_>>(),
        [
            ("gone", "DEAD", vec![3]),
            ("changed", "RUNNING", vec![4, 5]),
            // READ_OLDER has its value, but RUNNING has it too.
            ("gone", "READ_OLD", vec![5]),
            ("new", "READ_OLDER", vec![5]),
            ("new", "ZOMBIE", vec![-1]),
        ]
    );
    let diff = self::diff("enum state { READY, READ_OLD };", "enum state { READY, READ_OLDER };");
    assert_eq!(enumerator(&only(&diff).enumerators[0]), ("renamed", "READ_OLDER", vec![1, 1]));
}

#[test]
fn enums_without_a_name_are_one_by_their_enumerators() {
    let diff = diff("enum { A, B, C }; enum { X };", "enum { NEW }; enum { B, C, D };");
    let found: Vec<_> = diff
        .types
        .iter()
        .map(|ty| (ty.change(), ty.enumerators.iter().map(enumerator).collect::<Vec<_>>()))
        .collect();
    assert_eq!(
        found,
        [
            (
                Change::Changed,
                vec![
                    ("gone", "A", vec![0]),
                    ("changed", "B", vec![1, 0]),
                    ("changed", "C", vec![2, 1]),
                    ("new", "D", vec![2]),
                ]
            ),
            (Change::Gone, vec![("gone", "X", vec![0])]),
            (Change::New, vec![("new", "NEW", vec![0])]),
        ]
    );
}

#[test]
fn a_sign_that_is_not_stated_is_no_difference() {
    let kernel = |has_flag: bool| {
        let mut btf = Builder::new(ByteOrder::Little);
        let priority = btf.enumeration("priority", 4);
        if has_flag {
            priority.enumerator("LOW", -400).finish();
        } else {
            priority.enumerator("LOW", (-400_i32).cast_unsigned()).finish();
        }
        btf.finish().unwrap()
    };
    assert_eq!(diff_of(&kernel(false), &kernel(true)).types, []);
}

#[test]
fn typedefs_and_structs_that_they_name_differ() {
    let diff = diff(
        "typedef int pid; typedef struct { int counter; } atomic; typedef enum { NO } no;",
        "typedef long pid; typedef struct { long counter; } atomic; typedef enum { NO = 1 } no;",
    );
    let [atomic, no, pid] = diff.types.as_slice() else { panic!("{:#?}", diff.types) };
    assert_eq!(
        atomic.members.iter().map(member).collect::<Vec<_>>(),
        ["changed, int counter at 0, long counter at 0, resized, retyped"]
    );
    assert_eq!(enumerator(&no.enumerators[0]), ("changed", "NO", vec![0, 1]));
    let [old, new] = [&pid.old, &pid.new].map(|side| side.as_ref().unwrap());
    assert_eq!(
        (old.declaration.as_str(), new.declaration.as_str()),
        ("typedef int pid", "typedef long pid")
    );
    assert_eq!((old.size, new.size), (Some(4), Some(8)));
}

/// Returns a kernel with a function that takes parameters.
fn function(params: &[&str]) -> Vec<u8> {
    let mut btf = Builder::new(ByteOrder::Little);
    let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    let proto = params.iter().fold(btf.func_proto(int), |proto, name| proto.param(*name, int));
    let proto = proto.finish();
    btf.func("run", proto, Linkage::Static);
    btf.finish().unwrap()
}

#[test]
fn prototypes_differ_by_types_and_names() {
    let (one, two) = (function(&["job"]), function(&["job", "flags"]));
    let diff = diff_of(&one, &two);
    let run = only(&diff);
    assert_eq!((run.class, run.change()), (TypeClass::Function, Change::Changed));
    let [old, new] = [&run.old, &run.new].map(|side| side.as_ref().unwrap().declaration.as_str());
    assert_eq!((old, new), ("int run(int job)", "int run(int job, int flags)"));
    assert_eq!(diff_of(&one, &function(&["task"])).types.len(), 1);
    assert_eq!(diff_of(&one, &one).types.len(), 0);
}

#[test]
fn types_are_gone_new_and_renamed() {
    let diff = diff(
        "struct gone { int a; }; struct io_wqe { int a; int b; int c; };
         struct one { int a; int b; int c; int d; int e; int f; };
         typedef int old_t;",
        "struct fresh { int a; int z; }; struct io_wq { int a; int b; int c; };
         struct other { int a; int b; int c; int d; int e; long f; };
         enum some { SOME };",
    );
    let found: Vec<_> =
        diff.types.iter().map(|ty| (ty.class, ty.change().name(), ty.name())).collect();
    assert_eq!(
        found,
        [
            (TypeClass::Composite, "new", "fresh"),
            (TypeClass::Composite, "gone", "gone"),
            // Three members of the same names at the same places, and a similar name.
            (TypeClass::Composite, "renamed", "io_wq"),
            (TypeClass::Composite, "gone", "one"),
            (TypeClass::Composite, "new", "other"),
            (TypeClass::Enum, "new", "some"),
            (TypeClass::Typedef, "gone", "old_t"),
        ]
    );
    let totals = diff.totals();
    let composites = totals.classes[0].different;
    assert_eq!((composites.gone, composites.new, composites.renamed), (2, 2, 1));
    assert_eq!(totals.members, Default::default());
}

#[test]
fn structs_of_one_name_are_paired_by_their_members() {
    let diff = diff(
        "struct cache { int hits; int misses; }; struct cache { long key; long value; };
         struct cache { int same; };",
        "struct cache { int same; }; struct cache { long key; long value; long next; };
         struct cache { int hits; long misses; };",
    );
    assert_eq!(diff.equal[&TypeClass::Composite], 1);
    let all: Vec<String> = diff.types.iter().flat_map(|ty| ty.members.iter().map(member)).collect();
    assert_eq!(
        all,
        [
            "new, long next at 128",
            "changed, int misses at 32, long misses at 64, moved, resized, retyped"
        ]
    );
}

#[test]
fn a_declared_struct_may_be_defined_later() {
    let kernel = |is_defined: bool| {
        let mut btf = Builder::new(ByteOrder::Little);
        let job = if is_defined { btf.structure("job", 8).finish() } else { btf.fwd_struct("job") };
        let pointer = btf.ptr(job);
        btf.structure("queue", 8).member("first", pointer, 0).finish();
        btf.finish().unwrap()
    };
    let diff = diff_of(&kernel(false), &kernel(true));
    let job = only(&diff);
    let kinds = [&job.old, &job.new].map(|side| side.as_ref().unwrap().kind);
    assert_eq!((job.name(), kinds), ("job", [Kind::Fwd, Kind::Struct]));
}

#[test]
fn a_type_may_move_into_a_module() {
    let kernel = btf(ByteOrder::Little, "struct job { int pid; };");
    let rest = btf(ByteOrder::Little, "struct rest { int pid; };");
    let (kernel, rest) = (Btf::parse(&kernel).unwrap(), Btf::parse(&rest).unwrap());
    let mut module = Builder::split(&rest);
    let int = rest.find("int", Kind::Int).unwrap().id();
    module.structure("job", 8).member("pid", int, 32).finish();
    let module = module.finish().unwrap();
    let module = Btf::parse_split(&module, &rest).unwrap();
    let (old, new) = (Target::new(&kernel), Target::new(&rest));
    let new = new.with_modules([Module { name: "jobs", btf: &module }]);
    let diff = Differ::new(&old, &new).whole();
    let job = diff.types.iter().find(|ty| ty.name() == "job").unwrap();
    assert_eq!(job.new.as_ref().unwrap().module.as_deref(), Some("jobs"));
    assert_eq!(
        job.members.iter().map(member).collect::<Vec<_>>(),
        ["changed, int pid at 0, int pid at 32, moved"]
    );
}
