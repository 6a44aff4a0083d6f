//! Errors of reading BTF: where, what was found, and what was allowed.

use thiserror::Error;

use crate::{Kind, StrOffset, TypeId};

/// A defect of BTF or `.BTF.ext`.
///
/// Offsets are absolute: bytes from the start of the slice that was parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes end before a header, section or record does.
    #[error("{what} at offset {offset:#x} needs {needed} bytes, {available} are left")]
    Truncated {
        /// The part that is cut off.
        what: &'static str,
        /// The offset at which it starts.
        offset: usize,
        /// Its length in bytes.
        needed: usize,
        /// The number of bytes from there to the end.
        available: usize,
    },

    /// The first two bytes are not the magic.
    #[error("magic is {:02x} {:02x}, expected 9f eb or eb 9f", found[0], found[1])]
    BadMagic {
        /// The first two bytes.
        found: [u8; 2],
    },

    /// The version is not 1.
    #[error("version at offset 2 is {found}, only 1 is known")]
    BadVersion {
        /// The version found.
        found: u8,
    },

    /// The header states a length below that of the format's first version.
    #[error("header length at offset 4 is {found}, at least {allowed} are needed")]
    ShortHeader {
        /// The length found, in bytes.
        found: usize,
        /// The smallest allowed length.
        allowed: usize,
    },

    /// A section starts at an offset that is not a multiple of four.
    #[error("{what} starts {offset:#x} bytes after the header, not at a multiple of 4")]
    Misaligned {
        /// The section.
        what: &'static str,
        /// Its offset in bytes from the end of the header.
        offset: u32,
    },

    /// The type section ends after the start of the string section.
    #[error(
        "type section ends {types_end:#x} bytes after the header, after the string section's start at {strings_start:#x}"
    )]
    SectionsOverlap {
        /// The end of the types, in bytes from the end of the header.
        types_end: u64,
        /// The start of the strings, in bytes from the end of the header.
        strings_start: u32,
    },

    /// The string section is empty, or does not start or end with a NUL byte.
    #[error("string section at offset {offset:#x} {problem}")]
    BadStrings {
        /// The offset at which the section starts.
        offset: usize,
        /// The problem.
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
        /// The offset at which its record starts.
        offset: usize,
        /// The length of the record in bytes.
        needed: usize,
        /// The number of bytes from there to the end of the section.
        available: usize,
    },

    /// Neither this crate nor a layout table knows a type's kind, so the end of its record is unknown.
    #[error(
        "type {id} at offset {offset:#x} has unknown kind {kind}, and no layout table gives its size"
    )]
    UnknownKind {
        /// The type.
        id: TypeId,
        /// The number of its kind.
        kind: u8,
        /// The offset at which its record starts.
        offset: usize,
    },

    /// There are more types or strings than ids and offsets can refer to.
    #[error("{what} would reach {found}, the largest allowed is {allowed}")]
    TooMany {
        /// The numbers that run out.
        what: &'static str,
        /// The largest that would be needed.
        found: u64,
        /// The largest allowed.
        allowed: u32,
    },

    /// No type has this id.
    #[error("type id {id} does not exist, the last is [{last}]")]
    NoSuchType {
        /// The id.
        id: TypeId,
        /// The last id of a type.
        last: u32,
    },

    /// No string has this offset.
    #[error("string offset {offset} is outside of the strings, which end at {end:#x}")]
    NoSuchString {
        /// The offset.
        offset: StrOffset,
        /// The offset one past the last string.
        end: u32,
    },

    /// A type refers to a type or string that does not exist.
    /// [`Btf::validate`](crate::Btf::validate) returns this instead of [`Error::NoSuchType`] and
    /// [`Error::NoSuchString`].
    #[error(
        "type {id} ({kind}) at offset {offset:#x} refers to {what} {found}, the last is {last}"
    )]
    BadReference {
        /// The type with the reference, itself or in one of its entries.
        id: TypeId,
        /// Its kind.
        kind: Kind,
        /// The offset at which its record starts.
        offset: usize,
        /// The word for the reference: `type id` or `string offset`.
        what: &'static str,
        /// The reference found.
        found: u32,
        /// The last id or offset that exists.
        last: u32,
    },

    /// Split BTF was made for another base, such as another build of the kernel.
    #[error(
        "made for another base: type {id} ({kind}) refers to {what} {found}, which in this base {}",
        wrong_base(.what)
    )]
    WrongBase {
        /// The type with the reference, itself or in one of its entries.
        id: TypeId,
        /// Its kind.
        kind: Kind,
        /// The word for the reference: `type id` or `string offset`.
        what: &'static str,
        /// The reference found, which is one into the base.
        found: u32,
    },

    /// A string is longer than [`MAX_NAME_LEN`](crate::limits::MAX_NAME_LEN).
    #[error("string at offset {offset} has no end within {} bytes", crate::limits::MAX_NAME_LEN)]
    NameTooLong {
        /// The string.
        offset: StrOffset,
    },

    /// A chain of modifiers, typedefs and arrays is too long, most likely because it is a cycle.
    #[error(
        "the chain of modifiers, typedefs and arrays from type {id} has more than {allowed} types"
    )]
    ChainTooLong {
        /// The first type of the chain.
        id: TypeId,
        /// The largest allowed number of types, including the first and the last.
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
        /// The type.
        id: TypeId,
    },

    /// A type contains itself by value.
    #[error("type {id} contains itself")]
    ContainsItself {
        /// The type.
        id: TypeId,
    },

    /// The bits of an INT do not fit its size, or no INT has this size.
    #[error("type {id} (INT) has {bits} bits from bit {offset}, in {size} bytes")]
    BadInt {
        /// The type.
        id: TypeId,
        /// The number of bits that it states.
        bits: u8,
        /// The offset of the bits that it states.
        offset: u8,
        /// Its size in bytes.
        size: u32,
    },

    /// A sub-section of `.BTF.ext` is malformed.
    #[error("{what} sub-section at offset {offset:#x}: {problem} (found {found})")]
    BadExt {
        /// The sub-section.
        what: &'static str,
        /// The offset of the bad word.
        offset: usize,
        /// The problem.
        problem: &'static str,
        /// The number found.
        found: u32,
    },
}

