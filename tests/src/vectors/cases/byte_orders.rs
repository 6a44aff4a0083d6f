//! Targets in the other byte order than the object. A loader never meets one; a tool may.

use super::UNRELATED;
use crate::vectors::case::*;
use crate::vectors::insn::{ldimm64, ldx, mov};

const LOCAL: &str = "struct s { int a; int b; unsigned c : 5; }; enum e { A, B };";
const TARGET: &str =
    "struct s { int b @ 8; int a; unsigned c : 5 @ 4.3; }; enum e { B = 0x12345678 };";

pub(super) fn group() -> Group {
    let one = |name, about, relocation: Relocation| {
        case(name, about, (LOCAL, TARGET), [relocation]).mixed()
    };
    // Bits 35 to 40 of the target, 3 bits after the start of the load at 4; bits 64 to 69 locally.
    let shift = relocation(FIELD_LSHIFT_U64, "s 0:2", mov(64 - 5), Value(64 - (3 + 5)));
    let cases = vec![
        one(
            "offset",
            "the code has the object's byte order",
            relocation(FIELD_BYTE_OFFSET, "s 0:1", ldx(4, 4), Value(8)),
        ),
        one(
            "size",
            "the code has the object's byte order",
            relocation(TYPE_SIZE, "s 0", mov(12), Value(16)),
        ),
        one(
            "enumerator",
            "the code has the object's byte order",
            relocation(ENUMVAL_VALUE, "e 1", ldimm64(1), Value(0x1234_5678)),
        ),
        one(
            "left-shift",
            "a left shift is that of the object's byte order, since the code will run in that",
            shift.in_big_endian(mov((8 - 4) * 8), Value((8 - 4) * 8 + 3)),
        ),
        one(
            "right-shift",
            "a right shift is the same in both",
            relocation(FIELD_RSHIFT_U64, "s 0:2", mov(59), Value(59)),
        ),
        one(
            "load-of-bitfield",
            "the load is the same in both",
            relocation(FIELD_BYTE_OFFSET, "s 0:2", mov(8), Value(4)),
        ),
        case(
            "missing",
            "poison has the object's byte order",
            (LOCAL, UNRELATED),
            [relocation(FIELD_BYTE_OFFSET, "s 0:1", ldx(4, 4), Poisoned)],
        )
        .mixed(),
    ];
    Group {
        name: "byte-orders",
        about: "Targets in the other byte order than the object. Loaders may leave these \
                out.",
        cases: rule("byte order of the code", cases).collect(),
    }
}
