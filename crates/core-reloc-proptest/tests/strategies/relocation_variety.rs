//! Every kind of relocation, instruction and flaw occurs, and every outcome of a relocation.

use btf_types::{Btf, PointerSize};
use core_reloc::{
    Candidate, Cause, Module, Poison, RelocKind, Relocation, Relocator, Status, Target,
    record::Subject,
};
use core_reloc_proptest::{
    CaseProfile, case,
    relocations::{Case, Flaw, InsnForm, RelocDesc},
};

use crate::support::{Features, values};

/// The number of cases.
const CASES: usize = 2000;

#[test]
fn every_relocation_and_outcome_occurs() {
    let mut features = Features::default();
    for case in values(case(CaseProfile::default()), CASES) {
        for relocation in &case.relocations {
            note_relocation(&mut features, relocation);
        }
        note_outcomes(&mut features, &case);
    }
    features.check();
    assert_eq!(features.count("kind "), RelocKind::ALL.len());
}

fn note_relocation(features: &mut Features, relocation: &RelocDesc) {
    features.note(format!("kind {}", relocation.kind), true);
    let first = *relocation.path.first().unwrap();
    let field = relocation.kind.subject() == Subject::Field;
    features.note("p[n]", field && first > 0);
    features.note("p[n] itself", field && relocation.path.len() == 1);
    features.note("path of six numbers and more", relocation.path.len() >= 6);
    let form = relocation.form;
    for (name, op, wide) in [("alu", 11, false), ("alu64", 11, true), ("add", 0, true)] {
        features.note(name, form == InsnForm::Alu { op, wide });
    }
    features.note("ldimm64", form == InsnForm::LdImm64);
    features.note("load", form == InsnForm::Load { sign_extending: false });
    features.note("sign-extending load", form == InsnForm::Load { sign_extending: true });
    features.note("store of an immediate", form == InsnForm::StoreImmediate);
    features.note("store of a register", form == InsnForm::StoreRegister);
    if let Some(flaw) = &relocation.flaw {
        features.note(format!("flaw {}", name_of(flaw)), true);
    }
}

fn name_of(flaw: &Flaw) -> &'static str {
    match flaw {
        Flaw::WrongValue(_) => "wrong value",
        Flaw::WrongSize(_) => "wrong size",
        Flaw::FromRegister => "from register",
        Flaw::Jump => "jump",
        Flaw::PacketLoad => "packet load",
        Flaw::PseudoSource => "pseudo source",
        Flaw::DirtySecondSlot => "dirty second slot",
        Flaw::NoSecondSlot => "no second slot",
        Flaw::Misaligned(_) => "misaligned",
        Flaw::OutOfBounds => "out of bounds",
        Flaw::Again => "again",
        Flaw::AccessString(_) => "access string",
        Flaw::UnknownKind(_) => "unknown kind",
        Flaw::NoSuchType => "no such type",
        other => panic!("{other:?} is not counted"),
    }
}

/// Records the outcomes of a case's relocations; other tests check that they are right.
fn note_outcomes(features: &mut Features, case: &Case) {
    let input = case.write().unwrap();
    let local = Btf::parse(&input.local).unwrap().with_pointer_size(PointerSize::Eight);
    let main = Btf::parse(&input.main).unwrap();
    let modules = input.modules.iter().map(|module| Btf::parse_split(module, &main).unwrap());
    let modules: Vec<_> = modules.collect();
    let target =
        Target::new(&main).with_modules(modules.iter().map(|btf| Module { name: "a module", btf }));
    let mut relocator = Relocator::new(&local, &target);
    let mut code = input.code.clone();
    for record in &input.records {
        let Ok(relocation) = Relocation::from_record(&local, record) else { continue };
        let resolution = match relocator.resolve(&relocation) {
            Ok(resolution) => resolution,
            Err(error) => {
                features.note("ambiguous", matches!(error.cause, Cause::Ambiguous(_)));
                features.note("anonymous root", matches!(error.cause, Cause::AnonymousRoot { .. }));
                continue;
            }
        };
        let module = |candidate: Candidate| candidate.module.is_some();
        features.note("found in a module", resolution.candidate.is_some_and(module));
        let changes = resolution.change.is_some_and(|change| change.original != change.value);
        if relocation.kind != RelocKind::TypeIdLocal {
            features.note(format!("another {}", relocation.kind), changes);
        }
        if let Some(unmatched) = &resolution.unmatched {
            features.note("no candidate", unmatched.ruled_out().is_empty());
            features.note("candidates that do not match", !unmatched.ruled_out().is_empty());
        }
        let Ok(patched) = relocator.apply(&mut code, &relocation, &resolution) else { continue };
        features.note("another instruction", patched.before != patched.after);
        if let Status::Poisoned(poison) = patched.status {
            features.note("unresolved", poison == Poison::Unresolved);
            features.note("resized", matches!(poison, Poison::Resized { .. }));
            features
                .note("sign-extending and resized", matches!(poison, Poison::SignExtending { .. }));
        }
    }
}
