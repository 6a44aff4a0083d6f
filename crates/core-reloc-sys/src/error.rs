//! Errors: which file, and what is wrong with it.

use std::{io, path::PathBuf};

use thiserror::Error;

/// A file without usable BTF.
#[derive(Debug, Error)]
#[error("{}: {problem}", .path.display())]
#[non_exhaustive]
pub struct FileError {
    /// The path of the file.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub problem: FileProblem,
}

/// What is wrong with a file. Offsets are in bytes from the start of the file.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FileProblem {
    /// The operating system reported an error.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The path leads to a directory.
    #[error("is a directory, expected a file")]
    Directory,
    /// The file is empty.
    #[error("is empty")]
    Empty,
    /// The file has an unknown magic, or that of LLVM bitcode.
    #[error("{}, expected {expected}{}", start(found), remedy(found))]
    Unrecognized {
        /// The first four bytes, or all of a shorter file.
        found: Vec<u8>,
        /// The known formats.
        expected: &'static str,
    },
    /// The file, or a part of it, is larger than allowed.
    #[error("{what} has {len} bytes, at most {allowed} are read")]
    TooLarge {
        /// The part that is too large.
        what: &'static str,
        /// Its size in bytes, or as many bytes as were seen.
        len: u64,
        /// The most bytes that are allowed.
        allowed: u64,
    },
    /// The ELF file is damaged.
    #[error("{part} at offset {offset:#x}: {reason}")]
    Elf {
        /// The damaged part.
        part: &'static str,
        /// The offset of that part.
        offset: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The ELF file has no BTF.
    #[error("the ELF file has no .BTF section")]
    NoSection,
    /// The file is a module built out of tree: its split BTF continues a distilled base, from which
    /// [`BtfFile::relocate_onto`](crate::BtfFile::relocate_onto) relocates it.
    #[error(
        "its .BTF continues the distilled base in .BTF.base; relocate it onto its kernel's BTF"
    )]
    DistilledBase,
    /// The file is a module built out of tree, and cannot be relocated from its distilled base.
    #[error("cannot be relocated from its distilled base, .BTF.base: {0}")]
    Distilled(#[source] btf_types::distilled::Error),
    /// The BTF is malformed.
    #[error("{}{error}", place(*.section))]
    Btf {
        /// The offset of the `.BTF` section, from which the error's own offsets count; `None` for
        /// raw BTF.
        section: Option<u64>,
        /// What is wrong with the BTF.
        #[source]
        error: btf_types::Error,
    },
}

/// The magics of LLVM bitcode: that of the bits, and that of the wrapper around them.
const BITCODE: [&[u8]; 2] = [b"BC\xc0\xde", b"\xde\xc0\x17\x0b"];

fn is_bitcode(start: &[u8]) -> bool {
    BITCODE.iter().any(|magic| start.starts_with(magic))
}

/// Describes the first bytes of a file.
fn start(bytes: &[u8]) -> String {
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let hex = hex.join(" ");
    if is_bitcode(bytes) {
        format!("is LLVM bitcode ({hex})")
    } else {
        format!("starts with {hex}")
    }
}

/// Returns what makes an object of a file that starts with these bytes.
fn remedy(bytes: &[u8]) -> &'static str {
    if is_bitcode(bytes) {
        "; link it first: with bpf-linker, or with llc -march=bpf -filetype=obj"
    } else {
        ""
    }
}

fn place(section: Option<u64>) -> String {
    section.map_or_else(String::new, |offset| format!(".BTF section at offset {offset:#x}: "))
}

/// No BTF was found for a kernel.
#[derive(Debug, Error)]
#[error("no BTF found for kernel {release}: {}", list(.attempts))]
#[non_exhaustive]
pub struct NotFound {
    /// The kernel's release.
    pub release: String,
    /// The files that were tried, in order, and why each was rejected.
    pub attempts: Vec<FileError>,
}

fn list(attempts: &[FileError]) -> String {
    let attempts: Vec<String> = attempts.iter().map(ToString::to_string).collect();
    attempts.join("; ")
}
