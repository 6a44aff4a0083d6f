//! Why there is no BTF: which file, and what is wrong with it.

use std::{io, path::PathBuf};

use thiserror::Error;

/// A file that cannot be used.
#[derive(Debug, Error)]
#[error("{}: {problem}", .path.display())]
#[non_exhaustive]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a file. Offsets are bytes from its start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Problem {
    /// The operating system refuses.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is a directory.
    #[error("is a directory, expected a file")]
    Directory,
    /// It has no bytes.
    #[error("is empty")]
    Empty,
    /// It does not begin as it should.
    #[error("begins with {}, expected {expected}", hex(found))]
    Unrecognised {
        /// Its first bytes, four at most.
        found: Vec<u8>,
        /// The ways to begin that are known.
        expected: &'static str,
    },
    /// It, or its `.BTF` section, is larger than [`MAX_LEN`](crate::MAX_LEN).
    #[error("{what} has {len} bytes, at most {allowed} are read")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How large it is, or how much of it was seen.
        len: u64,
        /// The ceiling.
        allowed: u64,
    },
    /// It begins as ELF, but is damaged.
    #[error("{part} at offset {offset:#x}: {reason}")]
    Elf {
        /// The part of the ELF file.
        part: &'static str,
        /// Where that begins.
        offset: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// It is an ELF file without BTF.
    #[error("the ELF file has no .BTF section")]
    NoSection,
    /// It is a module whose BTF continues a few types of its own, not those of a kernel.
    #[error("its .BTF continues the distilled base in .BTF.base, which is not supported")]
    DistilledBase,
    /// Its BTF is not well-formed.
    #[error("{}{error}", place(*.section))]
    Btf {
        /// Where the `.BTF` section begins; none where the whole file is BTF. The error's own
        /// offsets count from there.
        section: Option<u64>,
        /// What is wrong with the BTF.
        error: btf_types::Error,
    },
}

fn hex(bytes: &[u8]) -> String {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(" ")
}

fn place(section: Option<u64>) -> String {
    section.map_or_else(String::new, |offset| format!(".BTF section at offset {offset:#x}: "))
}

/// No BTF of a kernel was found.
#[derive(Debug, Error)]
#[error("no BTF of kernel {release}: {}", list(.attempts))]
#[non_exhaustive]
pub struct NotFound {
    /// The kernel's release.
    pub release: String,
    /// Every file that was tried, in order, and why it would not do.
    pub attempts: Vec<FileError>,
}

fn list(attempts: &[FileError]) -> String {
    let attempts: Vec<String> = attempts.iter().map(ToString::to_string).collect();
    attempts.join("; ")
}
