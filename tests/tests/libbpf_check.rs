//! What checking says of some of the real objects on the real kernels is what libbpf does.
#![cfg(feature = "libbpf")]

use std::num::NonZero;

use core_reloc_tests::conformance::{Options, Suite, run};
use core_reloc_tests::judge::skipped;

#[test]
fn verdicts_are_what_libbpf_does() {
    // `cargo xtask conformance check` takes all.
    let sample = NonZero::new(12).unwrap();
    let report = run(&[Suite::Check], &Options { sample, ..Options::default() });
    report.skipped().iter().for_each(|why| skipped(why));
    let total = report.total();
    assert_eq!(total.unexplained, 0, "{report}");
    if report.skipped().is_empty() {
        assert!(total.relocated > 1000 && total.poisoned > 0, "{report}");
    }
}
