//! Minimised BTF: libbpf relocates with it as with the whole one, and bpftool's is no smaller.
//!
//! All committed objects on all made-up kernels, and a sample of the real ones: `cargo xtask
//! conformance minimize` does them all.
#![cfg(feature = "libbpf")]

use std::num::NonZero;

use core_reloc_tests::conformance::{
    Beside, Kernel, Options, Row, Suite, compare_minimized, inputs, run,
};
use core_reloc_tests::judge::skipped;

#[test]
fn the_fixtures_relocate_as_before() {
    let objects = inputs::fixture_objects().unwrap();
    let (mut relocated, mut poisoned, mut failed, mut skipped) = (0, 0, 0, 0);
    for kernel in inputs::fixture_kernels().unwrap() {
        let mut row = Row::new("fixtures", &kernel.name);
        compare_minimized(&mut row, &objects, &kernel, Beside::BpfTool);
        assert_eq!(row.unexplained(), [""; 0], "{}", kernel.name);
        let tally = row.tally();
        relocated += tally.relocated;
        poisoned += tally.poisoned;
        failed += tally.failed;
        skipped += tally.skipped;
    }
    let all = [relocated, poisoned, failed, skipped];
    assert!(all.iter().all(|count| *count > 0), "{all:?}");
}

#[test]
fn a_sample_of_real_objects_is_no_larger_than_bpftools() {
    let options = Options { sample: NonZero::new(12).unwrap(), ..Options::default() };
    let report = run(&[Suite::Minimize], &options);
    report.skipped().iter().for_each(|why| skipped(why));
    assert_eq!(report.total().unexplained, 0, "{report}");
    if report.skipped().is_empty() {
        let beside: usize =
            report.rows().iter().filter_map(Row::sizes).map(|sizes| sizes.beside_bpftool[1]).sum();
        if beside == 0 {
            skipped(&format!("bpftool minimises nothing here\n{report}"));
        }
    }
}

/// The judge must be able to say no.
#[test]
fn another_kernel_is_not_taken_for_a_minimised_one() {
    let objects = inputs::fixture_objects().unwrap();
    let kernels = inputs::fixture_kernels().unwrap();
    let named = |name: &str| kernels.iter().find(|kernel| kernel.name == name).unwrap().clone();
    let (same, moved): (Kernel, Kernel) = (named("same.le"), named("moved.le"));
    let differences = objects.iter().map(|object| object.differences(&same, &moved).unwrap().len());
    assert!(differences.sum::<usize>() > 100);
    let none = objects.iter().map(|object| object.differences(&same, &same).unwrap().len());
    assert_eq!(none.sum::<usize>(), 0);
}
