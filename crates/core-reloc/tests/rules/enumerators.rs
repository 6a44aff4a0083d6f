//! Enumerators: existence and value.

use btf_types::{Btf, ByteOrder};

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

/// `LARGE` and `NEGATIVE` have the same 32 bits. Compilers write `AS_LARGE` for the one and `AS_NEGATIVE` for
/// the other.
const LARGE: &str = "enum e { A = 0x80000001 };";
const NEGATIVE: &str = "enum e { A = -0x7fffffff };";
/// Either of them, as clang 14 and older pahole encode it.
const OLD: &str = "@enum_flags 0; enum e { A = -0x7fffffff };";
const SMALL: &str = "enum e { A = 5 };";
const AS_LARGE: u64 = 0x8000_0001;
const AS_NEGATIVE: u64 = 0xffff_ffff_8000_0001;

/// What becomes of a 64-bit immediate that holds an enumerator `A` of the local types: its new value, which
/// the resolution must have as well.
#[track_caller]
fn becomes(local: &str, target: &str, found: u64, expected: Option<u64>) {
    for order in ORDERS {
        let number = |value: u32| match order {
            ByteOrder::Little => value.to_le_bytes(),
            ByteOrder::Big => value.to_be_bytes(),
        };
        let insn = |value: u64| {
            let [mut first, mut second] = [[0; 8]; 2];
            first[0] = 0x18;
            first[4..].copy_from_slice(&number(value as u32));
            second[4..].copy_from_slice(&number((value >> 32) as u32));
            [first, second].concat()
        };
        let local = btf_from_c::btf(order, local);
        let local = Btf::parse(&local).unwrap();
        let types = Types { local: "", target, modules: &[] };
        let applied = with_target(order, types, |target| {
            let relocation = relocation(&local, EnumvalValue, "e::A").unwrap();
            let mut code = insn(found);
            let applied = Relocator::new(&local, target).relocate(&mut code, &relocation);
            assert_eq!(code, insn(expected.unwrap_or(found)), "{order} {code:x?}");
            applied
        });
        let Some(value) = expected else {
            let error = applied.unwrap_err();
            assert!(matches!(error.cause, Cause::Patch(PatchError::UnexpectedValue { .. })));
            continue;
        };
        let change = applied.unwrap().resolution.change.unwrap();
        assert_eq!((change.original, change.value), (found, value), "{order}");
        assert_eq!(change.extension, Extension::Stated);
    }
}

#[test]
fn the_original_of_a_signed_enum_is_sign_extended() {
    becomes(NEGATIVE, SMALL, AS_NEGATIVE, Some(5));
    becomes(NEGATIVE, SMALL, AS_LARGE, None);
    becomes(NEGATIVE, SMALL, 0x7fff_ffff, None);
}

#[test]
fn the_original_of_an_enum_without_the_flag_has_either_extension() {
    for local in [OLD, LARGE] {
        becomes(local, SMALL, AS_LARGE, Some(5));
        becomes(local, SMALL, AS_NEGATIVE, Some(5));
        for wrong in [0, 1 << 31, AS_LARGE | 1 << 32, AS_NEGATIVE ^ 1 << 63, AS_NEGATIVE - 1] {
            becomes(local, SMALL, wrong, None);
        }
    }
}

#[test]
fn the_new_value_is_signed_if_either_enum_is_or_the_instruction_shows_it() {
    // Either enum.
    becomes(NEGATIVE, NEGATIVE, AS_NEGATIVE, Some(AS_NEGATIVE));
    becomes(NEGATIVE, OLD, AS_NEGATIVE, Some(AS_NEGATIVE));
    becomes(SMALL, NEGATIVE, 5, Some(AS_NEGATIVE));
    becomes(OLD, NEGATIVE, AS_LARGE, Some(AS_NEGATIVE));
    becomes(OLD, NEGATIVE, AS_NEGATIVE, Some(AS_NEGATIVE));
    // The instruction.
    becomes(OLD, OLD, AS_NEGATIVE, Some(AS_NEGATIVE));
    // What nothing shows is sign-extended, as by libbpf.
    becomes(SMALL, OLD, 5, Some(AS_NEGATIVE));
}

