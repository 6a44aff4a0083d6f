//! The reasons why a candidate does not match a local spec.

use core::fmt;

use btf_types::{Kind, TypeId};

/// The reason why a candidate does not match. `accessor` is an index into the local spec's accessors, where
/// 0 is the root. `local` ids belong to the local BTF, `target` ids to the candidate's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mismatch {
    /// No member has the accessor's name.
    NoMember {
        /// The index of the accessor in the local spec.
        accessor: usize,
        /// The target type that was searched.
        target: TypeId,
    },
    /// The type of the member with that name is not field-compatible. An INT with a bit offset, which is a
    /// bitfield of the form before the kind_flag, is compatible with no type.
    Incompatible {
        /// The index of the accessor in the local spec.
        accessor: usize,
        /// The type of the local member.
        local: TypeId,
        /// The type of the target member.
        target: TypeId,
    },
    /// The accessor is an element, and the target type is not an array.
    NotAnArray {
        /// The index of the accessor in the local spec.
        accessor: usize,
        /// The target type.
        target: TypeId,
        /// Its kind.
        kind: Kind,
    },
    /// The target array is too short.
    TooShort {
        /// The index of the accessor in the local spec.
        accessor: usize,
        /// The index.
        index: u32,
        /// The number of elements of the target array.
        len: u32,
    },
    /// The candidate is not an enum.
    NotAnEnum {
        /// Its kind.
        kind: Kind,
    },
    /// The candidate has no enumerator with the name.
    NoEnumerator,
    /// The types are not compatible.
    TypesIncompatible,
    /// The types do not match.
    TypesDiffer,
}

/// Displays the reason with ids instead of names, which only the BTFs have.
impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMember { target, .. } => write!(f, "type {target} has no such member"),
            Self::Incompatible { target, .. } => {
                write!(f, "the member's type {target} is not compatible")
            }
            Self::NotAnArray { kind, .. } => write!(f, "{kind} is indexed like an array"),
            Self::TooShort { index, len, .. } => {
                write!(f, "index {index} is beyond the array's {len} elements")
            }
            Self::NotAnEnum { kind } => write!(f, "{kind} is not an enum"),
            Self::NoEnumerator => f.write_str("there is no such enumerator"),
            Self::TypesIncompatible => f.write_str("the types are not compatible"),
            Self::TypesDiffer => f.write_str("the types do not match"),
        }
    }
}
