//! The three tests of types: field-compatible, compatible, and match.
//!
//! Types are declarations in which `$` stands for the declared name, so that a test can make them a
//! member, a typedef, or what a pointer points to.

use crate::check::*;

const CHAR: &str = "@int char 1 signed char; char $";
const CONST_TYPEDEF: &str = "typedef const int ci; ci $";
const TAGGED: &str = r#"volatile int __attribute__((btf_type_tag("user"))) $"#;
const OLD_BITFIELD: &str = "@int int 4 signed offset 3; int $";

/// Inserts a declaration into a text. What it needs to come before it comes first.
fn declare(declaration: &str, name: &str, before: &str, after: &str) -> String {
    let (first, declaration) = match declaration.rsplit_once("; ") {
        Some((first, declaration)) if !declaration.contains('}') => (first, declaration),
        _ => ("", declaration),
    };
    format!("{first}; {before}{}{after};", declaration.replace('$', name))
}

#[track_caller]
fn field(local: &str, target: &str, expected: u64) {
    let holder = |ty| declare(ty, "m", "struct holder { ", " @ 0; } @size 64");
    let (local, target) = (holder(local), holder(target));
    check(&local, &target, FieldExists, "holder 0:0", Value(1, expected));
    check(&target, &local, FieldExists, "holder 0:0", Value(1, expected));
}

#[test]
fn fields_are_compatible_by_kind() {
    for (local, target, expected) in [
        ("int $", "unsigned long $", 1),
        ("int $", "unsigned $", 1),
        ("int $", CHAR, 1),
        ("int $", "float $", 0),
        ("float $", "double $", 1),
        ("int $", "int *$", 0),
        ("int *$", "void *$", 1),
        ("struct c { int a; } $", "union d { long a; } $", 1),
        ("struct c { int a; } $", "int $", 0),
        ("struct c { int a; } $", "struct c $", 0),
        ("int $[2]", "unsigned $[3]", 1),
        ("int $[2]", "int *$[2]", 0),
        ("int $[2]", "int $", 0),
        ("int $", CONST_TYPEDEF, 1),
        ("int $", TAGGED, 1),
        ("int *$", "int *restrict $", 1),
        ("enum e { X } $", "enum e___2 { X, Y } $", 1),
        ("enum e { X } $", "enum f { X } $", 0),
        ("enum e { X } $", "enum e : unsigned long { X } $", 1),
        ("enum f { X } $", "enum e : unsigned long { X } $", 0),
        ("enum { X } $", "enum f { X } $", 1),
        ("enum { X } $", "int $", 0),
        ("enum e { X } $", "int $", 0),
        ("struct c $", "struct c $", 1),
        ("struct c $", "union c $", 1),
        ("struct c $", "struct d $", 0),
        ("void $(void)", "void $(void)", 0),
        (OLD_BITFIELD, "int $", 0),
        (OLD_BITFIELD, OLD_BITFIELD, 0),
    ] {
        field(local, target, expected);
    }
}

#[track_caller]
fn compatible(local: &str, target: &str, expected: u64) {
    let typedef = |ty| declare(ty, "holder", "typedef ", "");
    let (local, target) = (typedef(local), typedef(target));
    check(&local, &target, TypeExists, "holder", Value(1, expected));
    check(&target, &local, TypeExists, "holder", Value(1, expected));
}

#[test]
fn types_are_compatible_by_kind_at_each_level() {
    for (local, target, expected) in [
        ("int $", "unsigned long $", 1),
        ("int $", "float $", 0),
        ("float $", "float $", 0),
        ("struct c { int a; } $", "struct c { int a; } $", 1),
        ("struct c { int a; } $", "union d { long a; } $", 0),
        ("enum e { X } $", "enum f { X } $", 1),
        ("enum e { X } $", "enum e : unsigned long { X } $", 1),
        ("enum e { X } $", "int $", 0),
        ("enum e { X } $", "struct c $", 0),
        ("struct c $", "struct d $", 1),
        ("struct c $", "struct c { int a; } $", 0),
        ("int *$", "void *$", 0),
        ("int *$", "int *$", 1),
        ("int *$", "int $[2]", 0),
        ("void *$", "void *$", 1),
        ("void *$", "void $(void)", 0),
        ("struct c { int b; int a___x; } **$", "struct c { int a; } **$", 1),
        ("int $[2]", "unsigned $[3]", 1),
        ("int $[2]", "int *$[2]", 0),
        ("void $(void)", "void $(void)", 1),
        ("void $(void)", "int $(int x)", 0),
        ("void $(void)", "void $(int x)", 0),
        ("int $(int x)", "unsigned $(unsigned y)", 1),
        ("int $(int x)", "int *$(int *x)", 0),
        ("int $(int x)", "float $(int x)", 0),
        ("void $(int x, int y)", "void $(int x, int y)", 1),
        ("void $(int x, int y)", "void $(int x, float y)", 0),
        ("void $(int x, int y)", "void $(int x)", 0),
        ("int $", CONST_TYPEDEF, 1),
        ("int $", TAGGED, 1),
        ("int *$", "int *restrict $", 1),
        (OLD_BITFIELD, "int $", 0),
        (OLD_BITFIELD, OLD_BITFIELD, 0),
    ] {
        compatible(local, target, expected);
    }
}

