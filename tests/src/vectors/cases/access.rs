//! Access strings.

use crate::vectors::case::*;
use crate::vectors::insn::mov;

const LOCAL: &str = "struct s { int a; int b; int c[4]; }; enum e { A, B }; typedef int t;";
const TARGET: &str =
    "struct s { int a @ 4; int b; int c[4]; }; enum e { A = 5, B = 6 }; typedef int t;";

const LOOSE: &str = "libbpf reads the numbers with sscanf, so that spaces before them, signs and missing \
                     colons pass; an access string is numbers and colons";

fn one(name: &str, about: &str, relocation: Relocation) -> Case {
    case(name, about, (LOCAL, TARGET), [relocation])
}

fn offset(subject: &str, original: i32, expected: Expected) -> Relocation {
    relocation(FIELD_BYTE_OFFSET, subject, mov(original), expected)
}

fn strings() -> Vec<Case> {
    let path = |count: usize| format!("s 0:2:0{}", ":0".repeat(count - 3));
    vec![
        one("a-field", "a root index and a member", offset("s 0:1", 4, Value(8))),
        one(
            "an-element",
            "a root index, a member and an element",
            offset("s 0:2:3", 20, Value(24)),
        ),
        one("leading-zeros", "numbers may begin with zeros", offset("s 00:01", 4, Value(8))),
        one("empty", "an access string is not empty", offset("s ", 0, Error)),
        one("no-number", "an access string has numbers only", offset("s x", 0, Error)),
        one("letter-after-number", "a number ends with its digits", offset("s 0:1x", 4, Error)),
        one("hexadecimal", "numbers are decimal", offset("s 0x0:1", 4, Error)),
        one("empty-part", "no part is empty", offset("s 0::1", 4, Error)),
        one("last-part-empty", "the last part is not empty", offset("s 0:1:", 4, Error)),
        one(
            "negative",
            "numbers have no sign",
            offset("s 0:-1", 4, Error).crashing_libbpf(
                "libbpf looks for a member of that number, and reads out of bounds",
            ),
        ),
        one("space-after", "nothing follows the last number", offset("s 0:1 ", 4, Error)),
        one("first-part-empty", "the first part is not empty", offset("s :0:1", 4, Error)),
        one(
            "space-before",
            "nothing comes before the first number",
            offset("s  0:1", 4, Error).unlike_libbpf(LOOSE),
        ),
        one("plus", "numbers have no sign", offset("s 0:+1", 4, Error).unlike_libbpf(LOOSE)),
        one(
            "space-for-colon",
            "colons separate the numbers",
            offset("s 0 1", 4, Error).unlike_libbpf(LOOSE),
        ),
        one("64-numbers", "the second index leads into an int", offset(&path(64), 8, Error)),
        one("65-numbers", "there are at most 64 numbers", offset(&path(65), 8, Error)),
    ]
}

/// libbpf compares the whole string with `0`.
fn strings_of_types() -> Vec<Case> {
    let mut cases = Vec::new();
    for (text, name) in [("00", "two-zeros"), ("0:0", "a-path"), ("1", "another-number")] {
        for kind in [TYPE_EXISTS, TYPE_SIZE, TYPE_ID_LOCAL, TYPE_MATCHES] {
            let about = "the access string of a type is `0`";
            let relocation = relocation(kind, &format!("s {text}"), mov(1), Error);
            cases.push(one(&format!("of-a-type-{name}-{kind}"), about, relocation));
        }
    }
    cases
}

fn paths() -> Vec<Case> {
    let bad = |name: &str, about: &str, kind, subject: &str| {
        one(name, about, relocation(kind, subject, mov(1), Error))
    };
    let mut cases = vec![
        bad("no-such-member", "the local struct has no fourth member", FIELD_EXISTS, "s 0:3"),
        bad("into-an-int", "an int has neither members nor elements", FIELD_EXISTS, "s 0:0:0"),
        bad(
            "into-an-element",
            "an int has neither members nor elements",
            FIELD_EXISTS,
            "s 0:2:0:0",
        ),
        bad("no-such-element", "the local array has no fifth element", FIELD_EXISTS, "s 0:2:4"),
        bad("no-such-enumerator", "the local enum has no third enumerator", ENUMVAL_EXISTS, "e 2"),
        bad(
            "enumerator-path",
            "an enumerator's access string is one number",
            ENUMVAL_VALUE,
            "e 0:1",
        ),
        bad("not-an-enum", "an enumerator needs an enum", ENUMVAL_EXISTS, "s 0"),
        bad("typedef-of-no-enum", "an enumerator needs an enum", ENUMVAL_EXISTS, "t 0"),
        bad("no-such-type", "the local BTF has no type 1000", TYPE_EXISTS, "[1000] 0"),
        bad("void", "void has no name", TYPE_EXISTS, "[0] 0"),
        one(
            "void-local-id",
            "void is a type",
            relocation(TYPE_ID_LOCAL, "[0] 0", mov(1), Value(0)),
        ),
        bad("no-such-local-id", "the local BTF has no type 1000", TYPE_ID_LOCAL, "[1000] 0"),
        bad("unknown-kind", "there are 13 kinds, from 0 on", 13, "s 0:0"),
        bad("kind-of-32-bits", "the kind is a number of 32 bits", 256 + FIELD_EXISTS, "s 0:0"),
    ];
    let kinds = [TYPE_ID_LOCAL, TYPE_ID_TARGET, TYPE_EXISTS, TYPE_SIZE, TYPE_MATCHES];
    for kind in kinds {
        for (suffix, access) in [("one", "s 1"), ("path", "s 0:0")] {
            let kind_name = KIND_NAMES[kind as usize];
            cases.push(bad(
                &format!("{kind_name}-{suffix}"),
                "the access string of a kind that asks about types is 0",
                kind,
                access,
            ));
        }
    }
    cases
}

/// Types without a name.
fn anonymous() -> Vec<Case> {
    // Type 2 is `int *`, type 4 the struct.
    let local = "typedef int *p; typedef struct { int a; } q;";
    let roots = [("pointer", "[2] 0"), ("struct", "[4] 0")];
    let kinds = [(TYPE_EXISTS, Error), (TYPE_ID_TARGET, Error), (FIELD_EXISTS, Error)];
    let mut cases = Vec::new();
    for (name, root) in roots {
        for (kind, expected) in kinds {
            cases.push(case(
                format!("anonymous-{name}-{}", KIND_NAMES[kind as usize]),
                "a root type without a name has no candidates",
                (local, local),
                [relocation(kind, root, mov(1), expected)],
            ));
        }
    }
    cases.push(case(
        "anonymous-local-ids",
        "the local id needs no candidates",
        (local, local),
        [
            relocation(TYPE_ID_LOCAL, "[2] 0", mov(2), Value(2)),
            relocation(TYPE_ID_LOCAL, "[4] 0", mov(99), Value(4)),
        ],
    ));
    cases
}

pub(super) fn group() -> Group {
    let cases = rule("access string", strings())
        .chain(rule("access string of a type", strings_of_types()))
        .chain(rule("where an access string may lead", paths()))
        .chain(rule("anonymous root type", anonymous()));
    Group {
        name: "access",
        about: "Access strings: their form, and where they may lead in the local types.",
        cases: cases.collect(),
    }
}
