//! What a BTF says about a type, a field or an enumerator, asked by name.

mod similar;

use btf_types::{Btf, Kind, Type, TypeId};
use thiserror::Error as ThisError;

pub use self::similar::similar_names;
use core_reloc::{
    Error, RelocKind, Relocation,
    budget::Budget,
    describe::declaration_in_c,
    generate::{
        GenerateError, generate_enumerator_access, generate_field_access, generate_type_access,
        local_value,
    },
    spec::LocalSpec,
};

/// What a BTF says about what was asked for. Facts that it does not have are none.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// What it is.
    pub subject: FactsOf,
    /// The type: the field's, the enum of an enumerator, or the type that was asked for.
    pub ty: String,
    /// Its id.
    pub type_id: TypeId,
    /// The offset of a field in bytes; of a bitfield, that of the load that covers it.
    pub byte_offset: Option<u64>,
    /// The offset of a field in bits.
    pub bit_offset: Option<u32>,
    /// The size of a bitfield in bits.
    pub bitfield_size: Option<u8>,
    /// The size in bytes; of a bitfield, that of the load.
    pub size: Option<u64>,
    /// Whether the field, or the enum, is signed.
    pub signed: Option<bool>,
    /// How far a load of the field is shifted left, as 64 bits.
    pub lshift: Option<u64>,
    /// How far it is shifted right after that.
    pub rshift: Option<u64>,
    /// The value of an enumerator.
    pub value: Option<i128>,
}

/// What facts are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FactsOf {
    /// A type as a whole.
    Type,
    /// A field, or an element of one.
    Field,
    /// An enumerator.
    Enumerator,
}

impl FactsOf {
    /// Its name: `type`, `field` or `enumerator`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Field => "field",
            Self::Enumerator => "enumerator",
        }
    }
}

/// Why there are no facts.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum QueryError {
    /// No type, and no enumerator, has the name.
    #[error("there is no type or enumerator `{name}`")]
    NoSuchName {
        /// The name.
        name: Box<str>,
    },
    /// The type has no such part.
    #[error(transparent)]
    Path(GenerateError),
    /// The types are broken, or the field has no offset.
    #[error(transparent)]
    Value(Error),
}

/// Answers a question about a type: `task_struct`, `task_struct.comm[3]`, `struct job[2].pid`,
/// `bpf_map_type::BPF_MAP_TYPE_HASH`, or an enumerator alone.
///
/// Of several types of one name, the first is asked.
///
/// # Errors
/// A name or path that the BTF does not have; see [`QueryError`].
///
/// # Examples
/// ```
/// use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
/// use core_reloc_tools::query::query;
///
/// let mut btf = Builder::new(ByteOrder::Little);
/// let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
/// btf.structure("task", 8).member("pid", int, 0).member("tgid", int, 32).finish();
/// let bytes = btf.finish()?;
///
/// let tgid = query(&Btf::parse(&bytes)?, "task.tgid")?;
/// assert_eq!((tgid.byte_offset, tgid.bit_offset, tgid.size), (Some(4), Some(32), Some(4)));
/// assert_eq!((tgid.signed, tgid.ty.as_str()), (Some(true), "int"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn query(btf: &Btf<'_>, question: &str) -> Result<Facts, QueryError> {
    let (root, rest) = split(question.trim());
    let no_such_name = || QueryError::NoSuchName { name: root.into() };
    let kind = RelocKind::FieldByteOffset;
    let found = match rest {
        Rest::None => match generate_type_access(btf, 0, root, RelocKind::TypeSize) {
            Ok(relocation) => return type_facts(btf, relocation.type_id),
            Err(_) => return lone_enumerator(btf, root).ok_or_else(no_such_name),
        },
        Rest::Enumerator(name) => return enumerator_facts(btf, root, name),
        Rest::Path(path) => match generate_field_access(btf, 0, root, path, kind) {
            // A dot will do for an enum too.
            Err(GenerateError::NoParts { .. } | GenerateError::NoSuchType { .. })
                if path.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') =>
            {
                return enumerator_facts(btf, root, path);
            }
            found => found,
        },
    };
    let relocation = found.map_err(|error| match error {
        GenerateError::NoSuchType { .. } => no_such_name(),
        error => QueryError::Path(error),
    })?;
    field_facts(btf, relocation)
}

