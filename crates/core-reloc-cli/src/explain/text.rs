//! Explanations as text, in the form of a compiler's diagnostics.

use std::io::{self, Write};

use core_reloc::elf::{Outcome, Report};
use core_reloc_tools::explain::{Comparison, Explanation, Row, SuggestionKind};
use owo_colors::{OwoColorize, Style};

use super::Explained;
use crate::{
    format::{definition_line, kind_name, number},
    terminal::Escaped,
};

pub(super) fn print(explained: &Explained<'_, '_>, out: &mut impl Write) -> io::Result<()> {
    heading(explained, out)?;
    location(explained, out)?;
    let Some(explanation) = &explained.explanation else { return writeln!(out) };
    note(out, "why", &explanation.reason)?;
    if let Some(access) = &explained.said_of {
        note(out, "help", &format!("as for {access} above"))?;
        return writeln!(out);
    }
    for comparison in &explanation.comparisons {
        side_by_side(comparison, out)?;
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
    out: &mut impl Write,
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
    writeln!(out, "{} {} {text}", number.blue(), "|".blue())?;
    let caret = usize::try_from(line.column).unwrap_or(0);
    if (1..=text.chars().count()).contains(&caret) {
        let margin = " ".repeat(number.len());
        let indent = " ".repeat(caret - 1);
        writeln!(out, "{margin} {} {indent}{}", "|".blue(), "^".yellow().bold())?;
    }
    Ok(())
}

fn note(out: &mut impl Write, label: &str, text: &str) -> io::Result<()> {
    writeln!(out, "  {} {}: {text}", "=".blue(), label.bold())
}

fn suggestions(explanation: &Explanation, out: &mut impl Write) -> io::Result<()> {
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

/// Prints two definitions side by side. `|` marks lines that differ; `<` and `>` mark lines that only
/// the left or the right one has.
fn side_by_side(comparison: &Comparison, out: &mut impl Write) -> io::Result<()> {
    /// The maximal width of the left column.
    const MAX_WIDTH: usize = 64;
    let [left, right] = &comparison.titles;
    let lefts = comparison.rows.iter().filter_map(|row| match row {
        Row::Lines { left, .. } => left.as_ref().map(|line| definition_line(line).chars().count()),
        Row::LeftOut(_) => None,
    });
    let width = lefts.chain([left.chars().count()]).max().unwrap_or(0).min(MAX_WIDTH);
    writeln!(out, "      {}   {}", format_args!("{left:width$}").bold(), right.bold())?;
    for row in &comparison.rows {
        match row {
            Row::LeftOut(count) => {
                writeln!(out, "      {}", format_args!("… {count} more").dimmed())?;
            }
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
                let style = match (is_focus, differs) {
                    (true, _) => Style::new().red().bold(),
                    (_, true) => Style::new().yellow(),
                    _ => Style::new(),
                };
                let pointer = if *is_focus { ">>" } else { "  " };
                writeln!(out, "   {pointer} {}", line.trim_end().style(style))?;
            }
        }
    }
    Ok(())
}
