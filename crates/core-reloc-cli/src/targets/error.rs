//! Why there is no target: which file, or what in it, and what is wrong with that.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use core_reloc_sys::{FileError, Problem};
use thiserror::Error;

use super::Compression;

/// Something that cannot be used as a target.
#[derive(Debug, Error)]
#[error("{}: {problem}", .path.display())]
#[non_exhaustive]
pub struct TargetError {
    /// The file, and the place in it: `archive.tar.xz!5.4.0-26-generic.btf`.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: TargetProblem,
}

/// What is wrong with a target.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TargetProblem {
    /// It cannot be read, is not what it should be, or is not well-formed as ELF.
    #[error(transparent)]
    File(#[from] Problem),
    /// Compressed data cannot be unpacked.
    #[error("damaged {format} data: {error}")]
    Packed {
        /// How it is compressed.
        format: Compression,
        /// What the decompressor says.
        error: io::Error,
    },
    /// What was unpacked is compressed once more.
    #[error("unpacks to {0} data, which are not unpacked once more")]
    PackedTwice(Compression),
    /// A kernel image in which no BTF was found.
    #[error("found no BTF in the {image}{}", list(.attempts))]
    NoBtf {
        /// What sort of image.
        image: &'static str,
        /// The places in it that were unpacked, or that looked like it: the first few.
        attempts: Vec<Attempt>,
    },
    /// An archive is damaged.
    #[error("tar header at offset {offset:#x} of the archive: {reason}")]
    Archive {
        /// Where in the unpacked archive.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
    /// An archive has more entries than allowed.
    #[error("the archive has more than {0} entries, which is what is allowed")]
    TooManyEntries(u64),
    /// An archive in an archive.
    #[error("is an archive in an archive, which is not searched")]
    NestedArchive,
    /// Folders in folders, to no end.
    #[error("is {0} folders deep, which is deeper than is searched")]
    TooDeep(usize),
    /// An archive or folder holds no target.
    #[error("holds no BTF")]
    NoTarget,
    /// An archive holds several targets where one is needed.
    #[error("holds several targets, expected one: {} and {}", .0[0].display(), .0[1].display())]
    Several([PathBuf; 2]),
}

impl From<io::Error> for TargetProblem {
    fn from(error: io::Error) -> Self {
        Self::File(error.into())
    }
}

/// Compressed data in a kernel image, or what looked like it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// How it is compressed; none if it is not.
    pub format: Option<Compression>,
    /// Where in the image.
    pub offset: usize,
    /// What came of it.
    pub result: String,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.format {
            Some(format) => write!(f, "{format} data")?,
            None => f.write_str("what is not compressed")?,
        }
        write!(f, " at {:#x}: {}", self.offset, self.result)
    }
}

fn list(attempts: &[Attempt]) -> String {
    let attempts: Vec<String> = attempts.iter().map(|attempt| format!("; {attempt}")).collect();
    attempts.concat()
}

impl TargetError {
    pub(super) fn new(path: &Path, problem: impl Into<TargetProblem>) -> Self {
        Self { path: path.to_path_buf(), problem: problem.into() }
    }

    /// Whether it is just a file of another sort, such as a README among the targets.
    pub fn is_unrecognised(&self) -> bool {
        matches!(
            self.problem,
            TargetProblem::File(Problem::Unrecognised { .. } | Problem::Empty)
                | TargetProblem::NestedArchive
        )
    }

    /// Whether it is no kernel either: an ELF file without BTF, or a module that was built by itself.
    pub fn is_no_kernel(&self) -> bool {
        let problem = &self.problem;
        self.is_unrecognised()
            || matches!(problem, TargetProblem::File(Problem::NoSection | Problem::DistilledBase))
    }
}

impl From<FileError> for TargetError {
    fn from(FileError { path, problem, .. }: FileError) -> Self {
        Self { path, problem: problem.into() }
    }
}
