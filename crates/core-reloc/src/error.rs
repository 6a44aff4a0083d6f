//! Errors: a relocation that failed, and the cause.

use alloc::{boxed::Box, string::String};
use core::fmt;

use btf_types::{Error as BtfError, Kind};
use thiserror::Error;

use crate::{
    candidates::Candidate,
    limits::MAX_PATH_LEN,
    patch::PatchError,
    record::{AccessError, RelocKind},
};

/// A relocation that failed.
///
/// `Display` names the access as in C, `field_byte_offset of task_struct.comm[3]`, and gives the cause. So do
/// the displays of all errors here: print the error alone, and follow the sources to match on them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{subject}: {cause}")]
#[non_exhaustive]
pub struct Error {
    /// The relocation, as text.
    pub subject: Box<str>,
    /// The cause, which is also the [`source`](core::error::Error::source).
    #[source]
    pub cause: Cause,
}

/// The cause of a failed relocation.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Cause {
    /// The record's kind is not one of the 13 kinds.
    #[error("unknown relocation kind {found}, 0 to 12 are known")]
    UnknownKind {
        /// The number found.
        found: u32,
    },
    /// The access string is invalid.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The object's own BTF is broken: a reference leads nowhere, or a size is impossible.
    #[error("local BTF: {0}")]
    Local(#[source] BtfError),
    /// The target's BTF is broken: a reference leads nowhere, or a size is impossible.
    #[error("target BTF: {0}")]
    Target(#[source] BtfError),

    /// The access string of a type-based relocation is not `0`.
    #[error("the access string of a type-based relocation must be \"0\"")]
    NotTheRoot,
    /// The root type of an enumerator-based relocation is not an enum.
    #[error("the root type is of kind {found}, an enum is needed")]
    NotAnEnum {
        /// Its kind.
        found: Kind,
    },
    /// The access string of an enumerator-based relocation is not a single number.
    #[error("the access string of an enumerator-based relocation must be one index")]
    NotOneEnumerator,
    /// The local enum has no enumerator with the index.
    #[error("enumerator {index} does not exist, the local enum has {len}")]
    NoSuchEnumerator {
        /// The index.
        index: u32,
        /// The number of enumerators.
        len: u32,
    },
    /// The local struct or union has no member with the index.
    #[error("step {step} of the access string asks for member {index}, the local type has {len}")]
    NoSuchMember {
        /// The position in the access string, from 0.
        step: usize,
        /// The index.
        index: u32,
        /// The number of members.
        len: u32,
    },
    /// The local array has no element with the index.
    #[error("step {step} of the access string asks for element {index}, the local array has {len}")]
    NoSuchElement {
        /// The position in the access string, from 0.
        step: usize,
        /// The index.
        index: u32,
        /// The number of elements.
        len: u32,
    },
    /// The access string leads into a type that has neither members nor elements.
    #[error(
        "step {step} of the access string leads into a {found}, which has neither members nor elements"
    )]
    NoWayIn {
        /// The position in the access string, from 0.
        step: usize,
        /// The kind of that type.
        found: Kind,
    },
    /// A local member that is not anonymous has an empty name.
    #[error("step {step} of the access string leads to a member with an empty name")]
    EmptyMemberName {
        /// The position in the access string, from 0.
        step: usize,
    },

    /// The record names no root type: its type id is 0. Some releases of GCC write such records.
    #[error("the compiler recorded no type (type id 0) for this relocation")]
    NoRoot,
    /// The root type has no name to search for.
    #[error("the root type, a {kind}, is anonymous and cannot be found in the target")]
    AnonymousRoot {
        /// Its kind.
        kind: Kind,
    },
    /// Types are nested deeper than relocations follow.
    #[error("types are nested too deeply (more than {MAX_PATH_LEN} members or 32 levels of types)")]
    TooDeep,
    /// Comparing types takes more work than the size of the input justifies.
    #[error("comparing the types takes too much work for BTF of this size")]
    TooComplex,
    /// The offset of the field, in bits, does not fit in 32 bits.
    #[error("the field's offset does not fit 32 bits")]
    OffsetOverflow,
    /// A bitfield is declared with a type that cannot be loaded.
    #[error("a bitfield is declared as a {kind} of {size} bytes, at most 8 can be loaded")]
    BitfieldType {
        /// The kind of the declared type.
        kind: Kind,
        /// Its size in bytes.
        size: u32,
    },
    /// No single load covers a bitfield.
    #[error("no aligned load of at most 8 bytes covers {bits} bits from bit {bit_offset} on")]
    BitfieldTooWide {
        /// The offset of the bitfield in bits.
        bit_offset: u32,
        /// Its size in bits.
        bits: u32,
    },
    /// A field has a size for which there are no shifts.
    #[error("shifts are for fields of 1 to 8 bytes, this one has {size}")]
    ShiftOfSize {
        /// The size in bytes.
        size: u32,
    },
    /// Array elements have no signedness and no shifts.
    #[error("{kind} does not apply to array elements")]
    NotForElements {
        /// The kind of the relocation.
        kind: RelocKind,
    },
    /// Several candidates match and disagree.
    #[error("ambiguous: {0}")]
    Ambiguous(Box<Ambiguity>),
    /// No candidate matches, and [`OnUnresolved::Error`](crate::OnUnresolved::Error) was chosen.
    #[error("unresolved: {reason}")]
    Unresolved {
        /// The candidates, each with what ruled it out.
        reason: Box<str>,
    },
    /// The instruction cannot be patched.
    #[error(transparent)]
    Patch(#[from] PatchError),
}

/// Two candidates that match and disagree.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{first_name} gives {first}, {second_name} gives {second}", first = .answers[0], second = .answers[1], first_name = .names[0], second_name = .names[1])]
#[non_exhaustive]
pub struct Ambiguity {
    /// The first candidate, and the first one that disagrees with it.
    pub candidates: [Candidate; 2],
    /// Their names, with their ids and, for types of a module, the module.
    pub names: [String; 2],
    /// Their answers.
    pub answers: [Answer; 2],
}

/// The answer of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Answer {
    /// The offset of the field in bits; 0 for types and enumerators.
    pub bit_offset: u32,
    /// The value.
    pub value: u64,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (bit offset {})", self.value, self.bit_offset)
    }
}
