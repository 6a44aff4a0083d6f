//! For programs: a line for each relocation that is not unchanged, on each kernel; then, for each
//! object and kernel, a line with the numbers.

use std::io::{self, Write};

use core_reloc_tools::check::{Guard, Verdict};
use serde::Serialize;

use super::{Results, collect::Entry};

/// A line about a relocation.
#[derive(Serialize)]
struct RelocationLine<'a> {
    object: &'a str,
    kernel: &'a str,
    program: &'a str,
    section: &'a str,
    index: usize,
    insn_off: u32,
    kind: &'a str,
    /// The access as C writes it.
    path: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
    verdict: &'static str,
    value: Option<u64>,
    /// Whether the baseline has it.
    accepted: bool,
    /// What makes it harmless, in words.
    guard: Option<String>,
    problem: Option<&'static str>,
    reason: Option<&'a str>,
    cures: Vec<&'a str>,
}

/// A line about an object on a kernel.
#[derive(Serialize)]
struct SummaryLine<'a> {
    object: &'a str,
    kernel: &'a str,
    summary: Option<Counts>,
    /// Why there is no summary.
    not_checked: Option<&'static str>,
}

/// How many relocations came out how. Those that the baseline has count twice.
#[derive(Serialize, Default)]
struct Counts {
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
                let mut counts =
                    Counts { unchanged: object.relocations.len() - row.len(), ..Counts::default() };
                for entry in row.iter() {
                    let line = line(results, at, kernel, entry);
                    counts.add(entry.verdict, line.accepted);
                    write_line(&line, out)?;
                }
                (summary.summary, summary.not_checked) = (Some(counts), None);
            }
            write_line(&summary, out)?;
        }
    }
    Ok(())
}

fn line<'a>(
    results: &'a Results,
    at: usize,
    kernel: &'a str,
    entry: &'a Entry,
) -> RelocationLine<'a> {
    let object = &results.objects[at];
    let relocation = &object.relocations[entry.relocation];
    let program = &object.programs[relocation.program];
    let source = relocation.line.as_ref();
    let why = entry.why.as_deref();
    let verdict = entry.verdict.name();
    let accepted = entry.verdict.is_problem()
        && results.baseline.has(&results.key(at, entry.relocation, verdict), kernel);
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
        verdict,
        value: entry.value,
        accepted,
        guard: results.guard(at, entry.verdict),
        problem: why.map(|why| why.problem),
        reason: why.map(|why| why.reason.as_str()),
        cures: why.iter().flat_map(|why| &why.cures).map(|(text, _)| text.as_str()).collect(),
    }
}

fn write_line(line: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

impl Counts {
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

impl Results {
    /// What makes a poisoned instruction harmless, in words.
    pub(crate) fn guard(&self, object: usize, verdict: Verdict) -> Option<String> {
        let Verdict::Poisoned { guard } = verdict else { return None };
        match guard? {
            Guard::Existence { relocation, in_function } => {
                let object = &self.objects[object];
                let asking = &object.relocations[relocation];
                let program = &object.programs[asking.program].name;
                let place = if in_function { "the program" } else { program };
                Some(format!(
                    "{place} asks for {} of {}, which is 0 here",
                    asking.kind, asking.access
                ))
            }
            Guard::Unreachable => Some("no path leads to it on this kernel".to_string()),
            _ => Some("guarded".to_string()),
        }
    }
}
