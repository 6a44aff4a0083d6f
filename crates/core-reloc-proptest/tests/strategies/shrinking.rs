//! Counterexamples shrink to little more than what makes the property fail.

use btf_types::{Btf, PointerSize};
use core_reloc::{Cause, Poison, RelocKind, Relocation, Relocator, Status, Target};
use core_reloc_proptest::{
    CaseProfile, Profile, case,
    damage::Damage,
    damaged, evolution,
    evolve::{Change, Evolution, Module},
    graph,
    relocations::{Case, Flaw},
    types::{CompositeKind, Graph, TypeDesc},
};
use proptest::prelude::ProptestConfig;

use crate::support::smallest;

/// Returns the smallest graph for which a property does not hold.
fn smallest_graph(profile: Profile, holds: impl Fn(&Graph) -> bool) -> Graph {
    smallest(ProptestConfig::default(), graph(profile), holds)
}

/// Returns `true` if the type of some member passes a test.
fn has_member(graph: &Graph, test: impl Fn(&TypeDesc) -> bool) -> bool {
    let members = graph.types.iter().flat_map(TypeDesc::members);
    members.filter_map(|member| graph.resolve(member.ty)).any(test)
}

#[test]
fn a_bitfield_shrinks_to_its_struct() {
    let bitfield = |ty: &TypeDesc| ty.members().iter().any(|member| member.bits.is_some());
    let profile = Profile::default().types(24..=24);
    let graph = smallest_graph(profile, |graph| !graph.types.iter().any(bitfield));
    assert_eq!(graph.types.len(), 2, "{graph:#?}");
    assert_eq!(graph.types.iter().map(|ty| ty.members().len()).sum::<usize>(), 1, "{graph:#?}");
}

#[test]
fn a_union_in_a_struct_shrinks_to_both() {
    let union = |ty: &TypeDesc| match ty {
        TypeDesc::Composite(composite) => composite.kind == CompositeKind::Union,
        _ => false,
    };
    let profile = Profile::default().types(24..=24);
    let graph = smallest_graph(profile, |graph| !has_member(graph, union));
    assert_eq!(graph.types.len(), 2, "{graph:#?}");
}

#[test]
fn recursion_through_a_pointer_shrinks_to_two_types() {
    let recursive = |graph: &Graph| {
        graph.iter().any(|(id, ty)| {
            let mut members = ty.members().iter().filter_map(|member| graph.get(member.ty));
            members.any(|member| *member == TypeDesc::Ptr(id))
        })
    };
    let graph = smallest_graph(Profile::default(), |graph| !recursive(graph));
    assert_eq!(graph.types.len(), 2, "{graph:#?}");
}

#[test]
fn an_evolution_shrinks_to_the_edit_that_matters() {
    let nests_members = |evolution: &Evolution| {
        let nests = |change: &Change| matches!(change, Change::NestMembers { .. });
        let before = evolution.local.types.len();
        let after = evolution.evolve().main.types.len();
        after > before && evolution.edits.iter().any(|edit| nests(&edit.change))
    };
    let profile = Profile::object().types(16..=24).edits(8..=8);
    let holds = |evolution: &Evolution| !nests_members(evolution);
    let evolution = smallest(ProptestConfig::default(), evolution(profile), holds);
    assert_eq!(evolution.edits.len(), 1, "{evolution:#?}");
    assert!(evolution.local.types.len() <= 2, "{evolution:#?}");
}

#[test]
fn damage_shrinks_to_the_damaged_type() {
    let profile = Profile::default().types(24..=24);
    let is_about_bits = |damage: &Damage| matches!(damage, Damage::IntBits { .. });
    let config = ProptestConfig::with_cases(2000);
    let damaged = smallest(config, damaged(profile), |damaged| !is_about_bits(&damaged.damage));
    assert_eq!(damaged.graph.types.len(), 1, "{damaged:#?}");
}

/// Returns the smallest case for which a property does not hold.
fn smallest_case(holds: impl Fn(&Case) -> bool) -> Case {
    let config = ProptestConfig { max_shrink_iters: 1000, ..ProptestConfig::with_cases(5000) };
    smallest(config, case(CaseProfile::default()), holds)
}

/// Returns `true` if the outcome of some relocation passes a test.
fn any_outcome(case: &Case, test: impl Fn(RelocKind, Result<Status, Cause>) -> bool) -> bool {
    let input = case.write().unwrap();
    let local = Btf::parse(&input.local).unwrap().with_pointer_size(PointerSize::Eight);
    let main = Btf::parse(&input.main).unwrap();
    let target = Target::new(&main);
    let mut relocator = Relocator::new(&local, &target);
    let mut code = input.code.clone();
    input.records.iter().any(|record| {
        let Ok(relocation) = Relocation::from_record(&local, record) else { return false };
        let result = relocator.relocate(&mut code, &relocation);
        let result = result.map(|applied| applied.patched.status).map_err(|error| error.cause);
        test(relocation.kind, result)
    })
}

#[test]
fn an_ambiguity_shrinks_to_two_candidates() {
    let case = smallest_case(|case| {
        !any_outcome(case, |kind, result| {
            kind == RelocKind::FieldByteOffset && matches!(result, Err(Cause::Ambiguous(_)))
        })
    });
    assert_eq!(case.relocations.len(), 1, "{case:#?}");
    assert!(case.evolution.edits.len() <= 2, "{case:#?}");
    assert!(case.evolution.local.types.len() <= 4, "{case:#?}");
}

#[test]
fn a_resized_load_shrinks_to_one_edit() {
    let resized = |status| matches!(status, Status::Poisoned(Poison::Resized { .. }));
    let case = smallest_case(|case| !any_outcome(case, |_, result| result.is_ok_and(resized)));
    assert_eq!(case.relocations.len(), 1, "{case:#?}");
    assert!(case.evolution.edits.len() <= 1, "{case:#?}");
    assert!(case.evolution.local.types.len() <= 4, "{case:#?}");
}

#[test]
fn a_type_in_a_module_stays_there() {
    let in_module = |change: &Change| *change == Change::MoveToModule(Module::First);
    let has_size =
        |kind, result: Result<Status, Cause>| kind == RelocKind::TypeSize && result.is_ok();
    let case = smallest_case(|case| {
        let moved = case.evolution.edits.iter().any(|edit| in_module(&edit.change));
        !(moved && any_outcome(case, has_size))
    });
    assert_eq!(case.evolution.edits.len(), 1, "{case:#?}");
    assert!(case.evolution.local.types.len() <= 2, "{case:#?}");
}

#[test]
fn a_flaw_that_matters_stays() {
    let case = smallest_case(|case| {
        let mut flaws = case.relocations.iter().filter_map(|relocation| relocation.flaw.as_ref());
        !flaws.any(|flaw| *flaw == Flaw::Jump)
    });
    assert_eq!(case.relocations.len(), 1, "{case:#?}");
    assert_eq!(case.evolution.local.types.len(), 1, "{case:#?}");
    assert!(case.evolution.edits.is_empty(), "{case:#?}");
}
