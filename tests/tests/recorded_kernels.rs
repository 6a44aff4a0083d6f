//! The verdicts on real programs, compared with what booted kernels did: `cargo xtask kernels` records it.

use std::collections::BTreeMap;
use std::fs;

use core_reloc_tests::{
    data,
    judge::skipped,
    kernels::{Comparison, Judged, Recording, Refusal, inputs, recordings, sha256},
};
use core_reloc_tools::check::Verdict;

/// What kernels refuse programs for although their verdicts are good, and why no verdict answers for it.
const OTHER_REASONS: [(Refusal, &str); 9] = [
    (Refusal::Map, "user space gives the map a size or an inner map"),
    (Refusal::ProgramType, "user space sets the type of the program"),
    (
        Refusal::HelperForType,
        "each type of program has helpers that it may call, by code and configuration",
    ),
    (Refusal::Argument, "the verifier checks what a tracepoint's arguments are used for"),
    (Refusal::KernelLists, "the kernel has lists of functions that may be attached to"),
    (Refusal::Trampoline, "the machine or the configuration has no trampolines"),
    (Refusal::Verifier, "the verifier has other rules than those that types show"),
    (Refusal::Timeout, "loading takes over a minute in the emulator"),
    (Refusal::Other, "libbpf does not say why"),
];

/// The recordings of kernels, each compared with the verdicts.
fn comparisons() -> Vec<(Recording, Comparison)> {
    let compare = |(recording, types): (Recording, Vec<u8>)| {
        let architecture = recording.kernel.split('-').next().unwrap();
        let comparison = Comparison::new(&recording, &types, &inputs(architecture).unwrap());
        (recording, comparison)
    };
    recordings().unwrap().into_iter().map(compare).collect()
}

#[test]
fn programs_do_on_booted_kernels_what_their_verdicts_say() {
    let mut faults = Vec::new();
    for (recording, comparison) in comparisons() {
        let programs = comparison.judged.len();
        println!("{} {}: {programs} programs", recording.kernel, recording.release);
        print!("{comparison}");
        if !comparison.not_recorded.is_empty() {
            let names = comparison.not_recorded.join(" ");
            let kernel = &recording.kernel;
            skipped(&format!("not recorded: {names}: run `cargo xtask kernels {kernel}`"));
        }
        for judged in &comparison.judged {
            let known = |refusal| OTHER_REASONS.iter().any(|(known, _)| *known == refusal);
            let is_named = judged.row.refusal.is_none_or(|it| it.is_answered() || known(it));
            assert!(is_named, "a reason without a name: {judged}");
        }
        faults.extend(comparison.faults().into_iter().map(Judged::to_string));
        // Without the fetched objects, there are too few programs for shares to mean something.
        if comparison.judged.iter().all(is_fixture) {
            skipped("no objects were fetched: run `cargo xtask data`");
            continue;
        }
        let others = comparison.count(is_refused_for_another_reason);
        let undecided = comparison.count(is_undecided);
        println!("  {others} refused for other reasons, {undecided} undecided:");
        for (reason, count) in reasons(&comparison) {
            println!("    {reason}: {count}");
        }
        let is_special = recording.kernel == "amd64-5.10" || recording.kernel.starts_with("s390x");
        let permille = if is_special { 30 } else { 15 };
        assert!(others * 1000 <= programs * permille, "{}: {others}", recording.kernel);
        assert!(undecided * 100 <= programs * 3, "{}: {undecided}", recording.kernel);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Counts the programs that are not decided by the cause that keeps them so.
fn reasons(comparison: &Comparison) -> BTreeMap<&str, usize> {
    let mut reasons = BTreeMap::new();
    for judged in comparison.judged.iter().filter(|judged| is_undecided(judged)) {
        let reason = judged.causes.first().map_or("it asks nothing", String::as_str);
        *reasons.entry(reason).or_default() += 1;
    }
    reasons
}

/// Returns `true` if the object is made by `cargo xtask fixtures`.
fn is_fixture(judged: &Judged) -> bool {
    data::fixture("objects").join(&judged.object).exists()
}

fn is_refused_for_another_reason(judged: &Judged) -> bool {
    let is_refused = matches!(
        judged.verdict,
        Verdict::OtherArchitecture | Verdict::Failed | Verdict::Missing | Verdict::Poisoned
    );
    !is_refused && judged.row.refusal.is_some_and(|refusal| !refusal.is_answered())
}

/// Returns `true` if the verdict depends on user space or is none. Names such as `dummy_file_read`, which stand for
/// others, do not count.
fn is_undecided(judged: &Judged) -> bool {
    let is_dummy = judged.causes.first().is_some_and(|cause| cause.contains("dummy_"));
    matches!(judged.verdict, Verdict::LeftOpen | Verdict::Conditional | Verdict::Skipped)
        && !is_dummy
}

#[test]
fn relocated_objects_load_wherever_the_originals_do() {
    for (recording, _) in recordings().unwrap() {
        let programs = recording
            .objects
            .iter()
            .flat_map(|object| object.programs.iter().map(move |program| (&object.name, program)));
        let (mut loaded, mut differences) = (0, Vec::new());
        for (object, program) in programs.filter(|(_, program)| program.original.loads()) {
            loaded += 1;
            if !program.relocated.as_ref().is_some_and(|row| row.loads()) {
                differences.push(format!("{object}: {}: {:?}", program.name, program.relocated));
            }
        }
        println!("{}: {loaded} programs load, as they are and relocated", recording.kernel);
        assert!(loaded > 100 && differences.is_empty(), "{}", differences.join("\n"));
    }
}

#[test]
fn minimized_types_give_the_verdicts_of_all_types() {
    let mut compared = 0;
    for (recording, minimized) in recordings().unwrap() {
        let image = data::folder().join("images").join(&recording.kernel).join("btf");
        let Ok(all) = fs::read(&image) else { continue };
        if sha256(&all) != recording.sha256 {
            continue;
        }
        let architecture = recording.kernel.split('-').next().unwrap();
        let inputs = inputs(architecture).unwrap();
        let verdicts = |types: &[u8]| {
            let judged = Comparison::new(&recording, types, &inputs).judged.into_iter();
            let by_name = judged
                .map(|judged| ((judged.object, judged.program), (judged.verdict, judged.causes)));
            by_name.collect::<BTreeMap<_, _>>()
        };
        let (full, minimized) = (verdicts(&all), verdicts(&minimized));
        compared += full.len();
        for (program, verdict) in full {
            assert_eq!(
                minimized.get(&program),
                Some(&verdict),
                "{}: {program:?}",
                recording.kernel
            );
        }
    }
    if compared == 0 {
        return skipped("no image of a recorded kernel is here: run `cargo xtask kernels`");
    }
    println!("{compared} programs");
}
