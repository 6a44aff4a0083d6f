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
mod error;
mod question;
mod suggest;

use btf_types::{Kind, Type};

use self::question::{Question, Rest, Roots};
pub use self::{
    answer::{Answer, EnumeratorInfo, FieldInfo, TypeInfo},
    error::QueryError,
    suggest::similar_names,
};
use core_reloc::{
    FoundType, RelocKind, Relocation, Target,
    budget::Budget,
    describe::declaration_in_c,
    functions::Shifts,
    generate::{
        GenerateError, ROOTS, ROOTS_OF_ENUMERATORS, ROOTS_OF_FIELDS, enumerator_relocation_from,
        field_relocation_from, local_value,
    },
    spec::LocalSpec,
};

/// Answers a question about a target: `task_struct`, `task_struct.comm[3]`, `struct job[2].pid`,
/// `bpf_map_type::BPF_MAP_TYPE_HASH`, or the name of an enumerator alone.
///
/// The types of the main BTF answer, or those of the first module that has the name. Of several types of
/// one name in a BTF, the first is used. [`query_all`] answers many questions in the same time.
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
    let questions: Vec<Question<'_>> = questions.iter().map(|text| Question::parse(text)).collect();
    let roots = Roots::find(target, &questions);
    questions.iter().zip(&roots).map(|(question, roots)| answer(question, roots)).collect()
}

fn answer(question: &Question<'_>, roots: &Roots<'_>) -> Result<Answer, QueryError> {
    let Question { root, rest } = *question;
    let no_such_name = || QueryError::NoSuchName { name: root.into() };
    match rest {
        Rest::Nothing => match (roots.first_of(&ROOTS), roots.enumerator) {
            (Some(root), _) => Ok(Answer::Type(type_info(root))),
            (None, Some(found)) => {
                let (ty, value) = (found.ty, found.enumerator.value());
                Ok(Answer::Enumerator(info_of_enumerator(ty, value, found.module)))
            }
            (None, None) => Err(no_such_name()),
        },
        Rest::Enumerator(name) => {
            let root = roots.first_of(&ROOTS_OF_ENUMERATORS).ok_or_else(no_such_name)?;
            enumerator_info(root, name).map(Answer::Enumerator)
        }
        Rest::Path(path) => {
            let enumerator = || {
                let root = roots
                    .first_of(&ROOTS_OF_ENUMERATORS)
                    .filter(|_| question.may_name_enumerator());
                root.map(|root| enumerator_info(root, path).map(Answer::Enumerator))
            };
            let Some(root) = roots.first_of(&ROOTS_OF_FIELDS) else {
                return enumerator().unwrap_or_else(|| Err(no_such_name()));
            };
            match field_relocation_from(root.ty, 0, path, RelocKind::FieldByteOffset) {
                Ok(relocation) => field_info(root, &relocation).map(Answer::Field),
                Err(error @ GenerateError::NoParts { .. }) => {
                    enumerator().unwrap_or(Err(QueryError::Path(error)))
                }
                Err(error) => Err(QueryError::Path(error)),
            }
        }
    }
}

fn type_info(FoundType { ty, module, .. }: FoundType<'_>) -> TypeInfo {
    let stripped = ty.skip_modifiers_and_typedefs().unwrap_or(ty);
    let signed = match stripped.kind() {
        Kind::Int => stripped.int().map(|int| int.is_signed()),
        kind if kind.is_enum() => Some(stripped.kind_flag()),
        _ => None,
    };
    TypeInfo { name: declaration_in_c(ty, ""), id: ty.id(), module, size: size(ty), signed }
}

fn size(ty: Type<'_>) -> Option<u64> {
    ty.size().ok().map(u64::from)
}

fn enumerator_info(root: FoundType<'_>, name: &str) -> Result<EnumeratorInfo, QueryError> {
    let relocation = enumerator_relocation_from(root.ty, 0, name, RelocKind::EnumvalValue)?;
    let ty = root.ty.skip_modifiers_and_typedefs().map_err(GenerateError::from)?;
    let index = relocation.access.first().copied().unwrap_or_default();
    let enumerator = ty.enumerators().get(index as usize);
    let enumerator = enumerator.ok_or_else(|| QueryError::NoSuchName { name: name.into() })?;
    Ok(info_of_enumerator(ty, enumerator.value(), root.module))
}

fn info_of_enumerator(ty: Type<'_>, value: i128, module: Option<u32>) -> EnumeratorInfo {
    EnumeratorInfo {
        type_name: declaration_in_c(ty, ""),
        type_id: ty.id(),
        module,
        size: size(ty),
        signed: ty.kind_flag(),
        value,
    }
}

fn field_info(root: FoundType<'_>, relocation: &Relocation) -> Result<FieldInfo, QueryError> {
    let btf = root.ty.btf();
    let value = |kind| local_value(btf, &Relocation { kind, ..relocation.clone() });
    let byte_offset = value(RelocKind::FieldByteOffset)?;
    // The offset comes from the same spec, so there is one.
    let mut budget = Budget::for_input(btf.as_bytes().len());
    let spec = LocalSpec::within(btf, relocation, &mut budget).ok();
    let field = spec.as_ref().and_then(|spec| spec.spec().field());
    let last = spec.as_ref().and_then(|spec| spec.accessors().last());
    // A member's type as it is declared, typedefs included.
    let declared = last.filter(|last| last.name_off.is_some()).map(|last| last.member_type);
    let id = declared.or(field.map(|field| field.ty.id())).unwrap_or(relocation.type_id);
    let ty = btf.type_by_id(id).map_err(GenerateError::from)?;
    let shifts = || {
        let left = value(RelocKind::FieldLshiftU64).ok()?;
        Some(Shifts { left, right: value(RelocKind::FieldRshiftU64).ok()? })
    };
    Ok(FieldInfo {
        type_name: declaration_in_c(ty, ""),
        type_id: id,
        module: root.module,
        byte_offset,
        bit_offset: spec.as_ref().map(|spec| spec.spec().bit_offset).unwrap_or_default(),
        bitfield_size: field.map(|field| field.bitfield_size).filter(|size| *size > 0),
        size: value(RelocKind::FieldByteSize).ok(),
        // Array elements have neither, nor has a field that no load can hold.
        signed: value(RelocKind::FieldSigned).ok().map(|signed| signed != 0),
        shifts: shifts(),
    })
}
