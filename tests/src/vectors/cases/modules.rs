//! Modules: split BTF on the main target.

use super::UNRELATED;
use crate::vectors::case::*;
use crate::vectors::insn::{ldx, mov};

const AT_4: &str = "struct s { int a @ 4; };";
const AT_8: &str = "struct s { int a @ 8; };";
const AT_12: &str = "struct s { int a @ 12; };";
const WITHOUT_A: &str = "struct s { int b; };";

/// A main target with an `int`, on which the modules are split.
const MAIN: &str = "struct unrelated { int x; };";

pub(super) fn group() -> Group {
    let offset = |expected| relocation(FIELD_BYTE_OFFSET, "s 0:0", mov(4), expected);
    let row = |name, about, target, modules: &[&str], relocations: Vec<Relocation>| {
        case(name, about, (AT_4, target), relocations).with_modules(modules)
    };
    let cases = vec![
        row("in-a-module", "only a module has the type", MAIN, &[AT_8], vec![offset(Value(8))]),
        row(
            "in-a-later-module",
            "only the second module has the type",
            MAIN,
            &["struct t {};", AT_8],
            vec![offset(Value(8))],
        ),
        row(
            "main-first",
            "modules do not count where the main target has the type",
            AT_12,
            &[AT_8],
            vec![offset(Value(12))],
        ),
        row(
            "main-without-field",
            "not even if its type lacks the field",
            WITHOUT_A,
            &[AT_8],
            vec![offset(Poisoned)],
        ),
        row(
            "main-has-other-kind",
            "a union in the main target is no candidate",
            "union s { int a; };",
            &[AT_8],
            vec![offset(Value(8))],
        ),
        row(
            "modules-agree",
            "two modules with the same offset",
            MAIN,
            &[AT_8, AT_8],
            vec![offset(Value(8))],
        ),
        row(
            "modules-disagree",
            "two modules with different offsets",
            MAIN,
            &[AT_8, AT_12],
            vec![offset(Error)],
        ),
        row(
            "one-module-matches",
            "a module lacks the field",
            MAIN,
            &[WITHOUT_A, AT_8],
            vec![offset(Value(8))],
        ),
        row(
            "missing-everywhere",
            "neither the main target nor a module has the type",
            MAIN,
            &["struct t {};"],
            vec![offset(Poisoned)],
        ),
        row(
            "flavor-in-a-module",
            "a flavor in a module is a candidate",
            MAIN,
            &["struct s___x { int a @ 8; };"],
            vec![offset(Value(8))],
        ),
        row(
            "ids-go-on",
            "a module's ids go on after those of the main target, which has 2",
            MAIN,
            &[AT_8],
            vec![
                relocation(TYPE_ID_TARGET, "s 0", mov(2), Value(3)),
                relocation(TYPE_EXISTS, "s 0", mov(1), Value(1)),
                relocation(TYPE_SIZE, "s 0", mov(8), Value(12)),
            ],
        ),
        row(
            "equal-ids",
            "two modules whose types have the same id, although they are not the same type",
            MAIN,
            &[AT_8, "struct s { int a; };"],
            vec![relocation(TYPE_ID_TARGET, "s 0", mov(2), Value(3))],
        ),
        row(
            "different-ids",
            "two modules whose types have different ids",
            MAIN,
            &[AT_8, "typedef int t; struct s { int a @ 8; };"],
            vec![relocation(TYPE_ID_TARGET, "s 0", mov(2), Error)],
        ),
        row(
            "narrowed-to-a-module",
            "only the module that matched remains",
            MAIN,
            &["struct s { int a @ 8; } @size 64;", AT_8],
            vec![
                relocation(TYPE_EXISTS, "s 0", mov(1), Value(1)),
                relocation(TYPE_SIZE, "s 0", mov(8), Error),
            ],
        ),
        row(
            "field-load",
            "a load from a module's type",
            MAIN,
            &["struct s { unsigned a @ 16; };"],
            vec![relocation(FIELD_BYTE_OFFSET, "s 0:0", ldx(4, 4), Value(16))],
        ),
        case(
            "enumerator-in-a-module",
            "an enumerator of a module's enum",
            ("enum e { A, B };", UNRELATED),
            [
                relocation(ENUMVAL_VALUE, "e 1", mov(1), Value(9)),
                relocation(ENUMVAL_EXISTS, "e 0", mov(1), Value(0)),
            ],
        )
        .with_modules(&["enum e { B = 9 };"]),
        case(
            "main-and-module",
            "each root type is searched on its own",
            ("struct s { int a; }; struct t { int a; };", "struct s { int b; int a; };"),
            [
                relocation(FIELD_BYTE_OFFSET, "s 0:0", mov(0), Value(4)),
                relocation(FIELD_BYTE_OFFSET, "t 0:0", mov(0), Value(8)),
            ],
        )
        .with_modules(&["struct s { int a; }; struct t { long b; int a; };"]),
    ];
    Group {
        name: "modules",
        about: "Modules: a type is searched for in them only if the main target has no candidate.",
        cases: rule("modules", cases).collect(),
    }
}
