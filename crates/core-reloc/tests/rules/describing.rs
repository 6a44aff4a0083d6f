//! Relocations, types and refusals in words. Types are expected as C writes them.

use btf_types::{Btf, ByteOrder, TypeId, build::Builder};
use core_reloc::*;

use crate::check::{build, empty, int};

/// The first type that `make` returns, as it is written.
#[track_caller]
fn check_type(expected: &str, make: fn(&mut Builder<'_>) -> TypeId) {
    let mut builder = Builder::new(ByteOrder::Little);
    let id = make(&mut builder);
    let bytes = builder.finish().unwrap();
    let relocation = Relocation::new(0, id, AccessPath::root(), RelocKind::TypeExists);
    assert_eq!(access_in_c(&Btf::parse(&bytes).unwrap(), &relocation), expected);
}

#[test]
fn types_are_written_as_in_c() {
    check_type("int", int);
    check_type("struct s", |btf| btf.structure("s", 0).finish());
    check_type("union u", |btf| btf.union("u", 0).finish());
    check_type("enum e", |btf| btf.enumeration("e", 4).finish());
    check_type("enum e", |btf| btf.enumeration64("e", 8).finish());
    check_type("struct f", |btf| btf.fwd_struct("f"));
    check_type("union f", |btf| btf.fwd_union("f"));
    check_type("t", |btf| btf.typedef("t", TypeId::VOID));
    check_type("void *", |btf| btf.ptr(TypeId::VOID));
    check_type("struct {…}", |btf| btf.structure("", 0).finish());
    check_type("int[3][2]", |btf| {
        let int = int(btf);
        let pair = btf.array(int, int, 2);
        btf.array(pair, int, 3)
    });
    check_type("const int *", |btf| {
        let int = int(btf);
        let constant = btf.constant(int);
        btf.ptr(constant)
    });
    check_type("volatile int *restrict", |btf| {
        let int = int(btf);
        let volatile = btf.volatile(int);
        let tag = btf.type_tag("user", volatile);
        let pointer = btf.ptr(tag);
        btf.restrict(pointer)
    });
    check_type("int **", |btf| {
        let int = int(btf);
        let pointer = btf.ptr(int);
        btf.ptr(pointer)
    });
    check_type("int (*)[4]", |btf| {
        let int = int(btf);
        let array = btf.array(int, int, 4);
        btf.ptr(array)
    });
    check_type("void (*)(void)", |btf| {
        let proto = btf.func_proto(TypeId::VOID).finish();
        btf.ptr(proto)
    });
}

fn object(btf: &mut Builder<'_>) {
    let int = int(btf);
    let pair = btf.array(int, int, 2);
    let inner = btf.structure("", 4).member("b", int, 0).finish();
    btf.structure("s", 16)
        .member("a", int, 0)
        .member("pair", pair, 32)
        .member("", inner, 96)
        .finish();
    btf.enumeration("e", 4).enumerator("A", 0).finish();
}

const S: TypeId = TypeId(4);
const E: TypeId = TypeId(5);

fn relocation(kind: RelocKind, root: TypeId, access: &str) -> Relocation {
    Relocation::new(0, root, access.parse().unwrap(), kind)
}

#[test]
fn accesses_are_written_as_in_c() {
    use RelocKind::*;

    let bytes = build(ByteOrder::Little, object);
    let local = Btf::parse(&bytes).unwrap();
    for (kind, root, access, expected) in [
        (FieldExists, S, "0:0", "s.a"),
        (FieldExists, S, "0", "s"),
        (FieldExists, S, "2:1:1", "s[2].pair[1]"),
        (FieldExists, S, "0:1:0", "s.pair[0]"),
        (FieldExists, S, "0:2:0", "s.b"),
        (FieldExists, TypeId(3), "0:0", "struct {…}.b"),
        (FieldExists, S, "0:9", "s + 0:9"),
        (FieldExists, TypeId(99), "0:1", "type [99] + 0:1"),
        (TypeSize, S, "0", "struct s"),
        (TypeSize, TypeId(99), "0", "type [99] + 0"),
        (EnumvalValue, E, "0", "e::A"),
        (EnumvalValue, E, "1", "e + 1"),
    ] {
        assert_eq!(access_in_c(&local, &relocation(kind, root, access)), expected);
    }
}

#[test]
fn long_names_are_cut() {
    for len in [248, 249, 250, 300, 1000] {
        let mut builder = Builder::new(ByteOrder::Little);
        let id = builder.structure("n".repeat(len), 0).finish();
        let bytes = builder.finish().unwrap();
        let relocation = Relocation::new(0, id, AccessPath::root(), RelocKind::TypeExists);
        let text = access_in_c(&Btf::parse(&bytes).unwrap(), &relocation);
        let shown = len.min(limits::MAX_QUOTE - "struct ".len());
        let rest = if shown < len { "…" } else { "" };
        assert_eq!(text, format!("struct {}{rest}", "n".repeat(shown)), "{len}");
    }
}

#[track_caller]
fn check_unmatched(target: fn(&mut Builder<'_>), relocation: Relocation, expected: &str) {
    let (object, kernel) = (build(ByteOrder::Little, object), build(ByteOrder::Little, target));
    let (local, kernel) = (Btf::parse(&object).unwrap(), Btf::parse(&kernel).unwrap());
    let target = Target::new(&kernel);
    let resolution = Relocator::new(&local, &target).resolve(&relocation).unwrap();
    let unmatched = resolution.unmatched.unwrap();
    assert_eq!(describe_unmatched(&local, &target, &relocation, &unmatched), expected);
}

#[test]
fn refusals_name_what_was_looked_for() {
    use RelocKind::*;

    check_unmatched(empty, relocation(FieldExists, S, "0:0"), "the target has no struct s");
    check_unmatched(empty, relocation(EnumvalExists, E, "0"), "the target has no enum e");
    fn other(btf: &mut Builder<'_>) {
        let float = btf.float("float", 4);
        btf.structure("s", 4).member("a", float, 0).member("pair", float, 0).finish();
        btf.enumeration("e", 4).enumerator("B", 0).finish();
    }
    for (root, access, expected) in [
        (S, "0:0", "candidate struct s [2]: `a` is float there, int here"),
        (S, "0:2:0", "candidate struct s [2]: struct s has no member `b`"),
        (S, "0:1", "candidate struct s [2]: `pair` is float there, int[2] here"),
    ] {
        check_unmatched(other, relocation(FieldExists, root, access), expected);
    }
    check_unmatched(
        other,
        relocation(EnumvalExists, E, "0"),
        "candidate enum e [3]: there is no enumerator `A`",
    );
    check_unmatched(
        other,
        relocation(TypeMatches, S, "0"),
        "candidate struct s [2]: the types do not match",
    );
    fn short(btf: &mut Builder<'_>) {
        let int = int(btf);
        let one = btf.array(int, int, 1);
        btf.structure("s", 4).member("pair", one, 0).finish();
    }
    check_unmatched(
        short,
        relocation(FieldExists, S, "0:1:1"),
        "candidate struct s [3]: index 1 is beyond the array's 1 elements",
    );
}

#[test]
fn eight_refusals_are_spelled_out() {
    fn many<const COUNT: usize>(btf: &mut Builder<'_>) {
        for _ in 0..COUNT {
            btf.structure("s", 0).finish();
        }
    }
    let one = |id: usize| format!("candidate struct s [{id}]: struct s has no member `a`");
    let eight = (1..=8).map(one).collect::<Vec<_>>().join("; ");
    let a = relocation(RelocKind::FieldExists, S, "0:0");
    check_unmatched(many::<2>, a.clone(), &format!("{}; {}", one(1), one(2)));
    check_unmatched(many::<8>, a.clone(), &eight);
    check_unmatched(many::<11>, a, &(eight + "; and 3 more candidates"));
}
