//! Results as text: the causes, then a table of programs and kernels with a character for each verdict.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
};

use core_reloc_tools::check::Verdict;
use owo_colors::{OwoColorize, Style};

use super::{
    Results,
    causes::{CauseEntry, Causes},
    explanations::Suggestion,
    mark::Mark,
    notes::{Note, Notes},
    objects::SourceLocation,
    order::ranges,
    wording::{heading, proof, summary},
};
use crate::format::plural;

/// The number of programs that a cause names.
const MAX_NAMED: usize = 5;

pub(super) fn print(
    results: &Results,
    causes: &Causes,
    explains: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let is_shown = |entry: &&CauseEntry| {
        entry.is_problem() || entry.thing.verdict == Verdict::Conditional || explains
    };
    let is_open = |entry: &&CauseEntry| entry.thing.verdict == Verdict::LeftOpen;
    for entry in causes.0.iter().filter(|it| is_shown(it) && !is_open(it)) {
        cause(results, entry, explains, out)?;
    }
    let open: Vec<&CauseEntry> = causes.0.iter().filter(is_open).collect();
    left_open(results, &open, out)?;
    notes(results, out)?;
    table(results, out)?;
    writeln!(out, "{}", summary(results, causes))
}

/// Prints a cause.
fn cause(
    results: &Results,
    entry: &CauseEntry,
    explains: bool,
    out: &mut impl Write,
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
    writeln!(out, "  {} {}", "-->".blue(), programs(results, entry))?;
    let line = |out: &mut dyn Write, title: &str, text: &str| {
        writeln!(out, "  {} {}: {text}", "=".blue(), title.bold())
    };
    line(out, "on", &on(results, entry))?;
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

/// Names the programs that a cause hits, by object.
fn programs(results: &Results, entry: &CauseEntry) -> String {
    let all = entry.programs();
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
        let objects = plural(entry.objects().len(), "object");
        text += &format!("; {} in {objects} in all", plural(all.len(), "program"));
    }
    text
}

/// Names the kernels of a cause, and those that are free of it.
fn on(results: &Results, entry: &CauseEntry) -> String {
    let here = kernels(results, &entry.kernels());
    if entry.other_kernels.is_empty() {
        return here;
    }
    format!("{here}; not on {}", kernels(results, &entry.other_kernels))
}

/// Names kernels as ranges.
fn kernels(results: &Results, kernels: &BTreeSet<usize>) -> String {
    let count = results.kernels.len();
    if count > 1 && kernels.len() == count {
        return format!("all {count} kernels");
    }
    let label = |kernel: usize| results.kernels[kernel].label.as_str();
    let range = |(first, last): &(usize, usize)| match last - first {
        0 => label(*first).to_string(),
        1 => format!("{}, {}", label(*first), label(*last)),
        _ => format!("{} to {}", label(*first), label(*last)),
    };
    ranges(kernels).iter().map(range).collect::<Vec<_>>().join(", ")
}

fn source(results: &Results, (object, relocation): (usize, usize)) -> Option<String> {
    let source = results.objects[object].relocations[relocation].source.as_ref();
    source.map(SourceLocation::in_file)
}

/// Lists what is left open, once for each object.
fn left_open(results: &Results, open: &[&CauseEntry], out: &mut impl Write) -> io::Result<()> {
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
        let (what, name) = (entry.thing.what, &entry.thing.name);
        writeln!(out, "  {what} {name}: {}{more}", labels.join(", "))?;
    }
    writeln!(out)
}

/// Lists accesses that may give a program a wrong value.
fn notes(results: &Results, out: &mut impl Write) -> io::Result<()> {
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

/// Prints the table, with the kernels' numbers and the characters' meanings.
fn table(results: &Results, out: &mut impl Write) -> io::Result<()> {
    let mut rows: Vec<(usize, &str, Vec<Mark>)> = Vec::new();
    for (at, object) in results.objects.iter().enumerate() {
        for (index, program) in object.programs.iter().enumerate() {
            let mark = |kernel: usize| match results.is_accepted(at, index, kernel) {
                true => Mark::Accepted,
                false => Mark::Verdict(results.kernels[kernel].rows[at].programs[index].verdict),
            };
            let marks = (0..results.kernels.len()).map(mark).collect();
            rows.push((at, program.name.as_str(), marks));
        }
    }
    kernel_numbers(results, &rows, out)?;
    let width = rows.iter().map(|(_, name, _)| name.chars().count()).max().unwrap_or(0);
    numbers(results.kernels.len(), width, out)?;
    let mut last = None;
    for (object, name, marks) in &rows {
        if last != Some(*object) {
            writeln!(out, "{}", results.objects[*object].label.bold())?;
            last = Some(*object);
        }
        write!(out, "  {name:width$} ")?;
        for (at, mark) in marks.iter().enumerate() {
            let (char, _, style) = mark.legend();
            write!(out, "{}{}", gap(at), char.style(style))?;
        }
        writeln!(out)?;
    }
    writeln!(out)
}

/// Prints the kernels with their numbers, and the legend of the table.
fn kernel_numbers(
    results: &Results,
    rows: &[(usize, &str, Vec<Mark>)],
    out: &mut impl Write,
) -> io::Result<()> {
    let width = results.kernels.len().to_string().len();
    for (number, kernel) in (1..).zip(&results.kernels) {
        writeln!(out, "{number:>width$}  {}", kernel.label)?;
    }
    let is_used = |mark: &Mark| rows.iter().any(|(.., marks)| marks.contains(mark));
    let meaning = |mark: Mark| {
        let (char, meaning, style) = mark.legend();
        format!("{} {meaning}", char.style(style))
    };
    let legend: Vec<String> = Mark::all().filter(is_used).map(meaning).collect();
    writeln!(out, "\n{}\n", legend.join("   "))
}

/// Prints the numbers of the kernels above the table, each from top to bottom.
fn numbers(count: usize, width: usize, out: &mut impl Write) -> io::Result<()> {
    let digits = count.to_string().len();
    for digit in 0..digits {
        write!(out, "  {:width$} ", "")?;
        for at in 0..count {
            let number = format!("{:>digits$}", at + 1);
            write!(out, "{}{}", gap(at), &number[digit..=digit])?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Returns the space before a column: one after every ten columns.
fn gap(at: usize) -> &'static str {
    if at > 0 && at.is_multiple_of(10) { " " } else { "" }
}
