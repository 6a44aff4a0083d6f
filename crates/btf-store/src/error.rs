//! Errors of reading a store: which section, where, what was found, and what is allowed.

use alloc::vec::Vec;
use core::fmt;

use btf_types::{Kind, Name};
use thiserror::Error;

/// The result of reading a store.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// A part of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// The header.
    Header,
    /// The names of members, enumerators and parameters.
    Strings,
    /// The types without a name of their own.
    Nodes,
    /// The types with a name.
    Definitions,
    /// The builds of modules.
    Modules,
    /// The kernels.
    Kernels,
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Strings => "strings",
            Self::Nodes => "nodes",
            Self::Definitions => "definitions",
            Self::Modules => "modules",
            Self::Kernels => "kernels",
        })
    }
}

/// A defect of a store, or a question that it cannot answer.
///
/// Offsets are bytes from the start of the file in the header, and from the start of the unpacked page
/// elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes do not start as a store does.
    #[error("not a store: starts with {found:02x?}, expected `btfstore`")]
    NotAStore {
        /// The first bytes, at most eight.
        found: Vec<u8>,
    },

    /// The version is not known.
    #[error("version at offset 8 is {found}, only {known} is known")]
    BadVersion {
        /// The version found.
        found: u32,
        /// The version that is known.
        known: u32,
    },

    /// A checksum does not match.
    #[error(
        "checksum of {section}, page {page}, is {found:#010x}, but the bytes have {computed:#010x}"
    )]
    BadChecksum {
        /// The section.
        section: Section,
        /// The number of the page within it.
        page: u32,
        /// The checksum that the file states.
        found: u32,
        /// The checksum of the bytes.
        computed: u32,
    },

    /// A number is out of range, or something ends too early.
    #[error(
        "{section}, page {page}, offset {offset:#x}: {what} is {found}, allowed is at most {allowed}"
    )]
    Malformed {
        /// The section.
        section: Section,
        /// The number of the page within it.
        page: u32,
        /// The offset in bytes.
        offset: usize,
        /// What is wrong.
        what: &'static str,
        /// The number found.
        found: u64,
        /// The largest allowed.
        allowed: u64,
    },

    /// A packed page cannot be unpacked.
    #[error("{section}, page {page}: {problem}")]
    BadPage {
        /// The section.
        section: Section,
        /// The number of the page within it.
        page: u32,
        /// What is wrong.
        problem: &'static str,
    },

    /// A kernel lacks a definition that another one of its definitions refers to, or has two in its place.
    #[error(
        "kernel {kernel} has {found} of {kind} `{}`, which its types refer to",
        Name::new(name)
    )]
    Unresolved {
        /// The number of the kernel.
        kernel: u32,
        /// The kind of the definition.
        kind: Kind,
        /// Its name.
        name: Vec<u8>,
        /// How many the kernel has: none, or more than one.
        found: u32,
    },

    /// BTF cannot be written, because it would be too large.
    #[error(transparent)]
    Write(#[from] btf_types::build::Error),

    /// The BTF that was written cannot be read.
    #[error(transparent)]
    Read(#[from] btf_types::Error),
}
