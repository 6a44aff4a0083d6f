//! Answers questions about a target by name: a type, a field or an enumerator.
//!
//! ```
//! use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
//! use core_reloc::Target;
//! use core_reloc_tools::query::{Answer, query, query_all, similar_names};
//!
//! // struct task { int pid; int tgid; }; enum state { RUNNING, STOPPED };
//! let mut btf = Builder::new(ByteOrder::Little);
//! let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
//! btf.structure("task", 8).member("pid", int, 0).member("tgid", int, 32).finish();
//! btf.enumeration("state", 4).enumerator("RUNNING", 0).enumerator("STOPPED", 1).finish();
//! let bytes = btf.finish()?;
//! let btf = Btf::parse(&bytes)?;
//! let target = Target::new(&btf);
//!
//! let Answer::Field(tgid) = query(&target, "task.tgid")? else { panic!("tgid is a field") };
//! assert_eq!((tgid.byte_offset, tgid.bit_offset, tgid.size), (4, 32, Some(4)));
//! assert_eq!((tgid.type_name.as_str(), tgid.signed), ("int", Some(true)));
//!
//! // Many questions take one pass over the types.
//! let answers = query_all(&target, &["task", "STOPPED", "task.tgit"]);
//! let [Ok(Answer::Type(task)), Ok(Answer::Enumerator(stopped)), Err(error)] = &answers[..] else {
//!     panic!("a type, an enumerator and an error");
//! };
//! assert_eq!(task.size, Some(8));
//! assert_eq!((stopped.type_name.as_str(), stopped.value), ("enum state", 1));
//! assert_eq!(similar_names(&target, error), ["tgid"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod bitfield;
mod error;
mod field;
mod question;
mod roots;
mod suggest;

use btf_types::{Enumerator, Kind, Type};
use core_reloc::{
    FoundEnumerator, FoundType, RelocKind, Target,
    describe::declaration_in_c,
    enums::{EnumValue, Sign},
    generate::{GenerateError, enumerator_relocation_from, field_relocation_from},
};

pub use self::{
    answer::{Answer, Answers, EnumeratorInfo, FieldInfo, TypeAnswer, TypeInfo},
    error::QueryError,
    suggest::similar_names,
};
use self::{
    field::field_info,
    question::{Question, Reading, Rest},
    roots::{Root, Roots},
};
use crate::{enums::EnumReaders, limits::MAX_ANSWERS};

/// Answers a question about a target: `task_struct`, `task_struct.comm[3]`, `struct job[2].pid`,
/// `bpf_map_type::BPF_MAP_TYPE_HASH`, `Vec<u8, alloc::alloc::Global>.len`, or the name of an enumerator
/// alone.
///
/// A name may stand for several types; this is the first answer of those that [`query_types`] returns.
/// [`query_all`] answers many questions in the same time.
///
/// # Errors
/// A name or path that the target does not have; see [`QueryError`].
pub fn query(target: &Target<'_>, question: &str) -> Result<Answer, QueryError> {
    let answer = query_all(target, &[question]).pop();
    answer.unwrap_or_else(|| Err(QueryError::NoSuchName { name: question.into() }))
}

/// Answers questions about a target as [`query`] does, in their order.
///
/// All questions together take one pass over the named types, and one over the enums if enumerators are
/// named without their enum; for a target that is [indexed](Target::indexed_for_queries) they take none.
pub fn query_all(target: &Target<'_>, questions: &[&str]) -> Vec<Result<Answer, QueryError>> {
    let first = |question: &Question<'_>, answers: Answers| {
        let no_such_name = || Err(QueryError::NoSuchName { name: question.missing_name().into() });
        answers.into_first().unwrap_or_else(no_such_name)
    };
    ask(target, questions, |question, roots, enums| first(question, answers(roots, enums)))
}

/// Answers questions about a target for all types that the name in each stands for: structs, unions, enums
/// and typedefs of the name, and those that differ only in their flavor, because a relocation takes all of
/// one kind for candidates. The time is that of [`query_all`].
///
/// The types of the main BTF answer. Those of modules answer for kinds of which the main BTF has no type of
/// the name.
///
/// ```
/// # use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
/// # let mut btf = Builder::new(ByteOrder::Little);
/// # let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
/// # btf.structure("conn", 8).member("mark", int, 32).finish();
/// # btf.structure("conn___init", 16).member("mark", int, 64).finish();
/// # let bytes = btf.finish()?;
/// use core_reloc::Target;
/// use core_reloc_tools::query::{Answer, query_types};
///
/// let btf = Btf::parse(&bytes)?;
/// let answers = query_types(&Target::new(&btf), &["conn.mark"]).remove(0)?;
/// let offset = |answer: &Answer| match answer {
///     Answer::Field(field) => Some(field.byte_offset),
///     _ => None,
/// };
/// let all = answers.of_types.iter();
/// let all: Vec<_> = all.map(|one| (one.root.as_str(), one.result.as_ref().ok().and_then(offset))).collect();
/// assert_eq!(all, [("struct conn", Some(4)), ("struct conn___init", Some(8))]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// For each question, [`QueryError::NoSuchName`] if there is no type or enumerator of the name.
pub fn query_types(target: &Target<'_>, questions: &[&str]) -> Vec<Result<Answers, QueryError>> {
    ask(target, questions, |question, roots, enums| {
        if roots.is_empty() {
            return Err(QueryError::NoSuchName { name: question.missing_name().into() });
        }
        Ok(answers(roots, enums))
    })
}

