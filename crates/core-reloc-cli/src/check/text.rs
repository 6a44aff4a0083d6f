//! Results as text: a table of programs and kernels with a character for each result, then the
//! problems.

use std::io::{self, Write};

use core_reloc_tools::check::Verdict;
use owo_colors::{OwoColorize, Style};

use super::{
    Results,
    explanations::Suggestion,
    objects::SourceLocation,
    problems::{Problem, Problems},
};
use crate::format::plural;

/// The result of a program on a kernel: that of its worst relocation, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    NotChecked,
    Unchanged,
    Skipped,
    Changed,
    Guarded,
    Accepted,
    Poisoned,
    Failed,
}

impl Mark {
    const ALL: [Self; 8] = [
        Self::Unchanged,
        Self::Changed,
        Self::Guarded,
        Self::Poisoned,
        Self::Failed,
        Self::Accepted,
        Self::Skipped,
        Self::NotChecked,
    ];

    fn of(verdict: Verdict, is_accepted: bool) -> Self {
        match verdict {
            Verdict::Unchanged => Self::Unchanged,
            Verdict::Changed => Self::Changed,
            Verdict::Skipped => Self::Skipped,
            Verdict::Poisoned { guard: Some(_) } => Self::Guarded,
            _ if is_accepted => Self::Accepted,
            Verdict::Failed => Self::Failed,
            _ => Self::Poisoned,
        }
    }

    /// Returns the character, its meaning and its style.
    fn legend(self) -> (char, &'static str, Style) {
        let style = Style::new();
        match self {
            Self::NotChecked => ('-', "not checked: another byte order", style.dimmed()),
            Self::Unchanged => ('.', "unchanged", style.dimmed()),
            Self::Skipped => ('s', "skipped: not part of a function", style.dimmed()),
            Self::Changed => ('~', "changed", style.green()),
            Self::Guarded => ('g', "poisoned, but guarded", style.cyan()),
            Self::Accepted => ('a', "accepted by the baseline", style.yellow()),
            Self::Poisoned => ('P', "poisoned", style.red().bold()),
            Self::Failed => ('F', "failed", style.red().bold()),
        }
    }
}

pub(super) fn print(
    results: &Results,
    problems: &Problems,
    out: &mut impl Write,
) -> io::Result<()> {
    let table = table(results);
    kernels(results, &table, out)?;
    let width = table.iter().map(|(_, name, _)| name.chars().count()).max().unwrap_or(0);
    numbers(results.kernels.len(), width, out)?;
    let mut last = None;
    for (object, name, marks) in &table {
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
    writeln!(out)?;
    for problem in &problems.0 {
        self::problem(results, problem, out)?;
    }
    summary(results, problems, out)
}

/// Returns a row for each program: the index of its object, its name, and its mark on each kernel.
fn table(results: &Results) -> Vec<(usize, String, Vec<Mark>)> {
    let mut table = Vec::new();
    for (at, object) in results.objects.iter().enumerate() {
        let mut marks = vec![vec![Mark::NotChecked; results.kernels.len()]; object.programs.len()];
        for (kernel, checked) in results.kernels.iter().enumerate() {
            let Some(row) = &checked.rows[at] else { continue };
            marks.iter_mut().for_each(|marks| marks[kernel] = Mark::Unchanged);
            for result in row.iter() {
                let is_accepted = results.is_accepted(at, result, &checked.label);
                let mark = &mut marks[object.relocations[result.relocation].program][kernel];
                *mark = (*mark).max(Mark::of(result.verdict, is_accepted));
            }
        }
        let lines = object.programs.iter().zip(marks);
        table.extend(lines.map(|(program, marks)| (at, program.name.clone(), marks)));
    }
    table
}

/// Prints the kernels with their numbers, and the legend of the table.
fn kernels(
    results: &Results,
    table: &[(usize, String, Vec<Mark>)],
    out: &mut impl Write,
) -> io::Result<()> {
    let width = results.kernels.len().to_string().len();
    for (number, kernel) in (1..).zip(&results.kernels) {
        writeln!(out, "{number:>width$}  {}", kernel.label)?;
    }
    let is_used = |mark: &&Mark| table.iter().any(|(.., marks)| marks.contains(*mark));
    let legend: Vec<String> = Mark::ALL
        .iter()
        .filter(is_used)
        .map(|mark| {
            let (char, meaning, style) = mark.legend();
            format!("{} {meaning}", char.style(style))
        })
        .collect();
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

/// Prints a problem.
fn problem(results: &Results, problem: &Problem, out: &mut impl Write) -> io::Result<()> {
    let object = &results.objects[problem.object];
    let key = &problem.key;
    let (severity, style) = match problem.is_accepted() {
        true => ("accepted", Style::new().yellow()),
        false => ("error", Style::new().red()),
    };
    let what = format!("{} of {}: {}", key.kind, key.access, problem.verdict);
    writeln!(out, "{}: {}", severity.style(style.bold()), what.bold())?;
    let location = |relocation: &usize| {
        let source = object.relocations[*relocation].source.as_ref();
        source.map(SourceLocation::in_file)
    };
    let mut locations: Vec<String> = problem.relocations.iter().filter_map(location).collect();
    locations.dedup();
    let locations = match locations.as_slice() {
        [] => String::new(),
        [location] => format!(" at {location}"),
        [location, others @ ..] => format!(" at {location} and {} more", others.len()),
    };
    writeln!(out, "  {} {} in {}{locations}", "-->".blue(), key.program, object.label)?;
    writeln!(out, "  {} {}: {}", "=".blue(), "on".bold(), on(results, problem))?;
    if let Some(explanation) = &problem.explanation {
        writeln!(out, "  {} {}: {}", "=".blue(), "why".bold(), explanation.reason)?;
    }
    for Suggestion { text, .. } in &problem.suggestions {
        writeln!(out, "  {} {}: {text}", "=".blue(), "help".bold())?;
    }
    writeln!(out)
}

/// Lists the kernels of a problem.
fn on(results: &Results, problem: &Problem) -> String {
    let on: Vec<String> = problem
        .kernels
        .iter()
        .map(|it| {
            let accepted = if it.is_accepted { " (accepted)" } else { "" };
            format!("{}{accepted}", results.kernels[it.kernel].label)
        })
        .collect();
    on.join(", ")
}

/// Prints the counts.
fn summary(results: &Results, problems: &Problems, out: &mut impl Write) -> io::Result<()> {
    let programs: usize = results.objects.iter().map(|object| object.programs.len()).sum();
    let sum = [
        (results.objects.len(), "object"),
        (programs, "program"),
        (results.kernels.len(), "kernel"),
    ];
    let sum = sum.map(|(count, what)| plural(count, what));
    let new = problems.0.iter().filter(|problem| !problem.is_accepted()).count();
    let accepted = match problems.0.len() - new {
        0 => String::new(),
        accepted => format!(", {accepted} accepted"),
    };
    let found = plural(new, "problem");
    writeln!(out, "{}: {found}{accepted}", sum.join(", "))
}
