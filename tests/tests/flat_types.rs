//! Many relocations of flat types with many candidates: no budget runs out where libbpf answers.
#![cfg(feature = "libbpf")]

use core_reloc::elf::Counts;
use core_reloc_tests::conformance::{Kernel, ObjectFile, Row, compare_objects};
use core_reloc_tests::hostile::adversary::{Act, Attack, families};

/// The number of candidates and of relocations. libbpf tries each candidate for each relocation.
const MANY: usize = 1000;

/// The families in which libbpf resolves every relocation.
const ANSWERED: [&str; 7] = [
    "all_match",
    "none_matches",
    "half_match",
    "one_root",
    "all_lack",
    "all_but_one_lack",
    "many_roots",
];

#[test]
fn a_thousand_relocations_of_a_thousand_candidates_are_relocated_as_by_libbpf() {
    for family in families("candidates").iter().filter(|family| ANSWERED.contains(&family.name)) {
        let Attack { object, target } = (family.make)(MANY);
        let mut row = Row::new(family.name, "");
        let object = ObjectFile { name: family.name.to_string(), bytes: object };
        compare_objects(&mut row, &[object], &Kernel::new("many", target));
        let tally = row.tally();
        assert_eq!(row.unexplained(), [""; 0], "{}", family.name);
        let answered = tally.relocated + tally.poisoned;
        assert_eq!((answered, tally.failed), (MANY as u64, 0), "{}", family.name);
    }
}

/// The time is that of the tests in `bounds`; here, that everything is answered.
#[test]
fn ten_thousand_candidates_that_lack_a_member_are_no_obstacle() {
    const MORE: usize = 12_500;
    for name in ["one_root", "all_lack", "all_but_one_lack"] {
        let family = families("candidates").iter().find(|family| family.name == name);
        let attack = (family.expect("a family").make)(MORE);
        for act in [Act::Relocate, Act::RelocateIndexed] {
            let counts: Counts = act.run(&attack);
            assert_eq!((counts.relocated, counts.total()), (MORE, MORE), "{name} {act:?}");
        }
    }
}
