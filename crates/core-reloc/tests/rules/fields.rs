//! Fields that are not bitfields: offsets, sizes, existence, signedness and shifts.

use btf_types::ByteOrder;

use crate::check::{
    Resize::{Same, To, Unsafe},
    *,
};

const NESTED: &str = "
    struct s {
        int a;
        struct { int b; union { int c; unsigned long d; }; };
        int e[4][2];
    };
";

/// The same fields elsewhere.
const MOVED: &str = "
    struct s {
        int e[4][2];
        unsigned long d @ 40;
        int c;
        int b;
        int a @ 96;
    } @size 104;
";

#[test]
fn offsets_follow_the_names_through_anonymous_members() {
    for (access, original, value) in [
        ("s.a", 0, 96),
        ("s.b", 8, 52),
        ("s.c", 16, 48),
        ("s.d", 16, 40),
        ("s.e", 24, 0),
        ("s.e[3]", 24 + 3 * 8, 3 * 8),
        ("s.e[3][1]", 24 + 3 * 8 + 4, 3 * 8 + 4),
    ] {
        check(NESTED, MOVED, FieldByteOffset, access, Value(original, value));
        check(NESTED, NESTED, FieldByteOffset, access, Value(original, original));
    }
    // From plain members into anonymous ones.
    for (access, original, value) in
        [("s.d", 40, 16), ("s.c", 48, 16), ("s.b", 52, 8), ("s.a", 96, 0)]
    {
        check(MOVED, NESTED, FieldByteOffset, access, Value(original, value));
    }
}

#[test]
fn the_first_number_indexes_the_root() {
    check(NESTED, MOVED, FieldByteOffset, "s[2].a", Value(2 * 56, 2 * 104 + 96));
    check(NESTED, MOVED, FieldByteOffset, "s[3]", Value(3 * 56, 3 * 104));
    check(NESTED, MOVED, FieldByteSize, "s[3]", Value(56, 104));
}

#[test]
fn sizes_are_of_the_whole_field_or_of_the_element() {
    for (access, size) in [("s.a", 4), ("s.d", 8), ("s.e", 32), ("s.e[1]", 8), ("s.e[1][0]", 4)] {
        check(NESTED, MOVED, FieldByteSize, access, Value(size, size));
    }
}

#[test]
fn existence_is_one_or_zero() {
    let without_b = "struct s { int a; };";
    check(NESTED, without_b, FieldExists, "s.a", Value(1, 1));
    check(NESTED, without_b, FieldExists, "s.b", Value(1, 0));
    check(NESTED, "", FieldExists, "s.a", Value(1, 0));
    for kind in [FieldByteOffset, FieldByteSize, FieldSigned, FieldLshiftU64, FieldRshiftU64] {
        check(NESTED, without_b, kind, "s.b", Unresolved);
        check(NESTED, "", kind, "s.b", Unresolved);
    }
}

#[test]
fn signedness_is_that_of_integers_and_enums() {
    for (member, signed) in [
        ("int a", 1),
        ("unsigned a", 0),
        ("char_with_both_flags a", 1),
        ("_Bool a", 0),
        ("enum { A = -1 } a", 1),
        ("enum { B = 1 } a", 0),
        ("enum : long { C = -1 } a", 1),
        ("int *a", 0),
        ("int_t a", 1),
        ("float a", 0),
    ] {
        let types = format!(
            "@int char_with_both_flags 1 signed char; typedef const int int_t; \
             struct s {{ {member}; }};"
        );
        check(&types, &types, FieldSigned, "s.a", Value(signed, signed));
    }
}

#[test]
fn each_side_has_its_own_signedness() {
    let (signed, unsigned) = ("struct s { int a; };", "struct s { unsigned a; };");
    check(signed, unsigned, FieldSigned, "s.a", Value(1, 0));
    check(unsigned, signed, FieldSigned, "s.a", Value(0, 1));
}

#[test]
fn elements_have_neither_signedness_nor_shifts() {
    for kind in [FieldSigned, FieldLshiftU64, FieldRshiftU64] {
        check(NESTED, MOVED, kind, "s.e[1][0]", Error("array element"));
        check(NESTED, "", kind, "s.e[1][0]", Error("array element"));
    }
}

#[test]
fn shifts_of_whole_fields_are_what_their_size_leaves() {
    // A field of 4 bytes leaves 32 bits to discard on either side. A big-endian load puts it at the
    // low end too.
    for kind in [FieldLshiftU64, FieldRshiftU64] {
        check(NESTED, MOVED, kind, "s.a", Value(32, 32));
        check(NESTED, MOVED, kind, "s.d", Value(0, 0));
        check(NESTED, MOVED, kind, "s.e", Error("1 to 8 bytes"));
    }
}