/// Finds the roots of all questions, and passes each question with its roots to `answer`.
fn ask<'a, T>(
    target: &Target<'a>,
    questions: &[&str],
    answer: impl Fn(&Question<'_>, Roots<'_, 'a>, &mut EnumReaders<'a>) -> T,
) -> Vec<T> {
    let mut enums = EnumReaders::default();
    let questions: Vec<Question<'_>> = questions.iter().map(|text| Question::parse(text)).collect();
    let roots = roots::find(target, &questions);
    let all = questions.iter().zip(roots);
    all.map(|(question, roots)| answer(question, roots, &mut enums)).collect()
}

/// Answers a question for each of its roots.
fn answers<'a>(roots: Roots<'_, 'a>, enums: &mut EnumReaders<'a>) -> Answers {
    let left_out = roots.len().saturating_sub(MAX_ANSWERS);
    let roots = roots.into_iter().take(MAX_ANSWERS);
    let mut of_types: Vec<TypeAnswer> = Vec::with_capacity(roots.len());
    // An error says little if another way to read the question has an answer.
    let mut is_of_enum = Vec::with_capacity(roots.len());
    for (reading, root) in roots {
        let (ty, module, is_exact) = match root {
            Root::Type { found, is_exact } => (found.ty, found.module, is_exact),
            Root::Enumerator(found) => (found.ty, found.module, true),
        };
        let stripped = ty.skip_modifiers_and_typedefs().unwrap_or(ty);
        is_of_enum.push(stripped.kind().is_enum());
        of_types.push(TypeAnswer {
            root: declaration_in_c(ty, ""),
            root_id: ty.id(),
            module,
            is_flavor: !is_exact,
            result: answer(reading, root, enums),
        });
    }
    let answered = |of_enum: bool| {
        let mut all = of_types.iter().zip(&is_of_enum);
        all.any(|(answer, is_of_enum)| *is_of_enum == of_enum && answer.result.is_ok())
    };
    let (of_others, of_enums) = (answered(false), answered(true));
    let mut is_of_enum = is_of_enum.into_iter();
    of_types.retain(|answer| {
        let is_of_enum = is_of_enum.next().unwrap_or_default();
        let (own, other) = if is_of_enum { (of_enums, of_others) } else { (of_others, of_enums) };
        answer.result.is_ok() || own || !other
    });
    Answers { of_types, left_out }
}

fn answer<'a>(
    reading: Reading<'_>,
    root: Root<'a>,
    enums: &mut EnumReaders<'a>,
) -> Result<Answer, QueryError> {
    let found = match root {
        Root::Type { found, .. } => found,
        Root::Enumerator(FoundEnumerator { enumerator, module, .. }) => {
            return Ok(Answer::Enumerator(info_of(enumerator, module, enums)));
        }
    };
    match reading.rest {
        Rest::Nothing => Ok(Answer::Type(type_info(found, enums))),
        Rest::Enumerator(name) => enumerator_info(found, name, enums),
        Rest::Path(path) => {
            let stripped = found.ty.skip_modifiers_and_typedefs().map_err(GenerateError::from)?;
            if stripped.kind().is_enum() && reading.may_name_enumerator() {
                return enumerator_info(found, path, enums);
            }
            let relocation = field_relocation_from(found.ty, 0, path, RelocKind::FieldByteOffset)?;
            field_info(found, &relocation).map(Answer::Field)
        }
    }
}

fn type_info<'a>(found: FoundType<'a>, enums: &mut EnumReaders<'a>) -> TypeInfo {
    let FoundType { ty, module, .. } = found;
    let stripped = ty.skip_modifiers_and_typedefs().unwrap_or(ty);
    let signed = match stripped.kind() {
        Kind::Int => stripped.int().map(|int| int.is_signed()),
        kind if kind.is_enum() => match enums.of(stripped.btf()).sign(stripped) {
            Sign::Signed => Some(true),
            Sign::Unsigned => Some(false),
            _ => None,
        },
        _ => None,
    };
    TypeInfo { name: declaration_in_c(ty, ""), id: ty.id(), module, size: size(ty), signed }
}

fn size(ty: Type<'_>) -> Option<u64> {
    ty.size().ok().map(u64::from)
}

fn enumerator_info<'a>(
    root: FoundType<'a>,
    name: &str,
    enums: &mut EnumReaders<'a>,
) -> Result<Answer, QueryError> {
    let relocation = enumerator_relocation_from(root.ty, 0, name, RelocKind::EnumvalValue)?;
    let ty = root.ty.skip_modifiers_and_typedefs().map_err(GenerateError::from)?;
    let index = relocation.access.first().copied().unwrap_or_default();
    let enumerator = ty.enumerators().get(index as usize);
    let enumerator = enumerator.ok_or_else(|| QueryError::NoSuchName { name: name.into() })?;
    Ok(Answer::Enumerator(info_of(enumerator, root.module, enums)))
}

fn info_of<'a>(
    enumerator: Enumerator<'a>,
    module: Option<u32>,
    enums: &mut EnumReaders<'a>,
) -> EnumeratorInfo {
    let ty = enumerator.owner();
    let EnumValue { value, is_guess, .. } = enums.of(ty.btf()).value(enumerator);
    EnumeratorInfo {
        type_name: declaration_in_c(ty, ""),
        type_id: ty.id(),
        module,
        size: size(ty),
        signed: ty.kind_flag() || is_guess,
        value,
        is_guess,
    }
}
