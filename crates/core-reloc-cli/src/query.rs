//! `core-reloc query`.

use std::fmt;
use std::io::{self, Write};

use btf_types::{Btf, TypeId};
use core_reloc_sys::Kernel;
use core_reloc_tools::query::{self, QueryError, query, similar_names};
use owo_colors::OwoColorize;
use serde::Serialize;

use crate::{
    Ending,
    arguments::{Format, Query, TargetArguments},
    failure::Failure,
    output::stdout,
    shown::Shown,
    target::{with_each_btf, with_types},
};

/// What a target answers to a question.
struct Answer<'q> {
    question: &'q str,
    target: String,
    info: Result<Info, Failed>,
}

/// Why there are no answer, and what may have been meant.
struct Failed {
    error: QueryError,
    similar: Vec<String>,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)?;
        for (position, name) in self.similar.iter().enumerate() {
            let joint = match position {
                0 => "; did you mean",
                _ if position + 1 == self.similar.len() => " or",
                _ => ",",
            };
            write!(f, "{joint} `{name}`")?;
        }
        f.write_str(if self.similar.is_empty() { "" } else { "?" })
    }
}

pub(crate) fn run(arguments: &Query) -> Result<Ending, Failure> {
    let kernel = Kernel::running();
    let mut answers = Vec::new();
    let mut ask = |target: String, btf: &Btf<'_>, modules: &[(&str, Btf<'_>)]| {
        answers.extend(arguments.questions.iter().map(|question| Answer {
            question,
            target: target.clone(),
            info: answer(question, btf, modules),
        }));
    };
    if arguments.targets.is_empty() || !arguments.modules.is_empty() {
        let (target, name) = match arguments.targets.as_slice() {
            [] => (None, "running kernel".to_string()),
            [path] => (Some(path.clone()), path.display().to_string()),
            _ => return Err(Failure::ModulesOfTargets),
        };
        let target = TargetArguments { target, modules: arguments.modules.clone() };
        let is_missing =
            |btf: &Btf<'_>| arguments.questions.iter().any(|question| is_unknown(btf, question));
        with_types(&target, &kernel, is_missing, |btf, modules| ask(name, btf, modules))?;
    } else {
        for path in &arguments.targets {
            with_each_btf(path, |target, btf| ask(target.display().to_string(), btf, &[]))?;
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
    let all = answers.iter().all(|answer| answer.info.is_ok());
    Ok(if all { Ending::Good } else { Ending::Bad })
}

/// What a kernel says; about names that it does not know, what its modules say.
fn answer(question: &str, btf: &Btf<'_>, modules: &[(&str, Btf<'_>)]) -> Result<Info, Failed> {
    let all = || std::iter::once(btf).chain(modules.iter().map(|(_, btf)| btf));
    match all().find(|btf| !is_unknown(btf, question)) {
        Some(known) => query(known, question).map(Info::from).map_err(|error| {
            let similar = similar_names(known, &error);
            Failed { error, similar }
        }),
        None => query(btf, question).map(Info::from).map_err(|error| {
            let mut similar = Vec::new();
            for name in all().flat_map(|btf| similar_names(btf, &error)) {
                if similar.len() < SIMILAR && !similar.contains(&name) {
                    similar.push(name);
                }
            }
            Failed { error, similar }
        }),
    }
}

/// How many names are told of a kernel with its modules.
const SIMILAR: usize = 3;

fn is_unknown(btf: &Btf<'_>, question: &str) -> bool {
    matches!(query(btf, question), Err(QueryError::NoSuchName { .. }))
}

/// An answer, with the parts that it does not have as `None`.
#[derive(Default)]
struct Info {
    subject: &'static str,
    ty: String,
    type_id: TypeId,
    byte_offset: Option<u64>,
    bit_offset: Option<u32>,
    bitfield_size: Option<u8>,
    size: Option<u64>,
    signed: Option<bool>,
    lshift: Option<u64>,
    rshift: Option<u64>,
    value: Option<i128>,
}