#[track_caller]
fn matches(local: &str, target: &str, expected: u64) {
    let typedef = |ty| declare(ty, "holder", "typedef ", "");
    check(&typedef(local), &typedef(target), TypeMatches, "holder", Value(1, expected));
}

const ONE: &str = "struct c { int a; } $";
const TWO: &str = "struct c { int b; int a___x; } $";

#[test]
fn types_match_by_name_and_member() {
    for (local, target, expected) in [
        ("int $", "int $", 1),
        ("int $", "unsigned $", 0),
        ("int $", "@int int 4; int $", 0),
        ("int $", "@int int 8 signed; int $", 0),
        ("int $", CONST_TYPEDEF, 1),
        ("int *$", "int *restrict $", 1),
        ("int *restrict $", "int *$", 1),
        ("float $", "float $", 0),
        (ONE, TWO, 1),
        (TWO, ONE, 0),
        (ONE, "struct c { int b; unsigned long a; } $", 0),
        // Of the two members called `a`, which C does not allow, the second matches.
        (ONE, "struct c { unsigned long a; int a; } $", 1),
        (ONE, "union c { int a; } $", 0),
        (ONE, "union d { long a; } $", 0),
        (ONE, "struct c $", 0),
        (ONE, "struct c___2 { int a; } $", 1),
        ("struct c___2 { int a; } $", ONE, 1),
        // libbpf first tests that the target has as many members or enumerators.
        ("struct c { int a; int a; } $", ONE, 0),
        ("struct c $", "struct c $", 1),
        ("struct c $", "union c $", 0),
        ("struct c $", ONE, 0),
        ("enum e { X } $", "enum e___2 { X, Y } $", 1),
        ("enum e___2 { X, Y } $", "enum e { X } $", 0),
        ("enum e { X = 0, X = 0 } $", "enum e { X } $", 0),
        ("enum e { X } $", "enum e { X = 0, X = 0 } $", 1),
        ("enum e { X } $", "enum e { Z, W } $", 0),
        ("enum e { X } $", "enum f { X } $", 0),
        ("enum e { X } $", "enum e : unsigned char { X } $", 0),
        ("enum e { X } $", "enum e : unsigned long { X } $", 0),
        ("enum e { X } $", "enum e : unsigned long { X = 9 } @size 4 $", 1),
        ("enum e { X } $", "int $", 0),
        ("int $[2]", "int $[2]", 1),
        ("int $[2]", "int $[3]", 0),
        ("int $[2]", "int *$", 0),
        ("struct c { int a; } $[2]", "struct c { int b; int a___x; } $[2]", 1),
        ("struct c { int b; int a___x; } $[2]", "struct c { int a; } $[2]", 0),
        ("int *$", "int *$", 1),
        ("int *$", "void *$", 0),
        ("int *$", "int $[2]", 0),
        ("int *$", "int $(int x)", 0),
        ("void *$", "void *$", 1),
        ("void *$", "void $(void)", 0),
        ("struct c { int b; int a___x; } **$", "struct c { int a; } **$", 1),
        ("struct c { int a; } $(struct c z)", "struct c { int b; int a___x; } $(struct c x)", 1),
        ("struct c { int b; int a___x; } $(struct c x)", "struct c { int a; } $(struct c z)", 0),
        ("struct c { int a; } $(struct c z)", "struct c { int a; } $(void)", 0),
        ("void $(void)", "void *$", 0),
        ("void $(void)", "void $(int x)", 0),
        ("int $(int x)", "float $(int x)", 0),
        ("void $(int x, int y)", "void $(int x, int y)", 1),
        ("void $(int x, int y)", "void $(int x, float y)", 0),
        ("void $(int x, int y)", "void $(int x)", 0),
        ("void $(int x)", "void $(int x, int y)", 0),
    ] {
        matches(local, target, expected);
    }
}

#[test]
fn a_composite_that_is_pointed_to_needs_only_name_and_kind() {
    for (local, target, expected) in [
        (TWO, ONE, 1),
        (ONE, "union c { int a; } $", 0),
        (ONE, "struct c $", 1),
        (ONE, "union c $", 0),
        ("union c { int a; } $", "union c $", 1),
        (ONE, "struct d $", 0),
        ("struct c $", ONE, 1),
        ("struct c $", "union c { int a; } $", 0),
        ("union c $", "union c { int a; } $", 1),
        ("struct c $", "struct c $", 1),
        ("struct c $", "union c $", 0),
        (TWO, "int $", 0),
        ("struct c { int b; int a___x; } $(struct c x)", "struct c { int a; } $(struct c z)", 1),
        ("struct c { int b; int a___x; } $[2]", "struct c { int a; } $[2]", 1),
        ("enum e___2 { X, Y } $", "enum e { X } $", 0),
        ("struct c { int b; int a___x; } **$", "struct c { int a; } **$", 1),
        ("int $", "unsigned $", 0),
    ] {
        let pointer = |ty| declare(ty, "(*holder)", "typedef ", "");
        check(&pointer(local), &pointer(target), TypeMatches, "holder", Value(1, expected));
    }
}

