//! Relocations, types and mismatches in words. Types are expected as C writes them.

use btf_types::{Btf, ByteOrder, Info, IntEncoding, Kind, TypeId, build::Builder};
use core_reloc::describe::declaration_in_c;

use crate::check::*;

#[test]
fn types_are_written_as_in_c() {
    // What the typedef `holder` stands for, as it is written.
    for (types, expected) in [
        ("typedef int holder;", "int"),
        ("typedef struct s {} holder;", "struct s"),
        ("typedef union u {} holder;", "union u"),
        ("typedef enum e {} holder;", "enum e"),
        ("typedef enum e : unsigned long {} holder;", "enum e"),
        ("typedef struct f holder;", "struct f"),
        ("typedef union f holder;", "union f"),
        ("typedef void t; typedef t holder;", "t"),
        ("typedef void *holder;", "void *"),
        ("typedef struct {} holder;", "struct {…}"),
        ("typedef int holder[3][2];", "int[3][2]"),
        ("typedef const int *holder;", "const int *"),
        (
            r#"typedef volatile int __attribute__((btf_type_tag("user"))) *restrict holder;"#,
            "volatile int *restrict",
        ),
        ("typedef int **holder;", "int **"),
        ("typedef int (*holder)[4];", "int (*)[4]"),
        ("typedef void (*holder)(void);", "void (*)(void)"),
    ] {
        let bytes = btf_from_c::btf(ByteOrder::Little, types);
        let btf = Btf::parse(&bytes).unwrap();
        let holder = btf.type_by_id(root(&btf, "holder")).unwrap();
        let id = holder.referenced_id().unwrap();
        let relocation = Relocation::new(0, id, AccessPath::root(), TypeExists);
        assert_eq!(access_in_c(&btf, &relocation), expected, "{types}");
    }
}

/// The anonymous struct has the id 4.
const OBJECT: &str = "
    struct s { int a; int pair[2]; struct { int b; }; };
    enum e { A };
";

#[test]
fn accesses_are_written_as_in_c() {
    let bytes = btf_from_c::btf(ByteOrder::Little, OBJECT);
    let local = Btf::parse(&bytes).unwrap();
    for (kind, access, expected) in [
        (FieldExists, "s 0:0", "s.a"),
        (FieldExists, "s 0", "s"),
        (FieldExists, "s 2:1:1", "s[2].pair[1]"),
        (FieldExists, "s 0:1:0", "s.pair[0]"),
        (FieldExists, "s 0:2:0", "s.b"),
        (FieldExists, "[4] 0:0", "struct {…}.b"),
        (FieldExists, "s 0:9", "s + 0:9"),
        // The first steps fit.
        (FieldExists, "s 2:1:2", "s + 2:1:2"),
        (FieldExists, "s 0:0:0", "s + 0:0:0"),
        (FieldExists, "[99] 0:1", "type [99] + 0:1"),
        (TypeSize, "s 0", "struct s"),
        (TypeSize, "[99] 0", "type [99] + 0"),
        (EnumvalValue, "e 0", "e::A"),
        (EnumvalValue, "e 1", "e + 1"),
    ] {
        assert_eq!(access_in_c(&local, &relocation(&local, kind, access).unwrap()), expected);
    }
}

#[test]
fn long_names_are_cut() {
    for len in [248, 249, 250, 300, 1000] {
        let name = "n".repeat(len);
        let bytes = btf_from_c::btf(ByteOrder::Little, &format!("struct {name} {{}};"));
        let btf = Btf::parse(&bytes).unwrap();
        let text = access_in_c(&btf, &relocation(&btf, TypeExists, &name).unwrap());
        let shown = len.min(limits::MAX_QUOTE - "struct ".len());
        let rest = if shown < len { "…" } else { "" };
        assert_eq!(text, format!("struct {}{rest}", "n".repeat(shown)), "{len}");
    }
}

