//! Printing answers as a table.

use std::io::{self, Write};

use owo_colors::OwoColorize;

use super::{Answer, Info, KernelAnswers, Root};
use crate::{
    ranges::ranges,
    terminal::{Escaped, Printer, WIDTH},
};

/// A column of the table: its heading, and the text of its cells.
type Column = (&'static str, fn(&Info, &Root) -> Option<String>);

const COLUMNS: [Column; 11] = [
    ("offset", |info, _| info.byte_offset.map(|offset| offset.to_string())),
    ("bit", |info, _| info.bit_offset.map(|offset| offset.to_string())),
    ("size", |info, _| info.size.map(|size| size.to_string())),
    ("bits", |info, _| info.bitfield_size.map(|bits| bits.to_string())),
    ("signed", |info, _| {
        let word = match info.signed? {
            _ if info.is_guess => "yes?",
            true => "yes",
            false => "no",
        };
        Some(word.to_string())
    }),
    ("lshift", |info, _| info.lshift.map(|shift| shift.to_string())),
    ("rshift", |info, _| info.rshift.map(|shift| shift.to_string())),
    ("value", |info, _| info.value.map(|value| value.to_string())),
    ("module", |_, root| root.module.as_ref().map(|module| Escaped(module).to_string())),
    ("in", |_, root| root.is_one_of_several.then(|| root.to_string())),
    ("type", |info, _| Some(info.ty.clone())),
];

/// What a line of the table says of an answer: a cell for each column, or why there is none.
type Line = Result<Vec<Option<String>>, String>;

/// Prints the answers to one question, without empty columns: a line for each kernel, or for each range of
/// versions with the same answer, and for each type that answers.
pub(super) fn print(
    question: &str,
    kernels: &[KernelAnswers<'_>],
    out: &mut Printer,
) -> io::Result<()> {
    writeln!(out, "{}", question.bold())?;
    let answers: Vec<Vec<&Answer<'_>>> = kernels
        .iter()
        .map(|kernel| kernel.answers.iter().filter(|it| it.question == question).collect())
        .collect();
    let lines: Vec<Vec<Line>> = answers
        .iter()
        .map(|of_kernel| of_kernel.iter().map(|answer| line(answer)).collect())
        .collect();
    let rows: Vec<(String, &Vec<Line>)> = match kernels {
        [only] => Vec::from([(Escaped(&only.target).to_string(), &lines[0])]),
        _ => {
            let labels: Vec<&str> = kernels.iter().map(|kernel| kernel.label.as_str()).collect();
            let ranges = ranges(&labels, |one, other| lines[one] == lines[other]);
            ranges.into_iter().map(|range| (range.title, &lines[range.first])).collect()
        }
    };
    let columns = Columns::of(&rows, out.width().unwrap_or(WIDTH));
    columns.headings(out)?;
    for (title, lines) in &rows {
        if columns.is_stacked {
            writeln!(out, "  {title}")?;
        }
        for line in *lines {
            columns.line(title, line, out)?;
        }
    }
    let answers = answers.concat();
    if answers.iter().any(|answer| answer.info.as_ref().is_ok_and(|info| info.is_guess)) {
        note("the sign is a guess, because the BTF does not state the signs of enums", out)?;
    }
    note_of_several(&answers, out)
}

fn line(answer: &Answer<'_>) -> Line {
    match (&answer.info, &answer.root) {
        (Ok(info), Some(root)) => Ok(COLUMNS.iter().map(|(_, cell)| cell(info, root)).collect()),
        (Ok(_), None) => Ok(Vec::new()),
        (Err(error), root) => {
            let root = root.as_ref().filter(|root| root.is_one_of_several);
            let root = root.map(|root| format!("{root}: ")).unwrap_or_default();
            Err(format!("{root}{error}"))
        }
    }
}

/// The columns that have cells, and their widths.
struct Columns {
    /// The index in [`COLUMNS`], and the width.
    widths: Vec<(usize, usize)>,
    /// The width of the titles of kernels.
    titles: usize,
    /// Titles have lines of their own, because the table would be too wide.
    is_stacked: bool,
}

impl Columns {
    /// `width` is what the table has room for.
    fn of(rows: &[(String, &Vec<Line>)], width: usize) -> Self {
        let lines = rows.iter().flat_map(|(_, lines)| lines.iter().flatten());
        let mut widths = Vec::new();
        for (index, (heading, _)) in COLUMNS.iter().enumerate() {
            let cells = lines.clone().filter_map(|cells| cells.get(index)?.as_deref());
            if let Some(width) = cells.map(|cell| cell.chars().count()).max() {
                widths.push((index, width.max(heading.len())));
            }
        }
        let titles = rows.iter().map(|(title, _)| title.chars().count()).max().unwrap_or(0);
        let cells: usize = widths.iter().map(|(_, width)| width + 2).sum();
        Self { widths, titles, is_stacked: 2 + titles + cells > width }
    }

    fn headings(&self, out: &mut impl Write) -> io::Result<()> {
        if self.widths.is_empty() {
            return Ok(());
        }
        self.indent(out)?;
        for (index, width) in &self.widths {
            cell(COLUMNS[*index].0, COLUMNS[*index].0, *width, out)?;
        }
        writeln!(out)
    }

    /// Prints a line of a kernel or of several.
    fn line(&self, title: &str, line: &Line, out: &mut impl Write) -> io::Result<()> {
        if self.is_stacked {
            self.indent(out)?;
        } else {
            write!(out, "  {title:width$}", width = self.titles)?;
        }
        match line {
            Err(error) => write!(out, "  {}", error.yellow())?,
            Ok(cells) => {
                for (index, width) in &self.widths {
                    let text = cells.get(*index).and_then(Option::as_deref).unwrap_or("-");
                    cell(COLUMNS[*index].0, text, *width, out)?;
                }
            }
        }
        writeln!(out)
    }

    /// Prints the space before the cells.
    fn indent(&self, out: &mut impl Write) -> io::Result<()> {
        let width = if self.is_stacked { 2 } else { 2 + self.titles };
        write!(out, "{:width$}", "")
    }
}

fn note(text: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "  {}", format_args!("note: {text}").dimmed())
}

/// Prints what it means that a name stands for several types.
fn note_of_several(answers: &[&Answer<'_>], out: &mut impl Write) -> io::Result<()> {
    let roots = answers.iter().filter_map(|answer| answer.root.as_ref());
    if !roots.clone().any(|root| root.is_one_of_several) {
        return Ok(());
    }
    let is_enumerator_alone = |answer: &&Answer<'_>| {
        let subject = answer.info.as_ref().map(|info| info.subject);
        !answer.question.contains("::") && subject.is_ok_and(|subject| subject == "enumerator")
    };
    let text = if answers.iter().all(is_enumerator_alone) {
        "several enums have an enumerator of the name; name one of them: ENUM::ENUMERATOR"
    } else {
        "several types have the name; a relocation considers those of one kind, whatever their \
         flavor, and those that match must agree"
    };
    note(text, out)
}

/// Prints a cell: numbers are aligned to the right, types to the left.
fn cell(heading: &str, text: &str, width: usize, out: &mut impl Write) -> io::Result<()> {
    match heading {
        "type" => write!(out, "  {text}"),
        "in" => write!(out, "  {text:width$}"),
        _ => write!(out, "  {text:>width$}"),
    }
}
