//! Programs that strategies make are what a compiler could have written.

use btf_types::{
    Btf, BtfExt, Kind, PointerSize,
    proptest::{Profile, TypeDesc},
};
use core_reloc::{
    Cause, RelocKind, Relocation, Relocator, Status, Subject, Target, essential_name,
    proptest::{Case, CaseProfile, RelocDesc, case, walk},
};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn everything_can_be_read(case in case(CaseProfile::default())) {
        let object = case.write().unwrap();
        let local = Btf::parse(&object.local).unwrap();
        prop_assert_eq!(local.validate(), Ok(()));
        let ext = BtfExt::parse(&object.ext).unwrap();
        let sections: Vec<_> = ext.core_relocs().sections().collect();
        prop_assert_eq!(sections.len(), 1);
        let records: Vec<_> = sections[0].records().collect();
        prop_assert_eq!(&records, &object.records);
        prop_assert_eq!(records.len(), case.relocations.len());
        prop_assert_eq!(object.code.len() % 8, 0);

        let main = Btf::parse(&object.main).unwrap();
        prop_assert_eq!(main.validate(), Ok(()));
        for module in &object.modules {
            prop_assert_eq!(Btf::parse_split(module, &main).unwrap().validate(), Ok(()));
        }
    }

    /// A kernel that has the very types of the program needs no instruction to change, and what the
    /// strategy wrote into the instructions is what the types in the BTF say.
    #[test]
    fn a_program_fits_its_own_types(
        case in case(CaseProfile::default().types(unchanged()).flaws(0))
    ) {
        let object = case.write().unwrap();
        let local = Btf::parse(&object.local).unwrap().with_pointer_size(PointerSize::Eight);
        let main = Btf::parse(&object.main).unwrap().with_pointer_size(PointerSize::Eight);
        let target = Target::new(&main);
        let mut relocator = Relocator::new(&local, &target);
        let mut code = object.code.clone();
        for (record, desc) in object.records.iter().zip(&case.relocations) {
            if has_sibling(&case, desc) {
                continue;
            }
            let relocation = Relocation::from_record(&local, record).unwrap();
            match relocator.relocate(&mut code, &relocation) {
                Ok(patched) => {
                    prop_assert_eq!(patched.status, Status::Relocated);
                    if is_exact(&case, desc) {
                        prop_assert_eq!(patched.before, patched.after, "{:?}", desc);
                    }
                }
                Err(error) => prop_assert!(is_no_question(&error.cause), "{error}: {desc:?}"),
            }
        }
    }
}

/// Types that stay as they are. A FLOAT is compatible with nothing, not even itself.
fn unchanged() -> Profile {
    Profile::object().without(Kind::Float).edits(0..=0)
}

/// Whether something else answers as well: another type of the root's essential name and kind, or
/// an earlier enumerator of the same essential name, which is the one that is taken.
fn has_sibling(case: &Case, desc: &RelocDesc) -> bool {
    let local = &case.evolution.local;
    let of = |ty: &TypeDesc| {
        let kind = if ty.kind().is_enum() { Kind::Enum } else { ty.kind() };
        (kind, essential_name(ty.name().as_bytes()).to_vec())
    };
    let root = of(local.get(desc.root).unwrap());
    if local.types.iter().filter(|ty| of(ty) == root).count() > 1 {
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

/// Whether the compiler's answer must be the relocator's: ids change with the order of the target's
/// types, and bitfields may be loaded by other loads.
fn is_exact(case: &Case, desc: &RelocDesc) -> bool {
    let local = &case.evolution.local;
    let is_bitfield = || {
        let layout = local.layout().unwrap();
        walk(local, &layout, desc.root, &desc.path).unwrap().bits.is_some()
    };
    match desc.kind {
        RelocKind::TypeIdLocal | RelocKind::TypeIdTarget => false,
        RelocKind::FieldByteOffset | RelocKind::FieldByteSize | RelocKind::FieldLshiftU64 => {
            !is_bitfield()
        }
        _ => true,
    }
}

/// Whether a relocation asks for what there is not.
fn is_no_question(cause: &Cause) -> bool {
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
