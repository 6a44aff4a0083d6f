//! Compatible types: the comparison of type_exists, type_size and type_id_target.

use super::declaration;
use crate::vectors::case::*;
use crate::vectors::insn::mov;

/// Two declarations of the declared name `$`, and whether their types are compatible.
const ROWS: [(&str, &str, &str, u64); 34] = [
    ("int-long", "int $", "unsigned long $", 1),
    ("int-float", "int $", "float $", 0),
    ("float-float", "float $", "float $", 0),
    ("struct-struct", "struct c { int a; } $", "struct d { long b; } $", 1),
    ("struct-union", "struct c { int a; } $", "union d { long a; } $", 0),
    ("enum-enum", "enum e { X } $", "enum f { Y } $", 1),
    ("enum-enum64", "enum e { X } $", "enum e : unsigned long { X } $", 1),
    ("enum-int", "enum e { X } $", "int $", 0),
    ("declaration-declaration", "struct c $", "struct d $", 1),
    ("declaration-struct", "struct c $", "struct c { int a; } $", 0),
    ("pointer-to-void", "int *$", "void *$", 0),
    ("pointer-to-int", "int *$", "unsigned *$", 1),
    ("void-pointers", "void *$", "void *$", 1),
    ("pointer-to-pointer", "struct c { int b; } **$", "struct d { int a; } **$", 1),
    ("pointer-levels", "int **$", "int *$", 0),
    ("pointer-array", "int *$", "int $[2]", 0),
    ("array-array", "int $[2]", "unsigned $[3]", 1),
    ("array-of-pointers", "int $[2]", "int *$[2]", 0),
    ("prototype", "void $(void)", "void $(void)", 1),
    ("prototype-and-pointer", "void *$", "void $(void)", 0),
    ("result", "void $(int x)", "int $(int x)", 0),
    ("result-size", "int $(int x)", "long $(int x)", 1),
    ("more-parameters", "void $(int x)", "void $(int x, int y)", 0),
    ("fewer-parameters", "void $(int x, int y)", "void $(int x)", 0),
    ("parameter-names", "int $(int x)", "unsigned $(unsigned y)", 1),
    ("last-parameter", "void $(int x, int y)", "void $(int x, float y)", 0),
    ("pointer-parameter", "void $(int *x)", "void $(void *x)", 0),
    ("variadic", "void $(int x, ...)", "void $(int x, ...)", 1),
    ("const-typedef", "int $", "typedef const int ci; ci $", 1),
    ("tag", "int *$", r#"int __attribute__((btf_type_tag("rcu"))) *$"#, 1),
    ("restrict", "int *$", "int *restrict $", 1),
    ("const-in-pointer", "int *$", "const int *$", 1),
    ("old-bitfield", "@int int 4 signed offset 3; int $", "int $", 0),
    ("into-old-bitfield", "int $", "@int int 4 signed offset 3; int $", 0),
];

fn pairs() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, local, target, expected) in ROWS {
        let typedef = |text| declaration(text, "holder", "typedef ", "");
        let verb = if expected == 1 { "is compatible with" } else { "is not compatible with" };
        cases.push(case(
            name,
            format!("{} {verb} {}", local.replace('$', "x"), target.replace('$', "x")),
            (&typedef(local), &typedef(target)),
            [relocation(TYPE_EXISTS, "holder 0", mov(1), Value(expected))],
        ));
    }
    cases
}

fn uses() -> Vec<Case> {
    let types = ("typedef int *t;", "typedef void *t;");
    vec![
        case(
            "size",
            "type_size is 0 if no candidate is compatible",
            types,
            [relocation(TYPE_SIZE, "t 0", mov(8), Value(0))],
        ),
        case(
            "id",
            "type_id_target is 0 if no candidate is compatible",
            types,
            [relocation(TYPE_ID_TARGET, "t 0", mov(3), Value(0))],
        ),
        case(
            "one-of-two",
            "a candidate that is not compatible does not count",
            ("typedef int *t;", "typedef void *t; typedef unsigned *t;"),
            // `unsigned *` is type 4.
            [relocation(TYPE_ID_TARGET, "t 0", mov(3), Value(5))],
        ),
    ]
}

fn levels() -> Vec<Case> {
    let pointers = |levels| format!("typedef int {}t;", "*".repeat(levels));
    let params = |levels| {
        let inner = (1..levels).fold("int a".to_owned(), |inner, _| format!("void a({inner})"));
        format!("typedef void t({inner});")
    };
    let mut cases = Vec::new();
    for (name, about, types, expected) in [
        ("32-levels", "31 pointers and an int", pointers(31), Value(1)),
        ("33-levels", "32 pointers and an int", pointers(32), Error),
        ("32-prototypes", "32 prototypes, each the parameter of another", params(32), Value(1)),
        ("33-prototypes", "33 prototypes, each the parameter of another", params(33), Error),
    ] {
        let relocations = [relocation(TYPE_EXISTS, "t 0", mov(1), expected)];
        cases.push(case(name, about, (&types, &types), relocations));
    }
    cases
}

pub(super) fn group() -> Group {
    let cases = rule("compatible", pairs())
        .chain(rule("kinds that need compatible types", uses()))
        .chain(rule("levels of compatible types", levels()));
    Group {
        name: "compatible",
        about: "Compatible: whether a type is there for type_exists, type_size and type_id_target.",
        cases: cases.collect(),
    }
}
