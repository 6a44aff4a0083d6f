//! Keeps types that are found by name, with what answers to needs depend on.

use std::collections::BTreeSet;

use btf_types::{Btf, DeclTarget, Kind, KindSet, Type, TypeId};
use core_reloc::{FoundType, Target, budget::Budget};

use super::{
    Needs,
    keep::Groups,
    kept::{KeptSide, KeptTarget},
    whole_types::keep_compatible,
};

/// Keeps the types of some names and kinds, and a type of each kind that the target has.
pub(super) fn keep<'a>(names: &[(String, Kind)], target: &Target<'a>, kept: &mut KeptTarget<'a>) {
    let questions: Vec<(&str, Kind)> =
        names.iter().map(|(name, kind)| (name.as_str(), *kind)).collect();
    let mut budget = Budget::for_input(target.size());
    let mut functions = BTreeSet::new();
    for found in target.find_all(&questions).into_iter().flatten() {
        let FoundType { ty, module, .. } = found;
        if ty.kind() == Kind::Func {
            functions.insert((module, ty.id()));
        }
        whole(&mut kept.side(module), ty, &mut budget);
    }
    let main = target.main();
    for ty in samples(main) {
        if ty.kind() == Kind::Func {
            functions.insert((None, ty.id()));
        }
        whole(&mut kept.side(None), ty, &mut budget);
    }
    let modules = target.modules().iter().map(|module| module.btf);
    for (module, btf) in std::iter::once((None, main)).chain((0..).map(Some).zip(modules)) {
        for (tag, on) in tags(btf) {
            if functions.contains(&(module, on)) {
                kept.side(module).root(tag);
            }
        }
    }
}

/// Keeps the candidates of relocations by name, whether they answer or not.
pub(super) fn keep_candidates<'a>(
    needs: &Needs<'_>,
    target: &Target<'a>,
    kept: &mut KeptTarget<'a>,
) {
    let roots = needs.relocations.iter().map(|relocation| relocation.type_id).collect();
    let groups = Groups::find(needs.local, target, &roots);
    for candidate in groups.candidates.into_values().flatten() {
        if let Ok(ty) = target.candidate(candidate) {
            kept.side(candidate.module).root(ty);
        }
    }
}

/// Keeps a type with all of its members or enumerators, or with the kinds of the types that it refers to.
fn whole(kept: &mut KeptSide<'_, '_>, ty: Type<'_>, budget: &mut Budget) {
    kept.root(ty);
    match ty.kind() {
        Kind::Struct | Kind::Union | Kind::Enum | Kind::Enum64 => {
            (0..ty.vlen()).for_each(|index| kept.entry(ty, index));
        }
        // If no steps are left, what is kept describes the type less deeply.
        _ => drop(ty.referenced().ok().flatten().map(|ty| keep_compatible(kept, ty, budget))),
    }
}

/// Returns the tags on functions, with the functions.
fn tags<'a>(btf: &'a Btf<'a>) -> impl Iterator<Item = (Type<'a>, TypeId)> {
    let tags = btf.own_types_of(KindSet::from_iter([Kind::DeclTag]));
    tags.filter(|tag| tag.decl_target() == Some(DeclTarget::Declaration))
        .filter_map(|tag| Some((tag, tag.referenced_id()?)))
}

/// Returns one type of each kind whose absence tells something, if there is one: a function, a variable, a
/// tracepoint, and a function with the tag of those that programs may call.
fn samples<'a>(btf: &'a Btf<'a>) -> impl Iterator<Item = Type<'a>> {
    let first = |kind| btf.own_types_of(KindSet::from_iter([kind])).next();
    let starts =
        |ty: &Type<'_>| ty.name().is_ok_and(|name| name.as_bytes().starts_with(TRACEPOINT));
    let tracepoint = btf.own_types_of(KindSet::from_iter([Kind::Typedef])).find(starts);
    let tagged = tags(btf).find(|(tag, _)| tag.is_named(KFUNC));
    let tagged = tagged.and_then(|(_, on)| btf.type_by_id(on).ok());
    [first(Kind::Func), first(Kind::Var), tracepoint, tagged].into_iter().flatten()
}

/// The prefix of the typedef that declares a tracepoint.
const TRACEPOINT: &[u8] = b"btf_trace_";
/// The tag of functions that programs may call.
const KFUNC: &[u8] = b"bpf_kfunc";
