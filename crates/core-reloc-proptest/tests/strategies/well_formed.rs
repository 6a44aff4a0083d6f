//! Generated targets and programs are well-formed. Graphs are tested in `btf-types`.

use btf_types::{Btf, BtfExt};
use core_reloc_proptest::{CaseProfile, Profile, case, evolution};
use proptest::prelude::*;

fn check_target(main: &[u8], modules: &[Vec<u8>]) -> Result<(), TestCaseError> {
    let main = Btf::parse(main).unwrap();
    prop_assert_eq!(main.validate(), Ok(()));
    for module in modules {
        let module = Btf::parse_split(module, &main).unwrap();
        prop_assert_eq!(module.validate(), Ok(()));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn targets_are_well_formed(evolution in evolution(Profile::object())) {
        prop_assert!(evolution.local.layout().is_ok());
        let (main, modules) = evolution.evolve().to_bytes().unwrap();
        check_target(&main, &modules)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn programs_are_well_formed(case in case(CaseProfile::default())) {
        let input = case.write().unwrap();
        let local = Btf::parse(&input.local).unwrap();
        prop_assert_eq!(local.validate(), Ok(()));
        let ext = BtfExt::parse(&input.ext).unwrap();
        let sections: Vec<_> = ext.core_relocs().sections().collect();
        prop_assert_eq!(sections.len(), 1);
        let records: Vec<_> = sections[0].records().collect();
        prop_assert_eq!(&records, &input.records);
        prop_assert_eq!(records.len(), case.relocations.len());
        prop_assert_eq!(input.code.len() % 8, 0);
        check_target(&input.main, &input.modules)?;
    }
}
