//! Answers questions about one BTF by name: a type, a field or an enumerator.
//!
//! ```
//! use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
//! use core_reloc_tools::query::{Answer, query, similar_names};
//!
//! // struct task { int pid; int tgid; }; enum state { RUNNING, STOPPED };
//! let mut btf = Builder::new(ByteOrder::Little);
//! let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
//! btf.structure("task", 8).member("pid", int, 0).member("tgid", int, 32).finish();
//! btf.enumeration("state", 4).enumerator("RUNNING", 0).enumerator("STOPPED", 1).finish();
//! let bytes = btf.finish()?;
//! let btf = Btf::parse(&bytes)?;
//!
//! let Answer::Field(tgid) = query(&btf, "task.tgid")? else { panic!("tgid is a field") };
//! assert_eq!((tgid.byte_offset, tgid.bit_offset, tgid.size), (4, 32, Some(4)));
//! assert_eq!((tgid.type_name.as_str(), tgid.signed), ("int", Some(true)));
//!
//! let Answer::Enumerator(stopped) = query(&btf, "STOPPED")? else { panic!("an enumerator") };
//! assert_eq!((stopped.type_name.as_str(), stopped.value), ("enum state", 1));
//!
//! let error = query(&btf, "task.tgit").unwrap_err();
//! assert_eq!(similar_names(&btf, &error), ["tgid"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod error;
mod suggest;

use btf_types::{Btf, Kind, Name, Type, TypeId};

pub use self::{
    answer::{Answer, EnumeratorInfo, FieldInfo, TypeInfo},
    error::QueryError,
    suggest::similar_names,
};
use core_reloc::{
    RelocKind, Relocation,
    budget::Budget,
    describe::declaration_in_c,
    functions::Shifts,
    generate::{
        GenerateError, enumerator_relocation, field_relocation, local_value, type_relocation,
    },
    spec::LocalSpec,
};

/// Answers a question about a BTF: `task_struct`, `task_struct.comm[3]`, `struct job[2].pid`,
/// `bpf_map_type::BPF_MAP_TYPE_HASH`, or the name of an enumerator alone.
///
/// Of several types of one name, the first is used.
///
/// # Errors
/// A name or path that the BTF does not have; see [`QueryError`].
pub fn query(btf: &Btf<'_>, question: &str) -> Result<Answer, QueryError> {
    let (root, rest) = split(question.trim());
    match rest {
        Rest::Nothing => match type_relocation(btf, 0, root, RelocKind::TypeSize) {
            Ok(relocation) => type_info(btf, relocation.type_id).map(Answer::Type),
            Err(_) => enumerator_of_any_enum(btf, root)
                .map(Answer::Enumerator)
                .ok_or_else(|| QueryError::NoSuchName { name: root.into() }),
        },
        Rest::Enumerator(name) => enumerator_info(btf, root, name).map(Answer::Enumerator),
        Rest::Path(path) => {
            match field_relocation(btf, 0, root, path, RelocKind::FieldByteOffset) {
                Ok(relocation) => field_info(btf, &relocation).map(Answer::Field),
                // An enumerator may follow a dot as well.
                Err(GenerateError::NoParts { .. } | GenerateError::NoSuchType { .. })
                    if path.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') =>
                {
                    enumerator_info(btf, root, path).map(Answer::Enumerator)
                }
                Err(error) => Err(QueryError::of(error, root)),
            }
        }
    }
}

/// The part of a question after the name of the root type.
enum Rest<'q> {
    Nothing,
    Path(&'q str),
    Enumerator(&'q str),
}

fn split(question: &str) -> (&str, Rest<'_>) {
    if let Some((root, enumerator)) = question.split_once("::") {
        return (root, Rest::Enumerator(enumerator));
    }
    match question.find(['.', '[']).and_then(|at| question.split_at_checked(at)) {
        None => (question, Rest::Nothing),
        Some((root, rest)) => (root, Rest::Path(rest.strip_prefix('.').unwrap_or(rest))),
    }
}

fn type_info(btf: &Btf<'_>, id: TypeId) -> Result<TypeInfo, QueryError> {
    let ty = btf.type_by_id(id).map_err(GenerateError::from)?;
    let stripped = ty.skip_modifiers_and_typedefs().unwrap_or(ty);
    let signed = match stripped.kind() {
        Kind::Int => stripped.int().map(|int| int.is_signed()),
        kind if kind.is_enum() => Some(stripped.kind_flag()),
        _ => None,
    };
    Ok(TypeInfo { name: declaration_in_c(ty, ""), id, size: size(ty), signed })
}

fn size(ty: Type<'_>) -> Option<u64> {
    ty.size().ok().map(u64::from)
}

fn enumerator_info(btf: &Btf<'_>, root: &str, name: &str) -> Result<EnumeratorInfo, QueryError> {
    let relocation = enumerator_relocation(btf, 0, root, name, RelocKind::EnumvalValue);
    let relocation = relocation.map_err(|error| QueryError::of(error, root))?;
    let ty = btf.type_by_id(relocation.type_id).and_then(Type::skip_modifiers_and_typedefs);
    let ty = ty.map_err(GenerateError::from)?;
    let index = relocation.access.first().copied().unwrap_or_default();
    let enumerator = ty.enumerators().get(index as usize);
    let enumerator = enumerator.ok_or_else(|| QueryError::NoSuchName { name: root.into() })?;
    Ok(info_of_enumerator(ty, enumerator.value()))
}

/// Finds an enumerator by its name alone.
fn enumerator_of_any_enum(btf: &Btf<'_>, name: &str) -> Option<EnumeratorInfo> {
    let mut enums = btf.types().filter(|ty| ty.kind().is_enum());
    enums.find_map(|ty| {
        let is_wanted = |found: Name<'_>| found == name && !name.is_empty();
        let mut enumerators = ty.enumerators().iter();
        let found = enumerators.find(|enumerator| enumerator.name().is_ok_and(is_wanted))?;
        Some(info_of_enumerator(ty, found.value()))
    })
}

fn info_of_enumerator(ty: Type<'_>, value: i128) -> EnumeratorInfo {
    EnumeratorInfo {
        type_name: declaration_in_c(ty, ""),
        type_id: ty.id(),
        size: size(ty),
        signed: ty.kind_flag(),
        value,
    }
}

fn field_info(btf: &Btf<'_>, relocation: &Relocation) -> Result<FieldInfo, QueryError> {
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
        byte_offset,
        bit_offset: spec.as_ref().map(|spec| spec.spec().bit_offset).unwrap_or_default(),
        bitfield_size: field.map(|field| field.bitfield_size).filter(|size| *size > 0),
        size: value(RelocKind::FieldByteSize).ok(),
        // Array elements have neither, nor has a field that no load can hold.
        signed: value(RelocKind::FieldSigned).ok().map(|signed| signed != 0),
        shifts: shifts(),
    })
}
