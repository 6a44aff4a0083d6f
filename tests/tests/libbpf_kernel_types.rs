//! A sample of a real kernel's types, each with all of its fields, on other real kernels, relocated
//! as libbpf does it.
//!
//! `cargo xtask conformance kernel-types` asks about all types of all kernels.
#![cfg(feature = "libbpf")]

use std::num::NonZero;

use core_reloc_tests::conformance::{Options, Suite, run};
use core_reloc_tests::judge::skipped;

#[test]
fn types_of_a_real_kernel_are_relocated_as_libbpf_does_it() {
    const LOCAL: &str = "amd64-6.1";
    let sample = NonZero::new(400).expect("not zero");
    let options = Options { sample, local: Some(LOCAL.to_string()), ..Options::default() };
    let report = run(&[Suite::KernelTypes], &options);
    report.skipped().iter().for_each(|why| skipped(why));
    if report.rows().is_empty() {
        return skipped(&format!("no {LOCAL} here; `cargo xtask data` fetches it"));
    }
    let total = report.total();
    assert_eq!((total.unexplained, total.incomparable), (0, 0), "{report}");
    // At least two other kernels, of which the running one is none that everybody has.
    assert!(report.rows().len() >= 2, "{report}");
    for row in report.rows() {
        assert!(row.tally().compared > 2_000, "{report}");
    }
    for (count, end) in
        [(total.relocated, "relocated"), (total.poisoned, "poisoned"), (total.failed, "failed")]
    {
        assert!(count > 100, "only {count} are {end}:\n{report}");
    }
}
