//! `core-reloc query`.

use std::{
    fmt,
    io::{self, Write},
};

use btf_types::{Btf, TypeId};
use core_reloc::{Module, Target};
use core_reloc_sys::Kernel;
use core_reloc_tools::query::{
    self, Answers, QueryError, TypeAnswer, query_all, query_types, similar_names,
};
use owo_colors::OwoColorize;
use serde::Serialize;

use crate::{
    Completion,
    arguments::{Format, Query, TargetArguments},
    failure::Failure,
    format::{did_you_mean, json_line},
    target::{Unreadable, with_each_btf, with_types},
    terminal::{self, Escaped, stdout},
};

/// The answer of a type of a target to a question.
struct Answer<'q> {
    question: &'q str,
    target: String,
    /// The type, unless the target has none of the name.
    root: Option<Root>,
    info: Result<Info, Unanswered>,
}

/// The type that answers.
#[derive(Clone)]
struct Root {
    name: String,
    id: TypeId,
    module: Option<String>,
    /// Whether it is one of several types of the name.
    is_one_of_several: bool,
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.id)
    }
}

/// The error of a question, and similar names that may have been meant.
struct Unanswered {
    error: QueryError,
    similar: Vec<String>,
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)?;
        did_you_mean(&self.similar, f)
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
        for (question, result) in questions.iter().zip(query_types(&target, &questions)) {
            answers.extend(answers_of(&target, &name, question, result));
        }
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
    let mut out = stdout().in_format(arguments.format.format);
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
    let is_answered = is_all_answered(&answers);
    let answered = if is_answered { Completion::Success } else { Completion::Negative };
    Ok(answered.and(readable))
}

/// Returns `true` if in each target at least one type answers each question.
fn is_all_answered(answers: &[Answer<'_>]) -> bool {
    let of_one = |one: &Answer<'_>, next: &Answer<'_>| {
        one.target == next.target && one.question == next.question
    };
    answers.chunk_by(of_one).all(|answers| answers.iter().any(|answer| answer.info.is_ok()))
}

/// Returns the answers of a target to a question: one for each type of the name, or the error.
fn answers_of<'q>(
    target: &Target<'_>,
    name: &str,
    question: &'q str,
    result: Result<Answers, QueryError>,
) -> Vec<Answer<'q>> {
    let unanswered = |error| Unanswered { similar: similar_names(target, &error), error };
    let answer = |root, info| Answer { question, target: name.to_string(), root, info };
    match result {
        Err(error) => Vec::from([answer(None, Err(unanswered(error)))]),
        Ok(Answers { of_types, left_out, .. }) => {
            if left_out > 0 {
                let count = of_types.len();
                terminal::warning(format_args!(
                    "{}: only the first {count} of the types that `{question}` names are shown",
                    Escaped(name)
                ));
            }
            let is_one_of_several = of_types.len() > 1;
            let of_type = |TypeAnswer { root, root_id, module, result, .. }| {
                let module = module_name(target, module);
                let root = Root { name: root, id: root_id, module, is_one_of_several };
                let info = result.map(Info::of).map_err(unanswered);
                answer(Some(root), info)
            };
            of_types.into_iter().map(of_type).collect()
        }
    }
}

fn module_name(target: &Target<'_>, module: Option<u32>) -> Option<String> {
    let module = target.modules().get(module? as usize)?;
    Some(module.name.to_string())
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
    /// The sign of the value is a guess.
    is_guess: bool,
}

impl Info {
    fn of(answer: query::Answer) -> Self {
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
                is_guess: enumerator.is_guess,
                ..info
            },
        }
    }
}

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

/// Prints the answers to one question, one line for each type of each target, without empty columns.
fn table(question: &str, answers: &[&Answer<'_>], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", question.bold())?;
    let targets: Vec<String> =
        answers.iter().map(|answer| Escaped(&answer.target).to_string()).collect();
    let width = targets.iter().map(|target| target.chars().count()).max().unwrap_or(0);
    let cells = |column: &Column| -> Vec<Option<String>> {
        let cell =
            |answer: &&Answer<'_>| column.1(answer.info.as_ref().ok()?, answer.root.as_ref()?);
        answers.iter().map(cell).collect()
    };
    let columns: Vec<_> = COLUMNS
        .iter()
        .map(|column| (column.0, cells(column)))
        .filter(|(_, cells)| cells.iter().any(Option::is_some))
        .collect();
    let width_of = |heading: &str, cells: &[Option<String>]| {
        let widths = cells.iter().flatten().map(|cell| cell.chars().count());
        widths.fold(heading.len(), usize::max)
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
            Err(error) => {
                let root = answer.root.as_ref().filter(|root| root.is_one_of_several);
                let root = root.map(|root| format!("{root}: ")).unwrap_or_default();
                write!(out, "  {}", format_args!("{root}{error}").yellow())?;
            }
            Ok(_) => {
                for (heading, cells) in &columns {
                    let text = cells[row].as_deref().unwrap_or("-");
                    cell(heading, text, width_of(heading, cells), out)?;
                }
            }
        }
        writeln!(out)?;
    }
    if answers.iter().any(|answer| answer.info.as_ref().is_ok_and(|info| info.is_guess)) {
        note("the sign is a guess, because the BTF does not state the signs of enums", out)?;
    }
    note_of_several(answers, out)
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
    /// The type that the question names. Several lines answer a question if several types have the name.
    root: Option<&'a str>,
    root_id: Option<u32>,
    /// The sign of the value is a guess.
    guess: bool,
}

fn json(answer: &Answer<'_>, out: &mut impl Write) -> io::Result<()> {
    let (info, unanswered) = (answer.info.as_ref().ok(), answer.info.as_ref().err());
    let line = Line {
        question: answer.question,
        target: &answer.target,
        subject: info.map(|info| info.subject),
        r#type: info.map(|info| info.ty.as_str()),
        type_id: info.map(|info| info.type_id.0),
        module: info.and(answer.root.as_ref()).and_then(|root| root.module.as_deref()),
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
        root: answer.root.as_ref().map(|root| root.name.as_str()),
        root_id: answer.root.as_ref().map(|root| root.id.0),
        guess: info.is_some_and(|info| info.is_guess),
    };
    json_line(&line, out)
}
