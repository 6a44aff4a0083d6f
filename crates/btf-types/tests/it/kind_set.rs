//! Sets of kinds, for every number that a kind can have.

use std::collections::HashSet;

use btf_types::{Kind, KindSet};

/// The kinds of the numbers 0 to 127, which fit into the 7 bits that newer kernels give them.
fn kinds() -> Vec<Kind> {
    (0..128).map(Kind::from_raw).collect()
}

#[test]
fn a_set_contains_what_was_inserted_and_nothing_else() {
    for kind in kinds() {
        let mut set = KindSet::default();
        assert_eq!(set, KindSet::default());
        set.insert(kind);
        set.insert(kind);
        let contained: Vec<Kind> =
            kinds().into_iter().filter(|other| set.contains(*other)).collect();
        assert_eq!(contained, [kind]);
        assert_eq!(set, KindSet::from_iter([kind]));
    }
}

#[test]
fn subsets_are_those_of_a_set_of_the_standard_library() {
    let sets: Vec<HashSet<Kind>> = (0..128)
        .map(|step: usize| kinds().into_iter().skip(step % 7).step_by(step % 5 + 1).collect())
        .collect();
    for one in &sets {
        for other in &sets {
            let (a, b) =
                (one.iter().copied().collect::<KindSet>(), other.iter().copied().collect());
            assert_eq!(a.is_subset(b), one.is_subset(other), "{one:?} {other:?}");
        }
    }
}

#[test]
fn type_names_are_the_kinds_that_c_has_names_for() {
    let expected = [
        Kind::Int,
        Kind::Struct,
        Kind::Union,
        Kind::Enum,
        Kind::Fwd,
        Kind::Typedef,
        Kind::Float,
        Kind::Enum64,
    ];
    assert_eq!(KindSet::TYPE_NAMES, expected.into_iter().collect());
}
