//! Whole types: ids, existence, size.

use super::UNRELATED;
use crate::vectors::case::*;
use crate::vectors::insn::{ldimm64, mov};

/// The ids are those of `int`, `struct s` and `t`.
const SMALL: &str = "struct s { int a; }; typedef int t;";

/// The ids are those of `int`, `other`, `struct s` and `t`.
const LARGE: &str = "typedef int other; struct s { int b; int a @ 8; }; typedef int t;";

fn one(name: &str, about: &str, types: (&str, &str), relocation: Relocation) -> Case {
    case(name, about, types, [relocation])
}

fn ids() -> Vec<Case> {
    let both = (SMALL, LARGE);
    let id = |kind, subject, insn, value| relocation(kind, subject, insn, Value(value));
    vec![
        one("target-id", "the id in the target", both, id(TYPE_ID_TARGET, "s 0", mov(2), 3)),
        one(
            "target-id-unchecked",
            "the original value is not checked, since no compiler knows it",
            both,
            id(TYPE_ID_TARGET, "s 0", mov(77), 3),
        ),
        one(
            "target-id-64-bits",
            "an id as 64 bits",
            both,
            id(TYPE_ID_TARGET, "s 0", ldimm64(77), 3),
        ),
        one(
            "target-id-of-typedef",
            "a typedef is not skipped",
            both,
            id(TYPE_ID_TARGET, "t 0", mov(3), 4),
        ),
        one(
            "target-id-missing",
            "0 if there is no candidate",
            (SMALL, UNRELATED),
            id(TYPE_ID_TARGET, "s 0", mov(2), 0),
        ),
        one("local-id", "the id in the object", both, id(TYPE_ID_LOCAL, "s 0", mov(2), 2)),
        one(
            "local-id-unchecked",
            "the original value is not checked, since linkers renumber types",
            both,
            id(TYPE_ID_LOCAL, "t 0", mov(77), 3),
        ),
        one(
            "local-id-missing",
            "the local id needs no candidate",
            (SMALL, UNRELATED),
            id(TYPE_ID_LOCAL, "s 0", mov(2), 2),
        ),
        one("local-id-64-bits", "an id as 64 bits", both, id(TYPE_ID_LOCAL, "s 0", ldimm64(2), 2)),
    ]
}

fn sizes() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, local, target, original, expected) in [
        ("struct", "struct x { int a; };", "struct x { long a; long b; };", 4, Value(16)),
        ("union", "union x { int a; };", "union x { int a; long b; };", 4, Value(8)),
        ("int", "@int x 4; struct y { x a; };", "@int x 8; struct y { x a; };", 4, Value(8)),
        ("float", "@float x 4; struct y { x a; };", "@float x 8; struct y { x a; };", 4, Poisoned),
        ("typedef", "typedef int x;", "typedef long x;", 4, Value(8)),
        ("typedef-of-array", "typedef int x[3];", "typedef int x[5];", 12, Value(20)),
        ("typedef-of-arrays", "typedef int x[3][2];", "typedef long x[3][5];", 24, Value(120)),
        (
            "typedef-of-pointer",
            "typedef int *x;",
            "@pointer_size 4; typedef long y; typedef int *x;",
            8,
            Value(4),
        ),
        ("enum", "enum x { A };", "enum x { A = 0x100000000 };", 4, Value(8)),
        ("missing", "struct x { int a; };", UNRELATED, 4, Value(0)),
        ("other-kind", "struct x { int a; };", "union x { int a; };", 4, Value(0)),
        ("declared", "struct x;", "struct x;", 0, Error),
    ] {
        // FLOATs have no rule by which they are compatible.
        let expected = if expected == Poisoned { Value(0) } else { expected };
        let about = "type_size: the size in the target, 0 without one";
        let relocation = relocation(TYPE_SIZE, "x 0", mov(original), expected);
        cases.push(one(&format!("size-of-{name}"), about, (local, target), relocation));
    }
    let wrong = relocation(TYPE_SIZE, "s 0", mov(5), Error);
    cases.push(one("size-wrong", "the size is checked", (SMALL, LARGE), wrong));
    cases
}

fn existence() -> Vec<Case> {
    let mut cases = Vec::new();
    let full = "struct s { int a; }; union u { int a; }; enum e { A }; typedef int t; int v; void f(void);";
    for (name, subject, target, expected) in [
        ("struct", "s 0", full, 1),
        ("union", "u 0", full, 1),
        ("enum", "e 0", full, 1),
        ("typedef", "t 0", full, 1),
        ("int", "int 0", full, 1),
        ("var", "v 0", full, 0),
        ("func", "f 0", full, 0),
        ("struct-of-other-members", "s 0", "struct s { char x[7]; };", 1),
        ("struct-as-union", "s 0", "union s { int a; };", 0),
        ("struct-as-typedef", "s 0", "typedef struct { int a; } s;", 0),
        ("struct-as-declaration", "s 0", "struct s;", 0),
        ("enum-as-enum64", "e 0", "enum e : long { A };", 1),
        ("enum-of-other-enumerators", "e 0", "enum e { B };", 1),
        ("typedef-of-other-size", "t 0", "typedef long t;", 1),
        ("typedef-of-pointer", "t 0", "typedef int *t;", 0),
        ("missing", "s 0", UNRELATED, 0),
    ] {
        let about = "type_exists: a type of that name and kind that is compatible";
        let relocation = relocation(TYPE_EXISTS, subject, mov(1), Value(expected));
        cases.push(one(&format!("exists-{name}"), about, (full, target), relocation));
    }
    let wrong = relocation(TYPE_EXISTS, "s 0", mov(0), Error);
    cases.push(one("exists-wrong", "the original value is 1", (full, full), wrong));
    cases
}

pub(super) fn group() -> Group {
    let cases = rule("type ids", ids())
        .chain(rule("type size", sizes()))
        .chain(rule("type existence", existence()));
    Group {
        name: "types",
        about: "Whole types: ids, sizes and existence. compatible.json and matching.json have the \
                comparisons.",
        cases: cases.collect(),
    }
}
