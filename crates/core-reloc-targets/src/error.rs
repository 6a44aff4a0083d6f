//! Errors: which file, or which part of it, and what is wrong with it.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use core_reloc_sys::{FileError, FileProblem};
use thiserror::Error;

use crate::{Compression, kernel_names::KernelNames};

/// A file, or a part of a file, that is not a target.
#[derive(Debug, Error)]
#[error("{}: {problem}", .path.display())]
#[non_exhaustive]
pub struct TargetError {
    /// The path of the file, and the part in it: `archive.tar.xz!5.4.0-26-generic.btf`.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub problem: TargetProblem,
}

/// What is wrong with a target.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TargetProblem {
    /// The file cannot be read, is too large, of an unknown format, or malformed as ELF or BTF.
    #[error(transparent)]
    File(#[from] FileProblem),
    /// Compressed data cannot be unpacked.
    #[error("damaged {format} data: {error}")]
    Packed {
        /// The compression format.
        format: Compression,
        /// The error of the decompressor.
        #[source]
        error: io::Error,
    },
    /// The file is compressed twice.
    #[error("unpacks to {0} data; only one layer of compression is supported")]
    PackedTwice(Compression),
    /// No BTF was found in a kernel image.
    #[error("found no BTF in the {image}{}", list(.attempts))]
    NoBtf {
        /// The kind of image.
        image: &'static str,
        /// The first places in the image that were searched.
        attempts: Vec<Attempt>,
    },
    /// The archive is damaged.
    #[error("tar header at offset {offset:#x} of the archive: {reason}")]
    Archive {
        /// The offset in the unpacked archive.
        offset: u64,
        /// What is wrong with the header.
        reason: String,
    },
    /// The archive has more entries than this limit.
    #[error("the archive exceeds the limit of {0} entries")]
    TooManyEntries(u64),
    /// The entry of an archive is a file with holes.
    #[error("is a sparse file, which is not supported in archives")]
    Sparse,
    /// An archive is inside another archive.
    #[error("is an archive inside an archive, which is not supported")]
    NestedArchive,
    /// The folder is nested deeper than this limit.
    #[error("exceeds the limit of {0} nested folders")]
    TooDeep(usize),
    /// An archive contains no target.
    #[error("contains no BTF")]
    NoTarget,
    /// An archive contains several targets where one is expected: the first two.
    #[error("contains several targets, expected one: {} and {}", .0[0].display(), .0[1].display())]
    Several([PathBuf; 2]),
    /// No kernel has the name that was asked for.
    #[error("has no kernel {name}{}", has(.found))]
    NoSuchKernel {
        /// The name that was asked for.
        name: String,
        /// The kernels that there are.
        found: Box<KernelNames>,
    },
    /// Several kernels have the name that was asked for, or there are several where one is expected.
    #[error("has several kernels{}: {found}", named(.name))]
    SeveralKernels {
        /// The name that was asked for.
        name: Option<String>,
        /// The kernels, each with a name that no other has.
        found: Box<KernelNames>,
    },
    /// The modules of an archive, or of a kernel in a store, have more bytes than this limit.
    #[error("the modules exceed the limit of {0} bytes")]
    TooManyModules(u64),
    /// A store has more kernels than this limit.
    #[error("the store exceeds the limit of {0} kernels")]
    TooManyKernels(u64),
    /// A store of kernels is damaged.
    #[error("damaged store: {0}")]
    Store(#[from] btf_store::Error),
    /// The file is a module where a kernel is expected.
    #[error("contains a module's types, not a kernel's")]
    Module,
}

impl From<io::Error> for TargetProblem {
    fn from(error: io::Error) -> Self {
        Self::File(error.into())
    }
}

/// A place in a kernel image that was searched for BTF.
#[derive(Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// The compression format; `None` if the place is not compressed.
    pub format: Option<Compression>,
    /// The offset in the image.
    pub offset: usize,
    /// What was found instead of BTF.
    pub result: String,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.format {
            Some(format) => write!(f, "{format} data")?,
            None => f.write_str("uncompressed data")?,
        }
        write!(f, " at {:#x}: {}", self.offset, self.result)
    }
}

fn has(found: &KernelNames) -> String {
    if found.is_empty() { String::new() } else { format!("; it has {found}") }
}

fn named(name: &Option<String>) -> String {
    name.as_ref().map(|name| format!(" {name}")).unwrap_or_default()
}

fn list(attempts: &[Attempt]) -> String {
    let attempts: Vec<String> = attempts.iter().map(|attempt| format!("; {attempt}")).collect();
    attempts.concat()
}

impl TargetError {
    pub(crate) fn new(path: &Path, problem: impl Into<TargetProblem>) -> Self {
        Self { path: path.to_path_buf(), problem: problem.into() }
    }

    /// Returns `true` if the file is of no known format, such as a README among the targets.
    pub fn is_unrecognized(&self) -> bool {
        matches!(
            self.problem,
            TargetProblem::File(FileProblem::Unrecognized { .. } | FileProblem::Empty)
                | TargetProblem::NestedArchive
        )
    }

    /// Returns `true` if the file is intact but not a kernel: of no known format, an ELF file
    /// without BTF, or a module.
    pub fn is_not_a_kernel(&self) -> bool {
        self.is_unrecognized()
            || matches!(
                self.problem,
                TargetProblem::File(FileProblem::NoSection) | TargetProblem::Module
            )
    }
}

impl From<FileError> for TargetError {
    fn from(FileError { path, problem, .. }: FileError) -> Self {
        Self { path, problem: problem.into() }
    }
}

/// Returns the path of a part of a file: `outer!inner`.
pub(crate) fn nested_path(outer: &Path, inner: &str) -> PathBuf {
    let mut path = outer.as_os_str().to_os_string();
    path.push("!");
    path.push(inner);
    path.into()
}