/// Returns what is wrong with a reference into a base.
fn wrong_base(what: &str) -> &'static str {
    match what {
        "type id" => "is a type of another kind",
        _ => "is inside a string",
    }
}

/// The result of reading BTF.
pub type Result<T, E = Error> = core::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use std::{string::ToString, vec};

    use super::*;

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
                "type section starts 0x12 bytes after the header, not at a multiple of 4",
            ),
            (
                Error::SectionsOverlap { types_end: 32, strings_start: 16 },
                "type section ends 0x20 bytes after the header, after the string section's start at 0x10",
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
                "type ids would reach 9, the largest allowed is 8",
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
                "the chain of modifiers, typedefs and arrays from type [7] has more than 32 types",
            ),
            (Error::NoSize { id, kind: Kind::Fwd }, "type [7] (FWD) has no size"),
            (Error::SizeOverflow { id }, "the size of type [7] does not fit 32 bits"),
            (Error::ContainsItself { id }, "type [7] contains itself"),
            (
                Error::BadInt { id, bits: 33, offset: 0, size: 4 },
                "type [7] (INT) has 33 bits from bit 0, in 4 bytes",
            ),
            (
                Error::WrongBase { id, kind, what: "string offset", found: 9 },
                "made for another base: type [7] (STRUCT) refers to string offset 9, which in this base is inside a string",
            ),
            (
                Error::WrongBase { id, kind, what: "type id", found: 9 },
                "made for another base: type [7] (STRUCT) refers to type id 9, which in this base is a type of another kind",
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
