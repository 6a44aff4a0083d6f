//! Essential names.

use crate::vectors::case::*;
use crate::vectors::insn::mov;

/// The local name, the target's name, and whether they are the same type.
const ROWS: [(&str, &str, &str, bool); 14] = [
    ("plain", "s", "s", true),
    ("local-flavor", "s___v2", "s", true),
    ("target-flavor", "s", "s___v2", true),
    ("two-flavors", "s___v2", "s___v3", true),
    ("last-separator", "a___b___c", "a___b___d", true),
    ("only-the-last-separator", "a___b___c", "a", false),
    ("one-separator-fewer", "a___b___c", "a___b", false),
    ("target-only-the-last-separator", "a", "a___b___c", false),
    ("separator-at-the-start", "___x", "x", false),
    ("separator-at-the-end", "s___", "s", false),
    ("four-underscores", "foo____bar", "foo", false),
    ("four-underscores-whole", "foo____bar", "foo____bar", true),
    ("two-underscores", "s__x", "s", false),
    ("prefix", "s", "sss", false),
];

pub(super) fn group() -> Group {
    let mut cases = Vec::new();
    for (name, local, target, is_same) in ROWS {
        let about = if is_same {
            format!("{local} and {target} have the same essential name")
        } else {
            format!("{local} and {target} have different essential names")
        };
        let structure = |name, at| format!("struct {name} {{ int a @ {at}; }};");
        let expected = if is_same { Value(8) } else { Poisoned };
        cases.push(case(
            name,
            about,
            (&structure(local, 4), &structure(target, 8)),
            [relocation(FIELD_BYTE_OFFSET, &format!("{local} 0:0"), mov(4), expected)],
        ));
    }
    let enums = ("enum e___old { A, B___x };", "enum e___new { B___y = 7 };");
    cases.push(case(
        "enumerators-have-flavors",
        "the essential names of enumerators are compared",
        enums,
        [
            relocation(ENUMVAL_VALUE, "e___old 1", mov(1), Value(7)),
            relocation(ENUMVAL_EXISTS, "e___old 0", mov(1), Value(0)),
        ],
    ));
    let flavored = ("struct s { int a___x @ 4; };", "struct s { int a @ 8; int a___x @ 12; };");
    cases.push(case(
        "members-have-no-flavors",
        "the whole names of members are compared",
        flavored,
        [relocation(FIELD_BYTE_OFFSET, "s 0:0", mov(4), Value(12))],
    ));
    cases.push(case(
        "members-without-their-flavor",
        "a member a___x is not the member a",
        (flavored.0, "struct s { int a @ 8; };"),
        [relocation(FIELD_BYTE_OFFSET, "s 0:0", mov(4), Poisoned)],
    ));
    Group {
        name: "names",
        about: "Essential names: what follows the last ___ between other characters is a flavor.",
        cases: rule("essential name", cases).collect(),
    }
}
