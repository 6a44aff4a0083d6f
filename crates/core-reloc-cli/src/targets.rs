//! Targets of every sort: the BTF of kernels and modules in whatever it was shipped.
//!
//! | sort | example |
//! | --- | --- |
//! | raw BTF | `/sys/kernel/btf/vmlinux` |
//! | ELF with a `.BTF` section | `vmlinux`, `nf_conntrack.ko` |
//! | a kernel image | `vmlinuz`, `Image`: x86, arm64, riscv, arm, s390, ppc64, EFI |
//! | any of these, compressed | `Image.gz`, `nf_conntrack.ko.xz` |
//! | a tar archive of these, compressed or not | `5.4.0-26-generic.btf.tar.xz` |
//! | a folder of these, searched recursively | |
//!
//! A file's sort is told by its first bytes, never by its name. [`open`] takes what holds one BTF,
//! [`Targets`] goes through any number, one at a time, so that memory does not grow with it, and
//! [`Kernels`] tells the kernels among them. What a file may unpack to is bounded by [`Limits`].
//!
//! A BTF that was inside of something else says so in its path: `vmlinuz!payload(xz)@0x3a5b`,
//! `archive.tar.xz!5.4.0-26-generic.btf`.
//!
//! ```
//! use std::path::Path;
//!
//! use core_reloc_cli::targets::{Limits, Targets};
//!
//! # use btf_types::{ByteOrder, build::Builder};
//! # let mut builder = Builder::new(ByteOrder::Little);
//! # builder.fwd_struct("task_struct");
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path();
//! # std::fs::write(path.join("6.1.btf"), builder.finish()?)?;
//! for target in Targets::new(path, Limits::default()) {
//!     let target = target?;
//!     println!("{}: {} types", target.path().display(), target.parse()?.len());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod archive;
mod compression;
mod content;
mod error;
mod files;
mod format;
mod image;
mod input;
mod kernels;
mod limits;
mod scan;
mod unpack;

use std::{fmt, fs::File, path::Path};

use core_reloc_sys::{BtfFile, FileError, Problem};
use object::ReadCache;

use self::{
    archive::Archive,
    content::{Content, content},
    input::Input,
};
pub use self::{
    compression::Compression,
    error::{Attempt, TargetError, TargetProblem},
    files::Files,
    kernels::{Found, Kernels},
    limits::Limits,
};

/// The BTF of a file that holds one, of any sort; an archive may have just one that does.
///
/// What is plain BTF is mapped: nobody may write to the file as long as its BTF is looked at.
///
/// # Errors
/// A file that cannot be read, is no target, is damaged, unpacks to more than `limits` allow, or
/// holds several.
pub fn open(path: &Path, limits: Limits) -> Result<BtfFile, TargetError> {
    let mut archive = match open_file(path, limits)? {
        Content::One(file) => return Ok(file),
        Content::Archive(archive) => archive,
    };
    let mut only: Option<BtfFile> = None;
    while let Some(found) = archive.next_target() {
        match (found, &only) {
            (Err(error), _) if error.is_unrecognised() => {}
            (Err(error), _) => return Err(error),
            (Ok(file), None) => only = Some(file),
            (Ok(file), Some(first)) => {
                let names = [first, &file].map(|file| file.path().to_path_buf());
                return Err(TargetError::new(path, TargetProblem::Several(names)));
            }
        }
    }
    only.ok_or_else(|| TargetError::new(path, TargetProblem::NoTarget))
}

/// The targets in a file or folder, in the order of their names; those of an archive, in its order.
///
/// Each is read when its turn comes, and nothing is kept of it. After an error the next target
/// follows, unless nothing can be read any more of an archive: then what follows the archive does.
///
/// What lies in a folder or archive and is something else is an error as well:
/// [`TargetError::is_unrecognised`] tells those that can be passed over.
pub struct Targets {
    limits: Limits,
    files: Files,
    archive: Option<Archive>,
}

impl Targets {
    /// Goes through a file or folder. To read the files of a folder in parallel, give each of its
    /// [`Files`] a `Targets` of its own.
    pub fn new(path: &Path, limits: Limits) -> Self {
        Self { limits, files: Files::new(path), archive: None }
    }
}

impl fmt::Debug for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Targets")
            .field("limits", &self.limits)
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl Iterator for Targets {
    type Item = Result<BtfFile, TargetError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(archive) = &mut self.archive {
                match archive.next_target() {
                    Some(target) => return Some(target),
                    None => self.archive = None,
                }
            }
            let opened = self.files.next()?.and_then(|path| open_file(&path, self.limits));
            match opened {
                Ok(Content::One(file)) => return Some(Ok(file)),
                Ok(Content::Archive(archive)) => self.archive = Some(archive),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// Maps a file that is BTF, as linkers and debuggers map theirs.
#[expect(unsafe_code, reason = "reading instead would double the time of most commands")]
fn map(path: &Path) -> Result<BtfFile, FileError> {
    // SAFETY: that nobody writes to a target while it is looked at, whoever names it answers for.
    // Kernels' files are replaced, not written to, and so are those that this crate writes.
    unsafe { BtfFile::map(path) }
}

/// What is in a file.
fn open_file(path: &Path, limits: Limits) -> Result<Content, TargetError> {
    // What is plain BTF or ELF needs no more than this. A pipe can be read only once.
    if path.metadata().is_ok_and(|metadata| metadata.is_file()) {
        match map(path) {
            Ok(file) => return Ok(Content::One(file)),
            Err(FileError { problem: Problem::Unrecognised { .. }, .. }) => {}
            // It may be the wrapper of a kernel.
            Err(error) if matches!(error.problem, Problem::NoSection) => {
                let headers = File::open(path).map(ReadCache::new);
                let headers = headers.map_err(|error| TargetError::new(path, error))?;
                if image::wrapped_kernel(&headers).is_none() {
                    return Err(error.into());
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    let open = || -> Result<_, TargetProblem> {
        let file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(Problem::Directory.into());
        }
        Input::new(file)
    };
    let input = open().map_err(|problem| TargetError::new(path, problem))?;
    content(path, input, limits)
}
