//! The table of programs and kernels, with a character for each verdict.

use std::{
    io::{self, Write},
    ops::Range,
};

use owo_colors::OwoColorize;

use super::{Results, mark::Mark};
use crate::{
    format::plural,
    terminal::{Printer, columns},
};

/// The number of kernels that have a column each. Of more, those that follow each other with the same verdicts
/// share one.
const MAX_ALONE: usize = 20;

/// A table.
pub(super) struct Table<'r> {
    results: &'r Results,
    rows: Vec<Row<'r>>,
    /// The kernels of each column.
    groups: Vec<Range<usize>>,
    /// The width of the programs' names.
    names: usize,
}

/// The verdicts on a program.
struct Row<'r> {
    object: usize,
    program: &'r str,
    /// A mark for each kernel.
    marks: Vec<Mark>,
}

impl<'r> Table<'r> {
    pub(super) fn of(results: &'r Results) -> Self {
        let mut rows = Vec::new();
        for (object, info) in results.objects.iter().enumerate() {
            for (index, program) in info.programs.iter().enumerate() {
                let mark = |kernel: usize| match results.is_accepted(object, index, kernel) {
                    true => Mark::Accepted,
                    false => {
                        let programs = &results.kernels[kernel].rows[object].programs;
                        Mark::Verdict(programs[index].verdict)
                    }
                };
                let marks = (0..results.kernels.len()).map(mark).collect();
                rows.push(Row { object, program: &program.name, marks });
            }
        }
        let names = rows.iter().map(|row| columns(row.program)).max().unwrap_or(0);
        Self { results, groups: groups(&rows, results.kernels.len()), rows, names }
    }

    /// Prints the kernels with their numbers, the characters' meanings, and the table.
    pub(super) fn print(&self, out: &mut Printer) -> io::Result<()> {
        self.kernels(out)?;
        self.meanings(out)?;
        let count = self.groups.len();
        let at_once = out.width().map_or(count, |width| self.columns_at_once(width)).max(1);
        for shown in self.groups.chunks(at_once) {
            self.part(shown, out)?;
        }
        Ok(())
    }

    /// Prints some columns of the table.
    fn part(&self, shown: &[Range<usize>], out: &mut Printer) -> io::Result<()> {
        self.numbers(shown, out)?;
        let width = self.names;
        let mut last = None;
        for Row { object, program, marks } in &self.rows {
            if last != Some(*object) {
                writeln!(out, "{}", self.results.objects[*object].label.bold())?;
                last = Some(*object);
            }
            write!(out, "  {program:width$} ")?;
            for (at, group) in shown.iter().enumerate() {
                let (char, _, style) = marks[group.start].legend();
                write!(out, "{}{}", gap(at), char.style(style))?;
            }
            writeln!(out)?;
        }
        writeln!(out)
    }

    /// Returns how many columns fit beside the names: as many tens as fit.
    fn columns_at_once(&self, width: usize) -> usize {
        let room = width.saturating_sub(self.names + "   ".len());
        // Ten columns and the gap after them, which the last ten do not need.
        (room.saturating_add(1) / 11 * 10).max(10)
    }

    /// Prints the kernels with their numbers. The first number of several kernels is that of their column.
    fn kernels(&self, out: &mut Printer) -> io::Result<()> {
        let numbers: Vec<String> = self.groups.iter().map(numbers_of).collect();
        let width = numbers.iter().map(String::len).max().unwrap_or(0);
        let label = |kernel: usize| &self.results.kernels[kernel].label;
        for (group, number) in self.groups.iter().zip(&numbers) {
            write!(out.hang(width + 2), "{number:>width$}  {}", label(group.start))?;
            if group.len() > 1 {
                let kernels = plural(group.len(), "kernel");
                write!(out, " to {} ({kernels})", label(group.end - 1))?;
            }
            writeln!(out)?;
        }
        Ok(())
    }

    /// Prints what the characters mean that the table has.
    fn meanings(&self, out: &mut Printer) -> io::Result<()> {
        let is_used = |mark: &Mark| self.rows.iter().any(|row| row.marks.contains(mark));
        let meaning = |mark: Mark| {
            let (char, meaning, style) = mark.legend();
            format!("{} {meaning}", char.style(style))
        };
        let meanings: Vec<String> = Mark::all().filter(is_used).map(meaning).collect();
        writeln!(out)?;
        writeln!(out.hang(0), "{}", meanings.join("   "))?;
        writeln!(out)
    }

    /// Prints the number of each column's first kernel, from top to bottom.
    fn numbers(&self, shown: &[Range<usize>], out: &mut Printer) -> io::Result<()> {
        let width = self.names;
        let largest = self.groups.last().map_or(0, |group| group.start + 1);
        let digits = largest.to_string().len();
        for digit in 0..digits {
            write!(out, "  {:width$} ", "")?;
            for (at, group) in shown.iter().enumerate() {
                let number = format!("{:>digits$}", group.start + 1);
                write!(out, "{}{}", gap(at), &number[digit..=digit])?;
            }
            writeln!(out)?;
        }
        Ok(())
    }
}

/// Returns the kernels of each column.
fn groups(rows: &[Row<'_>], kernels: usize) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    for kernel in 0..kernels {
        let is_same =
            |last: &Range<usize>| rows.iter().all(|row| row.marks[last.start] == row.marks[kernel]);
        match groups.last_mut() {
            Some(last) if kernels > MAX_ALONE && is_same(last) => last.end += 1,
            _ => groups.push(kernel..kernel + 1),
        }
    }
    groups
}

/// Returns the numbers of kernels, which count from 1.
fn numbers_of(group: &Range<usize>) -> String {
    match group.len() {
        1 => group.end.to_string(),
        _ => format!("{}-{}", group.start + 1, group.end),
    }
}

/// Returns the space before a column: one after every ten columns.
fn gap(at: usize) -> &'static str {
    if at > 0 && at.is_multiple_of(10) { " " } else { "" }
}
