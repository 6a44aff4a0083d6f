//! Every kind of relocation, with a type that is found, that is missing, and that is ambiguous.

use crate::check::*;

const LOCAL: &str = "
    struct s { int a; int b; };
    struct t { int x; };
    enum e { A = 1, B = 2 };
";

/// `b` is elsewhere, shorter and unsigned. The ids are those of `int`, `unsigned short`, `struct s`.
const FOUND: &str = "
    struct s { int a; unsigned short b @ 10; } @size 24;
    struct t { int y; int x; };
    enum e { A = 1, B = 7 };
";

/// The types are there, but for a member and an enumerator.
const WITHOUT_B: &str = "
    struct s { int a; } @size 24;
    struct t { int y; };
    enum e { A = 1 };
";

/// There is a second type of each name.
const AMBIGUOUS: &str = "
    struct s { int a; unsigned short b @ 10; } @size 24;
    struct s { unsigned long b @ 16; } @size 32;
    struct t { int y; int x; };
    struct t { int x; int z; };
    enum e { A = 1, B = 7 };
    enum e { A = 1, B = 8 };
";

#[test]
fn a_type_that_is_found() {
    for (kind, access, expected) in [
        (FieldByteOffset, "s.b", Value(4, 10)),
        (FieldByteSize, "s.b", Value(4, 2)),
        (FieldExists, "s.b", Value(1, 1)),
        (FieldSigned, "s.b", Value(1, 0)),
        (FieldLshiftU64, "s.b", Value(64 - 8 * 4, 64 - 8 * 2)),
        (FieldRshiftU64, "s.b", Value(64 - 8 * 4, 64 - 8 * 2)),
        (TypeIdLocal, "s", Unchecked(2)),
        (TypeIdTarget, "s", Unchecked(3)),
        (TypeExists, "s", Value(1, 1)),
        (TypeSize, "s", Value(8, 24)),
        (TypeMatches, "t", Value(1, 1)),
        (EnumvalExists, "e::B", Value(1, 1)),
        (EnumvalValue, "e::B", Value(2, 7)),
    ] {
        check(LOCAL, FOUND, kind, access, expected);
    }
}

#[test]
fn a_type_that_is_missing() {
    for (kind, access, expected) in [
        (FieldByteOffset, "s.b", Unresolved),
        (FieldByteSize, "s.b", Unresolved),
        (FieldExists, "s.b", Value(1, 0)),
        (FieldSigned, "s.b", Unresolved),
        (FieldLshiftU64, "s.b", Unresolved),
        (FieldRshiftU64, "s.b", Unresolved),
        (TypeIdLocal, "s", Unchecked(2)),
        (TypeIdTarget, "s", Unchecked(0)),
        (TypeExists, "s", Value(1, 0)),
        (TypeSize, "s", Value(8, 0)),
        (TypeMatches, "t", Value(1, 0)),
        (EnumvalExists, "e::B", Value(1, 0)),
        (EnumvalValue, "e::B", Unresolved),
    ] {
        check(LOCAL, "", kind, access, expected);
        // What asks for a part of a type gets the same answer where only that part is missing, and
        // a type without a member does not match.
        if matches!(access, "s.b" | "e::B" | "t") {
            check(LOCAL, WITHOUT_B, kind, access, expected);
        }
    }
}

#[test]
fn a_type_that_is_ambiguous() {
    for (kind, access, expected) in [
        (FieldByteOffset, "s.b", Error("ambiguous")),
        (FieldByteSize, "s.b", Error("ambiguous")),
        // Both exist, but at different offsets.
        (FieldExists, "s.b", Error("ambiguous")),
        (FieldSigned, "s.b", Error("ambiguous")),
        (FieldLshiftU64, "s.b", Error("ambiguous")),
        (FieldRshiftU64, "s.b", Error("ambiguous")),
        (TypeIdLocal, "s", Unchecked(2)),
        (TypeIdTarget, "s", Error("ambiguous")),
        // Both give the same answer.
        (TypeExists, "s", Value(1, 1)),
        (TypeSize, "s", Error("ambiguous")),
        (TypeMatches, "t", Value(1, 1)),
        (EnumvalExists, "e::B", Value(1, 1)),
        (EnumvalValue, "e::B", Error("ambiguous")),
    ] {
        check(LOCAL, AMBIGUOUS, kind, access, expected);
    }
}