#[test]
fn names_of_members_are_escaped_and_cut() {
    let long = "m".repeat(limits::MAX_QUOTE);
    let longer = format!("{long}m");
    for (name, expected) in [
        // Shorter and longer than the bytes that are checked at once, and what is not graphic ASCII.
        ("m", "s.m".to_string()),
        ("a_name_of_19_letters", "s.a_name_of_19_letters".to_string()),
        ("with space", "s.with space".to_string()),
        ("a\x1b[2Jb\n", r"s.a\u{1b}[2Jb\n".to_string()),
        ("a_name_with\u{202e}", r"s.a_name_with\u{202e}".to_string()),
        ("größe", "s.größe".to_string()),
        // With `s.`, two bytes are too many.
        (&long, format!("s.{}…", &long[2..])),
        (&longer, format!("s.{}…", &long[2..])),
    ] {
        let mut btf = Builder::new(ByteOrder::Little);
        let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
        let root = btf.structure("s", 8).member(name, int, 0).member("b", int, 32).finish();
        let bytes = btf.finish().unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        let relocation = Relocation::new(0, root, "0:0".parse().unwrap(), FieldExists);
        assert_eq!(access_in_c(&btf, &relocation), expected);
        // Accessors that were cut off are dropped where the access string does not fit.
        let relocation = Relocation::new(0, root, "0:0:7".parse().unwrap(), FieldExists);
        assert_eq!(access_in_c(&btf, &relocation), "s + 0:0:7");
    }
}

#[track_caller]
fn check_unmatched(target: &str, kind: RelocKind, access: &str, expected: &str) {
    let object = btf_from_c::btf(ByteOrder::Little, OBJECT);
    let local = Btf::parse(&object).unwrap();
    let relocation = relocation(&local, kind, access).unwrap();
    with_target(ByteOrder::Little, Types { local: OBJECT, target, modules: &[] }, |target| {
        let resolution = Relocator::new(&local, target).resolve(&relocation).unwrap();
        let unmatched = resolution.unmatched.unwrap();
        assert_eq!(describe_unmatched(&local, target, &relocation, &unmatched), expected);
    });
}

#[test]
fn mismatches_name_what_was_looked_for() {
    check_unmatched("", FieldExists, "s.a", "the target has no struct s");
    check_unmatched("", EnumvalExists, "e::A", "the target has no enum e");
    // The ids are those of `float`, `struct s` and `enum e`.
    let other = "struct s { float a; float pair; }; enum e { B };";
    for (kind, access, expected) in [
        (FieldExists, "s.a", "candidate struct s [2]: `a` is float there, int here"),
        (FieldExists, "s.b", "candidate struct s [2]: struct s has no member `b`"),
        (FieldExists, "s.pair", "candidate struct s [2]: `pair` is float there, int[2] here"),
        (EnumvalExists, "e::A", "candidate enum e [3]: there is no enumerator `A`"),
        (TypeMatches, "s", "candidate struct s [2]: the types do not match"),
    ] {
        check_unmatched(other, kind, access, expected);
    }
    // The ids are those of `int`, the type of indices, the array and `struct s`.
    check_unmatched(
        "struct s { int pair[1]; };",
        FieldExists,
        "s.pair[1]",
        "candidate struct s [4]: index 1 is beyond the array's 1 elements",
    );
}

