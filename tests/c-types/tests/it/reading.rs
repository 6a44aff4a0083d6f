//! What only this reader reads, and what it rejects.

use btf_from_c::{btf, declare, split_btf};
use btf_types::{Btf, ByteOrder, IntEncoding, Kind, Linkage, TypeId, build::Builder};

use crate::described::named_types;

/// Compares the named types other than base types with lines, in both byte orders.
#[track_caller]
fn check(source: &str, expected: &[&str]) {
    for order in [ByteOrder::Little, ByteOrder::Big] {
        let bytes = btf(order, source);
        let btf = Btf::parse(&bytes).unwrap();
        assert_eq!(btf.byte_order(), order);
        let mut lines = named_types(&btf);
        lines.retain(|line| !line.starts_with("INT ") && !line.starts_with("FLOAT "));
        assert_eq!(lines, expected, "{order}");
    }
}

#[test]
fn members_are_placed_by_hand() {
    check(
        "struct s { int a @ 4; int b; char c @ 100; int d : 3 @ 5.2; };",
        &["STRUCT s size 104; a at 32 bits 0: INT int; b at 64 bits 0: INT int; \
           c at 800 bits 0: INT char; d at 42 bits 3: INT int"],
    );
    check(
        "struct s { struct { int a; } @ 8; } @size 64;",
        &["STRUCT s size 64;  at 64 bits 0: (STRUCT  size 4; a at 0 bits 0: INT int)"],
    );
}

#[test]
fn a_member_placed_by_hand_needs_no_size() {
    check(
        "struct s { struct t a @ 4; void f(void) @ 8; };",
        &[
            "FWD t union false",
            "STRUCT s size 8; a at 32 bits 0: FWD t; f at 64 bits 0: (FUNC_PROTO void)",
        ],
    );
}

#[test]
fn pointers_may_have_four_bytes() {
    check(
        "@pointer_size 4; struct s { char c; void *p; long l; long long ll; };",
        &["STRUCT s size 24; c at 0 bits 0: INT char; p at 32 bits 0: (PTR  of void); \
           l at 64 bits 0: INT long; ll at 128 bits 0: INT long long"],
    );
}

#[test]
fn base_types_are_described_by_hand() {
    let source = "@int int 8 signed; @int char 1 signed char bits 7 offset 1; @int flag 1 bool; \
                  @float half 2; @int long unsigned int 4; \
                  struct s { int a; char b; flag c; half d; long unsigned int e; };";
    let bytes = btf(ByteOrder::Little, source);
    let btf = Btf::parse(&bytes).unwrap();
    let s = btf.find("s", Kind::Struct).unwrap();
    let types: Vec<_> = s.members().iter().map(|member| member.ty().unwrap()).collect();
    let sizes: Vec<_> = types.iter().map(|ty| ty.size().unwrap()).collect();
    assert_eq!(sizes, [8, 1, 1, 2, 4]);
    assert_eq!(types[4].name().unwrap(), "long unsigned int");
    let encodings: Vec<_> = types.iter().map(|ty| ty.int().map(|encoding| encoding.0)).collect();
    let char = 7 | (1 << 16) | IntEncoding::SIGNED | IntEncoding::CHAR;
    let expected =
        [Some(64 | IntEncoding::SIGNED), Some(char), Some(8 | IntEncoding::BOOL), None, Some(32)];
    assert_eq!(encodings, expected);
}

#[test]
fn enums_may_have_any_size() {
    check(
        "enum e : unsigned long { X = 9 } @size 4; enum f : unsigned { Y = -1 }; enum g {};",
        &[
            "ENUM f size 4 signed false; Y = 4294967295",
            "ENUM g size 4 signed false",
            "ENUM64 e size 4 signed false; X = 9",
        ],
    );
}

#[test]
fn names_may_have_several_types() {
    // The first `p` comes before any `s`, the second after the first, the third after both.
    let bytes = btf(
        ByteOrder::Little,
        "struct a { struct s *p; }; struct s {}; struct b { struct s *p; }; struct s { int x; }; \
         struct c { struct s *p; };",
    );
    let btf = Btf::parse(&bytes).unwrap();
    let pointee = |name| {
        let member = btf.find(name, Kind::Struct).unwrap().members().get(0).unwrap();
        member.ty().unwrap().referenced().unwrap().unwrap().size().unwrap()
    };
    assert_eq!(["a", "b", "c"].map(pointee), [0, 0, 4]);
}

#[test]
fn what_is_only_mentioned_is_a_forward_declaration() {
    check(
        "struct s; union u; struct known; struct known { struct s *s; union v *v; enum e *e; };",
        &[
            "ENUM e size 4 signed false",
            "FWD s union false",
            "FWD u union true",
            "FWD v union true",
            "STRUCT known size 24; s at 0 bits 0: (PTR  of FWD s); v at 64 bits 0: (PTR  of FWD v); \
             e at 128 bits 0: (PTR  of ENUM e)",
        ],
    );
}

#[test]
fn a_tag_alone_is_an_anonymous_member() {
    check(
        "struct t { int a; }; struct s { int b; struct t; };",
        &[
            "STRUCT s size 8; b at 0 bits 0: INT int;  at 32 bits 0: STRUCT t",
            "STRUCT t size 4; a at 0 bits 0: INT int",
        ],
    );
}

