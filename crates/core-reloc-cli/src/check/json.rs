//! Results as JSON: for each object and kernel, a line for each relocation that is not unchanged, and a
//! line with the counts.

use std::io::{self, Write};

use core_reloc_tools::check::Verdict;
use serde::Serialize;

use super::{Results, collect::RelocationResult};
use crate::format::json_line;

/// The line of a relocation.
#[derive(Serialize)]
struct RelocationLine<'a> {
    object: &'a str,
    kernel: &'a str,
    program: &'a str,
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
    /// The baseline accepts it.
    accepted: bool,
    /// What makes it harmless.
    guard: Option<String>,
    problem: Option<&'static str>,
    reason: Option<&'a str>,
    cures: Vec<&'a str>,
}

/// The line of an object on a kernel.
#[derive(Serialize)]
struct SummaryLine<'a> {
    object: &'a str,
    kernel: &'a str,
    summary: Option<VerdictCounts>,
    /// Why there is no summary.
    not_checked: Option<&'static str>,
}

/// The number of relocations with each verdict. Those that the baseline accepts count as `accepted` too.
#[derive(Serialize, Default)]
struct VerdictCounts {
    unchanged: usize,
    changed: usize,
    guarded: usize,
    poisoned: usize,
    failed: usize,
    skipped: usize,
    accepted: usize,
}

pub(super) fn print(results: &Results, out: &mut impl Write) -> io::Result<()> {
    for (at, object) in results.objects.iter().enumerate() {
        for checked in &results.kernels {
            let (kernel, object_label) = (checked.label.as_str(), object.label.as_str());
            let mut summary = SummaryLine {
                object: object_label,
                kernel,
                summary: None,
                not_checked: Some("the kernel has another byte order"),
            };
            if let Some(row) = &checked.rows[at] {
                let mut counts = VerdictCounts {
                    unchanged: object.relocations.len() - row.len(),
                    ..VerdictCounts::default()
                };
                for result in row.iter() {
                    let line = line(results, at, kernel, result);
                    counts.add(result.verdict, line.accepted);
                    json_line(&line, out)?;
                }
                (summary.summary, summary.not_checked) = (Some(counts), None);
            }
            json_line(&summary, out)?;
        }
    }
    Ok(())
}

fn line<'a>(
    results: &'a Results,
    at: usize,
    kernel: &'a str,
    result: &'a RelocationResult,
) -> RelocationLine<'a> {
    let object = &results.objects[at];
    let relocation = &object.relocations[result.relocation];
    let program = &object.programs[relocation.program];
    let source = relocation.source.as_ref();
    let explanation = result.explanation.as_deref();
    let suggestions = explanation.iter().flat_map(|explanation| &explanation.suggestions);
    RelocationLine {
        object: &object.label,
        kernel,
        program: &program.name,
        section: &program.section,
        index: relocation.index,
        insn_off: relocation.insn_off,
        kind: &relocation.kind,
        path: &relocation.access,
        file: source.map(|line| line.file.as_str()),
        line: source.map(|line| line.line),
        verdict: result.verdict.name(),
        value: result.value,
        accepted: results.is_accepted(at, result, kernel),
        guard: results.guard(at, result.verdict),
        problem: explanation.map(|explanation| explanation.problem),
        reason: explanation.map(|explanation| explanation.reason.as_str()),
        cures: suggestions.map(|suggestion| suggestion.text.as_str()).collect(),
    }
}

impl VerdictCounts {
    fn add(&mut self, verdict: Verdict, is_accepted: bool) {
        match verdict {
            Verdict::Unchanged => self.unchanged += 1,
            Verdict::Changed => self.changed += 1,
            Verdict::Poisoned { guard: Some(_) } => self.guarded += 1,
            Verdict::Poisoned { guard: None } => self.poisoned += 1,
            Verdict::Failed => self.failed += 1,
            _ => self.skipped += 1,
        }
        self.accepted += usize::from(is_accepted);
    }
}
