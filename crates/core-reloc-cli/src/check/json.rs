//! Results as JSON: a line for each program of each object on each kernel, then a line for each cause, each
//! note and each range of kernels, and the counts. `docs/check.schema.json` describes them.

use std::io::{self, Write};

use serde::Serialize;

use super::{
    Results,
    causes::{CauseEntry, Causes},
    kernel_set::KernelSet,
    notes::{Note, Notes},
    rows::{ProgramResult, RelocationResult},
    shard::key::ShardKey,
    versions::{LoadingRange, Versions, problems},
};
use crate::format::json_line;

/// The version of the lines. It changes when a key changes its meaning or goes; keys may be added.
pub(super) const VERSION: u32 = 1;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Line<'a> {
    Report {
        format: &'static str,
        version: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        shard: Option<&'a ShardKey>,
    },
    Program(ProgramLine<'a>),
    Relocation(RelocationLine<'a>),
    Cause(CauseLine<'a>),
    Note(NoteLine<'a>),
    Range(RangeLine<'a>),
    Summary(SummaryLine),
}

/// A program on a kernel.
#[derive(Serialize)]
pub(super) struct ProgramLine<'a> {
    object: &'a str,
    kernel: &'a str,
    program: &'a str,
    section: &'a str,
    verdict: &'static str,
    /// The names of the causes.
    causes: Vec<&'a str>,
    /// Loaders skip it unless user space asks for it.
    #[serde(skip_serializing_if = "is_false")]
    optional: bool,
    /// The baseline accepts all of its problems.
    #[serde(skip_serializing_if = "is_false")]
    accepted: bool,
}

/// A relocation on a kernel that is not unchanged.
#[derive(Serialize)]
pub(super) struct RelocationLine<'a> {
    object: &'a str,
    kernel: &'a str,
    /// The function.
    function: &'a str,
    section: &'a str,
    index: usize,
    insn_off: u32,
    kind: &'a str,
    /// The access in C's notation.
    path: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
    verdict: &'static str,
    value: Option<u64>,
    /// What keeps the verifier from a poisoned instruction, or which question about it does not.
    proof: Option<&'a str>,
    problem: Option<&'a str>,
    reason: Option<&'a str>,
    cures: Vec<&'a str>,
}

/// A cause with all that it hits.
#[derive(Serialize)]
pub(super) struct CauseLine<'a> {
    verdict: &'static str,
    what: &'a str,
    name: &'a str,
    objects: Vec<&'a str>,
    programs: Vec<ProgramKey<'a>>,
    /// The kernels that have the cause, in the order of their versions.
    kernels: Vec<&'a str>,
    /// The first and last kernel of each run of consecutive ones.
    ranges: Vec<[&'a str; 2]>,
    /// The other kernels on which one of the objects was checked.
    other_kernels: Vec<&'a str>,
    reason: Option<&'a str>,
    cures: Vec<&'a str>,
    /// It keeps programs that are loaded by default from loading or attaching.
    problem: bool,
    /// The baseline accepts it wherever it occurs.
    #[serde(skip_serializing_if = "is_false")]
    accepted: bool,
}

#[derive(Serialize)]
struct ProgramKey<'a> {
    object: &'a str,
    program: &'a str,
}

/// An access that loads, but may give a program a wrong value.
#[derive(Serialize)]
pub(super) struct NoteLine<'a> {
    what: &'a str,
    object: &'a str,
    function: &'a str,
    path: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
    text: &'a str,
    kernels: Vec<&'a str>,
    ranges: Vec<[&'a str; 2]>,
}

/// Kernels of consecutive versions on which a program loads and attaches.
#[derive(Serialize)]
pub(super) struct RangeLine<'a> {
    object: &'a str,
    program: &'a str,
    section: &'a str,
    /// What folder the kernels are in, and how their names begin.
    series: &'a str,
    first: &'a str,
    last: &'a str,
    /// The number of kernels.
    kernels: usize,
    /// The next older and newer kernel of the series, on which the program fails; `None` if none was checked.
    before: Option<Bound<'a>>,
    after: Option<Bound<'a>>,
}

