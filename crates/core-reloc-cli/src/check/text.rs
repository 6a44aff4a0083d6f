//! For people: a table of programs by kernels, a character for each; then what is wrong.

use std::io::{self, Write};

use core_reloc_tools::check::Verdict;
use owo_colors::{OwoColorize, Style};

use super::{
    Results,
    problems::{Problem, Problems},
};

/// How a program comes out on a kernel: as its worst relocation does.
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

    /// The character, what it stands for, and how it looks.
    fn shown(self) -> (char, &'static str, Style) {
        let style = Style::new();
        match self {
            Self::NotChecked => ('-', "not checked: another byte order", style.dimmed()),
            Self::Unchanged => ('.', "unchanged", style.dimmed()),
            Self::Skipped => ('s', "skipped: in no function", style.dimmed()),
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
            let (char, _, style) = mark.shown();
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

/// A line for each program: its object, its name, and how it comes out on each kernel.
fn table(results: &Results) -> Vec<(usize, String, Vec<Mark>)> {
    let mut table = Vec::new();
    for (at, object) in results.objects.iter().enumerate() {
        let mut marks = vec![vec![Mark::NotChecked; results.kernels.len()]; object.programs.len()];
        for (kernel, checked) in results.kernels.iter().enumerate() {
            let Some(row) = &checked.rows[at] else { continue };
            marks.iter_mut().for_each(|marks| marks[kernel] = Mark::Unchanged);
            for entry in row.iter() {
                let is_accepted = entry.verdict.is_problem() && {
                    let key = results.key(at, entry.relocation, entry.verdict.name());
                    results.baseline.has(&key, &checked.label)
                };
                let place = &mut marks[object.relocations[entry.relocation].program][kernel];
                *place = (*place).max(Mark::of(entry.verdict, is_accepted));
            }
        }
        let lines = object.programs.iter().zip(marks);
        table.extend(lines.map(|(program, marks)| (at, program.name.clone(), marks)));
    }
    table
}

/// The kernels with their numbers, and the characters that the table has.
fn kernels(
    results: &Results,
    table: &[(usize, String, Vec<Mark>)],
    out: &mut impl Write,
) -> io::Result<()> {
    let width = results.kernels.len().to_string().len();
    for (number, kernel) in (1..).zip(&results.kernels) {
        writeln!(out, "{number:>width$}  {}", kernel.label)?;
    }
    let is_there = |mark: &&Mark| table.iter().any(|(.., marks)| marks.contains(*mark));
    let legend: Vec<String> = Mark::ALL
        .iter()
        .filter(is_there)
        .map(|mark| {
            let (char, meaning, style) = mark.shown();
            format!("{} {meaning}", char.style(style))
        })
        .collect();
    writeln!(out, "\n{}\n", legend.join("   "))
}

/// The numbers of the kernels above the table, from top to bottom.
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

/// Tens are set apart.
fn gap(at: usize) -> &'static str {
    if at > 0 && at.is_multiple_of(10) { " " } else { "" }
}

fn problem(results: &Results, problem: &Problem, out: &mut impl Write) -> io::Result<()> {
    let object = &results.objects[problem.object];
    let key = &problem.key;
    let is_accepted = problem.kernels.iter().all(|(_, is_accepted)| *is_accepted);
    let (severity, style) = match is_accepted {
        true => ("accepted", Style::new().yellow()),
        false => ("error", Style::new().red()),
    };
    let what = format!("{} of {}: {}", key.kind, key.access, problem.verdict);
    writeln!(out, "{}: {}", severity.style(style.bold()), what.bold())?;
    let place = |relocation: &usize| {
        let line = object.relocations[*relocation].line.as_ref();
        line.map(|line| format!("{}:{}:{}", line.file, line.line, line.column))
    };
    let mut places: Vec<String> = problem.relocations.iter().filter_map(place).collect();
    places.dedup();
    let places = match places.as_slice() {
        [] => String::new(),
        [place] => format!(" at {place}"),
        [place, others @ ..] => format!(" at {place} and {} more places", others.len()),
    };
    writeln!(out, "  {} {} in {}{places}", "-->".blue(), key.program, object.label)?;
    writeln!(out, "  {} {}: {}", "=".blue(), "on".bold(), on(results, problem))?;
    if let Some(why) = &problem.why {
        writeln!(out, "  {} {}: {}", "=".blue(), "why".bold(), why.reason)?;
    }
    for (text, _) in &problem.cures {
        writeln!(out, "  {} {}: {text}", "=".blue(), "help".bold())?;
    }
    writeln!(out)
}

/// The kernels of a problem.
fn on(results: &Results, problem: &Problem) -> String {
    let on: Vec<String> = problem
        .kernels
        .iter()
        .map(|(kernel, is_accepted)| {
            let accepted = if *is_accepted { " (accepted)" } else { "" };
            format!("{}{accepted}", results.kernels[*kernel].label)
        })
        .collect();
    on.join(", ")
}

fn summary(results: &Results, problems: &Problems, out: &mut impl Write) -> io::Result<()> {
    let programs: usize = results.objects.iter().map(|object| object.programs.len()).sum();
    let sum = [
        (results.objects.len(), "object"),
        (programs, "program"),
        (results.kernels.len(), "kernel"),
    ];
    let sum = sum.map(|(count, what)| super::plural(count, what));
    let is_new = |problem: &&Problem| problem.kernels.iter().any(|(_, accepted)| !accepted);
    let new = problems.0.iter().filter(is_new).count();
    let accepted = match problems.0.len() - new {
        0 => String::new(),
        accepted => format!(", {accepted} accepted"),
    };
    let found = super::plural(new, "problem");
    writeln!(out, "{}: {found}{accepted}", sum.join(", "))
}
