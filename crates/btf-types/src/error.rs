//! What can be wrong with BTF: where, what was found, what was allowed.

use thiserror::Error;

use crate::{Kind, StrOffset, TypeId};

/// A fact about bytes that are not well-formed BTF.
///
/// Offsets are absolute: bytes from the start of the slice that was parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes end before the thing that should be there does.
    #[error("{what} at offset {offset:#x} needs {needed} bytes, {available} are left")]
    Truncated {
        /// What should be there.
        what: &'static str,
        /// Where it begins.
        offset: usize,
        /// How long it is.
        needed: usize,
        /// How much there is.
        available: usize,
    },

    /// The first two bytes are not the magic.
    #[error("magic is {:02x} {:02x}, expected 9f eb or eb 9f", found[0], found[1])]
    BadMagic {
        /// The two bytes that are there.
        found: [u8; 2],
    },

    /// The version is not 1.
    #[error("version at offset 2 is {found}, only 1 is known")]
    BadVersion {
        /// The version that is there.
        found: u8,
    },

    /// The header claims fewer bytes than the format's first version has.
    #[error("header length at offset 4 is {found}, at least {allowed} are needed")]
    ShortHeader {
        /// The length that is there.
        found: usize,
        /// The least that is allowed.
        allowed: usize,
    },

    /// A section begins at an offset that is not a multiple of four.
    #[error("{what} begins {offset:#x} bytes after the header, not at a multiple of 4")]
    Misaligned {
        /// Which section.
        what: &'static str,
        /// Bytes from the end of the header.
        offset: u32,
    },

    /// The type section does not end before the string section begins.
    #[error(
        "type section ends {types_end:#x} bytes after the header, behind the string section's start {strings_start:#x}"
    )]
    SectionsOverlap {
        /// Where the types end, in bytes from the end of the header.
        types_end: u64,
        /// Where the strings begin, likewise.
        strings_start: u32,
    },

    /// The string section is empty, or does not begin or end with a NUL byte.
    #[error("string section at offset {offset:#x} {problem}")]
    BadStrings {
        /// Where the section begins.
        offset: usize,
        /// What is wrong with it.
        problem: &'static str,
    },

    /// The type section ends within a type's record.
    #[error(
        "type {id} ({kind}, vlen {vlen}) at offset {offset:#x} needs {needed} bytes, the type section has {available} left"
    )]
    TypeTruncated {
        /// The type.
        id: TypeId,
        /// Its kind.
        kind: Kind,
        /// Its vlen.
        vlen: u32,
        /// Where its record begins.
        offset: usize,
        /// How long the record is.
        needed: usize,
        /// How much of the section is left.
        available: usize,
    },

    /// A type's kind is not known, and no layout table says how long its record is.
    #[error(
        "type {id} at offset {offset:#x} has unknown kind {kind}, and no layout table gives its size"
    )]
    UnknownKind {
        /// The type.
        id: TypeId,
        /// The number of its kind.
        kind: u8,
        /// Where its record begins.
        offset: usize,
    },

    /// There are more types, or longer strings, than ids and offsets can name.
    #[error("{what} would reach {found}, the last allowed is {allowed}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How far it would go.
        found: u64,
        /// How far it may go.
        allowed: u32,
    },

    /// A type id refers to nothing.
    #[error("type id {id} does not exist, the last is [{last}]")]
    NoSuchType {
        /// The id.
        id: TypeId,
        /// The last id that exists.
        last: u32,
    },

    /// A string offset refers to nothing.
    #[error("string offset {offset} is outside of the strings, which end at {end:#x}")]
    NoSuchString {
        /// The offset.
        offset: StrOffset,
        /// Where the strings end, a base's included.
        end: u32,
    },

    /// A string is longer than any name.
    #[error("string at offset {offset} has no end within {} bytes", crate::limits::MAX_NAME_LEN)]
    NameTooLong {
        /// The string.
        offset: StrOffset,
    },

    /// Modifiers and typedefs lead on and on, most likely in a circle.
    #[error("more than {allowed} modifiers, typedefs or arrays follow each other from type {id}")]
    ChainTooLong {
        /// The type that the chain begins at.
        id: TypeId,
        /// The ceiling.
        allowed: usize,
    },

    /// A type of this kind has no size.
    #[error("type {id} ({kind}) has no size")]
    NoSize {
        /// The type.
        id: TypeId,
        /// Its kind.
        kind: Kind,
    },

    /// A size does not fit 32 bits.
    #[error("the size of array {id} does not fit 32 bits")]
    SizeOverflow {
        /// The outermost array.
        id: TypeId,
    },

    /// A type contains itself, not through a pointer.
    #[error("type {id} contains itself")]
    ContainsItself {
        /// The type.
        id: TypeId,
    },

    /// An INT's bits do not fit its size.
    #[error("type {id} (INT) has {bits} bits from bit {offset} on, in {size} bytes")]
    BadInt {
        /// The type.
        id: TypeId,
        /// How many bits it says it has.
        bits: u8,
        /// Where it says they begin.
        offset: u8,
        /// Its size in bytes.
        size: u32,
    },

    /// A sub-section of `.BTF.ext` is not well-formed.
    #[error("{what} sub-section at offset {offset:#x}: {problem} (found {found})")]
    BadExt {
        /// Which sub-section.
        what: &'static str,
        /// Where the offending word is.
        offset: usize,
        /// What is wrong with it.
        problem: &'static str,
        /// The number that is there.
        found: u32,
    },
}

/// The result of reading BTF.
pub type Result<T, E = Error> = core::result::Result<T, E>;
