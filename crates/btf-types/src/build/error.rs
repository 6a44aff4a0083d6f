//! What cannot be written.

use alloc::vec::Vec;

use thiserror::Error;

use crate::{Info, Kind, Name, TypeId};

/// A fact about something that the format has no place for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// Strings end at their first NUL byte, so none can be in them.
    #[error("string {} has a NUL byte at {at}", Name::new(string))]
    NulInString {
        /// The string.
        string: Vec<u8>,
        /// The index of its first NUL byte.
        at: usize,
    },

    /// There is more than ids, offsets or lengths can name.
    #[error("{what} would reach {found}, the last allowed is {allowed}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How far it would go.
        found: u64,
        /// How far it may go.
        allowed: u32,
    },

    /// A type has more members, enumerators, parameters or variables than vlen can count, or a
    /// linkage that is kept there does not fit.
    #[error("vlen of type {id} would be {found}, the largest is {}", Info::MAX_VLEN)]
    VlenTooLarge {
        /// The type.
        id: TypeId,
        /// The vlen that it would need.
        found: usize,
    },

    /// A composite with kind_flag set keeps a member's offset in 24 bits.
    #[error(
        "member {member} of type {id} lies at bit {found}: beside bitfields offsets have 24 bits"
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
    #[error("enumerator {enumerator} of type {id} ({kind}) has a value that does not fit: {value}")]
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

    /// A type that is to be redirected does not refer to another, or does not exist.
    #[error("type {id} cannot be redirected: it is none of this BTF's own that refers to another")]
    NotAReference {
        /// The type.
        id: TypeId,
    },

    /// A layout was given to a kind that has one already, or to a number that no kind has.
    #[error("kind {kind} cannot be given a layout")]
    BadLayout {
        /// The number of the kind.
        kind: u8,
    },

    /// The bytes behind a record are not as long as its kind and vlen say.
    #[error("{found} bytes follow type {id} ({kind}), its layout and vlen say {needed:?}")]
    WrongTrailing {
        /// The type.
        id: TypeId,
        /// Its kind.
        kind: Kind,
        /// How long the bytes should be; `None` if the kind has no layout.
        needed: Option<u32>,
        /// How long they are.
        found: usize,
    },

    /// A record of `.BTF.ext` was to be shorter than it must be, or not a multiple of four.
    #[error("records of {what} cannot have {found} bytes: at least {least}, a multiple of 4")]
    BadRecordSize {
        /// The sub-section.
        what: &'static str,
        /// The size that was asked for.
        found: u32,
        /// The least size.
        least: usize,
    },

    /// A line number has 22 bits and a column 10.
    #[error("line {line}, column {column} does not fit 22 and 10 bits")]
    LineTooLarge {
        /// The line.
        line: u32,
        /// The column.
        column: u32,
    },

    /// The type's trailing bytes may refer to others, in a way that nobody knows.
    #[error("type {id} of unknown kind {kind} cannot be copied")]
    CannotCopy {
        /// The type, in the BTF that it was to be copied from.
        id: TypeId,
        /// The number of its kind.
        kind: u8,
    },

    /// The BTF that is copied from is not well-formed.
    #[error(transparent)]
    Read(#[from] crate::Error),
}

/// The result of writing BTF.
pub type Result<T, E = Error> = core::result::Result<T, E>;
