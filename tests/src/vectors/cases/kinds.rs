//! Every kind, for types that are found, missing, incomplete and ambiguous.

use crate::vectors::case::*;
use crate::vectors::insn::mov;

const LOCAL: &str = "
    struct s { int a; int b; };
    struct t { int x; };
    enum e { A = 1, B = 2 };
";

/// `b` is elsewhere, shorter and unsigned. `struct s` has the id 3.
const FOUND: &str = "
    struct s { int a; unsigned short b @ 10; } @size 24;
    struct t { int y; int x; };
    enum e { A = 1, B = 7 };
";

const INCOMPLETE: &str = "
    struct s { int a; } @size 24;
    struct t { int y; };
    enum e { A = 1 };
";

const AMBIGUOUS: &str = "
    struct s { int a; unsigned short b @ 10; } @size 24;
    struct s { unsigned long b @ 16; } @size 32;
    struct t { int y; int x; };
    struct t { int x; int z; };
    enum e { A = 1, B = 7 };
    enum e { A = 1, B = 8 };
";

/// A kind, what it asks about, the value that the compiler wrote, and the outcomes.
type Row = (Kind, &'static str, i32, [Expected; 4]);

/// The outcomes are those for `FOUND`, [`super::UNRELATED`], `INCOMPLETE` and `AMBIGUOUS`.
const ROWS: [Row; 13] = [
    (FIELD_BYTE_OFFSET, "s 0:1", 4, [Value(10), Poisoned, Poisoned, Error]),
    (FIELD_BYTE_SIZE, "s 0:1", 4, [Value(2), Poisoned, Poisoned, Error]),
    // Both candidates have the field, but at different offsets.
    (FIELD_EXISTS, "s 0:1", 1, [Value(1), Value(0), Value(0), Error]),
    (FIELD_SIGNED, "s 0:1", 1, [Value(0), Poisoned, Poisoned, Error]),
    (FIELD_LSHIFT_U64, "s 0:1", 64 - 8 * 4, [Value(64 - 8 * 2), Poisoned, Poisoned, Error]),
    (FIELD_RSHIFT_U64, "s 0:1", 64 - 8 * 4, [Value(64 - 8 * 2), Poisoned, Poisoned, Error]),
    (TYPE_ID_LOCAL, "s 0", 2, [Value(2), Value(2), Value(2), Value(2)]),
    (TYPE_ID_TARGET, "s 0", 2, [Value(3), Value(0), Value(2), Error]),
    (TYPE_EXISTS, "s 0", 1, [Value(1), Value(0), Value(1), Value(1)]),
    (TYPE_SIZE, "s 0", 8, [Value(24), Value(0), Value(24), Error]),
    (ENUMVAL_EXISTS, "e 1", 1, [Value(1), Value(0), Value(0), Value(1)]),
    (ENUMVAL_VALUE, "e 1", 2, [Value(7), Poisoned, Poisoned, Error]),
    (TYPE_MATCHES, "t 0", 1, [Value(1), Value(0), Value(0), Value(1)]),
];

pub(super) fn group() -> Group {
    let targets = [
        ("found", "the target has what is asked for, elsewhere or otherwise", FOUND),
        ("missing", "the target has no type of that name", super::UNRELATED),
        ("incomplete", "the target has the type, but not its part", INCOMPLETE),
        ("ambiguous", "the target has two types of that name, which differ", AMBIGUOUS),
    ];
    let mut cases = Vec::new();
    for (kind, subject, original, outcomes) in ROWS {
        for ((name, about, target), expected) in targets.into_iter().zip(outcomes) {
            let kind_name = KIND_NAMES[kind as usize];
            let relocations = [relocation(kind, subject, mov(original), expected)];
            let name = format!("{kind_name}-{name}");
            cases.push(case(name, format!("{kind_name}: {about}"), (LOCAL, target), relocations));
        }
    }
    Group {
        name: "kinds",
        about: "Every kind of relocation: what it asks about is found, missing, incomplete or ambiguous.",
        cases: rule("value of each kind", cases).collect(),
    }
}
