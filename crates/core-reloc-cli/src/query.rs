//! `core-reloc query`.

use std::{
    fmt,
    io::{self, Write},
};

use btf_types::{Btf, TypeId};
use core_reloc::{Module, Target};
use core_reloc_sys::Kernel;
use core_reloc_tools::query::{self, QueryError, query_all, similar_names};
use owo_colors::OwoColorize;
use serde::Serialize;

use crate::{
    Completion,
    arguments::{Format, Query, TargetArguments},
    failure::Failure,
    format::json_line,
    target::{Unreadable, with_each_btf, with_types},
    terminal::{Escaped, stdout},
};

/// The answer of a target to a question.
struct Answer<'q> {
    question: &'q str,
    target: String,
    info: Result<Info, Unanswered>,
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
    let (mut answers, mut unreadable, mut read) = (Vec::new(), Unreadable::default(), 0);
    let questions: Vec<&str> = arguments.questions.iter().map(String::as_str).collect();
    let mut answer_all = |name: String, btf: &Btf<'_>, modules: &[(&str, Btf<'_>)]| {
        let modules = modules.iter().map(|(name, btf)| Module { name, btf });
        let target = Target::new(btf).with_modules(modules);
        read += 1;
        let results = questions.iter().zip(query_all(&target, &questions));
        answers.extend(results.map(|(question, result)| Answer {
            question,
            target: name.clone(),
            info: info(&target, result),
        }));
    };
    if arguments.targets.is_empty() || !arguments.modules.is_empty() {
        let (target, name) = match arguments.targets.as_slice() {
            [] => (None, "running kernel".to_string()),
            [path] => (Some(path.clone()), path.display().to_string()),
            targets => return Err(Failure::ModulesOfTargets(targets.len())),
        };
        let target = TargetArguments { target, modules: arguments.modules.clone() };
        let is_missing = |btf: &Btf<'_>| {
            let results = query_all(&Target::new(btf), &questions);
            results.iter().any(|result| matches!(result, Err(QueryError::NoSuchName { .. })))
        };
        with_types(&target, &kernel, is_missing, |btf, modules| answer_all(name, btf, modules))?;
    } else {
        for path in &arguments.targets {
            with_each_btf(path, &mut unreadable, |target, btf| {
                answer_all(target.display().to_string(), btf, &[]);
            });
        }
    }
    let readable = unreadable.report(read)?;
    let mut out = stdout();
    match arguments.format.format {
        Format::Text => {
            for question in &questions {
                let answers: Vec<&Answer<'_>> =
                    answers.iter().filter(|answer| answer.question == *question).collect();
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
    let answered = if all { Completion::Success } else { Completion::Negative };
    Ok(answered.and(readable))
}

fn info(
    target: &Target<'_>,
    result: Result<query::Answer, QueryError>,
) -> Result<Info, Unanswered> {
    match result {
        Ok(answer) => Ok(Info::new(target, answer)),
        Err(error) => Err(Unanswered { similar: similar_names(target, &error), error }),
    }
}

/// An answer, with the parts that it does not have as `None`.
#[derive(Default)]
struct Info {
    subject: &'static str,
    ty: String,
    type_id: TypeId,
    module: Option<String>,
    byte_offset: Option<u64>,
    bit_offset: Option<u32>,
    bitfield_size: Option<u8>,
    size: Option<u64>,
    signed: Option<bool>,
    lshift: Option<u64>,
    rshift: Option<u64>,
    value: Option<i128>,
}

impl Info {
    fn new(target: &Target<'_>, answer: query::Answer) -> Self {
        let module = answer.module().and_then(|module| target.modules().get(module as usize));
        let module = module.map(|module| module.name.to_string());
        let info = Self { subject: answer.subject(), module, ..Self::default() };
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

/// A column of the table: its heading, and the text of its cells.
type Column = (&'static str, fn(&Info) -> Option<String>);

const COLUMNS: [Column; 10] = [
    ("offset", |info| info.byte_offset.map(|offset| offset.to_string())),
    ("bit", |info| info.bit_offset.map(|offset| offset.to_string())),
    ("size", |info| info.size.map(|size| size.to_string())),
    ("bits", |info| info.bitfield_size.map(|bits| bits.to_string())),
    ("signed", |info| info.signed.map(|signed| if signed { "yes" } else { "no" }.to_string())),
    ("lshift", |info| info.lshift.map(|shift| shift.to_string())),
    ("rshift", |info| info.rshift.map(|shift| shift.to_string())),
    ("value", |info| info.value.map(|value| value.to_string())),
    ("module", |info| info.module.as_ref().map(|module| Escaped(module).to_string())),
    ("type", |info| Some(info.ty.clone())),
];

/// Prints the answers to one question, one line per target, without empty columns.
fn table(question: &str, answers: &[&Answer<'_>], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", question.bold())?;
    let targets: Vec<String> =
        answers.iter().map(|answer| Escaped(&answer.target).to_string()).collect();
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
    /// The module that defines the type; none if the kernel does.
    module: Option<&'a str>,
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
    let (info, unanswered) = (answer.info.as_ref().ok(), answer.info.as_ref().err());
    let line = Line {
        question: answer.question,
        target: &answer.target,
        subject: info.map(|info| info.subject),
        r#type: info.map(|info| info.ty.as_str()),
        type_id: info.map(|info| info.type_id.0),
        module: info.and_then(|info| info.module.as_deref()),
        byte_offset: info.and_then(|info| info.byte_offset),
        bit_offset: info.and_then(|info| info.bit_offset),
        bitfield_size: info.and_then(|info| info.bitfield_size),
        size: info.and_then(|info| info.size),
        signed: info.and_then(|info| info.signed),
        lshift: info.and_then(|info| info.lshift),
        rshift: info.and_then(|info| info.rshift),
        value: info.and_then(|info| info.value),
        error: unanswered.map(|unanswered| unanswered.error.to_string()),
        similar: unanswered.map_or(&[], |unanswered| &unanswered.similar),
    };
    json_line(&line, out)
}