/// What stands behind the name of the root type.
enum Rest<'q> {
    None,
    Path(&'q str),
    Enumerator(&'q str),
}

fn split(question: &str) -> (&str, Rest<'_>) {
    if let Some((root, enumerator)) = question.split_once("::") {
        return (root, Rest::Enumerator(enumerator));
    }
    match question.find(['.', '[']).and_then(|at| question.split_at_checked(at)) {
        None => (question, Rest::None),
        Some((root, rest)) => (root, Rest::Path(rest.strip_prefix('.').unwrap_or(rest))),
    }
}

fn facts(subject: FactsOf, ty: Type<'_>) -> Facts {
    Facts {
        subject,
        ty: declaration_in_c(ty, ""),
        type_id: ty.id(),
        byte_offset: None,
        bit_offset: None,
        bitfield_size: None,
        size: ty.size().ok().map(u64::from),
        signed: None,
        lshift: None,
        rshift: None,
        value: None,
    }
}

fn type_facts(btf: &Btf<'_>, id: TypeId) -> Result<Facts, QueryError> {
    let ty = btf.type_by_id(id).map_err(|error| QueryError::Path(error.into()))?;
    let behind = ty.skip_modifiers_and_typedefs().unwrap_or(ty);
    let signed = match behind.kind() {
        Kind::Int => behind.int().map(|int| int.is_signed()),
        kind if kind.is_enum() => Some(behind.kind_flag()),
        _ => None,
    };
    Ok(Facts { signed, ..facts(FactsOf::Type, ty) })
}

fn enumerator_facts(btf: &Btf<'_>, root: &str, name: &str) -> Result<Facts, QueryError> {
    let kind = RelocKind::EnumvalValue;
    let relocation = generate_enumerator_access(btf, 0, root, name, kind);
    let relocation = relocation.map_err(|error| match error {
        GenerateError::NoSuchType { .. } => QueryError::NoSuchName { name: root.into() },
        error => QueryError::Path(error),
    })?;
    let ty = btf.type_by_id(relocation.type_id).and_then(Type::skip_modifiers_and_typedefs);
    let ty = ty.map_err(|error| QueryError::Path(error.into()))?;
    let index = relocation.access.first().copied().unwrap_or_default();
    let value = ty.enumerators().get(index as usize).map(|enumerator| enumerator.value());
    Ok(Facts { value, signed: Some(ty.kind_flag()), ..facts(FactsOf::Enumerator, ty) })
}

/// An enumerator of any enum.
fn lone_enumerator(btf: &Btf<'_>, name: &str) -> Option<Facts> {
    let mut enums = btf.types().filter(|ty| ty.kind().is_enum());
    enums.find_map(|ty| {
        let is_it = |found: btf_types::Name<'_>| found == name && !name.is_empty();
        let mut enumerators = ty.enumerators().iter();
        let found = enumerators.find(|enumerator| enumerator.name().is_ok_and(is_it))?;
        let (value, signed) = (Some(found.value()), Some(ty.kind_flag()));
        Some(Facts { value, signed, ..facts(FactsOf::Enumerator, ty) })
    })
}

fn field_facts(btf: &Btf<'_>, relocation: Relocation) -> Result<Facts, QueryError> {
    let ask = |kind| local_value(btf, &Relocation { kind, ..relocation.clone() });
    let byte_offset = ask(RelocKind::FieldByteOffset).map_err(QueryError::Value)?;
    let mut budget = Budget::for_input(btf.as_bytes().len());
    // The offset was just made from it.
    let spec = LocalSpec::within(btf, &relocation, &mut budget).ok();
    let field = spec.as_ref().and_then(|spec| spec.spec().field());
    let last = spec.as_ref().and_then(|spec| spec.accessors().last());
    // The type with its typedefs, where a member states one.
    let stated = last.filter(|last| last.name_off.is_some()).map(|last| last.member_type);
    let id = stated.or(field.map(|field| field.ty.id())).unwrap_or(relocation.type_id);
    let ty = btf.type_by_id(id).map_err(|error| QueryError::Path(error.into()))?;
    let bitfield_size = field.map(|field| field.bitfield_size).filter(|size| *size > 0);
    Ok(Facts {
        byte_offset: Some(byte_offset),
        bit_offset: spec.as_ref().map(|spec| spec.spec().bit_offset),
        bitfield_size,
        size: ask(RelocKind::FieldByteSize).ok(),
        // Elements have no signedness and no shifts, nor has what no load can hold.
        signed: ask(RelocKind::FieldSigned).ok().map(|signed| signed != 0),
        lshift: ask(RelocKind::FieldLshiftU64).ok(),
        rshift: ask(RelocKind::FieldRshiftU64).ok(),
        ..facts(FactsOf::Field, ty)
    })
}
