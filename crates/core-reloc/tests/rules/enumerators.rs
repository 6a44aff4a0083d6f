//! Enumerators: existence and value.

use btf_types::build::Builder;
use core_reloc::RelocKind::*;

use crate::check::*;

fn local(btf: &mut Builder<'_>) {
    btf.enumeration("e", 4).enumerator("A", 0).enumerator("B", 1).enumerator("C___v2", 2).finish();
}

fn renumbered(btf: &mut Builder<'_>) {
    btf.enumeration("e", 4).enumerator("B", 7).enumerator("C", 9).finish();
}

#[test]
fn values_follow_the_essential_names() {
    check(local, renumbered, ask(EnumvalValue, "e", "1"), Value(1, 7));
    check(local, renumbered, ask(EnumvalValue, "e", "2"), Value(2, 9));
    check(local, renumbered, ask(EnumvalExists, "e", "1"), Value(1, 1));
    check(local, renumbered, ask(EnumvalExists, "e", "0"), Value(1, 0));
    check(local, renumbered, ask(EnumvalValue, "e", "0"), Unresolved);
    check(local, empty, ask(EnumvalExists, "e", "0"), Value(1, 0));
    check(local, empty, ask(EnumvalValue, "e", "0"), Unresolved);
}

#[test]
fn the_two_widths_of_enums_stand_for_each_other() {
    fn wide(btf: &mut Builder<'_>) {
        btf.enumeration64("e", 8).enumerator("A", u64::MAX).enumerator("B", 1_u64 << 40).finish();
    }
    check(local, wide, ask(EnumvalValue, "e", "0"), Value(0, u64::MAX));
    check(local, wide, ask(EnumvalValue, "e", "1"), Value(1, 1 << 40));
    check(wide, local, ask(EnumvalValue, "e", "1"), Value(1 << 40, 1));
}

#[test]
fn values_are_extended_by_the_sign_that_the_enum_has() {
    fn signed(btf: &mut Builder<'_>) {
        btf.enumeration("e", 4).signed().enumerator("A", -1).enumerator("B", i32::MIN).finish();
    }
    /// libbpf sign-extends these, and refuses what clang wrote.
    fn unsigned(btf: &mut Builder<'_>) {
        btf.enumeration("e", 4).enumerator("A", u32::MAX).enumerator("B", 1_u32 << 31).finish();
    }
    check(signed, signed, ask(EnumvalValue, "e", "0"), Value(u64::MAX, u64::MAX));
    check(signed, unsigned, ask(EnumvalValue, "e", "0"), Value(u64::MAX, 0xffff_ffff));
    check(unsigned, signed, ask(EnumvalValue, "e", "1"), Value(0x8000_0000, 0xffff_ffff_8000_0000));
    check(unsigned, unsigned, ask(EnumvalValue, "e", "1"), Value(0x8000_0000, 0x8000_0000));
}

#[test]
fn the_enum_may_be_behind_a_typedef() {
    fn typedef(btf: &mut Builder<'_>) {
        let anonymous = btf.enumeration("", 4).enumerator("A", 3).enumerator("B", 4).finish();
        btf.typedef("e_t", anonymous);
    }
    check(typedef, typedef, ask(EnumvalValue, "e_t", "1"), Value(4, 4));
    fn no_enum(btf: &mut Builder<'_>) {
        let int = int(btf);
        btf.typedef("e_t", int);
    }
    check(typedef, no_enum, ask(EnumvalExists, "e_t", "1"), Value(1, 0));
    check(no_enum, typedef, ask(EnumvalExists, "e_t", "1"), Error("an enum is needed"));
}

#[test]
fn the_access_string_is_one_index_that_exists() {
    check(local, local, ask(EnumvalValue, "e", "3"), Error("enumerator 3"));
    check(local, local, ask(EnumvalValue, "e", "0:1"), Error("one index"));
}

#[test]
fn candidates_that_disagree_are_ambiguous() {
    fn two(btf: &mut Builder<'_>) {
        renumbered(btf);
        btf.enumeration("e___other", 4).enumerator("B", 8).enumerator("C", 9).finish();
    }
    check(local, two, ask(EnumvalValue, "e", "1"), Error("gives 7"));
    check(local, two, ask(EnumvalValue, "e", "2"), Value(2, 9));
    check(local, two, ask(EnumvalExists, "e", "1"), Value(1, 1));
}
