//! Generated programs relocate with the minimized BTF as with the full one.

use btf_types::{Btf, PointerSize};
use core_reloc::{
    Cause, Error, Module, Options, Patched, RelocKind, Relocation, Relocator, Target,
};
use core_reloc_proptest::{CaseProfile, case, relocations::Case};
use core_reloc_tools::minimize::{MinimizeError, Needs, minimize};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1000, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn every_relocation_gives_the_same_result(case in case(CaseProfile::default().flaws(0))) {
        check(&case, Options::default())?;
    }

    #[test]
    fn every_relocation_gives_the_same_result_without_narrowing(case in case(CaseProfile::default().flaws(0))) {
        check(&case, Options::default().narrow(false))?;
    }
}

/// Minimizes for a program, and patches its instructions with both BTFs.
fn check(case: &Case, options: Options) -> Result<(), TestCaseError> {
    let object = case.write().unwrap();
    let local = Btf::parse(&object.local).unwrap().with_pointer_size(PointerSize::Eight);
    let decoded = object.records.iter().map(|record| Relocation::from_record(&local, record));
    let relocations: Vec<Relocation> = decoded.filter_map(Result::ok).collect();
    let patch_all = |main: &[u8], modules: &[Vec<u8>]| {
        let main = Btf::parse(main).unwrap();
        let modules: Vec<_> =
            modules.iter().map(|module| Btf::parse_split(module, &main).unwrap()).collect();
        let modules = modules.iter().map(|btf| Module { name: "module", btf });
        let target = Target::new(&main).with_modules(modules);
        let mut code = object.code.clone();
        let mut relocator = Relocator::with_options(&local, &target, options);
        let patched: Vec<Result<Patched, Error>> = relocations
            .iter()
            .map(|one| relocator.relocate(&mut code, one).map(|applied| applied.patched))
            .collect();
        let mut relocator = Relocator::with_options(&local, &target, options);
        let answers: Vec<bool> = relocations
            .iter()
            .map(|one| {
                relocator.resolve(one).is_ok_and(|resolution| resolution.candidate.is_some())
            })
            .collect();
        let needs = Needs { local: &local, relocations: relocations.clone() };
        (patched, answers, minimize(&[needs], &target, options))
    };

    let (whole, answers, minimized) = patch_all(&object.main, &object.modules);
    let minimized = match minimized {
        Err(MinimizeError::Empty { .. }) => {
            prop_assert!(answers.iter().all(|answer| !*answer), "{answers:?}");
            return Ok(());
        }
        minimized => minimized.map_err(|error| TestCaseError::fail(error.to_string()))?,
    };
    // A module may get names that the main BTF no longer has, which are counted with it.
    let size = |main: &[u8], modules: &[Vec<u8>]| {
        modules.iter().fold(main.len(), |sum, module| sum + module.len())
    };
    let now = size(&minimized.main, &minimized.modules);
    let before = size(&object.main, &object.modules);
    prop_assert!(now <= before, "{now} > {before}");
    let main = Btf::parse(&minimized.main).unwrap();
    prop_assert_eq!(main.validate(), Ok(()));
    for module in &minimized.modules {
        prop_assert_eq!(Btf::parse_split(module, &main).unwrap().validate(), Ok(()));
    }

    let (again, _, twice) = patch_all(&minimized.main, &minimized.modules);
    prop_assert_eq!(whole.len(), again.len());
    for ((relocation, whole), again) in relocations.iter().zip(&whole).zip(&again) {
        match (whole, again) {
            // Types have other ids.
            (Ok(_), Ok(_)) if relocation.kind == RelocKind::TypeIdTarget => {}
            (Ok(whole), Ok(again)) => prop_assert_eq!(whole, again, "{:?}", relocation),
            (Err(whole), Err(again)) => {
                prop_assert_eq!(&whole.subject, &again.subject);
                let (whole, again) = (description(&whole.cause), description(&again.cause));
                prop_assert_eq!(whole, again, "{:?}", relocation);
            }
            (whole, again) => prop_assert!(false, "{relocation:?}: {whole:?}, {again:?}"),
        }
    }
    // Minimized BTF stays as it is.
    let twice = twice.map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert!(twice.main == minimized.main);
    prop_assert!(twice.modules == minimized.modules);
    Ok(())
}

/// Describes an error without the ids of target types, which differ.
fn description(cause: &Cause) -> String {
    match cause {
        Cause::Ambiguous(_) => "ambiguous".to_string(),
        Cause::Target(_) => "target".to_string(),
        cause => cause.to_string(),
    }
}
