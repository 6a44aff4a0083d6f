//! Properties of relocating generated programs.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

use btf_types::{Btf, Kind, PointerSize};
use core_reloc::{
    Cause, RelocKind, Relocation, Relocator, Status, Target, essential_name, record::Subject,
};
use core_reloc_proptest::{
    CaseProfile, Profile, case,
    relocations::{Case, RelocDesc, resolve_path},
    types::TypeDesc,
};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// On a kernel that has exactly the program's types no instruction changes: the relocator
    /// computes the values that the strategy wrote into the instructions.
    #[test]
    fn no_instruction_changes_on_a_kernel_with_the_same_types(
        case in case(CaseProfile::default().types(unchanged()).flaws(0))
    ) {
        let input = case.write().unwrap();
        let local = Btf::parse(&input.local).unwrap().with_pointer_size(PointerSize::Eight);
        let main = Btf::parse(&input.main).unwrap().with_pointer_size(PointerSize::Eight);
        let target = Target::new(&main);
        let mut relocator = Relocator::new(&local, &target);
        let mut code = input.code.clone();
        for (record, desc) in input.records.iter().zip(&case.relocations) {
            if has_sibling(&case, desc) {
                continue;
            }
            let relocation = Relocation::from_record(&local, record).unwrap();
            match relocator.relocate(&mut code, &relocation) {
                Ok(applied) => {
                    prop_assert_eq!(applied.patched.status, Status::Relocated);
                    if is_exact(&case, desc) {
                        prop_assert_eq!(applied.patched.before, applied.patched.after, "{:?}", desc);
                    }
                }
                Err(error) => prop_assert!(is_not_applicable(&error.cause), "{error}: {desc:?}"),
            }
        }
    }
}

/// Returns a profile without edits and without FLOATs, since no type is compatible with a FLOAT.
fn unchanged() -> Profile {
    Profile::object().without(Kind::Float).edits(0..=0)
}

/// Returns `true` if another type has the essential name and kind of the root type, or an earlier
/// enumerator, which takes precedence, has the same essential name.
fn has_sibling(case: &Case, desc: &RelocDesc) -> bool {
    let local = &case.evolution.local;
    let key = |ty: &TypeDesc| {
        let kind = if ty.kind().is_enum() { Kind::Enum } else { ty.kind() };
        (kind, essential_name(ty.name().as_bytes()).to_vec())
    };
    let root = key(local.get(desc.root).unwrap());
    if local.types.iter().filter(|ty| key(ty) == root).count() > 1 {
        return true;
    }
    match local.resolve(desc.root) {
        Some(TypeDesc::Enum(of)) if desc.kind.subject() == Subject::Enumerator => {
            let essential = |at: usize| essential_name(of.enumerators[at].name.as_bytes());
            let asked = desc.path[0] as usize;
            (0..asked).any(|at| essential(at) == essential(asked))
        }
        _ => false,
    }
}

/// Returns `true` if the compiler and the relocator must compute the same value. Ids change with
/// the order of the target's types, and bitfields can be loaded in several ways.
fn is_exact(case: &Case, desc: &RelocDesc) -> bool {
    let local = &case.evolution.local;
    let is_bitfield = || {
        let layout = local.layout().unwrap();
        resolve_path(local, &layout, desc.root, &desc.path).unwrap().bits.is_some()
    };
    match desc.kind {
        RelocKind::TypeIdLocal | RelocKind::TypeIdTarget => false,
        RelocKind::FieldByteOffset | RelocKind::FieldByteSize | RelocKind::FieldLshiftU64 => {
            !is_bitfield()
        }
        _ => true,
    }
}

/// Returns `true` if the types have no such value.
fn is_not_applicable(cause: &Cause) -> bool {
    matches!(
        cause,
        Cause::AnonymousRoot { .. }
            | Cause::BitfieldType { .. }
            | Cause::BitfieldTooWide { .. }
            | Cause::ShiftOfSize { .. }
            | Cause::NotForElements { .. }
            | Cause::NoSuchElement { .. }
            | Cause::Local(btf_types::Error::NoSize { .. })
    )
}