/// libbpf and the kernel reject them too (`bpf_core_fields_are_compat`), but say nothing of the offset.
#[test]
fn a_bit_offset_is_named_as_the_reason() {
    let why = |side| {
        format!(
            "; the INT {side} has a bit offset of 5, as bitfields had before the kind_flag, and no type is \
             compatible with it"
        )
    };
    let old = "@int int 4 offset 5 bits 3; typedef int t;";
    for (local, target, kind, access, expected) in [
        ("", old, FieldExists, "s.a", format!("`a` is int there, int here{}", why("there"))),
        (old, "", FieldExists, "s.a", format!("`a` is int there, int here{}", why("here"))),
        (old, old, FieldExists, "s.a", format!("`a` is int there, int here{}", why("there"))),
        ("", old, FieldExists, "s.b", format!("`b` is int[2] there, int[2] here{}", why("there"))),
        ("", old, FieldExists, "s.c", format!("`c` is t there, t here{}", why("there"))),
        ("", old, TypeExists, "t", format!("the types are not compatible{}", why("there"))),
        (old, "", TypeSize, "t", format!("the types are not compatible{}", why("here"))),
    ] {
        let types = |int: &str| {
            let int = if int.is_empty() { "typedef int t;" } else { int };
            format!("{int} struct s {{ int a; int b[2]; t c; }};")
        };
        let bytes = btf_from_c::btf(ByteOrder::Big, &types(local));
        let local = Btf::parse(&bytes).unwrap();
        let target = types(target);
        with_target(
            ByteOrder::Little,
            Types { local: "", target: &target, modules: &[] },
            |target| {
                let relocation = relocation(&local, kind, access).unwrap();
                let resolution = Relocator::new(&local, target).resolve(&relocation).unwrap();
                let text =
                    describe_unmatched(&local, target, &relocation, &resolution.unmatched.unwrap());
                let (_, reason) = text.split_once("]: ").unwrap();
                assert_eq!(reason, expected);
            },
        );
    }
}

/// BTF of before Linux 5.13 has no floats: `double` is an INT there.
#[test]
fn types_with_the_same_words_are_told_apart_by_kind() {
    // A struct with a `double`, directly and by another name.
    let types = |double: fn(&mut Builder<'_>) -> TypeId| {
        let mut btf = Builder::new(ByteOrder::Little);
        let double = double(&mut btf);
        let real = btf.typedef("real", double);
        btf.structure("s", 16).member("a", double, 0).member("b", real, 64).finish();
        btf.finish().unwrap()
    };
    let old = types(|btf| btf.int("double", 8, IntEncoding::new(64, 0)));
    let new = types(|btf| btf.float("double", 8));
    for (local, target, here, there) in [(&old, &new, "INT", "FLOAT"), (&new, &old, "FLOAT", "INT")]
    {
        let local = Btf::parse(local).unwrap();
        let target = Btf::parse(target).unwrap();
        let target = Target::new(&target);
        for (access, name, ty) in [("s.a", "a", "double"), ("s.b", "b", "real")] {
            let relocation = relocation(&local, FieldExists, access).unwrap();
            let resolution = Relocator::new(&local, &target).resolve(&relocation).unwrap();
            let unmatched = resolution.unmatched.unwrap();
            assert_eq!(
                describe_unmatched(&local, &target, &relocation, &unmatched),
                format!(
                    "candidate struct s [3]: `{name}` is {ty} ({there}) there, {ty} ({here}) here"
                )
            );
        }
    }
}

#[test]
fn type_tags_that_are_attributes_are_written() {
    let mut btf = Builder::new(ByteOrder::Little);
    let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    // kind_flag makes the tag an attribute.
    let info = |flag| Info::new(Kind::TypeTag, 0, flag);
    let space = btf.raw_type("address_space(1)", info(true), int.0, &[]);
    let note = btf.raw_type("user", info(false), space.0, &[]);
    let pointer = btf.ptr(note);
    let outer = btf.raw_type("aligned(16)", info(true), pointer.0, &[]);
    let bytes = btf.finish().unwrap();
    let btf = Btf::parse(&bytes).unwrap();
    let text = |id, name| declaration_in_c(btf.type_by_id(id).unwrap(), name);
    assert_eq!(text(pointer, "p"), "__attribute__((address_space(1))) int *p");
    assert_eq!(text(pointer, ""), "__attribute__((address_space(1))) int *");
    assert_eq!(
        text(outer, "p"),
        "__attribute__((address_space(1))) int *__attribute__((aligned(16))) p"
    );
}

#[test]
fn eight_mismatches_are_described() {
    let one = |id: usize| format!("candidate struct s [{id}]: struct s has no member `a`");
    let eight = (1..=8).map(one).collect::<Vec<_>>().join("; ");
    for (candidates, expected) in [
        (2, format!("{}; {}", one(1), one(2))),
        (8, eight.clone()),
        (11, eight + "; and 3 more candidates"),
    ] {
        check_unmatched(&"struct s {};".repeat(candidates), FieldExists, "s.a", &expected);
    }
}
