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

    /// A type refers to a type or a string that does not exist: what
    /// [`Btf::validate`](crate::Btf::validate) says instead of [`Error::NoSuchType`] and
    /// [`Error::NoSuchString`].
    #[error(
        "type {id} ({kind}) at offset {offset:#x} refers to {what} {found}, the last is {last}"
    )]
    BadReference {
        /// The type that refers, or whose member, enumerator or parameter does.
        id: TypeId,
        /// Its kind.
        kind: Kind,
        /// Where its record begins.
        offset: usize,
        /// What the number is.
        what: &'static str,
        /// The number that is there.
        found: u32,
        /// The last that exists.
        last: u32,
    },

    /// A string is longer than any name.
    #[error("string at offset {offset} has no end within {} bytes", crate::limits::MAX_NAME_LEN)]
    NameTooLong {
        /// The string.
        offset: StrOffset,
    },

    /// Modifiers and typedefs lead on and on, most likely in a circle.
    #[error(
        "from type {id} on, more than {allowed} types follow each other: modifiers, typedefs, arrays"
    )]
    ChainTooLong {
        /// The type that the chain begins at.
        id: TypeId,
        /// How many types a chain may have, its first and last included.
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
    #[error("the size of type {id} does not fit 32 bits")]
    SizeOverflow {
        /// The type whose size was asked for.
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

#[cfg(test)]
mod tests {
    use std::{string::ToString, vec};

    use super::*;

    /// Each says where, what was found and what was allowed; in lower case, without a final stop.
    #[test]
    fn messages() {
        let (id, kind) = (TypeId(7), Kind::Struct);
        for (error, message) in vec![
            (
                Error::Truncated { what: "type record", offset: 64, needed: 12, available: 3 },
                "type record at offset 0x40 needs 12 bytes, 3 are left",
            ),
            (Error::BadMagic { found: [0x7f, b'E'] }, "magic is 7f 45, expected 9f eb or eb 9f"),
            (Error::BadVersion { found: 2 }, "version at offset 2 is 2, only 1 is known"),
            (
                Error::ShortHeader { found: 8, allowed: 24 },
                "header length at offset 4 is 8, at least 24 are needed",
            ),
            (
                Error::Misaligned { what: "type section", offset: 18 },
                "type section begins 0x12 bytes after the header, not at a multiple of 4",
            ),
            (
                Error::SectionsOverlap { types_end: 32, strings_start: 16 },
                "type section ends 0x20 bytes after the header, behind the string section's start 0x10",
            ),
            (
                Error::BadStrings { offset: 24, problem: "is empty" },
                "string section at offset 0x18 is empty",
            ),
            (
                Error::TypeTruncated { id, kind, vlen: 2, offset: 24, needed: 36, available: 30 },
                "type [7] (STRUCT, vlen 2) at offset 0x18 needs 36 bytes, the type section has 30 left",
            ),
            (
                Error::UnknownKind { id, kind: 20, offset: 24 },
                "type [7] at offset 0x18 has unknown kind 20, and no layout table gives its size",
            ),
            (
                Error::TooMany { what: "type ids", found: 9, allowed: 8 },
                "type ids would reach 9, the last allowed is 8",
            ),
            (Error::NoSuchType { id, last: 6 }, "type id [7] does not exist, the last is [6]"),
            (
                Error::NoSuchString { offset: StrOffset(32), end: 16 },
                "string offset 0x20 is outside of the strings, which end at 0x10",
            ),
            (
                Error::NameTooLong { offset: StrOffset(32) },
                "string at offset 0x20 has no end within 4096 bytes",
            ),
            (
                Error::ChainTooLong { id, allowed: 32 },
                "from type [7] on, more than 32 types follow each other: modifiers, typedefs, arrays",
            ),
            (Error::NoSize { id, kind: Kind::Fwd }, "type [7] (FWD) has no size"),
            (Error::SizeOverflow { id }, "the size of type [7] does not fit 32 bits"),
            (Error::ContainsItself { id }, "type [7] contains itself"),
            (
                Error::BadInt { id, bits: 33, offset: 0, size: 4 },
                "type [7] (INT) has 33 bits from bit 0 on, in 4 bytes",
            ),
            (
                Error::BadExt { what: "core_relo", offset: 64, problem: "is bad", found: 3 },
                "core_relo sub-section at offset 0x40: is bad (found 3)",
            ),
        ] {
            assert_eq!(error.to_string(), message);
        }
    }
}
