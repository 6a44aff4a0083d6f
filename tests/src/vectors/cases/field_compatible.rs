//! Field-compatible types: what a member may become.

use super::declaration;
use crate::vectors::case::*;
use crate::vectors::insn::mov;

const CHAR: &str = "@int char 1 signed char; char $";
const CONST_TYPEDEF: &str = "typedef const int ci; ci $";
const TAGGED: &str = r#"volatile int __attribute__((btf_type_tag("user"))) $"#;

/// Two declarations of the declared name `$`, and whether their types are field-compatible.
const ROWS: [(&str, &str, &str, u64); 34] = [
    ("int-long", "int $", "unsigned long $", 1),
    ("int-unsigned", "int $", "unsigned $", 1),
    ("int-char", "int $", CHAR, 1),
    ("int-bool", "int $", "_Bool $", 1),
    ("int-float", "int $", "float $", 0),
    ("float-double", "float $", "double $", 1),
    ("int-pointer", "int $", "int *$", 0),
    ("pointer-pointer", "int *$", "void *$", 1),
    ("pointer-to-function", "int *$", "void (*$)(int x)", 1),
    ("struct-union", "struct c { int a; } $", "union d { long a; } $", 1),
    ("struct-int", "struct c { int a; } $", "int $", 0),
    ("struct-declaration", "struct c { int a; } $", "struct c $", 0),
    ("array-array", "int $[2]", "unsigned $[3]", 1),
    ("array-of-pointers", "int $[2]", "int *$[2]", 0),
    ("array-int", "int $[2]", "int $", 0),
    ("array-of-arrays", "int $[2][3]", "long $[5][7]", 1),
    ("array-of-array-and-int", "int $[2][3]", "int $[6]", 0),
    ("const-typedef", "int $", CONST_TYPEDEF, 1),
    ("volatile-tag", "int $", TAGGED, 1),
    ("restrict", "int *$", "int *restrict $", 1),
    ("enum-flavor", "enum e { X } $", "enum e___2 { X, Y } $", 1),
    ("enum-other-name", "enum e { X } $", "enum f { X } $", 0),
    ("enum-enum64", "enum e { X } $", "enum e : unsigned long { X } $", 1),
    ("enum-enum64-other-name", "enum f { X } $", "enum e : unsigned long { X } $", 0),
    ("anonymous-enum", "enum { X } $", "enum f { X } $", 1),
    ("enum-int", "enum e { X } $", "int $", 0),
    ("int-enum", "int $", "enum e { X } $", 0),
    ("declaration-declaration", "struct c $", "struct c $", 1),
    ("declaration-flavor", "struct c $", "struct c___x $", 1),
    ("declaration-of-union", "struct c $", "union c $", 1),
    ("declaration-other-name", "struct c $", "struct d $", 0),
    ("function-function", "void $(void)", "void $(void)", 0),
    ("old-bitfield", "@int int 4 signed offset 3; int $", "int $", 0),
    ("into-old-bitfield", "int $", "@int int 4 signed offset 3; int $", 0),
];

pub(super) fn group() -> Group {
    let mut cases = Vec::new();
    for (name, local, target, expected) in ROWS {
        let holder = |text| declaration(text, "m", "struct holder { ", " @ 0; } @size 64");
        cases.push(case(
            name,
            format!("{} {} {}", local.replace('$', "m"), verb(expected), target.replace('$', "m")),
            (&holder(local), &holder(target)),
            [relocation(FIELD_EXISTS, "holder 0:0", mov(1), Value(expected))],
        ));
    }
    Group {
        name: "field-compatible",
        about: "Field-compatible: whether a member matches a member of the same name in the target.",
        cases: rule("field-compatible", cases).collect(),
    }
}

fn verb(expected: u64) -> &'static str {
    if expected == 1 { "may become" } else { "may not become" }
}
