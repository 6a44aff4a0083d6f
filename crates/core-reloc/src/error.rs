//! Why a relocation failed: which one, and the cause.

use alloc::{boxed::Box, string::String};
use core::fmt;

use btf_types::{Error as BtfError, Kind};
use thiserror::Error;

use crate::{AccessError, Candidate, PatchError, RelocKind, limits::MAX_PATH_LEN};

/// A relocation that failed.
///
/// `Display` names it as a C programmer writes it, `field_byte_offset of task_struct.comm[3]`, and
/// says the cause.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{subject}: {cause}")]
#[non_exhaustive]
pub struct Error {
    /// The relocation in words.
    pub subject: Box<str>,
    /// What went wrong.
    pub cause: Cause,
}

/// What went wrong with a relocation.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Cause {
    /// The record's kind is not one of the 13.
    #[error("unknown relocation kind {found}, 0 to 12 are known")]
    UnknownKind {
        /// The number that is there.
        found: u32,
    },
    /// The access string is not one.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The object's own BTF refers to what does not exist, or to a size that cannot be.
    #[error("local BTF: {0}")]
    Local(BtfError),
    /// The target's BTF does.
    #[error("target BTF: {0}")]
    Target(BtfError),

    /// A type-based relocation's access string must be `0`.
    #[error("the access string of a type-based relocation must be \"0\"")]
    NotTheRoot,
    /// An enumerator-based relocation's root type is no enum.
    #[error("the root type is of kind {found}, an enum is needed")]
    NotAnEnum {
        /// The kind that it is of.
        found: Kind,
    },
    /// An enumerator-based relocation's access string must be one number.
    #[error("the access string of an enumerator-based relocation must be one index")]
    NotOneEnumerator,
    /// The local enum has fewer enumerators.
    #[error("enumerator {index} does not exist, the local enum has {len}")]
    NoSuchEnumerator {
        /// The index that is asked for.
        index: u32,
        /// How many enumerators there are.
        len: u32,
    },
    /// The local struct or union has fewer members.
    #[error("step {step} of the access string asks for member {index}, the local type has {len}")]
    NoSuchMember {
        /// Which number of the access string.
        step: usize,
        /// The index that is asked for.
        index: u32,
        /// How many members there are.
        len: u32,
    },
    /// The local array has fewer elements.
    #[error("step {step} of the access string asks for element {index}, the local array has {len}")]
    NoSuchElement {
        /// Which number of the access string.
        step: usize,
        /// The index that is asked for.
        index: u32,
        /// How many elements there are.
        len: u32,
    },
    /// The access string leads into a type that has neither members nor elements.
    #[error(
        "step {step} of the access string leads into a {found}, which has neither members nor elements"
    )]
    NoWayIn {
        /// Which number of the access string.
        step: usize,
        /// The kind that it leads into.
        found: Kind,
    },
    /// A local member that is not anonymous has an empty name.
    #[error("step {step} of the access string leads to a member with an empty name")]
    EmptyMemberName {
        /// Which number of the access string.
        step: usize,
    },

    /// The root type has no name to look for.
    #[error("the root type, a {kind}, is anonymous and cannot be looked for in the target")]
    AnonymousRoot {
        /// Its kind.
        kind: Kind,
    },
    /// Types are nested deeper than relocations follow.
    #[error("types are nested too deep (more than {MAX_PATH_LEN} members, or 32 levels of types)")]
    TooDeep,
    /// Comparing types takes more work than the size of the input can justify.
    #[error("comparing the types takes too much work for BTF of this size")]
    TooComplex,
    /// The offset of the field, in bits, does not fit 32 bits.
    #[error("the field's offset does not fit 32 bits")]
    OffsetOverflow,
    /// A bitfield's declared type is none that can be loaded.
    #[error("a bitfield is declared as a {kind} of {size} bytes, at most 8 can be loaded")]
    BitfieldType {
        /// The kind of the declared type.
        kind: Kind,
        /// Its size in bytes.
        size: u32,
    },
    /// No load covers a bitfield.
    #[error("no aligned load of at most 8 bytes covers {bits} bits from bit {bit_offset} on")]
    BitfieldTooWide {
        /// Where the bitfield begins.
        bit_offset: u32,
        /// How many bits it has.
        bits: u32,
    },
    /// A field has no size that shifts are for.
    #[error("shifts are for fields of 1 to 8 bytes, this one has {size}")]
    ShiftOfSize {
        /// The size in bytes.
        size: u32,
    },
    /// Array elements have no signedness and no shifts.
    #[error("{kind} cannot be asked of an array element")]
    NotForElements {
        /// What was asked.
        kind: RelocKind,
    },
    /// Several candidates match, and do not agree.
    #[error("ambiguous: {0}")]
    Ambiguous(Box<Ambiguity>),
    /// No candidate matches, and the caller wants an error.
    #[error("unresolved: {reason}")]
    Unresolved {
        /// The candidates, and what ruled each out.
        reason: Box<str>,
    },
    /// The instruction cannot be patched.
    #[error(transparent)]
    Patch(#[from] PatchError),
}

/// Two candidates that match and do not agree.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{first_name} gives {first}, {second_name} gives {second}", first = .answers[0], second = .answers[1], first_name = .names[0], second_name = .names[1])]
#[non_exhaustive]
pub struct Ambiguity {
    /// The first candidate, and the first one that differs from it.
    pub candidates: [Candidate; 2],
    /// Their names, with their ids and, for a module's types, the module.
    pub names: [String; 2],
    /// What each of them answers.
    pub answers: [Answer; 2],
}

/// What a candidate answers.
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
