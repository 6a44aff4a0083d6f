//! Bitfields: the load that covers them, and the shifts.

use crate::vectors::case::*;
use crate::vectors::insn::{ldx, mov};

/// The bits 0 to 3, 3 to 10 and 64 to 104.
const LOCAL: &str = "struct s { unsigned a : 3; int b : 7; unsigned long c : 40 @ 8; };";

/// The bits 33 to 36, 40 to 47 and 128 to 168.
const MOVED: &str = "struct s { unsigned a : 3 @ 4.1; int b : 7 @ 5; unsigned long c : 40 @ 16; };";

/// The last member has the bits 60 to 100.
const CROSSING: &str =
    "struct s { unsigned a : 3; int b : 7; unsigned long c : 40 @ 7.4; } @size 64;";

const PLAIN: &str = "struct s { int a @ 8; int b; int c; };";

const FROM_30: &str = "struct s { unsigned a : 3 @ 3.6; } @size 64;";
const FROM_94: &str = "struct s { unsigned a : 3 @ 11.6; } @size 64;";

fn loads() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, about, local, target, subject, expected) in [
        // The offset and size of the load.
        (
            "same-load",
            "bits 40 to 47 lie in the four bytes from 4 on",
            LOCAL,
            MOVED,
            "s 0:1",
            (4, 4),
        ),
        (
            "aligned-load",
            "bits 33 to 36 lie in the four bytes from 4 on",
            LOCAL,
            MOVED,
            "s 0:0",
            (4, 4),
        ),
        (
            "wider-load",
            "bits 30 to 33 need the eight bytes from 0 on",
            LOCAL,
            FROM_30,
            "s 0:0",
            (0, 8),
        ),
        (
            "wider-load-at-8",
            "bits 94 to 97 need the eight bytes from 8 on",
            LOCAL,
            FROM_94,
            "s 0:0",
            (8, 8),
        ),
        (
            "long",
            "bits 128 to 168 lie in the eight bytes from 16 on",
            LOCAL,
            MOVED,
            "s 0:2",
            (16, 8),
        ),
        ("became-plain", "the target's field is an int", MOVED, PLAIN, "s 0:0", (8, 4)),
        (
            "byte",
            "a declared type of one byte is loaded as one byte",
            LOCAL,
            "struct s { unsigned char a : 3 @ 5.2; } @size 8;",
            "s 0:0",
            (5, 1),
        ),
        (
            "byte-crossing",
            "bits 46 to 49 need the four bytes from 4 on, since two bytes from 4 or 6 do not cover them",
            LOCAL,
            "struct s { unsigned char a : 3 @ 5.6; } @size 8;",
            "s 0:0",
            (4, 4),
        ),
        (
            "in-anonymous-member",
            "bits 99 to 102 lie in the four bytes from 12 on",
            LOCAL,
            "struct s { unsigned y : 1; struct { unsigned x : 3; unsigned a : 3 @ 4.3; } @ 8; };",
            "s 0:0",
            (12, 4),
        ),
    ] {
        // Neither is checked: compilers may see a bitfield differently.
        let (offset, size) = expected;
        cases.push(case(
            name,
            about,
            (local, target),
            [
                relocation(FIELD_BYTE_OFFSET, subject, mov(77), Value(offset)),
                relocation(FIELD_BYTE_SIZE, subject, mov(77), Value(size)),
                relocation(FIELD_EXISTS, subject, mov(1), Value(1)),
            ],
        ));
    }
    // 40 bits from bit 60 on end at bit 100, after the eight bytes from 0 on.
    for kind in [FIELD_BYTE_OFFSET, FIELD_BYTE_SIZE, FIELD_LSHIFT_U64, FIELD_RSHIFT_U64] {
        cases.push(case(
            format!("no-load-{}", KIND_NAMES[kind as usize]),
            "no aligned load of up to 8 bytes covers bits 60 to 100",
            (LOCAL, CROSSING),
            [relocation(kind, "s 0:2", mov(24), Error)],
        ));
    }
    let wide = "struct s { unsigned __int128 a : 3; };";
    for kind in [FIELD_BYTE_OFFSET, FIELD_BYTE_SIZE] {
        cases.push(case(
            format!("16-bytes-{}", KIND_NAMES[kind as usize]),
            "a declared type of 16 bytes cannot be loaded",
            (wide, wide),
            [relocation(kind, "s 0:0", mov(0), Error)
                .unlike_libbpf("libbpf uses loads of 16 bytes, which do not exist")],
        ));
    }
    cases.push(case(
        "no-load-exists",
        "the field exists although no load covers it",
        (LOCAL, CROSSING),
        [relocation(FIELD_EXISTS, "s 0:2", mov(1), Value(1))],
    ));
    cases
}

