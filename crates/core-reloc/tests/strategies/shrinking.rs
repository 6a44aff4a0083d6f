//! A failing case shrinks to the relocation, the edit and the types that it is about.

use btf_types::{
    Btf, PointerSize,
    proptest::{Change, Module},
};
use core_reloc::{
    Cause, Poison, RelocKind, Relocation, Relocator, Status, Target,
    proptest::{Case, CaseProfile, Flaw, case},
};
use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestError, TestRng, TestRunner},
};

/// The smallest case that proptest finds for which a test fails.
fn smallest(holds: impl Fn(&Case) -> bool) -> Case {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(5000) };
    let config = ProptestConfig { max_shrink_iters: 1000, ..config };
    let rng = TestRng::deterministic_rng(RngAlgorithm::default());
    let result = TestRunner::new_with_rng(config, rng).run(&case(CaseProfile::default()), |case| {
        prop_assert!(holds(&case));
        Ok(())
    });
    match result {
        Err(TestError::Fail(_, case)) => case,
        other => panic!("the property was to fail: {other:?}"),
    }
}

/// Whether any relocation of a case ends in a way.
fn ends(case: &Case, how: impl Fn(RelocKind, Result<Status, Cause>) -> bool) -> bool {
    let object = case.write().unwrap();
    let local = Btf::parse(&object.local).unwrap().with_pointer_size(PointerSize::Eight);
    let main = Btf::parse(&object.main).unwrap();
    let target = Target::new(&main);
    let mut relocator = Relocator::new(&local, &target);
    let mut code = object.code.clone();
    object.records.iter().any(|record| {
        let Ok(relocation) = Relocation::from_record(&local, record) else { return false };
        let result = relocator.relocate(&mut code, &relocation);
        let result = result.map(|patched| patched.status).map_err(|error| error.cause);
        how(relocation.kind, result)
    })
}

#[test]
fn an_ambiguity_is_two_candidates() {
    let case = smallest(|case| {
        !ends(case, |kind, result| {
            kind == RelocKind::FieldByteOffset && matches!(result, Err(Cause::Ambiguous(_)))
        })
    });
    assert_eq!(case.relocations.len(), 1, "{case:#?}");
    assert!(case.evolution.edits.len() <= 2, "{case:#?}");
    assert!(case.evolution.local.types.len() <= 4, "{case:#?}");
}

#[test]
fn a_load_that_cannot_follow_is_one_edit() {
    let resized = |status| matches!(status, Status::Poisoned(Poison::Resized { .. }));
    let case = smallest(|case| !ends(case, |_, result| result.is_ok_and(resized)));
    assert_eq!(case.relocations.len(), 1, "{case:#?}");
    assert!(case.evolution.edits.len() <= 1, "{case:#?}");
    assert!(case.evolution.local.types.len() <= 4, "{case:#?}");
}

#[test]
fn a_type_in_a_module_is_left_there() {
    let in_module = |change: &Change| *change == Change::ToModule(Module::First);
    let case = smallest(|case| {
        let moved = case.evolution.edits.iter().any(|edit| in_module(&edit.change));
        !(moved && ends(case, |kind, result| kind == RelocKind::TypeSize && result.is_ok()))
    });
    assert_eq!(case.evolution.edits.len(), 1, "{case:#?}");
    assert!(case.evolution.local.types.len() <= 2, "{case:#?}");
}

#[test]
fn a_flaw_that_matters_stays() {
    let case = smallest(|case| {
        let mut flaws = case.relocations.iter().filter_map(|relocation| relocation.flaw.as_ref());
        !flaws.any(|flaw| *flaw == Flaw::Jump)
    });
    assert_eq!(case.relocations.len(), 1, "{case:#?}");
    assert_eq!(case.evolution.local.types.len(), 1, "{case:#?}");
    assert!(case.evolution.edits.is_empty(), "{case:#?}");
}
