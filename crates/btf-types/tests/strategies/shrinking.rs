//! Failures shrink to little more than what they are about.

use std::fmt::Debug;

use btf_types::proptest::{
    Change, CompositeKind, Damage, Evolution, Graph, Profile, TypeDesc, damaged, evolution, graph,
};
use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestError, TestRng, TestRunner},
};

/// The smallest value that proptest finds for which a test fails.
fn smallest<T: Debug>(strategy: impl Strategy<Value = T>, holds: impl Fn(&T) -> bool) -> T {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::default());
    let mut runner = TestRunner::new_with_rng(config, rng);
    let result = runner.run(&strategy, |value| {
        prop_assert!(holds(&value));
        Ok(())
    });
    match result {
        Err(TestError::Fail(_, value)) => value,
        other => panic!("the property was to fail: {other:?}"),
    }
}

/// Whether some composite has a member that passes a test.
fn has_member(graph: &Graph, test: impl Fn(&TypeDesc) -> bool) -> bool {
    let members = graph.types.iter().flat_map(TypeDesc::members);
    members.filter_map(|member| graph.resolve(member.ty)).any(test)
}

#[test]
fn a_bitfield_is_left_alone_with_its_struct() {
    let profile = Profile::default().types(24..=24);
    let bitfield = |ty: &TypeDesc| ty.members().iter().any(|member| member.bits.is_some());
    let graph = smallest(graph(profile), |graph| !graph.types.iter().any(bitfield));
    assert_eq!(graph.types.len(), 2, "{graph:#?}");
    assert_eq!(graph.types.iter().map(|ty| ty.members().len()).sum::<usize>(), 1, "{graph:#?}");
}

#[test]
fn a_union_in_a_struct_is_all_that_is_left() {
    let union = |ty: &TypeDesc| match ty {
        TypeDesc::Composite(composite) => composite.kind == CompositeKind::Union,
        _ => false,
    };
    let profile = Profile::default().types(24..=24);
    let graph = smallest(graph(profile), |graph| !has_member(graph, union));
    assert_eq!(graph.types.len(), 2, "{graph:#?}");
}

#[test]
fn recursion_through_a_pointer_is_two_types() {
    let recursive = |graph: &Graph| {
        graph.iter().any(|(id, ty)| {
            let mut members = ty.members().iter().filter_map(|member| graph.get(member.ty));
            members.any(|member| *member == TypeDesc::Ptr(id))
        })
    };
    let graph = smallest(graph(Profile::default()), |graph| !recursive(graph));
    assert_eq!(graph.types.len(), 2, "{graph:#?}");
}

#[test]
fn an_evolution_shrinks_to_the_edit_that_matters() {
    let moves_members = |evolution: &Evolution| {
        let moves = |change: &Change| matches!(change, Change::NestMembers { .. });
        let before = evolution.local.types.len();
        let after = evolution.evolve().main.types.len();
        after > before && evolution.edits.iter().any(|edit| moves(&edit.change))
    };
    let profile = Profile::object().types(16..=24).edits(8..=8);
    let evolution = smallest(evolution(profile), |evolution| !moves_members(evolution));
    assert_eq!(evolution.edits.len(), 1, "{evolution:#?}");
    assert!(evolution.local.types.len() <= 2, "{evolution:#?}");
}

#[test]
fn a_damage_keeps_its_type_only() {
    let profile = Profile::default().types(24..=24);
    let is_about_bits = |damage: &Damage| matches!(damage, Damage::IntBits { .. });
    let damaged = smallest(damaged(profile), |damaged| !is_about_bits(&damaged.damage));
    assert_eq!(damaged.graph.types.len(), 1, "{damaged:#?}");
}