/// The first kernel outside of a range.
#[derive(Serialize)]
struct Bound<'a> {
    kernel: &'a str,
    causes: Vec<BoundCause<'a>>,
}

#[derive(Serialize)]
struct BoundCause<'a> {
    verdict: &'static str,
    what: &'a str,
    name: &'a str,
}

/// How much was checked and found.
#[derive(Serialize)]
pub(super) struct SummaryLine {
    objects: usize,
    programs: usize,
    kernels: usize,
    /// The causes that keep programs from loading or attaching, without those that are accepted.
    problems: usize,
    accepted: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl<'a> Line<'a> {
    /// Returns the first line.
    pub(super) fn report(shard: Option<&'a ShardKey>) -> Self {
        Self::Report { format: "core-reloc check", version: VERSION, shard }
    }
}

pub(super) fn print(
    results: &Results,
    causes: &Causes,
    versions: Option<&Versions>,
    explains: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    json_line(&Line::report(None), out)?;
    print_after_report(results, causes, versions, explains, out)
}

/// Prints all lines after the first.
pub(super) fn print_after_report(
    results: &Results,
    causes: &Causes,
    versions: Option<&Versions>,
    explains: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    for at in 0..results.objects.len() {
        for (kernel, checked) in results.kernels.iter().enumerate() {
            let row = &checked.rows[at];
            for (program, result) in row.programs.iter().enumerate() {
                let line = program_line(results, at, kernel, program, result);
                json_line(&Line::Program(line), out)?;
            }
            for result in row.relocations.iter().filter(|_| explains) {
                let line = relocation_line(results, at, &checked.label, result);
                json_line(&Line::Relocation(line), out)?;
            }
        }
    }
    for entry in &causes.0 {
        json_line(&Line::Cause(cause_line(results, entry)), out)?;
    }
    for note in &Notes::of(results).0 {
        json_line(&Line::Note(note_line(results, note)), out)?;
    }
    for (object, info) in results.objects.iter().enumerate().filter(|_| versions.is_some()) {
        for program in 0..info.programs.len() {
            let ranges = versions.map(|versions| versions.ranges(results, object, program));
            for range in ranges.iter().flatten() {
                let line = range_line(results, object, program, range);
                json_line(&Line::Range(line), out)?;
            }
        }
    }
    let problems = causes.problems().filter(|entry| entry.counts()).count();
    let summary = SummaryLine {
        objects: results.objects.len(),
        programs: results.objects.iter().map(|object| object.programs.len()).sum(),
        kernels: results.kernels.len(),
        problems,
        accepted: causes.problems().filter(|entry| entry.is_accepted(results)).count(),
    };
    json_line(&Line::Summary(summary), out)
}

fn program_line<'a>(
    results: &'a Results,
    object: usize,
    kernel: usize,
    program: usize,
    result: &'a ProgramResult,
) -> ProgramLine<'a> {
    let info = &results.objects[object].programs[program];
    ProgramLine {
        object: &results.objects[object].label,
        kernel: &results.kernels[kernel].label,
        program: &info.name,
        section: &info.section,
        verdict: result.verdict.name(),
        causes: result.causes.iter().map(|cause| cause.name.as_str()).collect(),
        optional: info.is_optional,
        accepted: results.is_accepted(object, program, kernel),
    }
}

