//! Enumerators: existence and value.

use super::UNRELATED;
use crate::vectors::case::*;
use crate::vectors::insn::{ldimm64, mov};

const LOCAL: &str = "enum e { A, B, C___v2 };";
const RENUMBERED: &str = "enum e { B = 7, C = 9 };";

/// `LARGE` and `NEGATIVE` have the same 32 bits. Compilers write `AS_LARGE` for the one and `AS_NEGATIVE` for
/// the other.
const LARGE: &str = "enum e { A = 0x80000001 };";
const NEGATIVE: &str = "enum e { A = -0x7fffffff };";
/// Either of them, as clang 14 and older pahole encode it.
const OLD: &str = "@enum_flags 0; enum e { A = -0x7fffffff };";
const SMALL: &str = "enum e { A = 5 };";
const WIDE: &str = "enum e : unsigned long { A = 0x80000001 };";
const AS_LARGE: u64 = 0x8000_0001;
const AS_NEGATIVE: u64 = 0xffff_ffff_8000_0001;

const EXTENDED: &str = "libbpf sign-extends the value of every 32-bit enum, also of an unsigned one, and \
                        rejects a 64-bit immediate into which the compiler wrote the value zero-extended";
const FROM_WIDE: &str = "libbpf sign-extends the value of every 32-bit enum; the local enum has 64 bits and \
                         no kind_flag, so it is unsigned";

fn values() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, about, local, target, subject, original, expected) in [
        ("renumbered", "another value", LOCAL, RENUMBERED, "e 1", 1, Value(7)),
        ("flavor", "names are compared without flavors", LOCAL, RENUMBERED, "e 2", 2, Value(9)),
        (
            "target-flavor",
            "names are compared without flavors",
            LOCAL,
            "enum e { B___x = 7 };",
            "e 1",
            1,
            Value(7),
        ),
        ("missing-enumerator", "the target's enum lacks it", LOCAL, RENUMBERED, "e 0", 0, Poisoned),
        ("missing-enum", "the target lacks the enum", LOCAL, UNRELATED, "e 0", 0, Poisoned),
        (
            "became-enum64",
            "the target's enum has 64 bits",
            LOCAL,
            "enum e : long { B = 5 };",
            "e 1",
            1,
            Value(5),
        ),
        (
            "from-enum64",
            "the local enum has 64 bits",
            "enum e : long { A, B };",
            RENUMBERED,
            "e 1",
            1,
            Value(7),
        ),
        (
            "byte-sized",
            "an enum of one byte",
            LOCAL,
            "enum e : unsigned char { B = 200 };",
            "e 1",
            1,
            Value(200),
        ),
        (
            "typedef",
            "a typedef names the enum",
            "typedef enum { A, B } e;",
            "typedef enum { X, Y, B } e;",
            "e 1",
            1,
            Value(2),
        ),
        (
            "typedef-of-no-enum",
            "the target's typedef is no enum",
            "typedef enum { A, B } e;",
            "typedef int e;",
            "e 1",
            1,
            Poisoned,
        ),
        ("wrong", "the original value is checked", LOCAL, RENUMBERED, "e 1", 2, Error),
        (
            "agreeing",
            "two enums with the same value",
            LOCAL,
            "enum e { B = 7 }; enum e___x { B = 7 };",
            "e 1",
            1,
            Value(7),
        ),
        (
            "disagreeing",
            "two enums with different values",
            LOCAL,
            "enum e { B = 7 }; enum e___x { B = 8 };",
            "e 1",
            1,
            Error,
        ),
        (
            "only-one-has-it",
            "one of two enums has it",
            LOCAL,
            "enum e { A }; enum e___x { B = 8 };",
            "e 1",
            1,
            Value(8),
        ),
        (
            "first-of-a-name",
            "the first of two counts",
            LOCAL,
            "enum e { B = 3, B___x = 4 };",
            "e 1",
            1,
            Value(3),
        ),
        (
            "negative",
            "from −1 to −7",
            "enum e { A = -1 };",
            "enum e { A = -7 };",
            "e 0",
            -1,
            Value(-7_i64 as u64),
        ),
        (
            "to-negative",
            "from 0 to −1",
            "enum e { A, X = -2 };",
            "enum e { A = -1 };",
            "e 0",
            0,
            Value(u64::MAX),
        ),
        (
            "from-negative",
            "from −1 to 5",
            "enum e { A = -1 };",
            "enum e { A = 5, X = -2 };",
            "e 0",
            -1,
            Value(5),
        ),
    ] {
        let relocations = [relocation(ENUMVAL_VALUE, subject, mov(original), expected)];
        cases.push(case(format!("value-{name}"), about, (local, target), relocations));
    }
    cases
}

