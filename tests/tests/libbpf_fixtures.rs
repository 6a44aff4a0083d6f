//! Every relocation of the committed objects on every made-up kernel and on the running one, as
//! libbpf does it.
#![cfg(feature = "libbpf")]

use core_reloc_tests::conformance::{Options, Suite, run};
use core_reloc_tests::judge::{accepted::Accepted, skipped};

#[test]
fn fixtures_are_relocated_as_libbpf_does_it() {
    let report = run(&[Suite::Fixtures], &Options::default());
    report.skipped().iter().for_each(|why| skipped(why));
    let total = report.total();
    assert_eq!(total.unexplained, 0, "{report}");
    assert_eq!(total.incomparable, 0, "{report}");
    // What comes out in no comparison at all is not compared.
    for (count, end) in [
        (total.relocated, "relocated"),
        (total.poisoned, "poisoned"),
        (total.failed, "failed"),
        (total.skipped, "skipped"),
    ] {
        assert!(count > 0, "nothing is {end}:\n{report}");
    }
    let accepted: Vec<Accepted> = total.accepted.keys().copied().collect();
    assert_eq!(accepted, [Accepted::LargeUnsignedEnumerator, Accepted::ForeignShift], "{report}");
    let unknown = report.rows().iter().filter(|row| row.is_unknown_to_libbpf());
    let unknown: Vec<&str> = unknown.map(|row| row.target()).collect();
    assert_eq!(unknown, ["layout.be", "layout.le"]);
}
