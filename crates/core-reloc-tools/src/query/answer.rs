//! Answers to questions about a target.

use btf_types::TypeId;
use core_reloc::functions::Shifts;

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
    /// Whether it is signed, for integers and enums.
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
}
