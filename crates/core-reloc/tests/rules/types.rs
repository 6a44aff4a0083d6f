//! Whole types: ids, existence, size and match.

use btf_types::build::Builder;
use core_reloc::RelocKind::*;

use crate::check::*;

fn small(btf: &mut Builder<'_>) {
    let int = int(btf);
    btf.structure("s", 4).member("a", int, 0).finish();
    btf.typedef("t", int);
}

fn large(btf: &mut Builder<'_>) {
    let int = int(btf);
    btf.typedef("other", int);
    btf.structure("s", 12).member("b", int, 0).member("a", int, 64).finish();
    btf.typedef("t", int);
}

#[test]
fn found_types_have_an_id_and_a_size() {
    // In `large`: int is 1, the other typedef 2, the struct 3, the typedef 4.
    check(small, large, ask(TypeExists, "s", "0"), Value(1, 1));
    check(small, large, ask(TypeSize, "s", "0"), Value(4, 12));
    check(small, large, ask(TypeMatches, "s", "0"), Value(1, 1));
    check(small, large, ask(TypeIdTarget, "s", "0"), Unchecked(3));
    check(small, large, ask(TypeIdTarget, "t", "0"), Unchecked(4));
    check(small, large, ask(TypeIdLocal, "s", "0"), Unchecked(2));
    check(small, large, ask(TypeSize, "t", "0"), Value(4, 4));
}

#[test]
fn missing_types_answer_zero() {
    check(small, empty, ask(TypeExists, "s", "0"), Value(1, 0));
    check(small, empty, ask(TypeSize, "s", "0"), Value(4, 0));
    check(small, empty, ask(TypeMatches, "s", "0"), Value(1, 0));
    check(small, empty, ask(TypeIdTarget, "s", "0"), Unchecked(0));
    check(small, empty, ask(TypeIdLocal, "s", "0"), Unchecked(2));
}

#[test]
fn candidates_that_disagree_are_ambiguous() {
    fn two(btf: &mut Builder<'_>) {
        small(btf);
        btf.structure("s___2", 8).finish();
    }
    check(small, two, ask(TypeSize, "s", "0"), Error("struct s [2] gives 4"));
    check(small, two, ask(TypeIdTarget, "s", "0"), Error("ambiguous"));
    check(small, two, ask(TypeExists, "s", "0"), Value(1, 1));
    check(small, two, ask(TypeMatches, "s", "0"), Value(1, 1));
}

#[test]
fn the_access_string_is_zero() {
    for access in ["1", "0:0", "0:1"] {
        for kind in [TypeIdLocal, TypeIdTarget, TypeExists, TypeSize, TypeMatches] {
            check(small, large, ask(kind, "s", access), Error("must be \"0\""));
        }
    }
}

#[test]
fn a_type_without_a_size_has_none() {
    fn declared(btf: &mut Builder<'_>) {
        btf.fwd_struct("f");
    }
    check(declared, declared, ask(TypeExists, "f", "0"), Value(1, 1));
    check(declared, declared, ask(TypeSize, "f", "0"), Error("has no size"));
}

#[test]
fn an_anonymous_root_has_only_a_local_id() {
    use btf_types::{Btf, ByteOrder, TypeId};
    use core_reloc::{RelocKind, Relocation, Relocator, Target};

    fn pointer(btf: &mut Builder<'_>) {
        let int = int(btf);
        btf.ptr(int);
    }
    let bytes = build(ByteOrder::Little, pointer);
    let btf = Btf::parse(&bytes).unwrap();
    let target = Target::new(&btf);
    let mut relocator = Relocator::new(&btf, &target);
    for kind in RelocKind::ALL {
        let relocation = Relocation::new(0, TypeId(2), "0".parse().unwrap(), kind);
        let result = relocator.resolve(&relocation);
        match kind {
            TypeIdLocal => assert_eq!(result.unwrap().value(), Some(2)),
            EnumvalExists | EnumvalValue => {
                assert!(result.unwrap_err().to_string().contains("PTR"), "{kind}");
            }
            _ => assert!(result.unwrap_err().to_string().contains("anonymous"), "{kind}"),
        }
    }
}