fn checks() -> Vec<Case> {
    let one = |name: &str, about: &str, types, kind, original, expected| {
        case(name, about, types, [relocation(kind, "s 0:0", mov(original), expected)])
    };
    vec![
        one(
            "right-shift",
            "the right shift is exact",
            (LOCAL, MOVED),
            FIELD_RSHIFT_U64,
            61,
            Value(61),
        ),
        one(
            "right-shift-wrong",
            "the right shift is checked",
            (LOCAL, MOVED),
            FIELD_RSHIFT_U64,
            60,
            Error,
        ),
        one("unsigned", "the signedness is exact", (LOCAL, MOVED), FIELD_SIGNED, 0, Value(0)),
        one("unsigned-wrong", "the signedness is checked", (LOCAL, MOVED), FIELD_SIGNED, 1, Error),
        one("to-bitfield", "from 32 to 3 bits", (PLAIN, MOVED), FIELD_RSHIFT_U64, 32, Value(61)),
        one("from-bitfield", "from 3 to 32 bits", (MOVED, PLAIN), FIELD_RSHIFT_U64, 61, Value(32)),
        one(
            "plain-offset",
            "the offset of a plain local field is checked even if the target's is a bitfield",
            (PLAIN, MOVED),
            FIELD_BYTE_OFFSET,
            8,
            Value(4),
        ),
        one(
            "plain-offset-wrong",
            "the offset of a plain local field is checked even if the target's is a bitfield",
            (PLAIN, MOVED),
            FIELD_BYTE_OFFSET,
            12,
            Error,
        ),
        case(
            "signed",
            "the signedness of the declared type",
            (LOCAL, MOVED),
            [relocation(FIELD_SIGNED, "s 0:1", mov(1), Value(1))],
        ),
    ]
}

fn accesses() -> Vec<Case> {
    let one = |name: &str, about: &str, types, insn, expected| {
        case(name, about, types, [relocation(FIELD_BYTE_OFFSET, "s 0:0", insn, expected)])
    };
    vec![
        one("load", "a load of the same size", (LOCAL, MOVED), ldx(4, 0), Value(4)),
        one(
            "load-unchecked",
            "the offset of a bitfield is not checked",
            (LOCAL, MOVED),
            ldx(4, 2),
            Value(4),
        ),
        one(
            "load-of-plain",
            "a plain field became a bitfield",
            (PLAIN, MOVED),
            ldx(4, 8),
            Poisoned,
        ),
        one(
            "load-of-bitfield",
            "a bitfield became a plain field",
            (MOVED, PLAIN),
            ldx(4, 4),
            Poisoned,
        ),
    ]
}

fn left_shifts() -> Vec<Case> {
    let mut cases = Vec::new();
    // Local and target fields as (load's size in bytes, bits from the load's start, bits).
    type Place = (u64, u64, u64);
    let rows: [(&str, &str, &str, &str, Place, Place); 6] = [
        ("first-bits", LOCAL, MOVED, "s 0:0", (4, 0, 3), (4, 1, 3)),
        ("seven-bits", LOCAL, MOVED, "s 0:1", (4, 3, 7), (4, 8, 7)),
        ("40-bits", LOCAL, MOVED, "s 0:2", (8, 0, 40), (8, 0, 40)),
        ("wider-load", LOCAL, FROM_30, "s 0:0", (4, 0, 3), (8, 30, 3)),
        ("to-plain", MOVED, PLAIN, "s 0:0", (4, 1, 3), (4, 0, 32)),
        ("from-plain", PLAIN, MOVED, "s 0:0", (4, 0, 32), (4, 1, 3)),
    ];
    for (name, local, target, subject, from, to) in rows {
        let little = |(_, start, bits): Place| 64 - (start + bits);
        let big = |(size, start, _): Place| (8 - size) * 8 + start;
        let shift =
            relocation(FIELD_LSHIFT_U64, subject, mov(little(from) as i32), Value(little(to)));
        cases.push(case(
            format!("left-shift-{name}"),
            "little-endian: 64 − (bits from the load's start + bits of the field); big-endian: \
             64 − bits of the load + bits from the load's start",
            (local, target),
            [shift.in_big_endian(mov(big(from) as i32), Value(big(to)))],
        ));
    }
    // 12 bits on either side, so that the shift is the same in both byte orders.
    let middle = "struct s { unsigned long c : 40 @ 9.4; } @size 64;";
    cases.push(case(
        "left-shift-unchecked",
        "the left shift of a bitfield is not checked",
        (middle, middle),
        [relocation(FIELD_LSHIFT_U64, "s 0:0", mov(77), Value(12))],
    ));
    // 32 bits from bit 35 on, which do not begin at a byte: 3 bits after the byte at offset 4.
    let between = "struct s { int a @ 4.3; };";
    let shift = relocation(FIELD_LSHIFT_U64, "s 0:0", mov(64 - (3 + 32)), Value(64 - (3 + 32)));
    cases.push(case(
        "left-shift-between-bytes",
        "a field that is not a bitfield but begins between two bytes",
        (between, between),
        [shift.in_big_endian(mov((8 - 4) * 8 + 3), Value((8 - 4) * 8 + 3))],
    ));
    cases
}

fn without_kind_flag() -> Vec<Case> {
    let old = "@int int 4 signed offset 3; struct s { int a; };";
    let exists = |original| [relocation(FIELD_EXISTS, "s 0:0", mov(1), Value(original))];
    vec![
        case(
            "old-bitfield-target",
            "an INT with a bit offset matches nothing",
            (PLAIN, old),
            exists(0),
        ),
        case(
            "old-bitfield-local",
            "an INT with a bit offset matches nothing",
            (old, PLAIN),
            exists(0),
        ),
        case(
            "old-bitfield-both",
            "an INT with a bit offset matches nothing",
            (old, old),
            exists(0),
        ),
    ]
}

pub(super) fn group() -> Group {
    let cases = rule("load of a bitfield", loads())
        .chain(rule("values that are checked", checks()))
        .chain(rule("loads and stores of bitfields", accesses()))
        .chain(rule("left shift", left_shifts()))
        .chain(rule("bitfields without kind_flag", without_kind_flag()));
    Group {
        name: "bitfields",
        about: "Bitfields: the load that covers them, and the shifts.",
        cases: cases.collect(),
    }
}
