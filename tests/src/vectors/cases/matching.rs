//! Types that match: the comparison of type_matches.

use super::declaration;
use crate::vectors::case::*;
use crate::vectors::insn::mov;

const ONE: &str = "struct c { int a; } $";
const TWO: &str = "struct c { int b; int a___x; } $";

/// Two declarations of the declared name `$`, and whether the types match.
type Row = (&'static str, &'static str, &'static str, u64);

const ROWS: [Row; 47] = [
    ("int-int", "int $", "int $", 1),
    ("int-unsigned", "int $", "unsigned $", 0),
    ("int-long", "int $", "long $", 0),
    ("int-name", "@int u32 4 signed; u32 $", "int $", 0),
    ("int-size", "int $", "@int int 8 signed; int $", 0),
    ("int-sign", "int $", "@int int 4; int $", 0),
    ("const-typedef", "int $", "typedef const int ci; ci $", 1),
    ("restrict", "int *restrict $", "int *$", 1),
    ("float-float", "float $", "float $", 0),
    ("more-members", ONE, TWO, 1),
    ("fewer-members", TWO, ONE, 0),
    ("order-of-members", "struct c { int a; long b; } $", "struct c { long b; int a; } $", 1),
    ("member-size", ONE, "struct c { int b; long a; } $", 0),
    ("member-name", ONE, "struct c { int b; } $", 0),
    ("second-of-a-name", ONE, "struct c { long a; int a; } $", 1),
    ("anonymous-member", ONE, "struct c { struct { int a; }; } $", 0),
    ("struct-name", ONE, "struct d { int a; } $", 0),
    ("struct-flavor", "struct c___2 { int a; } $", ONE, 1),
    ("struct-union", ONE, "union c { int a; } $", 0),
    ("struct-declaration", ONE, "struct c $", 0),
    ("declaration-struct", "struct c $", ONE, 0),
    ("declaration-declaration", "struct c $", "struct c $", 1),
    ("declaration-of-union", "struct c $", "union c $", 0),
    ("more-enumerators", "enum e { X } $", "enum e___2 { X, Y } $", 1),
    ("fewer-enumerators", "enum e___2 { X, Y } $", "enum e { X } $", 0),
    ("enumerator-name", "enum e { X } $", "enum e { Z, W } $", 0),
    ("enumerator-value", "enum e { X = 1 } $", "enum e { X = 2 } $", 1),
    ("enum-name", "enum e { X } $", "enum f { X } $", 0),
    ("enum-size", "enum e { X } $", "enum e : unsigned char { X } $", 0),
    ("enum-enum64", "enum e { X } $", "enum e : unsigned long { X } $", 0),
    ("enum-enum64-of-4-bytes", "enum e { X } $", "enum e : unsigned long { X = 9 } @size 4 $", 1),
    ("enum-int", "enum e { X } $", "int $", 0),
    ("array-length", "int $[2]", "int $[3]", 0),
    ("array-array", "int $[2]", "int $[2]", 1),
    ("array-pointer", "int $[2]", "int *$", 0),
    ("array-of-structs", "struct c { int b; int a___x; } $[2]", "struct c { int a; } $[2]", 0),
    ("pointer-to-void", "int *$", "void *$", 0),
    ("void-pointers", "void *$", "void *$", 1),
    ("pointer-to-unsigned", "int *$", "unsigned *$", 0),
    ("prototype", "int $(int x)", "int $(int y)", 1),
    ("result", "int $(int x)", "unsigned $(int x)", 0),
    ("parameter", "void $(int x, int y)", "void $(int x, long y)", 0),
    ("more-parameters", "void $(int x)", "void $(int x, int y)", 0),
    (
        "struct-parameter",
        "void $(struct c { int a; } x)",
        "void $(struct c { int b; int a; } x)",
        1,
    ),
    (
        "fewer-members-in-parameter",
        "void $(struct c { int b; int a; } x)",
        "void $(struct c { int a; } x)",
        0,
    ),
    ("old-bitfield", "@int int 4 signed offset 3; int $", "int $", 1),
    ("into-old-bitfield", "int $", "@int int 4 signed offset 3; int $", 1),
];

/// After a pointer.
const POINTED_TO: [Row; 16] = [
    ("pointed-fewer-members", TWO, ONE, 1),
    ("pointed-struct-union", ONE, "union c { int a; } $", 0),
    ("pointed-declaration", ONE, "struct c $", 1),
    ("pointed-declaration-of-union", ONE, "union c $", 0),
    ("pointed-union-declaration", "union c { int a; } $", "union c $", 1),
    ("pointed-other-declaration", ONE, "struct d $", 0),
    ("pointed-from-declaration", "struct c $", ONE, 1),
    ("pointed-from-declaration-to-union", "struct c $", "union c { int a; } $", 0),
    ("pointed-from-union-declaration", "union c $", "union c { int a; } $", 1),
    ("pointed-declarations", "struct c $", "struct c $", 1),
    ("pointed-declarations-of-union", "struct c $", "union c $", 0),
    ("pointed-struct-int", TWO, "int $", 0),
    ("pointed-enum", "enum e___2 { X, Y } $", "enum e { X } $", 0),
    ("pointed-int", "int $", "unsigned $", 0),
    ("pointed-pointer", "struct c { int b; int a___x; } *$", "struct c { int a; } *$", 1),
    ("pointed-array", "struct c { int b; int a___x; } $[2]", "struct c { int a; } $[2]", 1),
];

fn pairs(rows: &[Row], name: &str) -> Vec<Case> {
    let case = |&(row, local, target, expected): &Row| {
        let typedef = |text| declaration(text, name, "typedef ", "");
        let verb = if expected == 1 { "matches" } else { "does not match" };
        let plain = |text: &str| text.replace('$', &name.replace("holder", "x"));
        case(
            row,
            format!("{} {verb} {}", plain(local), plain(target)),
            (&typedef(local), &typedef(target)),
            [relocation(TYPE_MATCHES, "holder 0", mov(1), Value(expected))],
        )
    };
    rows.iter().map(case).collect()
}

fn levels() -> Vec<Case> {
    let members = |levels| {
        let inner =
            (1..levels).fold("int".to_owned(), |inner, _| format!("struct in {{ {inner} m; }}"));
        format!("struct s {{ {inner} m; }};")
    };
    let deep = [members(31), members(32)];
    let row = |name, about, types: &str, kind, expected| {
        case(name, about, (types, types), [relocation(kind, "s 0", mov(1), expected)])
    };
    vec![
        row(
            "32-levels",
            "31 structs, each in the next, and an int",
            &deep[0],
            TYPE_MATCHES,
            Value(1),
        ),
        row("33-levels", "32 structs, each in the next, and an int", &deep[1], TYPE_MATCHES, Error),
        row(
            "33-levels-exist",
            "members do not matter for type_exists",
            &deep[1],
            TYPE_EXISTS,
            Value(1),
        ),
    ]
}

pub(super) fn group() -> Group {
    let cases = rule("match", pairs(&ROWS, "holder"))
        .chain(rule("match after a pointer", pairs(&POINTED_TO, "(*holder)")))
        .chain(rule("levels of matching types", levels()));
    Group {
        name: "matching",
        about: "Match: the strict comparison of type_matches.",
        cases: cases.collect(),
    }
}