impl From<query::Answer> for Info {
    fn from(answer: query::Answer) -> Self {
        let info = Self { subject: answer.subject(), ..Self::default() };
        match answer {
            query::Answer::Type(ty) => {
                Self { ty: ty.name, type_id: ty.id, size: ty.size, signed: ty.signed, ..info }
            }
            query::Answer::Field(field) => Self {
                ty: field.type_name,
                type_id: field.type_id,
                byte_offset: Some(field.byte_offset),
                bit_offset: Some(field.bit_offset),
                bitfield_size: field.bitfield_size,
                size: field.size,
                signed: field.signed,
                lshift: field.shifts.map(|shifts| shifts.left),
                rshift: field.shifts.map(|shifts| shifts.right),
                ..info
            },
            query::Answer::Enumerator(enumerator) => Self {
                ty: enumerator.type_name,
                type_id: enumerator.type_id,
                size: enumerator.size,
                signed: Some(enumerator.signed),
                value: Some(enumerator.value),
                ..info
            },
        }
    }
}

/// A column of the table: its heading, and what it shows.
type Column = (&'static str, fn(&Info) -> Option<String>);

const COLUMNS: [Column; 9] = [
    ("offset", |info| info.byte_offset.map(|offset| offset.to_string())),
    ("bit", |info| info.bit_offset.map(|offset| offset.to_string())),
    ("size", |info| info.size.map(|size| size.to_string())),
    ("bits", |info| info.bitfield_size.map(|bits| bits.to_string())),
    ("signed", |info| info.signed.map(|signed| if signed { "yes" } else { "no" }.to_string())),
    ("lshift", |info| info.lshift.map(|shift| shift.to_string())),
    ("rshift", |info| info.rshift.map(|shift| shift.to_string())),
    ("value", |info| info.value.map(|value| value.to_string())),
    ("type", |info| Some(info.ty.clone())),
];

/// Prints the answers to one question, a line for each target. Columns that say nothing are left
/// out.
fn table(question: &str, answers: &[&Answer<'_>], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", question.bold())?;
    let targets: Vec<String> =
        answers.iter().map(|answer| Shown(&answer.target).to_string()).collect();
    let width = targets.iter().map(|target| target.chars().count()).max().unwrap_or(0);
    let cells = |column: &Column| -> Vec<Option<String>> {
        answers.iter().map(|answer| column.1(answer.info.as_ref().ok()?)).collect()
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
        match &answer.info {
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

/// Numbers are to the right; the type, which is the last, is to the left.
fn cell(heading: &str, text: &str, width: usize, out: &mut impl Write) -> io::Result<()> {
    if heading == "type" { write!(out, "  {text}") } else { write!(out, "  {text:>width$}") }
}

/// A line of `query`.
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
    /// Names that may have been meant.
    similar: &'a [String],
}

fn json(answer: &Answer<'_>, out: &mut impl Write) -> io::Result<()> {
    let (info, failed) = (answer.info.as_ref().ok(), answer.info.as_ref().err());
    let line = Line {
        question: answer.question,
        target: &answer.target,
        subject: info.map(|info| info.subject),
        r#type: info.map(|info| info.ty.as_str()),
        type_id: info.map(|info| info.type_id.0),
        byte_offset: info.and_then(|info| info.byte_offset),
        bit_offset: info.and_then(|info| info.bit_offset),
        bitfield_size: info.and_then(|info| info.bitfield_size),
        size: info.and_then(|info| info.size),
        signed: info.and_then(|info| info.signed),
        lshift: info.and_then(|info| info.lshift),
        rshift: info.and_then(|info| info.rshift),
        value: info.and_then(|info| info.value),
        error: failed.map(|failed| failed.error.to_string()),
        similar: failed.map_or(&[], |failed| &failed.similar),
    };
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}