#[test]
fn functions_and_variables_may_have_sections() {
    let source = "extern int e(int x, ...), ev; static char c SEC(\".data\"); \
                  long l SEC(\".data\"); void f(void) SEC(\".text\"); /* done */";
    check(
        source,
        &[
            "DATASEC .data of void",
            "DATASEC .text of void",
            "FUNC e of (FUNC_PROTO INT int, x INT int,  void)",
            "FUNC f of (FUNC_PROTO void)",
            "VAR c of INT char",
            "VAR ev of INT int",
            "VAR l of INT long",
        ],
    );
    let bytes = btf(ByteOrder::Little, source);
    let btf = Btf::parse(&bytes).unwrap();
    let linkage = |name, kind| btf.find(name, kind).unwrap().linkage().unwrap();
    assert_eq!(linkage("e", Kind::Func), Linkage::Extern);
    assert_eq!(linkage("c", Kind::Var), Linkage::Static);
    assert_eq!(linkage("f", Kind::Func), Linkage::Global);
    let section = btf.find(".data", Kind::DataSec).unwrap();
    let places: Vec<_> =
        section.variables().iter().map(|variable| (variable.offset(), variable.size())).collect();
    assert_eq!((places, section.size().unwrap()), (vec![(0, 1), (8, 8)], 16));
}

#[test]
fn types_are_numbered_as_they_are_completed() {
    let source = "struct s { int *p; int *q; struct s *next; }; typedef int t;";
    let bytes = btf(ByteOrder::Little, source);
    let btf = Btf::parse(&bytes).unwrap();
    let kinds: Vec<_> = btf.types().map(|ty| ty.kind()).collect();
    assert_eq!(kinds, [Kind::Int, Kind::Ptr, Kind::Ptr, Kind::Struct, Kind::Typedef]);

    let mut builder = Builder::new(ByteOrder::Little);
    builder.ptr(TypeId::VOID);
    let ids = declare(&mut builder, source).unwrap();
    assert_eq!(["int", "s", "t"].map(|name| ids.id(name).0), [2, 5, 6]);
}

#[test]
fn the_type_of_array_indices_is_clang_s_or_another_one() {
    for (source, index) in [
        ("struct s { int a[2]; };", "__ARRAY_SIZE_TYPE__"),
        ("@array_index unsigned; struct s { int a[2]; };", "unsigned int"),
    ] {
        let bytes = btf(ByteOrder::Little, source);
        let btf = Btf::parse(&bytes).unwrap();
        let array = btf.types().find_map(|ty| ty.array()).unwrap();
        assert_eq!(btf.type_by_id(array.index).unwrap().name().unwrap(), index);
    }
}

#[test]
fn split_btf_has_the_base_types_of_its_base() {
    let base = btf(ByteOrder::Big, "struct s { int a; };");
    let base = Btf::parse(&base).unwrap();
    let split = split_btf(&base, "struct s { char c; int b; };");
    let split = Btf::parse_split(&split, &base).unwrap();
    let own: Vec<_> = split.own_types().map(|ty| (ty.id().0, ty.kind())).collect();
    assert_eq!(own, [(3, Kind::Int), (4, Kind::Struct)]);
    assert_eq!(
        named_types(&split),
        [
            "INT char 1 Some(IntEncoding(16777224))",
            "STRUCT s size 8; c at 0 bits 0: INT char; b at 32 bits 0: INT int",
        ]
    );
}

#[test]
fn refusals_have_a_line_and_a_column() {
    for (source, expected) in [
        ("struct s {\n  int a\n};", "line 3, column 1: expected `;`, found `}`"),
        ("struct s { u32 a; };", "line 1, column 12: `u32` is not a type"),
        (
            "struct s { void a; };",
            "line 1, column 17: a member needs a type with a size, or a place by hand",
        ),
        (
            "struct s { struct t a; };",
            "line 1, column 21: a member needs a type with a size, or a place by hand",
        ),
        ("struct s {", "line 1, column 11: expected a type, found the end of the text"),
        ("struct;", "line 1, column 7: expected a name or `{`, found `;`"),
        ("int (*f;", "line 1, column 9: expected `)`, found the end of the text"),
        ("int a[x];", "line 1, column 7: expected a number, found `x`"),
        ("int a[-1];", "line 1, column 7: -1 is not from 0 to 4294967295"),
        ("int;\n$", "line 2, column 1: `$` has no meaning here"),
        ("int a = 0x;", "line 1, column 9: `0x` is not a number"),
        ("typedef int;\ntypedef int *;", "line 2, column 14: expected a name, found `;`"),
        (
            "@size 4;",
            "line 1, column 2: expected `pointer_size`, `enum_flags`, `array_index`, `int` or `float`, found `size`",
        ),
        (
            "@int int 4 big;",
            "line 1, column 12: expected `signed`, `char`, `bool`, `bits` or `offset`, found `big`",
        ),
        ("/* é */ struct s { int a : 0; };", "line 1, column 29: a bitfield has 1 to 255 bits"),
        ("struct s { int a[4294967295]; };", "line 1, column 32: sizes and offsets have 32 bits"),
        ("enum e { 1 };", "line 1, column 10: expected an enumerator, found `1`"),
    ] {
        let error = declare(&mut Builder::new(ByteOrder::Little), source).unwrap_err();
        assert_eq!(error.to_string(), expected, "{source}");
    }
}
