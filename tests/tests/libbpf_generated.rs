//! Generated programs on what became of their types, relocated as libbpf does it.
//!
//! `cargo xtask conformance generated` compares many more.
#![cfg(feature = "libbpf")]

use core_reloc_tests::conformance::{Options, Suite, run};
use core_reloc_tests::judge::accepted::{Accepted, Judge};

#[test]
fn generated_programs_are_relocated_as_libbpf_does_it() {
    let options = Options { cases: 12_500, ..Options::default() };
    let report = run(&[Suite::Generated], &options);
    let total = report.total();
    assert_eq!(total.unexplained, 0, "{report}");
    assert!(total.compared >= 100_000, "{report}");
    for (count, end) in
        [(total.relocated, "relocated"), (total.poisoned, "poisoned"), (total.failed, "failed")]
    {
        assert!(count > 1_000, "only {count} are {end}:\n{report}");
    }
    // The differences are a few: what is compared must not drown in them.
    let accepted: u64 = total.accepted.values().sum();
    assert!(accepted + total.incomparable < total.compared / 50, "{report}");
    assert!(total.accepted.keys().all(|one| one.judges().contains(&Judge::Libbpf)), "{report}");
    assert!(total.accepted.contains_key(&Accepted::ForeignShift), "{report}");
}
