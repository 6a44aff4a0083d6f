//! We relocate as libbpf does: all fixtures, generated programs, and samples of real kernels and
//! objects. `cargo xtask conformance` compares everything.
#![cfg(feature = "libbpf")]

use std::num::NonZero;

use core_reloc_tests::conformance::{
    Kernel, Options, Report, Row, SizeReference, Suite, Tally, compare_minimized, has_fleet,
    inputs, run,
};
use core_reloc_tests::judge::accepted::{Accepted, Judge};
use core_reloc_tests::judge::{kernel::loads_programs, skipped};

/// Runs a suite, and notes what is skipped. No difference may be unexplained.
fn report(suite: Suite, options: &Options) -> Report {
    let report = run(&[suite], options);
    report.skipped().iter().for_each(|why| skipped(why));
    assert_eq!(report.total().unexplained, 0, "{report}");
    report
}

fn sample(one_in: usize) -> Options {
    Options { sample: NonZero::new(one_in).expect("not zero"), ..Options::default() }
}

/// Each outcome must occur more often than `count`: an outcome that no relocation has is not compared.
fn check_outcomes(tally: &Tally, count: u64, report: &Report) {
    for (outcome, occurs) in
        [("relocated", tally.relocated), ("poisoned", tally.poisoned), ("failed", tally.failed)]
    {
        assert!(occurs > count, "only {occurs} are {outcome}:\n{report}");
    }
}

#[test]
fn fixtures_are_relocated_as_by_libbpf() {
    let report = report(Suite::Fixtures, &Options::default());
    let total = report.total();
    assert_eq!(total.incomparable, 0, "{report}");
    check_outcomes(&total, 0, &report);
    assert!(total.skipped > 0, "{report}");
    let accepted: Vec<Accepted> = total.accepted.keys().copied().collect();
    assert_eq!(accepted, [Accepted::LargeUnsignedEnumerator, Accepted::ForeignShift], "{report}");
    let unknown = report.rows().iter().filter(|row| row.is_unknown_to_libbpf());
    let unknown: Vec<&str> = unknown.map(|row| row.target()).collect();
    assert_eq!(unknown, ["layout.be", "layout.le"]);
}

#[test]
fn objects_of_gcc_are_relocated_as_by_libbpf() {
    let report = report(Suite::Gcc, &Options::default());
    if report.skipped().is_empty() {
        assert!(report.total().relocated > 100, "{report}");
    }
}

#[test]
fn generated_programs_are_relocated_as_by_libbpf() {
    let report = report(Suite::Generated, &Options { cases: 12_500, ..Options::default() });
    let total = report.total();
    assert!(total.compared >= 100_000, "{report}");
    check_outcomes(&total, 1_000, &report);
    // Most results must be the same.
    let accepted: u64 = total.accepted.values().sum();
    assert!(accepted + total.incomparable < total.compared / 50, "{report}");
    assert!(total.accepted.keys().all(|one| one.judges().contains(&Judge::Libbpf)), "{report}");
    assert!(total.accepted.contains_key(&Accepted::ForeignShift), "{report}");
}

#[test]
fn types_of_a_real_kernel_are_relocated_as_by_libbpf() {
    const LOCAL: &str = "amd64-6.1";
    let options = Options { local: Some(LOCAL.to_string()), ..sample(400) };
    let report = report(Suite::KernelTypes, &options);
    if report.rows().is_empty() {
        return skipped(&format!("no {LOCAL} here; `cargo xtask data` fetches it"));
    }
    assert_eq!(report.total().incomparable, 0, "{report}");
    // At least two other kernels; the running kernel may have no BTF.
    assert!(report.rows().len() >= 2, "{report}");
    for row in report.rows() {
        assert!(row.tally().compared > 2_000, "{report}");
    }
    check_outcomes(&report.total(), 100, &report);
}

#[test]
fn verdicts_of_checking_describe_what_libbpf_does() {
    let report = report(Suite::Check, &sample(12));
    if report.skipped().is_empty() {
        let total = report.total();
        assert!(total.relocated > 1000 && total.poisoned > 0, "{report}");
    }
}

#[test]
fn fixtures_relocate_the_same_with_minimized_btf() {
    let objects = inputs::fixture_objects().unwrap();
    let mut outcomes = [0; 4];
    let mut loaded = 0;
    for kernel in inputs::fixture_kernels().unwrap() {
        let mut row = Row::new("fixtures", &kernel.name);
        compare_minimized(&mut row, &objects, &kernel, SizeReference::BpfTool);
        assert_eq!(row.unexplained(), [""; 0], "{}", kernel.name);
        let tally = row.tally();
        loaded += row.sizes().map_or(0, |sizes| sizes.loaded);
        for (sum, count) in
            outcomes.iter_mut().zip([tally.relocated, tally.poisoned, tally.failed, tally.skipped])
        {
            *sum += count;
        }
    }
    assert!(outcomes.iter().all(|count| *count > 0), "{outcomes:?}");
    match loads_programs() {
        Ok(()) => assert!(loaded > 100, "the running kernel loads only {loaded}"),
        Err(why) => why.skip(),
    }
}

#[test]
fn minimized_btf_for_real_objects_is_no_larger_than_bpftools() {
    let report = report(Suite::Minimize, &sample(12));
    if report.skipped().is_empty() {
        let sizes = report.rows().iter().filter_map(Row::sizes);
        if sizes.map(|sizes| sizes.with_bpftool[1]).sum::<usize>() == 0 {
            skipped(&format!("bpftool minimizes nothing here\n{report}"));
        }
    }
}

/// With the fleet, which is only there if somebody fetched it. `tests/tests/stores.rs` always does the same with the
/// data: kernels of all architectures, with their modules.
#[test]
fn kernels_of_a_store_are_relocated_for_as_their_originals() {
    if !has_fleet() {
        println!("there is no fleet here: the judge runs in tests/tests/stores.rs");
        return;
    }
    let report = report(Suite::Store, &sample(200));
    if report.skipped().is_empty() {
        let total = report.total();
        assert!(total.relocated > 1000 && total.poisoned > 0, "{report}");
    }
}

/// The comparison must be able to find differences.
#[test]
fn another_kernel_is_not_taken_for_a_minimized_one() {
    let objects = inputs::fixture_objects().unwrap();
    let kernels = inputs::fixture_kernels().unwrap();
    let kernel = |name: &str| kernels.iter().find(|kernel| kernel.name == name).unwrap();
    let differences = |one: &Kernel, other: &Kernel| -> usize {
        objects.iter().map(|object| object.differences(one, other).unwrap().len()).sum()
    };
    assert!(differences(kernel("same.le"), kernel("moved.le")) > 100);
    assert_eq!(differences(kernel("same.le"), kernel("same.le")), 0);
}
