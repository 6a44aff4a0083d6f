//! Errors in ELF files.

use alloc::boxed::Box;

use btf_types::{ByteOrder, Error as BtfError, StrOffset};
use thiserror::Error;

/// An error in an ELF file.
///
/// Offsets are bytes from the start of the file unless noted otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// The file does not start with the ELF magic.
    #[error("the file starts with {found:02x?}, an ELF file starts with [7f, 45, 4c, 46]")]
    NotElf {
        /// The first bytes, up to four.
        found: Box<[u8]>,
    },
    /// The file is LLVM bitcode, which has no code of BPF yet.
    #[error(
        "the file is LLVM bitcode, not an ELF file; link it first: with bpf-linker, or with llc -march=bpf -filetype=obj"
    )]
    Bitcode,
    /// The file ends inside a header.
    #[error("{what} at offset {offset:#x} needs {needed} bytes, the file has {len}")]
    Truncated {
        /// The header, or table of headers.
        what: &'static str,
        /// Its offset.
        offset: u64,
        /// Its size in bytes.
        needed: u64,
        /// The size of the file in bytes.
        len: usize,
    },
    /// A field of the ELF header has a value that is not allowed.
    #[error("{field} at offset {offset:#x} is {found}, expected {allowed}")]
    Header {
        /// The name of the field.
        field: &'static str,
        /// The offset of the field.
        offset: u64,
        /// The value found.
        found: u64,
        /// The value allowed, in words.
        allowed: &'static str,
    },

    /// A section's name is outside the string table, or has no end there.
    #[error(
        "section {section} has its name at offset {name_off:#x}, where the string table of {len} bytes has no string"
    )]
    SectionName {
        /// The number of the section.
        section: u32,
        /// The offset of the name in the string table, in bytes.
        name_off: u32,
        /// The size of the string table in bytes.
        len: usize,
    },
    /// A section extends past the end of the file.
    #[error("section {section} has {size} bytes at offset {offset:#x}, the file has {len}")]
    SectionOutOfBounds {
        /// The name of the section, or its number if it has none.
        section: Box<str>,
        /// Its offset.
        offset: u64,
        /// Its size in bytes.
        size: u64,
        /// The size of the file in bytes.
        len: usize,
    },
    /// A section does not have the type that its use requires.
    #[error("section {section} has type {found}, expected {expected}")]
    SectionType {
        /// The name of the section, or its number if it has none.
        section: Box<str>,
        /// Its type (`sh_type`).
        found: u32,
        /// The type required.
        expected: u32,
    },
    /// A section is compressed.
    #[error(
        "section {section} is compressed; write it as it is, with llvm-objcopy --compress-sections={section}=none"
    )]
    Compressed {
        /// The name of the section, or its number if it has none.
        section: Box<str>,
    },
    /// There are two sections where one is allowed.
    #[error("sections {first} and {second} are both {what}")]
    Duplicate {
        /// Their common role.
        what: &'static str,
        /// The number of the first.
        first: u32,
        /// The number of the second.
        second: u32,
    },
    /// A section refers to one that does not exist.
    #[error("section {section} refers to section {found}, there are {count}")]
    NoSuchSection {
        /// The name of the section, or its number if it has none.
        section: Box<str>,
        /// The number that it refers to.
        found: u32,
        /// The number of sections.
        count: usize,
    },

    /// There is no symbol table, so no functions are known.
    #[error("the object has CO-RE relocations but no symbol table; it may have been stripped")]
    NoSymbolTable,
    /// A function symbol is not inside its section, or not aligned to instructions.
    #[error(
        "symbol {symbol} is a function of {size} bytes at offset {offset:#x} of section {section}: its bounds must be multiples of 8 within the section's {len} bytes, and it must not be empty"
    )]
    Function {
        /// The number of the symbol.
        symbol: usize,
        /// The name of the section.
        section: Box<str>,
        /// The offset of the function in the section, in bytes.
        offset: u64,
        /// The size of the function in bytes.
        size: u64,
        /// The size of the section in bytes.
        len: u64,
    },

    /// A section of type information is not well-formed.
    #[error("section {section} at offset {offset:#x}: {error}")]
    Btf {
        /// `.BTF` or `.BTF.ext`.
        section: &'static str,
        /// The offset of the section.
        offset: u64,
        /// The error; its offsets count from the start of the section.
        #[source]
        error: BtfError,
    },
    /// A section of type information has another byte order than the file.
    #[error("section {section} is {found}, the file is {expected}")]
    ByteOrder {
        /// `.BTF` or `.BTF.ext`.
        section: &'static str,
        /// The section's byte order.
        found: ByteOrder,
        /// The file's byte order.
        expected: ByteOrder,
    },
    /// `.BTF.ext` has relocations, but the object has no types.
    #[error("the object has CO-RE relocations in .BTF.ext but no .BTF")]
    NoBtf,
    /// Records of `.BTF.ext` belong to a section without a name.
    #[error(
        "the section name at string offset {name_off} of group {group} of the core_relo records is empty or does not exist"
    )]
    ExtSectionName {
        /// The number of the group of records, from 0.
        group: usize,
        /// The offset of its name in the strings of `.BTF`.
        name_off: StrOffset,
    },
}
