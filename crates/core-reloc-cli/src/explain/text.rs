//! Explanations as text, in the form of a compiler's diagnostics.

use std::{
    borrow::Cow,
    io::{self, Write},
    iter,
};

use core_reloc::elf::{Outcome, Report};
use core_reloc_tools::{
    definition::DefinitionLine,
    explain::{Comparison, Explanation, Row, SuggestionKind},
};
use owo_colors::{OwoColorize, Style};

use super::Explained;
use crate::{
    format::{definition_line, definition_lines, kind_name, number},
    terminal::{Escaped, Printer, columns},
};

pub(super) fn print(explained: &Explained<'_, '_>, out: &mut Printer) -> io::Result<()> {
    heading(explained, out)?;
    location(explained, out)?;
    let Some(explanation) = &explained.explanation else { return writeln!(out) };
    note(out, "why", &explanation.reason)?;
    if let Some(access) = &explained.said_of {
        note(out, "help", &format!("as for {access} above"))?;
        return writeln!(out);
    }
    for compared in &explanation.comparisons {
        comparison(compared, out)?;
    }
    suggestions(explanation, out)?;
    writeln!(out)
}

/// Prints the relocation and its result.
fn heading(
    Explained { report, explanation, .. }: &Explained<'_, '_>,
    out: &mut impl Write,
) -> io::Result<()> {
    let (severity, style) = severity(report, explanation.is_some());
    let problem = explanation.as_ref().map(|explanation| explanation.problem.name());
    let severity = match problem {
        Some(problem) => format!("{severity}[{problem}]"),
        None => severity.to_string(),
    };
    let relocation = &report.relocation;
    let (kind, access) = (kind_name(relocation), relocation.access_in_c());
    write!(out, "{}: {} of {}", severity.style(style.bold()), kind, access.bold())?;
    match report.outcome.value() {
        Some(value) => write!(out, " = {}", number(value))?,
        None => write!(out, ": {}", report.outcome.name())?,
    }
    if let Some(module) = report.id_module() {
        write!(out, " (an id of module {})", Escaped(module))?;
    }
    writeln!(out)
}

fn severity(report: &Report<'_>, is_explained: bool) -> (&'static str, Style) {
    match &report.outcome {
        Outcome::Skipped(_) => ("note", Style::new().dimmed()),
        Outcome::Applied { .. } if report.outcome.value().is_none() => {
            ("warning", Style::new().yellow())
        }
        Outcome::Applied { .. } if is_explained => ("note", Style::new().cyan()),
        Outcome::Applied { .. } => ("ok", Style::new().green()),
        _ => ("error", Style::new().red()),
    }
}

/// Prints the location in the source, with its line, and in the object.
fn location(
    Explained { report, line, .. }: &Explained<'_, '_>,
    out: &mut Printer,
) -> io::Result<()> {
    let relocation = &report.relocation;
    let in_object = format!("{}+{:#x}", relocation.section(), relocation.insn_off());
    let function = relocation.function().ok().flatten();
    let function = function.map(|function| format!("in {function}, ")).unwrap_or_default();
    let Some(line) = line else {
        return writeln!(out, "  {} {function}{in_object}", "-->".blue());
    };
    let column = if line.column > 0 { format!(":{}", line.column) } else { String::new() };
    writeln!(out, "  {} {}:{}{column} {function}{in_object}", "-->".blue(), line.file, line.line)?;
    // The compiler counts a tab as one column.
    let text = line.text.to_string().replace("\\t", " ");
    if text.trim().is_empty() {
        return Ok(());
    }
    let number = line.line.to_string();
    let caret = usize::try_from(line.column).unwrap_or(0);
    let room = out.width().map(|width| width.saturating_sub(number.len() + " | ".len()));
    let (text, caret) = cut(&text, caret, room.unwrap_or(usize::MAX));
    writeln!(out, "{} {} {text}", number.blue(), "|".blue())?;
    if (1..=text.chars().count()).contains(&caret) {
        let margin = " ".repeat(number.len());
        let indent = " ".repeat(caret - 1);
        writeln!(out, "{margin} {} {indent}{}", "|".blue(), "^".yellow().bold())?;
    }
    Ok(())
}

/// Cuts a line of source to a number of columns, around a column that counts from 1. Returns it with the new
/// column.
fn cut(text: &str, caret: usize, room: usize) -> (Cow<'_, str>, usize) {
    const ELLIPSIS: char = '…';
    let length = text.chars().count();
    if length <= room {
        return (text.into(), caret);
    }
    // What follows the caret says more than what precedes it.
    let room = room.saturating_sub(1);
    if caret <= room {
        return (text.chars().take(room).chain([ELLIPSIS]).collect(), caret);
    }
    let start = caret.saturating_sub(room / 3).min(length.saturating_sub(room));
    let mut cut: String = iter::once(ELLIPSIS).chain(text.chars().skip(start).take(room)).collect();
    if start + room < length {
        cut.pop();
        cut.push(ELLIPSIS);
    }
    (cut.into(), caret + 1 - start)
}

fn note(out: &mut Printer, label: &str, text: &str) -> io::Result<()> {
    // Continued below the text.
    let hang = "  = : ".len() + label.len();
    writeln!(out.hang(hang), "  {} {}: {text}", "=".blue(), label.bold())
}

