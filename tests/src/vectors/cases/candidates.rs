//! Candidates: kinds, agreement and narrowing.

use crate::vectors::case::*;
use crate::vectors::insn::mov;

const AT_4: &str = "struct s { int a @ 4; };";
const AT_8: &str = "struct s { int a @ 8; };";
const AT_12: &str = "struct s { int a @ 12; };";

fn offset(subject: &str, original: i32, expected: Expected) -> Relocation {
    relocation(FIELD_BYTE_OFFSET, subject, mov(original), expected)
}

fn kinds() -> Vec<Case> {
    let field = |name, about, target, expected| {
        case(name, about, (AT_4, target), [offset("s 0:0", 4, expected)])
    };
    let typedef = "typedef struct { int a @ 4; } s;";
    vec![
        field(
            "same-kind",
            "a struct is a candidate for a struct",
            "union s { int a; }; struct s { int a @ 8; };",
            Value(8),
        ),
        field("no-union", "a union is no candidate for a struct", "union s { int a; };", Poisoned),
        field("no-typedef", "a typedef is no candidate for a struct", typedef, Poisoned),
        field(
            "no-declaration",
            "a declaration is no candidate for a struct",
            "struct s;",
            Poisoned,
        ),
        field(
            "shorter-and-longer",
            "a longer name is no candidate; a flavor is one",
            "struct ss { int a; }; struct s___x { int a @ 8; };",
            Value(8),
        ),
        case(
            "typedef-for-typedef",
            "a typedef is a candidate for a typedef",
            (typedef, "struct s { int a; }; typedef struct { int a @ 8; } s;"),
            [offset("s 0:0", 4, Value(8))],
        ),
        case(
            "union-for-union",
            "a union is a candidate for a union",
            ("union s { int a; };", "struct s { int b; int a; }; union s { int a; };"),
            [offset("s 0:0", 0, Value(0))],
        ),
    ]
}

fn agreement() -> Vec<Case> {
    let both = |one: &str, other: &str| format!("{one} {other}");
    let row = |name, about, target: &str, kind, original, expected| {
        case(name, about, (AT_4, target), [relocation(kind, "s 0:0", mov(original), expected)])
    };
    let wide = "struct s { unsigned char a @ 8; };";
    vec![
        row(
            "agree",
            "two candidates with the same offset",
            &both(AT_8, AT_8),
            FIELD_BYTE_OFFSET,
            4,
            Value(8),
        ),
        row(
            "flavors-agree",
            "two flavors with the same offset",
            &both(AT_8, "struct s___x { int a @ 8; };"),
            FIELD_BYTE_OFFSET,
            4,
            Value(8),
        ),
        row(
            "disagree",
            "two candidates with different offsets",
            &both(AT_8, AT_12),
            FIELD_BYTE_OFFSET,
            4,
            Error,
        ),
        row(
            "same-size",
            "the same size, but different offsets",
            &both(AT_8, AT_12),
            FIELD_BYTE_SIZE,
            4,
            Error,
        ),
        row(
            "both-exist",
            "the field exists in both, but at different offsets",
            &both(AT_8, AT_12),
            FIELD_EXISTS,
            1,
            Error,
        ),
        row(
            "different-size",
            "the same offset, but different sizes",
            &both(AT_8, wide),
            FIELD_BYTE_SIZE,
            4,
            Error,
        ),
        row(
            "same-offset",
            "different sizes at the same offset",
            &both(AT_8, wide),
            FIELD_BYTE_OFFSET,
            4,
            Value(8),
        ),
        row(
            "different-sign",
            "the same offset, but different signs",
            &both(AT_8, wide),
            FIELD_SIGNED,
            1,
            Error,
        ),
        row(
            "one-matches",
            "one of two candidates lacks the field",
            &both("struct s { int b; };", AT_8),
            FIELD_BYTE_OFFSET,
            4,
            Value(8),
        ),
        row(
            "none-matches",
            "both candidates lack the field",
            &both("struct s { int b; };", "struct s { int c; };"),
            FIELD_BYTE_OFFSET,
            4,
            Poisoned,
        ),
        row(
            "three",
            "the third of three candidates disagrees",
            &format!("{AT_8} {AT_8} {AT_12}"),
            FIELD_BYTE_OFFSET,
            4,
            Error,
        ),
    ]
}

