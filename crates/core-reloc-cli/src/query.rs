//! `core-reloc query`.

mod json;
mod table;

use std::{fmt, io::Write, path::PathBuf};

use btf_types::{Btf, TypeId};
use core_reloc::{Module, Target};
use core_reloc_sys::Kernel;
use core_reloc_tools::query::{
    self, Answers, QueryError, TypeAnswer, query_all, query_types, similar_names,
};

use crate::{
    Completion,
    arguments::{Format, Query, TargetArguments},
    failure::Failure,
    format::did_you_mean,
    names::by_version,
    target::{Unreadable, with_each_btf, with_types},
    terminal::{self, Escaped, stdout},
};

/// The answers of a kernel.
struct KernelAnswers<'q> {
    /// A short name, which no other kernel has.
    label: String,
    /// The path, or what the kernel is.
    target: String,
    /// To all questions, in their order.
    answers: Vec<Answer<'q>>,
}

/// The answer of a type of a kernel to a question.
struct Answer<'q> {
    question: &'q str,
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
    let (mut kernels, mut unreadable) = (Vec::new(), Unreadable::default());
    let questions: Vec<&str> = arguments.questions.iter().map(String::as_str).collect();
    let mut answer_all = |target: String, btf: &Btf<'_>, modules: &[(&str, Btf<'_>)]| {
        let modules = modules.iter().map(|(name, btf)| Module { name, btf });
        let of = Target::new(btf).with_modules(modules);
        let results = questions.iter().zip(query_types(&of, &questions));
        let answers =
            results.flat_map(|(question, result)| answers_of(&of, &target, question, result));
        kernels.push((target.clone(), answers.collect::<Vec<_>>()));
    };
    let Query { targets, kernel, modules, .. } = arguments;
    if targets.len() > 1 && !modules.is_empty() {
        return Err(Failure::ModulesOfTargets(targets.len()));
    }
    let mut answer_one = |target: Option<PathBuf>| {
        let is_running = target.is_none();
        let (kernel, modules) = (kernel.clone(), modules.clone());
        let target = TargetArguments { target, kernel, modules };
        let is_missing = |btf: &Btf<'_>| {
            let results = query_all(&Target::new(btf), &questions);
            results.iter().any(|result| matches!(result, Err(QueryError::NoSuchName { .. })))
        };
        with_types(&target, &Kernel::running(), is_missing, |file, btf, modules| {
            let path = file.path().display();
            let name = if is_running { "running kernel".to_string() } else { path.to_string() };
            answer_all(name, btf, modules);
        })
    };
    if targets.is_empty() {
        answer_one(None)?;
    } else if kernel.is_some() || !modules.is_empty() {
        for path in targets {
            answer_one(Some(path.clone())).unwrap_or_else(|error| unreadable.add(error));
        }
    } else {
        for path in targets {
            with_each_btf(path, &mut unreadable, |target, btf| {
                answer_all(target.display().to_string(), btf, &[]);
            });
        }
    }
    let readable = unreadable.report(kernels.len())?;
    let labeled = by_version(kernels, |(target, _)| target.clone()).into_iter();
    let kernel = |(label, (target, answers))| KernelAnswers { label, target, answers };
    let kernels: Vec<KernelAnswers<'_>> = labeled.map(kernel).collect();
    let mut out = stdout().in_format(arguments.format.format);
    match arguments.format.format {
        Format::Text => {
            for question in &questions {
                table::print(question, &kernels, &mut out)?;
            }
        }
        Format::Json => {
            for kernel in &kernels {
                json::print(kernel, &mut out)?;
            }
        }
    }
    out.flush()?;
    let is_answered = kernels.iter().all(|kernel| is_all_answered(&kernel.answers));
    let answered = if is_answered { Completion::Success } else { Completion::Negative };
    Ok(answered.and(readable))
}

/// Returns `true` if at least one type answers each question.
fn is_all_answered(answers: &[Answer<'_>]) -> bool {
    let to_one = |one: &Answer<'_>, next: &Answer<'_>| one.question == next.question;
    answers.chunk_by(to_one).all(|answers| answers.iter().any(|answer| answer.info.is_ok()))
}

/// Returns the answers of a target to a question: one for each type of the name, or the error.
fn answers_of<'q>(
    target: &Target<'_>,
    name: &str,
    question: &'q str,
    result: Result<Answers, QueryError>,
) -> Vec<Answer<'q>> {
    let unanswered = |error| Unanswered { similar: similar_names(target, &error), error };
    let answer = |root, info| Answer { question, root, info };
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
