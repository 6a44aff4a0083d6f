//! `core-reloc query`.

use std::{
    fmt,
    io::{self, Write},
};

use btf_types::Btf;
use core_reloc_sys::Kernel;
use core_reloc_tools::query::{Facts, QueryError, query, similar_names};
use owo_colors::OwoColorize;
use serde::Serialize;

use crate::{
    Completion,
    arguments::{Format, Query, TargetArguments},
    failure::Failure,
    format::json_line,
    target::{with_each_btf, with_types},
    terminal::{Escaped, stdout},
};

/// The answer of a target to a question.
struct Answer<'q> {
    question: &'q str,
    target: String,
    facts: Result<Facts, Unanswered>,
}

/// The error of a question, and similar names that may have been meant.
struct Unanswered {
    error: QueryError,
    similar: Vec<String>,
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)?;
        for (position, name) in self.similar.iter().enumerate() {
            let separator = match position {
                0 => "; did you mean",
                _ if position + 1 == self.similar.len() => " or",
                _ => ",",
            };
            write!(f, "{separator} `{name}`")?;
        }
        f.write_str(if self.similar.is_empty() { "" } else { "?" })
    }
}

pub(crate) fn run(arguments: &Query) -> Result<Completion, Failure> {
    let kernel = Kernel::running();
    let mut answers = Vec::new();
    let mut answer_all = |target: String, btf: &Btf<'_>, modules: &[(&str, Btf<'_>)]| {
        answers.extend(arguments.questions.iter().map(|question| Answer {
            question,
            target: target.clone(),
            facts: answer(question, btf, modules),
        }));
    };
    if arguments.targets.is_empty() || !arguments.modules.is_empty() {
        let (target, name) = match arguments.targets.as_slice() {
            [] => (None, "running kernel".to_string()),
            [path] => (Some(path.clone()), path.display().to_string()),
            targets => return Err(Failure::ModulesOfTargets(targets.len())),
        };
        let target = TargetArguments { target, modules: arguments.modules.clone() };
        let is_missing =
            |btf: &Btf<'_>| arguments.questions.iter().any(|question| is_unknown(btf, question));
        with_types(&target, &kernel, is_missing, |btf, modules| answer_all(name, btf, modules))?;
    } else {
        for path in &arguments.targets {
            with_each_btf(path, |target, btf| answer_all(target.display().to_string(), btf, &[]))?;
        }
    }
    let mut out = stdout();
    match arguments.format.format {
        Format::Text => {
            for question in &arguments.questions {
                let answers: Vec<&Answer<'_>> =
                    answers.iter().filter(|answer| answer.question == question).collect();
                table(question, &answers, &mut out)?;
            }
        }
        Format::Json => {
            for answer in &answers {
                json(answer, &mut out)?;
            }
        }
    }
    out.flush()?;
    let all = answers.iter().all(|answer| answer.facts.is_ok());
    Ok(if all { Completion::Success } else { Completion::Negative })
}

/// Answers a question from a kernel's types, or from its modules' if the kernel lacks the name.
fn answer(question: &str, btf: &Btf<'_>, modules: &[(&str, Btf<'_>)]) -> Result<Facts, Unanswered> {
    let all = || std::iter::once(btf).chain(modules.iter().map(|(_, btf)| btf));
    match all().find(|btf| !is_unknown(btf, question)) {
        Some(known) => query(known, question).map_err(|error| {
            let similar = similar_names(known, &error);
            Unanswered { error, similar }
        }),
        None => query(btf, question).map_err(|error| {
            let mut similar = Vec::new();
            for name in all().flat_map(|btf| similar_names(btf, &error)) {
                if similar.len() < SIMILAR && !similar.contains(&name) {
                    similar.push(name);
                }
            }
            Unanswered { error, similar }
        }),
    }
}

/// The maximal number of similar names from a kernel and its modules together.
const SIMILAR: usize = 3;

/// Returns `true` if no type or enumerator has the question's name.
fn is_unknown(btf: &Btf<'_>, question: &str) -> bool {
    matches!(query(btf, question), Err(QueryError::NoSuchName { .. }))
}