#[test]
fn the_new_value_is_unsigned_if_the_instruction_shows_it() {
    for (local, target) in [(OLD, OLD), (LARGE, LARGE), (OLD, LARGE), (LARGE, OLD)] {
        becomes(local, target, AS_LARGE, Some(AS_LARGE));
    }
    // Another value than the original, which decides.
    let largest = "enum e { A = 0xffffffff };";
    becomes(LARGE, largest, AS_LARGE, Some(0xffff_ffff));
    becomes(LARGE, largest, AS_NEGATIVE, Some(u64::MAX));
    becomes(largest, LARGE, 0xffff_ffff, Some(AS_LARGE));
}

/// All 64 bits are in the BTF.
#[test]
fn wide_enums_are_not_extended() {
    let wide = "enum e : unsigned long { A = 0x80000001 };";
    let wide_negative = "enum e : long { A = -0x7fffffff };";
    becomes(wide, wide, AS_LARGE, Some(AS_LARGE));
    becomes(wide, wide, AS_NEGATIVE, None);
    becomes(wide_negative, wide_negative, AS_NEGATIVE, Some(AS_NEGATIVE));
    becomes(wide_negative, wide_negative, AS_LARGE, None);
    // The other enum has 32 bits.
    for (found, local) in [(AS_LARGE, OLD), (AS_NEGATIVE, OLD), (AS_NEGATIVE, NEGATIVE)] {
        becomes(local, wide, found, Some(AS_LARGE));
        becomes(local, wide_negative, found, Some(AS_NEGATIVE));
    }
    becomes(wide, LARGE, AS_LARGE, Some(AS_LARGE));
    becomes(wide, NEGATIVE, AS_LARGE, Some(AS_NEGATIVE));
    becomes(wide_negative, LARGE, AS_NEGATIVE, Some(AS_NEGATIVE));
    // Without the flag, a wide enum is unsigned, and so is the other one.
    for (original, local) in [(5, "A = 5"), (0x1_8000_0001, "A = 0x180000001")] {
        let local = format!("enum e : unsigned long {{ {local} }};");
        becomes(&local, LARGE, original, Some(AS_LARGE));
        becomes(&local, NEGATIVE, original, Some(AS_NEGATIVE));
    }
}

/// A 32-bit immediate has the same bits for both values, so that the resolution is as libbpf's.
#[test]
fn a_32_bit_immediate_decides_nothing() {
    for code in [0xb4, 0xb7] {
        let local = btf_from_c::btf(ORDERS[0], LARGE);
        let local = Btf::parse(&local).unwrap();
        let target = Target::new(&local);
        let relocation = relocation(&local, EnumvalValue, "e::A").unwrap();
        let before = [code, 1, 0, 0, 1, 0, 0, 0x80];
        let mut after = before;
        let applied = Relocator::new(&local, &target).relocate(&mut after, &relocation).unwrap();
        assert_eq!((before, applied.resolution.value()), (after, Some(AS_NEGATIVE)));
    }
}

#[test]
fn a_resolution_has_libbpfs_values_until_an_instruction_decides() {
    for (local, target) in [(OLD, OLD), (LARGE, LARGE)] {
        check(local, target, EnumvalValue, "e::A", Value(AS_NEGATIVE, AS_NEGATIVE));
    }
    check(LARGE, SMALL, EnumvalValue, "e::A", Value(AS_NEGATIVE, 5));
    check(NEGATIVE, LARGE, EnumvalValue, "e::A", Value(AS_NEGATIVE, AS_NEGATIVE));
}

/// One of two candidates states that it is signed. The other has the same bits.
#[test]
fn the_flag_of_one_candidate_counts_for_all() {
    for two in [
        "enum e { A = 0x80000001 }; enum e___b { A = -0x7fffffff };",
        "enum e { A = -0x7fffffff }; enum e___b { A = 0x80000001 };",
    ] {
        becomes(LARGE, two, AS_LARGE, Some(AS_NEGATIVE));
        becomes(LARGE, two, AS_NEGATIVE, Some(AS_NEGATIVE));
    }
    let two = "enum e { A = 0x80000001 }; enum e___b { A = 0x80000001 };";
    becomes(LARGE, two, AS_LARGE, Some(AS_LARGE));
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
