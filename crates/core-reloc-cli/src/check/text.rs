//! Results as text: the causes, then a table of programs and kernels.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
};

use core_reloc_tools::check::Verdict;
use owo_colors::{OwoColorize, Style};

use super::{
    Results,
    causes::{CauseEntry, Causes, Hit},
    explanations::Suggestion,
    kernel_set::KernelSet,
    notes::{Note, Notes},
    objects::SourceLocation,
    table::Table,
    versions::{Versions, Wording},
    wording::{heading, proof, summary},
};
use crate::{format::plural, terminal::Printer};

/// The number of programs that a cause names.
const MAX_NAMED: usize = 5;

/// The number of ranges of kernels that are named; more have their numbers in the table.
const MAX_RANGES: usize = 4;

/// The number of ranges of numbers that are listed.
const MAX_NUMBERS: usize = 12;

pub(super) fn print(
    results: &Results,
    causes: &Causes,
    versions: Option<&Versions>,
    explains: bool,
    out: &mut Printer,
) -> io::Result<()> {
    let is_new = |entry: &CauseEntry| entry.is_problem() && !entry.is_accepted(results);
    let is_shown = |entry: &&CauseEntry| {
        is_new(entry) || entry.thing.verdict == Verdict::Conditional || explains
    };
    let is_open = |entry: &&CauseEntry| entry.thing.verdict == Verdict::LeftOpen;
    for entry in causes.0.iter().filter(|it| is_shown(it) && !is_open(it)) {
        cause(results, entry, explains, out)?;
    }
    let open: Vec<&CauseEntry> = causes.0.iter().filter(is_open).collect();
    left_open(results, &open, out)?;
    notes(results, out)?;
    if let Some(versions) = versions {
        self::versions(results, versions, out)?;
    }
    Table::of(results).print(out)?;
    writeln!(out, "{}", summary(results, causes))
}

/// Prints a cause.
fn cause(
    results: &Results,
    entry: &CauseEntry,
    explains: bool,
    out: &mut Printer,
) -> io::Result<()> {
    let (severity, style) = match entry {
        _ if entry.counts() => ("error", Style::new().red()),
        _ if entry.is_accepted(results) => ("accepted", Style::new().yellow()),
        _ if entry.is_problem() => ("optional", Style::new().yellow()),
        _ if entry.thing.verdict == Verdict::Conditional => ("note", Style::new().yellow()),
        _ => ("note", Style::new().cyan()),
    };
    let what = heading(entry);
    writeln!(out, "{}: {}", severity.style(style.bold()), what.bold())?;
    let hits = shown_hits(results, entry);
    writeln!(out, "  {} {}", "-->".blue(), programs(results, &hits))?;
    let line = |out: &mut Printer, title: &str, text: &str| {
        // Continued below the text.
        let hang = "  = : ".len() + title.len();
        writeln!(out.hang(hang), "  {} {}: {text}", "=".blue(), title.bold())
    };
    line(out, "on", &on(results, entry, &hits))?;
    if let Some(explanation) = &entry.explanation {
        line(out, "why", &explanation.reason)?;
    }
    if let Some(proof) = proof(results, entry) {
        line(out, if entry.is_problem() { "asked" } else { "proof" }, &proof)?;
    }
    for Suggestion { text, .. } in entry.suggestions.iter().filter(|_| entry.is_problem()) {
        line(out, "help", text)?;
    }
    let relocations = entry.relocations.iter();
    if explains {
        for (object, relocation) in relocations {
            let object = &results.objects[*object];
            let relocation = &object.relocations[*relocation];
            line(out, "relocation", &format!("{}, {}", object.label, relocation.described()))?;
        }
    } else {
        let mut sources: Vec<String> = relocations.filter_map(|it| source(results, *it)).collect();
        sources.dedup();
        match sources.as_slice() {
            [] => {}
            [one] => line(out, "at", one)?,
            [one, others @ ..] => line(out, "at", &format!("{one} and {} more", others.len()))?,
        }
    }
    writeln!(out)
}

/// The hits of a cause that are shown.
type ShownHits<'e> = Vec<(&'e Hit, &'e KernelSet)>;

/// Returns the hits of a cause that the baseline does not accept; all if it accepts all.
fn shown_hits<'e>(results: &Results, entry: &'e CauseEntry) -> ShownHits<'e> {
    let is_optional = |hit: &Hit| {
        hit.program.is_some_and(|it| results.objects[hit.object].programs[it].is_optional)
    };
    let counts = entry.counts();
    let is_shown = |(hit, _): &(&Hit, &KernelSet)| !counts || hit.counts || is_optional(hit);
    entry.hits.iter().filter(is_shown).collect()
}