/// A column of the table: its heading, and the text of its cells.
type Column = (&'static str, fn(&Facts) -> Option<String>);

const COLUMNS: [Column; 9] = [
    ("offset", |facts| facts.byte_offset.map(|offset| offset.to_string())),
    ("bit", |facts| facts.bit_offset.map(|offset| offset.to_string())),
    ("size", |facts| facts.size.map(|size| size.to_string())),
    ("bits", |facts| facts.bitfield_size.map(|bits| bits.to_string())),
    ("signed", |facts| facts.signed.map(|signed| if signed { "yes" } else { "no" }.to_string())),
    ("lshift", |facts| facts.lshift.map(|shift| shift.to_string())),
    ("rshift", |facts| facts.rshift.map(|shift| shift.to_string())),
    ("value", |facts| facts.value.map(|value| value.to_string())),
    ("type", |facts| Some(facts.ty.clone())),
];

/// Prints the answers to one question, one line per target, without empty columns.
fn table(question: &str, answers: &[&Answer<'_>], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", question.bold())?;
    let targets: Vec<String> =
        answers.iter().map(|answer| Escaped(&answer.target).to_string()).collect();
    let width = targets.iter().map(|target| target.chars().count()).max().unwrap_or(0);
    let cells = |column: &Column| -> Vec<Option<String>> {
        answers.iter().map(|answer| column.1(answer.facts.as_ref().ok()?)).collect()
    };
    let columns: Vec<_> = COLUMNS
        .iter()
        .map(|column| (column.0, cells(column)))
        .filter(|(_, cells)| cells.iter().any(Option::is_some))
        .collect();
    let width_of = |heading: &str, cells: &[Option<String>]| {
        cells.iter().flatten().map(String::len).fold(heading.len(), usize::max)
    };
    if !columns.is_empty() {
        write!(out, "  {:width$}", "")?;
        for (heading, cells) in &columns {
            cell(heading, heading, width_of(heading, cells), out)?;
        }
        writeln!(out)?;
    }
    for (row, (answer, target)) in answers.iter().zip(&targets).enumerate() {
        write!(out, "  {target:width$}")?;
        match &answer.facts {
            Err(error) => write!(out, "  {}", error.yellow())?,
            Ok(_) => {
                for (heading, cells) in &columns {
                    let text = cells[row].as_deref().unwrap_or("-");
                    cell(heading, text, width_of(heading, cells), out)?;
                }
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Prints a cell: aligned to the left in the last column, the type, and to the right in the others.
fn cell(heading: &str, text: &str, width: usize, out: &mut impl Write) -> io::Result<()> {
    if heading == "type" { write!(out, "  {text}") } else { write!(out, "  {text:>width$}") }
}

/// A line of JSON.
#[derive(Serialize)]
struct Line<'a> {
    question: &'a str,
    target: &'a str,
    subject: Option<&'static str>,
    r#type: Option<&'a str>,
    type_id: Option<u32>,
    byte_offset: Option<u64>,
    bit_offset: Option<u32>,
    bitfield_size: Option<u8>,
    size: Option<u64>,
    signed: Option<bool>,
    lshift: Option<u64>,
    rshift: Option<u64>,
    value: Option<i128>,
    error: Option<String>,
    /// Similar names that may have been meant.
    similar: &'a [String],
}

fn json(answer: &Answer<'_>, out: &mut impl Write) -> io::Result<()> {
    let (facts, unanswered) = (answer.facts.as_ref().ok(), answer.facts.as_ref().err());
    let line = Line {
        question: answer.question,
        target: &answer.target,
        subject: facts.map(|facts| facts.subject.name()),
        r#type: facts.map(|facts| facts.ty.as_str()),
        type_id: facts.map(|facts| facts.type_id.0),
        byte_offset: facts.and_then(|facts| facts.byte_offset),
        bit_offset: facts.and_then(|facts| facts.bit_offset),
        bitfield_size: facts.and_then(|facts| facts.bitfield_size),
        size: facts.and_then(|facts| facts.size),
        signed: facts.and_then(|facts| facts.signed),
        lshift: facts.and_then(|facts| facts.lshift),
        rshift: facts.and_then(|facts| facts.rshift),
        value: facts.and_then(|facts| facts.value),
        error: unanswered.map(|unanswered| unanswered.error.to_string()),
        similar: unanswered.map_or(&[], |unanswered| &unanswered.similar),
    };
    json_line(&line, out)
}
