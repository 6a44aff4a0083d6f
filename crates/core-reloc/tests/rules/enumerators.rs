//! Enumerators: existence and value.

use crate::check::*;

const LOCAL: &str = "enum e { A, B, C___v2 };";
const RENUMBERED: &str = "enum e { B = 7, C = 9 };";

#[test]
fn values_follow_the_essential_names() {
    check(LOCAL, RENUMBERED, EnumvalValue, "e::B", Value(1, 7));
    check(LOCAL, RENUMBERED, EnumvalValue, "e::C___v2", Value(2, 9));
    check(LOCAL, RENUMBERED, EnumvalExists, "e::B", Value(1, 1));
    check(LOCAL, RENUMBERED, EnumvalExists, "e::A", Value(1, 0));
    check(LOCAL, RENUMBERED, EnumvalValue, "e::A", Unresolved);
    check(LOCAL, "enum e { B___new = 7 };", EnumvalValue, "e::B", Value(1, 7));
    check(LOCAL, "", EnumvalExists, "e::A", Value(1, 0));
    check(LOCAL, "", EnumvalValue, "e::A", Unresolved);
}

#[test]
fn an_enum_matches_one_of_the_other_width() {
    let wide = "enum e { A = 0xffffffffffffffff, B = 0x10000000000 };";
    check(LOCAL, wide, EnumvalValue, "e::A", Value(0, u64::MAX));
    check(LOCAL, wide, EnumvalValue, "e::B", Value(1, 1 << 40));
    check(wide, LOCAL, EnumvalValue, "e::B", Value(1 << 40, 1));
}

#[test]
fn values_are_extended_by_the_sign_of_their_enum() {
    let signed = "enum e { A = -1, B = -0x80000000 };";
    // libbpf sign-extends these, and rejects what clang wrote.
    let unsigned = "enum e { A = 0xffffffff, B = 0x80000000 };";
    check(signed, signed, EnumvalValue, "e::A", Value(u64::MAX, u64::MAX));
    check(signed, unsigned, EnumvalValue, "e::A", Value(u64::MAX, 0xffff_ffff));
    check(unsigned, signed, EnumvalValue, "e::B", Value(0x8000_0000, 0xffff_ffff_8000_0000));
    check(unsigned, unsigned, EnumvalValue, "e::B", Value(0x8000_0000, 0x8000_0000));
}

#[test]
fn a_typedef_may_name_the_enum() {
    let typedef = "typedef enum { A = 3, B = 4 } e_t;";
    let no_enum = "typedef int e_t;";
    check(typedef, typedef, EnumvalValue, "e_t::B", Value(4, 4));
    check(typedef, no_enum, EnumvalExists, "e_t::B", Value(1, 0));
    check(no_enum, typedef, EnumvalExists, "e_t 1", Error("an enum is needed"));
}

#[test]
fn the_access_string_is_one_index_that_exists() {
    check(LOCAL, LOCAL, EnumvalValue, "e 3", Error("enumerator 3"));
    check(LOCAL, LOCAL, EnumvalValue, "e 0:1", Error("one index"));
}

#[test]
fn candidates_that_disagree_are_ambiguous() {
    let two = "enum e { B = 7, C = 9 }; enum e___other { B = 8, C = 9 };";
    check(LOCAL, two, EnumvalValue, "e::B", Error("gives 7"));
    check(LOCAL, two, EnumvalValue, "e::C___v2", Value(2, 9));
    check(LOCAL, two, EnumvalExists, "e::B", Value(1, 1));
}