/// Names the programs that a cause hits, by object.
fn programs(results: &Results, hits: &ShownHits<'_>) -> String {
    let all: BTreeSet<(usize, usize)> =
        hits.iter().filter_map(|(hit, _)| Some((hit.object, hit.program?))).collect();
    let mut by_object: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for (object, program) in all.iter().take(MAX_NAMED) {
        let name = &results.objects[*object].programs[*program].name;
        by_object.entry(*object).or_default().push(name);
    }
    let names = by_object.iter().map(|(object, programs)| {
        format!("{} in {}", programs.join(", "), results.objects[*object].label)
    });
    let mut text = names.collect::<Vec<_>>().join("; ");
    if all.len() > MAX_NAMED {
        let objects: BTreeSet<usize> = all.iter().map(|(object, _)| *object).collect();
        let objects = plural(objects.len(), "object");
        text += &format!("; {} in {objects} in all", plural(all.len(), "program"));
    }
    text
}

/// Names the kernels of a cause's hits, those where the baseline accepts it, and those that are free of it.
fn on(results: &Results, entry: &CauseEntry, hits: &ShownHits<'_>) -> String {
    let here: KernelSet = hits.iter().map(|(_, kernels)| *kernels).collect();
    let accepted = entry.kernels().without(&here);
    let mut text = kernels(results, &here);
    for (title, others) in [("accepted on", &accepted), ("not on", &entry.other_kernels)] {
        if !others.is_empty() {
            text += &format!("; {title} {}", kernels(results, others));
        }
    }
    text
}

/// Names kernels as ranges, or if these are many, says how many there are, and lists their numbers in the table.
fn kernels(results: &Results, kernels: &KernelSet) -> String {
    let count = results.kernels.len();
    if count > 1 && kernels.len() == count {
        return format!("all {count} kernels");
    }
    let ranges = kernels.ranges();
    if ranges.len() > MAX_RANGES {
        let number = |(first, last): &(usize, usize)| match last - first {
            0 => (first + 1).to_string(),
            _ => format!("{}-{}", first + 1, last + 1),
        };
        let numbers: Vec<String> = ranges.iter().take(MAX_NUMBERS).map(number).collect();
        let more = if ranges.len() > MAX_NUMBERS { ", …" } else { "" };
        let numbers = numbers.join(", ");
        return format!("{} of {count} kernels ({numbers}{more})", kernels.len());
    }
    let label = |kernel: usize| results.kernels[kernel].label.as_str();
    let range = |(first, last): &(usize, usize)| match last - first {
        0 => label(*first).to_string(),
        1 => format!("{}, {}", label(*first), label(*last)),
        _ => format!("{} to {}", label(*first), label(*last)),
    };
    ranges.iter().map(range).collect::<Vec<_>>().join(", ")
}

fn source(results: &Results, (object, relocation): (usize, usize)) -> Option<String> {
    let source = results.objects[object].relocations[relocation].source.as_ref();
    source.map(SourceLocation::in_file)
}

/// Lists what is left open, once for each object.
fn left_open(results: &Results, open: &[&CauseEntry], out: &mut Printer) -> io::Result<()> {
    if open.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", "left open: user space fills it in, or types cannot tell".bold())?;
    for entry in open {
        let objects = entry.objects();
        let labels: Vec<&str> = objects
            .iter()
            .take(MAX_NAMED)
            .map(|object| results.objects[*object].label.as_str())
            .collect();
        let more = match objects.len().saturating_sub(MAX_NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let (what, name) = (&entry.thing.what, &entry.thing.name);
        writeln!(out, "  {what} {name}: {}{more}", labels.join(", "))?;
    }
    writeln!(out)
}

/// Lists the versions of kernels on which each program loads.
fn versions(results: &Results, versions: &Versions, out: &mut Printer) -> io::Result<()> {
    writeln!(out, "{}", "loads on".bold())?;
    for (object, info) in results.objects.iter().enumerate() {
        writeln!(out, "{}", info.label.bold())?;
        for Wording { programs, lines } in versions.wordings(results, object) {
            let names: Vec<&str> =
                programs.iter().map(|program| info.programs[*program].name.as_str()).collect();
            match lines.as_slice() {
                [(all, none)] if none.is_empty() => {
                    writeln!(out.hang(4), "  {}: {all}", names.join(", "))?;
                }
                _ => writeln!(out.hang(4), "  {}", names.join(", "))?,
            }
            let is_one = matches!(lines.as_slice(), [(_, none)] if none.is_empty());
            for (line, others) in lines.iter().filter(|_| !is_one) {
                writeln!(out.hang(6), "    {line}")?;
                for other in others {
                    writeln!(out.hang(8), "      {other}")?;
                }
            }
        }
    }
    writeln!(out)
}

/// Lists accesses that may give a program a wrong value.
fn notes(results: &Results, out: &mut Printer) -> io::Result<()> {
    let Notes(notes) = Notes::of(results);
    if notes.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", "notes: these load, but may read a wrong value".bold())?;
    for Note { object, note, kernels } in &notes {
        let object = &results.objects[*object];
        let relocation = &object.relocations[note.relocation];
        let on = self::kernels(results, kernels);
        writeln!(out, "  {} in {}: {}", relocation.access, relocation.function, note.text)?;
        let place = relocation.place();
        writeln!(out, "    {} {} at {place}; on {on}", "-->".blue(), object.label)?;
    }
    writeln!(out)
}
