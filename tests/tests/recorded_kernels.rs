//! The verdicts on real programs, compared with what booted kernels did: `cargo xtask kernels` records it.

use std::{collections::BTreeMap, env, fs, path::Path};

use core_reloc_tests::{
    data,
    judge::skipped,
    kernels::{Comparison, Judged, Recording, Refusal, inputs, recordings, report, sha256},
};

/// What kernels refuse programs for although their verdicts are good, and why no verdict answers for it.
const OTHER_REASONS: [(Refusal, &str); 9] = [
    (Refusal::Map, "user space gives the map a size or an inner map"),
    (Refusal::ProgramType, "user space sets the type of the program"),
    (Refusal::HelperForType, "code and configuration decide which helpers a type of program has"),
    (
        Refusal::Argument,
        "functions that a program calls may read arguments that the tracepoint does not have",
    ),
    (Refusal::KernelLists, "the kernel has lists of functions that may be attached to"),
    (Refusal::Trampoline, "the machine or the configuration has no trampolines"),
    (Refusal::Verifier, "the verifier has rules that types do not show"),
    (Refusal::Timeout, "loading takes over a minute in the emulator"),
    (Refusal::Other, "libbpf does not say why"),
];

/// The largest share of programs that may be refused for other reasons, in tenths of a percent.
fn limit(kernel: &str) -> usize {
    if kernel == "amd64-5.10" || kernel.starts_with("s390x-") { 30 } else { 15 }
}

/// The largest share of programs that may be undecided, in tenths of a percent.
const MAX_UNDECIDED: usize = 30;

/// The smallest share of the recorded programs that is compared, in percent: the archive's newer packages have other
/// objects than those that were recorded.
const MIN_COMPARED: usize = 70;

/// The recordings of kernels, each compared with the verdicts.
fn comparisons() -> Vec<(Recording, Comparison)> {
    let compare = |(recording, types): (Recording, Vec<u8>)| {
        let inputs = inputs(architecture(&recording)).unwrap();
        let comparison = Comparison::new(&recording, &types, &inputs);
        (recording, comparison)
    };
    recordings().unwrap().into_iter().map(compare).collect()
}

/// Debian's name of the architecture.
fn architecture(recording: &Recording) -> &str {
    recording.kernel.split('-').next().unwrap()
}

/// Returns `true` if the object is made by `cargo xtask fixtures`.
fn is_fixture(object: &str) -> bool {
    ["objects", "verdicts"].iter().any(|folder| data::fixture(folder).join(object).exists())
}

#[test]
fn programs_do_on_booted_kernels_what_their_verdicts_say() {
    let comparisons = comparisons();
    let (mut faults, mut is_whole) = (Vec::new(), true);
    for (recording, comparison) in &comparisons {
        let kernel = &recording.kernel;
        println!("{kernel} {}: {} programs", recording.release, comparison.judged.len());
        print!("{comparison}");
        assert!(comparison.not_opened.is_empty(), "{:?}", comparison.not_opened);
        let is_committed = |name: &&String| is_fixture(name);
        let fixtures: Vec<_> = comparison.not_recorded.iter().filter(is_committed).collect();
        assert!(fixtures.is_empty(), "run `cargo xtask kernels {kernel}`: {fixtures:?}");
        if !comparison.not_recorded.is_empty() {
            // The archive has moved on: what is recorded of its older packages stays.
            println!("  not recorded: {}", comparison.not_recorded.join(" "));
            is_whole = false;
        }
        let recorded = recording.objects.iter().map(|it| it.programs.len()).sum::<usize>();
        let compared = comparison.judged.len();
        is_whole &= compared >= recorded;
        if compared * 100 < recorded * MIN_COMPARED {
            skipped(&format!(
                "only {compared} of {recorded} recorded programs are here: run `cargo xtask data`, and, if it has \
                 nothing to fetch, `cargo xtask kernels {kernel}`"
            ));
        }
        for judged in &comparison.judged {
            let known = |refusal| OTHER_REASONS.iter().any(|(known, _)| *known == refusal);
            let is_named = judged.row.refusal.is_none_or(|it| it.is_answered() || known(it));
            assert!(is_named, "a reason without a name: {judged}");
        }
        faults.extend(comparison.faults().into_iter().map(Judged::to_string));
        // Of the fixtures alone, there are too few programs for shares to mean something.
        if !comparison.judged.iter().all(|judged| is_fixture(&judged.object)) {
            let programs = comparison.judged.len();
            let others = comparison.count(Judged::is_other_reason);
            let undecided = comparison.count(Judged::is_undecided);
            println!("  {others} refused for other reasons, {undecided} undecided");
            assert!(others * 1000 <= programs * limit(kernel), "{kernel}: {others}");
            assert!(undecided * 1000 <= programs * MAX_UNDECIDED, "{kernel}: {undecided}");
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    if is_whole {
        compare_document(&report(&comparisons));
    }
}

/// Compares the tables with those in the document, or renews it.
fn compare_document(tables: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/kernels.md");
    if env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(path, tables).unwrap();
        return;
    }
    let recorded = fs::read_to_string(path).unwrap_or_default();
    let differs = tables.lines().zip(recorded.lines()).find(|(now, before)| now != before);
    assert!(
        tables == recorded,
        "docs/kernels.md has changed, first: {differs:?}; run UPDATE_EXPECT=1 cargo test -p \
         core-reloc-tests --test recorded_kernels"
    );
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

/// Returns all types of a recorded kernel, if they were fetched, with its image or alone.
fn types_of(recording: &Recording) -> Option<Vec<u8>> {
    let (folder, kernel) = (data::folder(), &recording.kernel);
    let files = [format!("images/{kernel}/btf"), format!("kernels/{kernel}.btf")];
    let types = files.iter().filter_map(|file| fs::read(folder.join(file)).ok());
    types.into_iter().find(|types| sha256(types) == recording.sha256)
}

#[test]
fn minimized_types_give_the_verdicts_of_all_types() {
    let mut compared = 0;
    for (recording, minimized) in recordings().unwrap() {
        let Some(all) = types_of(&recording) else { continue };
        let inputs = inputs(architecture(&recording)).unwrap();
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
        return skipped("no types of a recorded kernel are here: run `cargo xtask data`");
    }
    println!("{compared} programs");
}
