//! What can be wrong with an ELF file.

use alloc::boxed::Box;

use btf_types::{ByteOrder, Error as BtfError, StrOffset};
use thiserror::Error;

/// A fact about bytes that are not the ELF file that they should be.
///
/// Offsets are bytes from the start of the file, unless they say otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// The file does not begin as every ELF file does.
    #[error("the file begins with {found:02x?}, an ELF file begins with [7f, 45, 4c, 46]")]
    NotElf {
        /// The first bytes, up to four.
        found: Box<[u8]>,
    },
    /// The file ends before a header does.
    #[error("{what} at offset {offset:#x} needs {needed} bytes, the file has {len}")]
    Truncated {
        /// Which header, or table of headers.
        what: &'static str,
        /// Where it begins.
        offset: u64,
        /// How long it is.
        needed: u64,
        /// Bytes of the whole file.
        len: usize,
    },
    /// A field of the file's header does not hold what it should.
    #[error("{field} at offset {offset:#x} is {found}, expected {allowed}")]
    Header {
        /// The name of the field.
        field: &'static str,
        /// Where it is.
        offset: u64,
        /// The number that is there.
        found: u64,
        /// What is allowed, in words.
        allowed: &'static str,
    },

    /// A section's name is not in the string table, or has no end there.
    #[error(
        "the name of section {section} is at offset {name_off:#x} of a string table of {len} bytes, where no string is"
    )]
    SectionName {
        /// The number of the section.
        section: u32,
        /// Bytes from the start of the string table.
        name_off: u32,
        /// Bytes of the string table.
        len: usize,
    },
    /// A section's bytes are not all in the file.
    #[error("section {section} has {size} bytes at offset {offset:#x}, the file has {len}")]
    SectionOutOfBounds {
        /// The name of the section, or its number where it has none.
        section: Box<str>,
        /// Where it begins.
        offset: u64,
        /// How long it is.
        size: u64,
        /// Bytes of the whole file.
        len: usize,
    },
    /// A section is of another type than its use demands.
    #[error("section {section} is of type {found}, expected {expected}")]
    SectionType {
        /// The name of the section, or its number where it has none.
        section: Box<str>,
        /// The type that it is of (`sh_type`).
        found: u32,
        /// The type that is needed.
        expected: u32,
    },
    /// A section is compressed.
    #[error("section {section} is compressed")]
    Compressed {
        /// The name of the section, or its number where it has none.
        section: Box<str>,
    },
    /// There are two sections of a sort of which there must be one.
    #[error("sections {first} and {second} are both {what}")]
    Duplicate {
        /// What they are.
        what: &'static str,
        /// The number of the first.
        first: u32,
        /// The number of the second.
        second: u32,
    },
    /// A section refers to one that does not exist.
    #[error("section {section} refers to section {found}, there are {count}")]
    NoSuchSection {
        /// The name of the section that refers, or its number where it has none.
        section: Box<str>,
        /// The number that it refers to.
        found: u32,
        /// How many sections there are.
        count: usize,
    },

    /// There is no symbol table, without which no function is known.
    #[error("the object has CO-RE relocations but no symbol table, it may have been stripped")]
    NoSymbolTable,
    /// A function symbol does not lie inside of its section, or not on instructions.
    #[error(
        "symbol {symbol} is a function of {size} bytes at offset {offset:#x} of section {section}: its bounds must be multiples of 8 within the section's {len} bytes, and it must not be empty"
    )]
    Function {
        /// The number of the symbol.
        symbol: usize,
        /// The name of the section.
        section: Box<str>,
        /// Bytes from the start of the section.
        offset: u64,
        /// Bytes of the function.
        size: u64,
        /// Bytes of the section.
        len: u64,
    },

    /// A section of type information is not well-formed.
    #[error("section {section} at offset {offset:#x}: {error}")]
    Btf {
        /// `.BTF` or `.BTF.ext`.
        section: &'static str,
        /// Where the section begins.
        offset: u64,
        /// What is wrong with it; its offsets count from the start of the section.
        error: BtfError,
    },
    /// A section of type information is in another byte order than the file.
    #[error("section {section} is {found}, the file is {expected}")]
    ByteOrder {
        /// `.BTF` or `.BTF.ext`.
        section: &'static str,
        /// The section's byte order.
        found: ByteOrder,
        /// The file's byte order.
        expected: ByteOrder,
    },
    /// `.BTF.ext` has relocations, but the types that they refer to are missing.
    #[error("the object has CO-RE relocations in .BTF.ext but no .BTF")]
    NoBtf,
    /// Records of `.BTF.ext` belong to a section without a name.
    #[error(
        "the section name at string offset {name_off} of group {group} of the core_relo records is empty or does not exist"
    )]
    ExtSectionName {
        /// Which group of records, from 0.
        group: usize,
        /// Where its name should be.
        name_off: StrOffset,
    },
}