#[test]
fn array_indices_are_in_bounds_or_the_array_is_flexible() {
    let four = "struct s { int len; int data[4]; };";
    let three = "struct s { int len; int data[3]; };";
    let flexible = "struct s { int len; int data[]; };";
    let empty = "struct s { int len; int data[0]; int x; };";
    for (local, target, access, expected) in [
        (four, four, "s.data[3]", Value(4 + 3 * 4, 4 + 3 * 4)),
        (four, three, "s.data[3]", Unresolved),
        (four, flexible, "s.data[3]", Value(4 + 3 * 4, 4 + 3 * 4)),
        (four, empty, "s.data[3]", Unresolved),
        (flexible, four, "s.data[3]", Value(4 + 3 * 4, 4 + 3 * 4)),
        (flexible, flexible, "s.data[1000]", Value(4 + 1000 * 4, 4 + 1000 * 4)),
        (four, four, "s 0:1:4", Error("element 4")),
        (empty, four, "s 0:1:0", Error("element 0")),
    ] {
        check(local, target, FieldByteOffset, access, expected);
    }
}

#[test]
fn an_element_does_not_match_what_is_not_an_array() {
    let (array, scalar) = ("struct s { int a[2]; };", "struct s { int a; } @size 8;");
    check(array, scalar, FieldByteOffset, "s.a[1]", Unresolved);
    check(array, scalar, FieldExists, "s.a", Value(1, 0));
}

#[test]
fn paths_that_lead_nowhere_are_errors() {
    for (access, part) in [
        ("s 0:9", "member 9"),
        ("s 0:0:0", "neither members nor elements"),
        ("s 0:1:1:2", "member 2"),
        ("s 0:2:4", "element 4"),
        ("s x", "'x'"),
        ("s ", "no number"),
    ] {
        check(NESTED, MOVED, FieldByteOffset, access, Error(part));
    }
}

#[test]
fn an_offset_that_does_not_fit_is_an_error() {
    // 2³¹ − 1 elements of 56 bytes are more than 2³² bits.
    check(NESTED, MOVED, FieldByteOffset, "s 2147483647:0", Error("32 bits"));
}

#[test]
fn nesting_deeper_than_a_spec_is_an_error() {
    let deep = |levels| {
        let inner =
            (0..levels).fold("int a;".to_owned(), |inner, _| format!("struct {{ {inner} }};"));
        format!("struct s {{ {inner} }};")
    };
    let flat = "struct s { int a; };";
    // One step for the root, one for each anonymous level, and one for the member: at most 64.
    check(flat, &deep(62), FieldByteOffset, "s.a", Value(0, 0));
    check(flat, &deep(63), FieldByteOffset, "s.a", Error("too deep"));
}

#[test]
fn members_that_branch_do_not_multiply_the_work() {
    // Sixty levels, each with the next one twice: 2⁶⁰ paths, none of which leads to the name.
    let mut branching = "union level { int other; };".to_owned();
    for _ in 0..60 {
        branching += "union level { union level; union level; };";
    }
    branching += "struct s { union level; int late; };";
    let local = "struct s { int late; int never; };";
    check(local, &branching, FieldByteOffset, "s.late", Value(0, 4));
    check(local, &branching, FieldExists, "s.never", Value(1, 0));
}

#[test]
fn members_without_the_name_do_not_count_as_steps() {
    // 70 anonymous members of four bytes each, and then the one that is looked for.
    let many = format!(
        "struct inner {{ int other; }}; struct s {{ {} int a; }};",
        "struct inner;".repeat(70)
    );
    check("struct s { int a; };", &many, FieldByteOffset, "s.a", Value(0, 70 * 4));
}

#[test]
fn what_was_searched_before_counts_with_its_depth() {
    // Ten levels without the name, 70 times; then the same ten below some more levels.
    let repeated = |levels: usize| {
        let level = "struct level { struct level; };";
        format!(
            "struct level {{ int other; }}; {}
             struct ten {{ struct level; }};
             struct level {{ struct ten; }}; {}
             struct s {{ {} struct level @ 0; int late @ 4; }};",
            level.repeat(8),
            level.repeat(levels - 1),
            "struct ten @ 0;".repeat(70),
        )
    };
    // The root, the anonymous member, the levels and the ten: at most 64 steps.
    let local = "struct s { int late; };";
    check(local, &repeated(52), FieldByteOffset, "s.late", Value(0, 4));
    check(local, &repeated(53), FieldByteOffset, "s.late", Error("too deep"));
}

#[test]
fn offsets_add_up_through_anonymous_members() {
    let levels = "
        struct s {
            int z;
            struct {
                int y;
                struct { int x; int a @ 12; } @ 4;
            } @ 64;
        };
    ";
    check("struct s { int a; };", levels, FieldByteOffset, "s.a", Value(0, 12 + 4 + 64));
}

