//! Whole types: ids, existence, size and match.

use btf_types::Btf;

use crate::check::*;

/// The ids are those of `int`, `struct s` and `t`.
const SMALL: &str = "struct s { int a; }; typedef int t;";

/// The ids are those of `int`, `other`, `struct s` and `t`.
const LARGE: &str = "typedef int other; struct s { int b; int a @ 8; }; typedef int t;";

#[test]
fn found_types_have_an_id_and_a_size() {
    check(SMALL, LARGE, TypeExists, "s", Value(1, 1));
    check(SMALL, LARGE, TypeSize, "s", Value(4, 12));
    check(SMALL, LARGE, TypeMatches, "s", Value(1, 1));
    check(SMALL, LARGE, TypeIdTarget, "s", Unchecked(3));
    check(SMALL, LARGE, TypeIdTarget, "t", Unchecked(4));
    check(SMALL, LARGE, TypeIdLocal, "s", Unchecked(2));
    check(SMALL, LARGE, TypeSize, "t", Value(4, 4));
}

#[test]
fn missing_types_give_zero() {
    check(SMALL, "", TypeExists, "s", Value(1, 0));
    check(SMALL, "", TypeSize, "s", Value(4, 0));
    check(SMALL, "", TypeMatches, "s", Value(1, 0));
    check(SMALL, "", TypeIdTarget, "s", Unchecked(0));
    check(SMALL, "", TypeIdLocal, "s", Unchecked(2));
}

#[test]
fn candidates_that_disagree_are_ambiguous() {
    let two = "struct s { int a; }; typedef int t; struct s___2 {} @size 8;";
    check(SMALL, two, TypeSize, "s", Error("struct s [2] gives 4"));
    check(SMALL, two, TypeIdTarget, "s", Error("ambiguous"));
    check(SMALL, two, TypeExists, "s", Value(1, 1));
    check(SMALL, two, TypeMatches, "s", Value(1, 1));
}

#[test]
fn the_access_string_is_zero() {
    for access in ["s 1", "s 0:0", "s 0:1"] {
        for kind in [TypeIdLocal, TypeIdTarget, TypeExists, TypeSize, TypeMatches] {
            check(SMALL, LARGE, kind, access, Error("must be \"0\""));
        }
    }
    let bytes = btf_from_c::btf(ORDERS[0], SMALL);
    let btf = Btf::parse(&bytes).unwrap();
    for kind in RelocKind::ALL {
        let created = create_relocation(0, root(&btf, "s"), "00", kind);
        let is_type =
            matches!(kind, TypeIdLocal | TypeIdTarget | TypeExists | TypeSize | TypeMatches);
        assert_eq!(created.err(), is_type.then_some(AccessError::NotZero), "{kind}");
    }
    let target = Target::new(&btf);
    assert_eq!(target_type_exists(&btf, &target, root(&btf, "s"), "0"), Ok(true));
    let error = target_type_exists(&btf, &target, root(&btf, "s"), "00").unwrap_err();
    assert_eq!(error.cause, Cause::Access(AccessError::NotZero));
}

#[test]
fn a_declared_type_has_no_size() {
    check("struct f;", "struct f;", TypeExists, "f", Value(1, 1));
    check("struct f;", "struct f;", TypeSize, "f", Error("has no size"));
}

/// `tests/tests/no_root.rs` compares this with libbpf.
#[test]
fn a_root_that_was_not_recorded_has_only_a_local_id() {
    for kind in RelocKind::ALL {
        for access in ["[0] 0", "[0] 0:1"] {
            let expected = match kind {
                TypeIdLocal if access == "[0] 0" => Unchecked(0),
                _ => Error("the compiler recorded no type (type id 0)"),
            };
            check(SMALL, SMALL, kind, access, expected);
        }
    }
}

#[test]
fn an_anonymous_root_has_only_a_local_id() {
    // The ids are those of `int` and `int *`.
    let pointer = "typedef int *p;";
    for kind in RelocKind::ALL {
        let expected = match kind {
            TypeIdLocal => Unchecked(2),
            EnumvalExists | EnumvalValue => Error("PTR"),
            _ => Error("anonymous"),
        };
        check(pointer, pointer, kind, "[2] 0", expected);
    }
}
