//! Answers to questions about a target.

use btf_types::TypeId;
use core_reloc::functions::Shifts;

use super::QueryError;

/// The answers to a question: one for each type that the name in it stands for. There is at least one.
///
/// Types of exactly the name come first, then those that differ in their flavor.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answers {
    /// The answers.
    pub of_types: Vec<TypeAnswer>,
    /// The number of types that were left out, because there are more than
    /// [`MAX_ANSWERS`](crate::limits::MAX_ANSWERS).
    pub left_out: usize,
}

impl Answers {
    /// Returns the answer of the first type that has one.
    pub fn first(&self) -> Option<&Answer> {
        self.of_types.iter().find_map(|answer| answer.result.as_ref().ok())
    }

    /// Returns the first answer, or the first error if there is none.
    pub(super) fn into_first(self) -> Option<Result<Answer, QueryError>> {
        let mut first = None;
        for answer in self.of_types {
            if answer.result.is_ok() {
                return Some(answer.result);
            }
            first.get_or_insert(answer.result);
        }
        first
    }
}

/// The answer of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TypeAnswer {
    /// The root type of the question as C writes it. For an enumerator alone, its enum.
    pub root: String,
    /// The id of the root type.
    pub root_id: TypeId,
    /// The module that defines the root type, as an index of
    /// [`Target::modules`](core_reloc::Target::modules); `None` for the main BTF.
    pub module: Option<u32>,
    /// Whether the name of the root type differs from the one in the question, in its flavor.
    pub is_flavor: bool,
    /// The answer, or the reason why this type has none.
    pub result: Result<Answer, QueryError>,
}

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A type as a whole.
    Type(TypeInfo),
    /// A field, or an element of one.
    Field(FieldInfo),
    /// An enumerator.
    Enumerator(EnumeratorInfo),
}

impl Answer {
    /// Returns what was found: `type`, `field` or `enumerator`.
    pub fn subject(&self) -> &'static str {
        match self {
            Self::Type(_) => "type",
            Self::Field(_) => "field",
            Self::Enumerator(_) => "enumerator",
        }
    }

    /// Returns the module whose types answered, as an index of
    /// [`Target::modules`](core_reloc::Target::modules); `None` for the main BTF. Its own types and the
    /// main BTF's share one space of ids.
    pub fn module(&self) -> Option<u32> {
        match self {
            Self::Type(ty) => ty.module,
            Self::Field(field) => field.module,
            Self::Enumerator(enumerator) => enumerator.module,
        }
    }
}

/// A type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TypeInfo {
    /// The type as C writes it.
    pub name: String,
    /// Its id.
    pub id: TypeId,
    /// The module that defines it, as an index of [`Target::modules`](core_reloc::Target::modules);
    /// `None` for the main BTF.
    pub module: Option<u32>,
    /// Its size in bytes, if it has one.
    pub size: Option<u64>,
    /// Whether it is signed, for integers and enums; `None` also for an enum if the BTF does not state the
    /// signs of enums.
    pub signed: Option<bool>,
}

/// A field, or an element of one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldInfo {
    /// The field's type as C writes it.
    pub type_name: String,
    /// The id of its type.
    pub type_id: TypeId,
    /// The module that defines the root type, as an index of
    /// [`Target::modules`](core_reloc::Target::modules); `None` for the main BTF.
    pub module: Option<u32>,
    /// The offset in bytes; for a bitfield, that of the load that covers it.
    pub byte_offset: u64,
    /// The offset in bits.
    pub bit_offset: u32,
    /// The size of a bitfield in bits.
    pub bitfield_size: Option<u8>,
    /// The size in bytes; for a bitfield, that of the load. `None` if the type has no size.
    pub size: Option<u64>,
    /// Whether the field is signed; `None` for array elements.
    pub signed: Option<bool>,
    /// The shifts that extract the field from a load; `None` for array elements and for fields that no
    /// load can hold.
    pub shifts: Option<Shifts>,
}

/// An enumerator.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EnumeratorInfo {
    /// Its enum as C writes it.
    pub type_name: String,
    /// The id of the enum.
    pub type_id: TypeId,
    /// The module that defines it, as an index of [`Target::modules`](core_reloc::Target::modules);
    /// `None` for the main BTF.
    pub module: Option<u32>,
    /// The size of the enum in bytes, if it has one.
    pub size: Option<u64>,
    /// Whether the enum is signed.
    pub signed: bool,
    /// The value.
    pub value: i128,
    /// Whether the sign is a guess, because the BTF does not state the signs of enums: see
    /// [`EnumReader`](core_reloc::enums::EnumReader).
    pub is_guess: bool,
}