#[test]
fn what_has_no_size_cannot_be_indexed() {
    for access in ["f 0", "f 1"] {
        check("struct f;", "struct f;", FieldExists, access, Error("has no size"));
    }
}

#[test]
fn shifts_of_fields_between_bytes_keep_the_rest_of_the_offset() {
    // 32 bits from bit 35 on: 3 bits after the start of the byte at which the load starts.
    let between = "struct s { int a @ 4.3; };";
    for (order, left) in [(ByteOrder::Little, 64 - (3 + 32)), (ByteOrder::Big, (8 - 4) * 8 + 3)] {
        let found = shifts((order, between), (order, between), "s", "0:0");
        assert_eq!(found, (left, 64 - 32), "{order}");
    }
    check(between, between, FieldByteOffset, "s.a", Value(35 / 8, 35 / 8));
}

#[test]
fn a_field_without_bytes_has_no_shifts() {
    let nothing = "struct s { struct {} a; } @size 4;";
    check(nothing, nothing, FieldLshiftU64, "s.a", Error("1 to 8 bytes"));
    check(nothing, nothing, FieldByteSize, "s.a", Value(0, 0));
}

#[test]
fn loads_are_resized_where_both_are_pointers_or_unsigned_integers() {
    for (local, target, access, expected) in [
        ("unsigned a", "unsigned long a", "s.a", To { from: 4, to: 8 }),
        ("unsigned long a", "unsigned a", "s.a", To { from: 8, to: 4 }),
        ("unsigned a", "int a", "s.a", Same),
        ("int a", "unsigned long a", "s.a", Unsafe { from: 4, to: 8 }),
        ("unsigned long a", "int a", "s.a", Unsafe { from: 8, to: 4 }),
        ("float a", "double a", "s.a", Unsafe { from: 4, to: 8 }),
        // An array is neither, but its elements may be.
        ("unsigned a[2]", "unsigned long a[2]", "s.a", Unsafe { from: 4, to: 8 }),
        ("unsigned a[2]", "unsigned long a[2]", "s.a[1]", To { from: 4, to: 8 }),
        // A load of an array loads an element, so the length does not matter.
        ("unsigned a[2]", "unsigned a[4]", "s.a", Same),
        ("unsigned a[4][2]", "unsigned long a[4][2]", "s.a", Unsafe { from: 4, to: 8 }),
        ("unsigned a[4][2]", "unsigned a[4][2]", "s.a", Same),
    ] {
        let [local, target] =
            [local, target].map(|member| format!("struct s {{ {member}; }} @size 64;"));
        check_resize(&local, &target, access, expected);
    }
}

#[test]
fn only_pointers_and_unsigned_integers_change_the_size_of_a_load() {
    for (local, target, expected) in [
        ("@int t 4", "@int t 8", To { from: 4, to: 8 }),
        ("@int t 4", "@int t 4 signed", Same),
        ("@int t 4 signed", "@int t 8 signed", Unsafe { from: 4, to: 8 }),
        ("@int t 4", "@int t 8 signed", Unsafe { from: 4, to: 8 }),
        // libbpf takes these for unsigned, since their encoding is more than just signed.
        ("@int t 1 signed char", "@int t 2 signed char", Unsafe { from: 1, to: 2 }),
    ] {
        let [local, target] =
            [local, target].map(|int| format!("{int}; struct s {{ t a; }} @size 8;"));
        check_resize(&local, &target, "s.a", expected);
    }
}

#[test]
fn names_of_members_are_compared_whole() {
    let plain = "struct s { int a @ 4; };";
    let flavored = "struct s { int a___x @ 4; };";
    let longer = "struct s { int ab @ 8; int a___x @ 12; };";
    let all = "struct s { int ab @ 8; int a___x @ 12; int a @ 16; };";
    check(plain, all, FieldByteOffset, "s.a", Value(4, 16));
    check(plain, longer, FieldByteOffset, "s.a", Unresolved);
    // Members have no flavors.
    check(flavored, all, FieldByteOffset, "s.a___x", Value(4, 12));
    check(flavored, plain, FieldByteOffset, "s.a___x", Unresolved);
}

#[test]
fn the_first_member_of_a_name_counts() {
    for (target, expected) in [
        ("struct s { int a @ 8; int a @ 12; };", Value(4, 8)),
        ("struct s { struct { int x; int a; } @ 8; int a @ 16; };", Value(4, 8 + 4)),
        ("struct s { float a @ 8; int a @ 12; };", Unresolved),
    ] {
        check("struct s { int a @ 4; };", target, FieldByteOffset, "s.a", expected);
    }
}