/// Compares types with themselves.
#[track_caller]
fn check_itself(types: &str, kind: RelocKind, expected: Expected) {
    check(types, types, kind, "holder", expected);
}

#[test]
fn more_levels_than_32_are_an_error() {
    let pointers = |levels| format!("typedef int {}holder;", "*".repeat(levels));
    // `struct holder { struct inner { … struct inner { int m; } m; … } m; };`
    let members = |levels| {
        let inner =
            (1..levels).fold("int".to_owned(), |inner, _| format!("struct inner {{ {inner} m; }}"));
        format!("struct holder {{ {inner} m; }};")
    };
    // 31 pointers and the int are 32 levels.
    for kind in [TypeExists, TypeMatches] {
        check_itself(&pointers(31), kind, Value(1, 1));
        check_itself(&pointers(32), kind, Error("too deep"));
    }
    // 31 structs, each in the next, and the int.
    check_itself(&members(31), TypeMatches, Value(1, 1));
    check_itself(&members(32), TypeMatches, Error("too deep"));
    check_itself(&members(32), TypeExists, Value(1, 1));
}

/// Returns a typedef `level` of a prototype that takes enough steps to compare for the result to be
/// cached.
fn many_params() -> String {
    format!("typedef void level({});", vec!["int a"; 150].join(", "))
}

/// Returns a `struct t` that takes as many steps.
fn many_members(count: usize, name: &str) -> String {
    let members: String = (0..count).map(|number| format!("int m{number};")).collect();
    format!("struct {name} {{ {members} }};")
}

#[test]
fn types_that_branch_do_not_multiply_the_work() {
    // Thirty levels, of which all but the last have two members or parameters of the next: 2²⁹ paths.
    let inner = "struct t { struct t a @ 0; struct t b @ 0; } @size 4;";
    let holder = inner.replacen("struct t", "struct holder", 1);
    let members = format!("{} {} {holder}", many_members(150, "t"), inner.repeat(28));
    let level = "typedef level level(level a, level b);";
    let params = format!("{} {} typedef level holder;", many_params(), level.repeat(29));
    check_itself(&members, TypeMatches, Value(1, 1));
    check_itself(&params, TypeExists, Value(1, 1));
    check_itself(&params, TypeMatches, Value(1, 1));
}

#[test]
fn many_members_do_not_multiply_the_work() {
    // Comparing each with each takes 12 million steps, of which 7 million are granted.
    check_itself(&many_members(5000, "holder"), TypeMatches, Value(1, 1));
}

#[test]
fn prototypes_nested_deeper_than_32_levels_of_parameters_are_an_error() {
    // `typedef void holder(void a(void a(… int a …)));`
    let params = |levels| {
        let inner = (1..levels).fold("int a".to_owned(), |inner, _| format!("void a({inner})"));
        format!("typedef void holder({inner});")
    };
    check_itself(&params(32), TypeExists, Value(1, 1));
    check_itself(&params(33), TypeExists, Error("too deep"));
    check_itself(&params(31), TypeMatches, Value(1, 1));
    check_itself(&params(32), TypeMatches, Error("too deep"));
}

#[test]
fn what_was_compared_before_counts_with_its_depth() {
    // Ten nested prototypes as the first parameter, and the same below some more as the second. The
    // innermost has enough parameters for the result of comparing it to be cached.
    let ten_again = |levels| {
        let level = "typedef void level(level a);";
        format!(
            "{} {} typedef level ten; {} typedef void holder(ten a, level b);",
            many_params(),
            level.repeat(9),
            level.repeat(levels)
        )
    };
    // The outermost prototype, those between, and the ten: 32 levels of parameters. A match counts
    // the int as well.
    check_itself(&ten_again(21), TypeExists, Value(1, 1));
    check_itself(&ten_again(22), TypeExists, Error("too deep"));
    check_itself(&ten_again(20), TypeMatches, Value(1, 1));
    check_itself(&ten_again(21), TypeMatches, Error("too deep"));
}

#[test]
fn members_compared_before_count_with_their_depth() {
    let ten_again = |levels: usize| {
        let level = "struct t { struct t m @ 0; } @size 4;";
        format!(
            "{} {}
             struct ten {{ struct t m @ 0; }} @size 4;
             struct t {{ struct ten m @ 0; }} @size 4; {}
             struct holder {{ struct ten first @ 0; struct t second @ 4; }} @size 8;",
            many_members(150, "t"),
            level.repeat(8),
            level.repeat(levels - 1)
        )
    };
    check_itself(&ten_again(20), TypeMatches, Value(1, 1));
    check_itself(&ten_again(21), TypeMatches, Error("too deep"));
}