/// Both candidates have `both`, at different offsets; only the second has `second`.
const LOCAL: &str = "struct s { int both; int second; int never; }; struct s___x { int both; };";
const TWO: &str = "struct s { int both; }; struct s { int both @ 4; int second @ 8; };";

fn narrowing() -> Vec<Case> {
    let both = |expected| offset("s 0:0", 0, expected);
    let second = || offset("s 0:1", 4, Value(8));
    let never = || relocation(FIELD_EXISTS, "s 0:2", mov(1), Value(0));
    let missing = || offset("s 0:2", 8, Poisoned);
    let sizes =
        ("struct s { int a; };", "struct s { int a; } @size 8; struct s { unsigned long a; };");
    let row =
        |name, about, relocations: Vec<Relocation>| case(name, about, (LOCAL, TWO), relocations);
    vec![
        row("ambiguous-alone", "two candidates disagree", vec![both(Error)]),
        row("narrowed", "only those that matched remain", vec![second(), both(Value(4))]),
        row(
            "order-matters",
            "an error leaves both candidates; the next relocation narrows them",
            vec![both(Error), second(), both(Value(4))],
        ),
        row("zero-narrows-nothing", "no candidate matched", vec![never(), both(Error)]),
        row("poison-narrows-nothing", "no candidate matched", vec![missing(), both(Error)]),
        row(
            "poison-after-narrowing",
            "no candidate matched",
            vec![second(), missing(), both(Value(4))],
        ),
        row(
            "error-narrows-nothing",
            "one that fails changes nothing",
            vec![both(Error), both(Error)],
        ),
        row(
            "wrong-value-narrows",
            "the candidates matched, although the instruction is not the expected one",
            vec![offset("s 0:1", 5, Error), both(Value(4))],
        ),
        row(
            "local-id-narrows-nothing",
            "it needs no candidates",
            vec![relocation(TYPE_ID_LOCAL, "s 0", mov(2), Value(2)), both(Error)],
        ),
        row(
            "flavors-are-separate",
            "each local root type has candidates of its own",
            vec![second(), offset("s___x 0:0", 0, Error)],
        ),
        row(
            "types-narrow-too",
            "type_matches leaves those that match",
            vec![
                relocation(TYPE_MATCHES, "s___x 0", mov(1), Value(1)),
                offset("s___x 0:0", 0, Error),
            ],
        ),
        case(
            "two-that-agree-remain",
            "both candidates match, and remain",
            sizes,
            [
                relocation(FIELD_EXISTS, "s 0:0", mov(1), Value(1)),
                relocation(FIELD_BYTE_SIZE, "s 0:0", mov(4), Error),
            ],
        ),
        case(
            "type-match-narrows",
            "a candidate that does not match is left out",
            sizes,
            [
                relocation(TYPE_MATCHES, "s 0", mov(1), Value(1)),
                relocation(FIELD_BYTE_SIZE, "s 0:0", mov(4), Value(4)),
            ],
        ),
        case(
            "enumerator-narrows",
            "a candidate without the enumerator is left out",
            ("enum e { A, B };", "enum e { A = 5 }; enum e { A = 6, B = 7 };"),
            [
                relocation(ENUMVAL_EXISTS, "e 1", mov(1), Value(1)),
                relocation(ENUMVAL_VALUE, "e 0", mov(0), Value(6)),
            ],
        ),
    ]
}

pub(super) fn group() -> Group {
    let cases = rule("kinds of candidates", kinds())
        .chain(rule("candidates that agree", agreement()))
        .chain(rule("narrowing", narrowing()));
    Group {
        name: "candidates",
        about: "Candidates of one target: which there are, whether they agree, and which remain for the \
                later relocations of a root type.",
        cases: cases.collect(),
    }
}
