//! Errors of the builder: values that the format cannot represent.

use alloc::vec::Vec;

use thiserror::Error;

use crate::{Info, Kind, Name, TypeId};

/// A value that the format cannot represent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// A string contains a NUL byte, which would end it.
    #[error("string {} has a NUL byte at {at}", Name::new(string))]
    NulInString {
        /// The string.
        string: Vec<u8>,
        /// The index of its first NUL byte.
        at: usize,
    },

    /// There is more than ids, offsets or lengths can represent.
    #[error("{what} would reach {found}, the largest allowed is {allowed}")]
    TooMany {
        /// The numbers that run out.
        what: &'static str,
        /// The largest number that would be needed.
        found: u64,
        /// The largest allowed.
        allowed: u32,
    },

    /// vlen cannot represent the number of members, enumerators or other entries of a type, or
    /// the linkage of a FUNC.
    #[error("vlen of type {id} would be {found}, the largest is {}", Info::MAX_VLEN)]
    VlenTooLarge {
        /// The type.
        id: TypeId,
        /// The vlen that it needs.
        found: usize,
    },

    /// A member's offset exceeds the 24 bits that it has in a composite with kind_flag set.
    #[error(
        "member {member} of type {id} is at bit {found}: in types with bitfields, offsets have 24 bits"
    )]
    BitOffsetTooLarge {
        /// The STRUCT or UNION.
        id: TypeId,
        /// The member's index.
        member: usize,
        /// Its offset in bits.
        found: u32,
    },

    /// The value of an enumerator does not fit the kind and signedness of the enum.
    #[error("the value {value} of enumerator {enumerator} of type {id} ({kind}) does not fit")]
    ValueOutOfRange {
        /// The type.
        id: TypeId,
        /// Its kind.
        kind: Kind,
        /// The enumerator's index.
        enumerator: usize,
        /// Its value.
        value: i128,
    },

    /// A type cannot be redirected, because it does not refer to another or is not one of this BTF's own.
    #[error("type {id} cannot be redirected: no type of this BTF with this id refers to another")]
    NotAReference {
        /// The type.
        id: TypeId,
    },

    /// The layout of a kind cannot be set, because the kind has one already or cannot exist.
    #[error("the layout of kind {kind} cannot be set")]
    BadLayout {
        /// The number of the kind.
        kind: u8,
    },

    /// The length of the bytes that follow a record differs from what its kind and vlen require.
    #[error("{found} bytes follow type {id} ({kind}), its layout and vlen require {needed:?}")]
    WrongTrailing {
        /// The type.
        id: TypeId,
        /// Its kind.
        kind: Kind,
        /// The required length; `None` if the kind has no layout.
        needed: Option<u32>,
        /// The length given.
        found: usize,
    },

    /// A record size for `.BTF.ext` is too small or not a multiple of four.
    #[error("the size of {what} records is {found}, expected a multiple of 4 of at least {least}")]
    BadRecordSize {
        /// The sub-section.
        what: &'static str,
        /// The size given, in bytes.
        found: u32,
        /// The smallest allowed size, in bytes.
        least: usize,
    },

    /// A line number exceeds 22 bits, or a column 10 bits.
    #[error("line {line} does not fit 22 bits, or column {column} does not fit 10")]
    LineTooLarge {
        /// The line.
        line: u32,
        /// The column.
        column: u32,
    },

    /// A type of unknown kind cannot be copied, because its trailing bytes may contain references.
    #[error("type {id} of unknown kind {kind} cannot be copied")]
    CannotCopy {
        /// The type's id in the BTF that it is copied from.
        id: TypeId,
        /// The number of its kind.
        kind: u8,
    },

    /// The BTF that types are copied from is malformed.
    #[error(transparent)]
    Read(#[from] crate::Error),
}

/// The result of writing BTF.
pub type Result<T, E = Error> = core::result::Result<T, E>;