fn range_line<'a>(
    results: &'a Results,
    object: usize,
    program: usize,
    range: &LoadingRange<'a>,
) -> RangeLine<'a> {
    let label = |kernel: usize| results.kernels[kernel].label.as_str();
    let bound = |kernel: usize| Bound {
        kernel: label(kernel),
        causes: problems(results, object, program, kernel)
            .map(|cause| BoundCause {
                verdict: cause.verdict.name(),
                what: &cause.what,
                name: &cause.name,
            })
            .collect(),
    };
    let info = &results.objects[object].programs[program];
    let end = |kernel: Option<&usize>| kernel.map_or("", |kernel| label(*kernel));
    RangeLine {
        object: &results.objects[object].label,
        program: &info.name,
        section: &info.section,
        series: range.series,
        first: end(range.kernels.first()),
        last: end(range.kernels.last()),
        kernels: range.kernels.len(),
        before: range.before.map(bound),
        after: range.after.map(bound),
    }
}

fn relocation_line<'a>(
    results: &'a Results,
    object: usize,
    kernel: &'a str,
    result: &'a RelocationResult,
) -> RelocationLine<'a> {
    let object = &results.objects[object];
    let relocation = &object.relocations[result.relocation];
    let source = relocation.source.as_ref();
    let explanation = result.explanation.as_deref();
    let suggestions = explanation.iter().flat_map(|explanation| &explanation.suggestions);
    RelocationLine {
        object: &object.label,
        kernel,
        function: &relocation.function,
        section: &relocation.section,
        index: relocation.index,
        insn_off: relocation.insn_off,
        kind: &relocation.kind,
        path: &relocation.access,
        file: source.map(|line| line.file.as_str()),
        line: source.map(|line| line.line),
        verdict: result.verdict.name(),
        value: result.value,
        proof: result.proof.as_deref(),
        problem: explanation.map(|explanation| explanation.problem.as_ref()),
        reason: explanation.map(|explanation| explanation.reason.as_str()),
        cures: suggestions.map(|suggestion| suggestion.text.as_str()).collect(),
    }
}

/// Returns the names of kernels.
fn labels<'a>(results: &'a Results, kernels: &KernelSet) -> Vec<&'a str> {
    kernels.iter().map(|kernel| results.kernels[kernel].label.as_str()).collect()
}

/// Returns the names of the first and last kernel of each run.
fn range_labels<'a>(results: &'a Results, kernels: &KernelSet) -> Vec<[&'a str; 2]> {
    let label = |kernel: usize| results.kernels[kernel].label.as_str();
    kernels.ranges().iter().map(|(first, last)| [label(*first), label(*last)]).collect()
}

fn note_line<'a>(results: &'a Results, note: &'a Note) -> NoteLine<'a> {
    let object = &results.objects[note.object];
    let relocation = &object.relocations[note.note.relocation];
    let source = relocation.source.as_ref();
    NoteLine {
        what: &note.note.what,
        object: &object.label,
        function: &relocation.function,
        path: &relocation.access,
        file: source.map(|line| line.file.as_str()),
        line: source.map(|line| line.line),
        text: &note.note.text,
        kernels: labels(results, &note.kernels),
        ranges: range_labels(results, &note.kernels),
    }
}

fn cause_line<'a>(results: &'a Results, entry: &'a CauseEntry) -> CauseLine<'a> {
    let kernels = entry.kernels();
    let object = |object: usize| results.objects[object].label.as_str();
    let program = |(at, program): (usize, usize)| ProgramKey {
        object: object(at),
        program: &results.objects[at].programs[program].name,
    };
    CauseLine {
        verdict: entry.thing.verdict.name(),
        what: &entry.thing.what,
        name: &entry.thing.name,
        objects: entry.objects().into_iter().map(object).collect(),
        programs: entry.programs().into_iter().map(program).collect(),
        ranges: range_labels(results, &kernels),
        kernels: labels(results, &kernels),
        other_kernels: labels(results, &entry.other_kernels),
        reason: entry.explanation.as_ref().map(|explanation| explanation.reason.as_str()),
        cures: entry.suggestions.iter().map(|suggestion| suggestion.text.as_str()).collect(),
        problem: entry.counts(),
        accepted: entry.is_accepted(results),
    }
}