fn wide_values() -> Vec<Case> {
    let wide = "enum e { A = 0xffffffffffffffff, B = 0x10000000000 };";
    let signed = "enum e { A = -1, B = -0x80000000 };";
    let least = 0xffff_ffff_8000_0000;
    let mut cases = Vec::new();
    for (name, about, local, target, subject, insn, expected) in [
        ("to-64-bits", "from 32 to 64 bits", LOCAL, wide, "e 1", ldimm64(1), Value(1 << 40)),
        ("from-64-bits", "from 64 to 32 bits", wide, LOCAL, "e 1", ldimm64(1 << 40), Value(1)),
        ("all-ones", "all 64 bits", wide, wide, "e 0", ldimm64(u64::MAX), Value(u64::MAX)),
        (
            "all-ones-missing",
            "poison fills both slots",
            wide,
            UNRELATED,
            "e 0",
            ldimm64(u64::MAX),
            Poisoned,
        ),
        ("upper-half-wrong", "all 64 bits are checked", wide, wide, "e 1", ldimm64(1 << 41), Error),
        (
            "sign-extended",
            "a negative value is sign-extended",
            signed,
            signed,
            "e 1",
            ldimm64(least),
            Value(least),
        ),
        (
            "not-sign-extended",
            "a negative value is sign-extended",
            signed,
            signed,
            "e 1",
            ldimm64(1 << 31),
            Error,
        ),
        (
            "to-sign-extended",
            "from 2 to −2³¹",
            "enum e { A, X = -1, B = 2 };",
            signed,
            "e 2",
            ldimm64(2),
            Value(least),
        ),
    ] {
        let relocations: [Relocation; 1] = [relocation(ENUMVAL_VALUE, subject, insn, expected)];
        cases.push(case(format!("wide-{name}"), about, (local, target), relocations));
    }
    cases
}

/// The sign where kind_flags do not state it.
fn signs() -> Vec<Case> {
    let mut cases = Vec::new();
    // Name, local types, target types, what the instruction holds and becomes, or that it is wrong.
    for (name, about, local, target, found, expected) in [
        ("old", "the instruction shows it", OLD, OLD, AS_NEGATIVE, Value(AS_NEGATIVE)),
        ("old-object", "the target states it", OLD, NEGATIVE, AS_NEGATIVE, Value(AS_NEGATIVE)),
        ("old-target", "the object states it", NEGATIVE, OLD, AS_NEGATIVE, Value(AS_NEGATIVE)),
        ("old-to-small", "the new value has no sign", OLD, SMALL, AS_NEGATIVE, Value(5)),
        ("old-wrong", "an upper half of neither form", OLD, OLD, AS_LARGE | 1 << 32, Error),
        (
            "large-as-negative",
            "the instruction shows it",
            LARGE,
            LARGE,
            AS_NEGATIVE,
            Value(AS_NEGATIVE),
        ),
        ("small-to-old", "what nothing shows is sign-extended", SMALL, OLD, 5, Value(AS_NEGATIVE)),
        (
            "small-to-large",
            "what nothing shows is sign-extended",
            SMALL,
            LARGE,
            5,
            Value(AS_NEGATIVE),
        ),
        (
            "negative-to-large",
            "the object states it",
            NEGATIVE,
            LARGE,
            AS_NEGATIVE,
            Value(AS_NEGATIVE),
        ),
        ("negative-as-large", "the object states it", NEGATIVE, NEGATIVE, AS_LARGE, Error),
    ] {
        let relocations = [relocation(ENUMVAL_VALUE, "e 0", ldimm64(found), expected)];
        cases.push(case(format!("sign-{name}"), about, (local, target), relocations));
    }
    for (name, about, local, target, value) in [
        ("large", "the instruction shows it", LARGE, LARGE, AS_LARGE),
        ("old-as-large", "the instruction shows it", OLD, OLD, AS_LARGE),
        ("large-to-old", "the instruction shows it", LARGE, OLD, AS_LARGE),
        ("large-to-small", "the new value has no sign", LARGE, SMALL, 5),
        ("large-to-negative", "the target states it", LARGE, NEGATIVE, AS_NEGATIVE),
        ("large-to-wide", "all 64 bits are in the BTF", LARGE, WIDE, AS_LARGE),
    ] {
        let relocation = relocation(ENUMVAL_VALUE, "e 0", ldimm64(AS_LARGE), Value(value));
        let relocations = [relocation.unlike_libbpf(EXTENDED)];
        cases.push(case(format!("sign-{name}"), about, (local, target), relocations));
    }
    for (name, target, value, why) in [
        ("wide-to-large", LARGE, AS_LARGE, Some(FROM_WIDE)),
        ("wide-to-negative", NEGATIVE, AS_NEGATIVE, None),
    ] {
        let about = "an enum of 64 bits states its sign";
        let relocation = relocation(ENUMVAL_VALUE, "e 0", ldimm64(AS_LARGE), Value(value));
        let relocation = Relocation { unlike_libbpf: why, ..relocation };
        cases.push(case(format!("sign-{name}"), about, (WIDE, target), [relocation]));
    }
    cases
}

fn existence() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, target, subject, expected) in [
        ("found", RENUMBERED, "e 1", Value(1)),
        ("flavor", RENUMBERED, "e 2", Value(1)),
        ("missing-enumerator", RENUMBERED, "e 0", Value(0)),
        ("missing-enum", UNRELATED, "e 0", Value(0)),
        ("enum64", "enum e : long { B };", "e 1", Value(1)),
        ("other-kind", "struct e { int B; };", "e 1", Value(0)),
        ("different-values", "enum e { B = 7 }; enum e___x { B = 8 };", "e 1", Value(1)),
    ] {
        let about = "enumval_exists: whatever the value is";
        let relocations = [relocation(ENUMVAL_EXISTS, subject, mov(1), expected)];
        cases.push(case(format!("exists-{name}"), about, (LOCAL, target), relocations));
    }
    cases
}

pub(super) fn group() -> Group {
    let cases = rule("enumerator value", values())
        .chain(rule("extension of enumerator values", wide_values()))
        .chain(rule("sign of enumerators", signs()))
        .chain(rule("enumerator existence", existence()));
    Group {
        name: "enumerators",
        about: "Enumerators: existence and value. In C, `@enum_flags 0` stands for an encoder that does \
                not set the kind_flag of signed enums.",
        cases: cases.collect(),
    }
}
