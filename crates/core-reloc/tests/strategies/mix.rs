//! Programs ask everything there is to ask, and kernels give every sort of answer.

use std::collections::BTreeMap;

use btf_types::{Btf, PointerSize};
use core_reloc::{
    Candidate, Cause, Module, Poison, RelocKind, Relocation, Relocator, Status, Target,
    proptest::{Case, CaseProfile, Flaw, InsnForm, RelocDesc, case},
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};

/// How many cases are looked at.
const CASES: usize = 2000;
/// How often a feature occurs at least.
const LEAST: usize = 5;

type Mix = BTreeMap<String, usize>;

fn note(mix: &mut Mix, feature: impl Into<String>, occurs: bool) {
    *mix.entry(feature.into()).or_default() += usize::from(occurs);
}

#[test]
fn every_question_form_and_answer_occurs() {
    let mut runner = TestRunner::deterministic();
    let strategy = case(CaseProfile::default());
    let mut mix = Mix::new();
    for _ in 0..CASES {
        let case = strategy.new_tree(&mut runner).unwrap().current();
        for relocation in &case.relocations {
            note_question(&mut mix, relocation);
        }
        note_answers(&mut mix, &case);
    }
    let rare: Vec<_> = mix.iter().filter(|(_, times)| **times < LEAST).collect();
    assert!(rare.is_empty(), "{rare:?} are rare among {mix:#?}");
    let questions = mix.keys().filter(|feature| feature.starts_with("kind ")).count();
    assert_eq!(questions, RelocKind::ALL.len(), "{mix:#?}");
}

fn note_question(mix: &mut Mix, relocation: &RelocDesc) {
    note(mix, format!("kind {}", relocation.kind), true);
    let first = *relocation.path.first().unwrap();
    let field = relocation.kind.subject() == core_reloc::Subject::Field;
    note(mix, "p[n]", field && first > 0);
    note(mix, "p[n] itself", field && relocation.path.len() == 1);
    note(mix, "path of six numbers and more", relocation.path.len() >= 6);
    let form = relocation.form;
    for (name, op, wide) in [("alu", 11, false), ("alu64", 11, true), ("add", 0, true)] {
        note(mix, name, form == InsnForm::Alu { op, wide });
    }
    note(mix, "ldimm64", form == InsnForm::LdImm64);
    note(mix, "load", form == InsnForm::Load { sign_extending: false });
    note(mix, "sign-extending load", form == InsnForm::Load { sign_extending: true });
    note(mix, "store of an immediate", form == InsnForm::StoreImmediate);
    note(mix, "store of a register", form == InsnForm::StoreRegister);
    if let Some(flaw) = &relocation.flaw {
        note(mix, format!("flaw {}", name_of(flaw)), true);
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
        other => panic!("{other:?} has no word here"),
    }
}

/// Notes what the relocator answers: not whether it is right, but that it is asked for everything.
fn note_answers(mix: &mut Mix, case: &Case) {
    let object = case.write().unwrap();
    let local = Btf::parse(&object.local).unwrap().with_pointer_size(PointerSize::Eight);
    let main = Btf::parse(&object.main).unwrap();
    let modules = object.modules.iter().map(|module| Btf::parse_split(module, &main).unwrap());
    let modules: Vec<_> = modules.collect();
    let target =
        Target::new(&main).with_modules(modules.iter().map(|btf| Module { name: "a module", btf }));
    let mut relocator = Relocator::new(&local, &target);
    let mut code = object.code.clone();
    for record in &object.records {
        let Ok(relocation) = Relocation::from_record(&local, record) else { continue };
        let resolution = match relocator.resolve(&relocation) {
            Ok(resolution) => resolution,
            Err(error) => {
                note(mix, "ambiguous", matches!(error.cause, Cause::Ambiguous(_)));
                note(mix, "anonymous root", matches!(error.cause, Cause::AnonymousRoot { .. }));
                continue;
            }
        };
        let module = |candidate: Candidate| candidate.module.is_some();
        note(mix, "found in a module", resolution.candidate.is_some_and(module));
        let changes = resolution.change.is_some_and(|change| change.original != change.value);
        if relocation.kind != RelocKind::TypeIdLocal {
            note(mix, format!("another {}", relocation.kind), changes);
        }
        if let Some(unmatched) = &resolution.unmatched {
            note(mix, "no candidate", unmatched.ruled_out().is_empty());
            note(mix, "candidates that do not match", !unmatched.ruled_out().is_empty());
        }
        let Ok(patched) = relocator.apply(&mut code, &relocation, &resolution) else { continue };
        note(mix, "another instruction", patched.before != patched.after);
        if let Status::Poisoned(poison) = patched.status {
            note(mix, "unresolved", poison == Poison::Unresolved);
            note(mix, "resized", matches!(poison, Poison::Resized { .. }));
            note(mix, "sign-extending and resized", matches!(poison, Poison::SignExtending { .. }));
        }
    }
}