fn suggestions(explanation: &Explanation, out: &mut Printer) -> io::Result<()> {
    for suggestion in &explanation.suggestions {
        // The library does not know the program's options.
        let is_module = suggestion.kind == SuggestionKind::Module;
        let option = if is_module { "; name it with --module FILE" } else { "" };
        note(out, "help", &format!("{}{option}", suggestion.text))?;
        if let Some(code) = &suggestion.code {
            writeln!(out, "          {}", code.green())?;
        }
    }
    Ok(())
}

/// Prints two definitions: side by side, or one line below the other where that is too wide.
fn comparison(comparison: &Comparison, out: &mut Printer) -> io::Result<()> {
    let widths = [Side::Left, Side::Right].map(|side| {
        let lines = comparison.rows.iter().filter_map(|row| side.line(row));
        let widths = lines.map(|line| columns(&definition_line(line)));
        widths.chain([columns(side.title(comparison))]).max().unwrap_or(0)
    });
    match out.width() {
        Some(width) if MARGIN + widths[0] + GAP + widths[1] > width => {
            stacked(comparison, width, out)
        }
        _ => side_by_side(comparison, widths[0].min(MAX_WIDTH), out),
    }
}

/// The columns to the left of a definition.
const MARGIN: usize = 6;

/// The columns between two definitions that are side by side.
const GAP: usize = 3;

/// The maximal width of the left one.
const MAX_WIDTH: usize = 64;

/// One of two definitions.
#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

impl Side {
    fn title(self, comparison: &Comparison) -> &str {
        let [left, right] = &comparison.titles;
        match self {
            Self::Left => left,
            Self::Right => right,
        }
    }

    fn line(self, row: &Row) -> Option<&DefinitionLine> {
        match (self, row) {
            (Self::Left, Row::Lines { left, .. }) => left.as_ref(),
            (Self::Right, Row::Lines { right, .. }) => right.as_ref(),
            (_, Row::LeftOut(_)) => None,
        }
    }
}

/// Prints two definitions side by side. `|` marks lines that differ; `<` and `>` mark lines that only
/// the left or the right one has.
fn side_by_side(comparison: &Comparison, width: usize, out: &mut Printer) -> io::Result<()> {
    let [left, right] = &comparison.titles;
    writeln!(out, "{:MARGIN$}{}   {}", "", format_args!("{left:width$}").bold(), right.bold())?;
    for row in &comparison.rows {
        match row {
            Row::LeftOut(count) => left_out(*count, out)?,
            Row::Lines { left, right, differs, is_focus } => {
                let mark = match (left, right, differs) {
                    (_, None, _) => "<",
                    (None, ..) => ">",
                    (_, _, true) => "|",
                    _ => " ",
                };
                let [left, right] = [left, right]
                    .map(|line| line.as_ref().map(definition_line).unwrap_or_default());
                let line = format!("{left:width$} {mark} {right}");
                let style = row_style(*is_focus, *differs);
                let pointer = if *is_focus { ">>" } else { "  " };
                writeln!(out, "   {pointer} {}", line.trim_end().style(style))?;
            }
        }
    }
    Ok(())
}

/// Prints two definitions as one, as a comparison of files is printed: `-` marks lines of the left one, and
/// `+` those of the right one. Lines that are the same have no mark.
fn stacked(comparison: &Comparison, width: usize, out: &mut Printer) -> io::Result<()> {
    /// A mark and a space.
    const MARK: usize = 2;
    let [left, right] = &comparison.titles;
    writeln!(out, "{:MARGIN$}- {}", "", left.bold())?;
    writeln!(out, "{:MARGIN$}+ {}", "", right.bold())?;
    for row in &comparison.rows {
        let Row::Lines { differs, is_focus, .. } = row else {
            if let Row::LeftOut(count) = row {
                left_out(*count, out)?;
            }
            continue;
        };
        let style = row_style(*is_focus, *differs);
        let sides = match differs {
            true => [(Side::Left, "-"), (Side::Right, "+")].as_slice(),
            false => &[(Side::Left, " ")],
        };
        for (side, mark) in sides {
            let Some(line) = side.line(row) else { continue };
            let lines = definition_lines(line, width.saturating_sub(MARGIN + MARK));
            for (position, text) in lines.iter().enumerate() {
                let pointer = if *is_focus && position == 0 { ">>" } else { "  " };
                let mark = if position == 0 { mark } else { " " };
                let hang = MARGIN + MARK + 2 * line.depth + 4;
                writeln!(
                    out.hang(hang),
                    "   {pointer} {}",
                    format_args!("{mark} {text}").style(style)
                )?;
            }
        }
    }
    Ok(())
}

fn left_out(count: usize, out: &mut Printer) -> io::Result<()> {
    writeln!(out, "{:MARGIN$}{}", "", format_args!("… {count} more").dimmed())
}

fn row_style(is_focus: bool, differs: bool) -> Style {
    match (is_focus, differs) {
        (true, _) => Style::new().red().bold(),
        (_, true) => Style::new().yellow(),
        _ => Style::new(),
    }
}
