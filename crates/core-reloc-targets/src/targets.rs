//! All targets of a file or folder, and the kernels among them.

use std::{
    fmt,
    io::Read,
    path::{Path, PathBuf},
};

use core_reloc_sys::BtfFile;

use crate::{
    Limits,
    archive::Archive,
    error::{TargetError, TargetProblem},
    files::Files,
    open::{Content, open_any, stream_content},
};

/// The targets in a file or folder: files sorted by name, the entries of an archive in its order.
///
/// Each target is read when it is its turn, and dropped by the iterator. After an error the
/// iterator continues with the next target; if the rest of an archive cannot be read, with the next
/// file.
///
/// Files in a folder or archive that are not targets are errors too;
/// [`TargetError::is_unrecognized`] distinguishes those of an unknown format.
pub struct Targets {
    limits: Limits,
    files: Files,
    /// What was opened and not returned yet.
    opened: Option<Result<Content, TargetError>>,
    archive: Option<Archive>,
}

impl Targets {
    /// Searches a file or folder. To read the files of a folder in parallel, search each of its
    /// [`Files`] on its own.
    pub fn new(path: &Path, limits: Limits) -> Self {
        Self { limits, files: Files::new(path), opened: None, archive: None }
    }

    /// Searches a stream, such as standard input. The path names it, and need not exist.
    pub fn of_stream(path: &Path, stream: impl Read + Send + 'static, limits: Limits) -> Self {
        let opened = Some(stream_content(path, stream, limits));
        Self { limits, files: Files::none(), opened, archive: None }
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
            let opened = match self.opened.take() {
                Some(opened) => opened,
                None => self.files.next()?.and_then(|path| open_any(&path, self.limits)),
            };
            match opened {
                Ok(Content::Single(file)) => return Some(Ok(file)),
                Ok(Content::Archive(archive)) => self.archive = Some(archive),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// An item of [`Kernels`].
#[derive(Debug)]
pub enum Found {
    /// The BTF of a kernel.
    Kernel(BtfFile),
    /// A file in a folder or archive that is not a kernel, and why it is not.
    Other(TargetError),
}

/// The kernels in a file or folder, in the order of [`Targets`].
///
/// Modules and other files in folders and archives are [`Found::Other`]. Files with the inline sites of a
/// kernel or module, such as `vmlinux.inline`, are passed over. A file that is given by its path must be
/// a kernel; anything else is an error.
///
/// ```
/// use core_reloc_targets::{Found, Kernels, Limits};
///
/// # use btf_types::{ByteOrder, build::Builder};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path();
/// # std::fs::write(path.join("6.1.btf"), Builder::new(ByteOrder::Little).finish()?)?;
/// # std::fs::write(path.join("README"), "BTF of kernels.")?;
/// for found in Kernels::new(path, Limits::default()) {
///     match found? {
///         Found::Kernel(file) => println!("{}", file.path().display()),
///         Found::Other(error) => println!("not a kernel: {error}"),
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Kernels {
    /// The path that must be a kernel, if it is a file.
    given: Option<PathBuf>,
    targets: Targets,
}

impl Kernels {
    /// Searches a file or folder.
    pub fn new(path: &Path, limits: Limits) -> Self {
        Self { given: Some(path.to_path_buf()), targets: Targets::new(path, limits) }
    }

    /// Searches a stream, such as standard input, as if the path were that of a file.
    pub fn of_stream(path: &Path, stream: impl Read + Send + 'static, limits: Limits) -> Self {
        let targets = Targets::of_stream(path, stream, limits);
        Self { given: Some(path.to_path_buf()), targets }
    }

    /// Searches one of the [`Files`] of a folder, which need not be a kernel.
    pub fn in_listed(file: &Path, limits: Limits) -> Self {
        Self { given: None, targets: Targets::new(file, limits) }
    }
}

impl Iterator for Kernels {
    type Item = Result<Found, TargetError>;

    fn next(&mut self) -> Option<Self::Item> {
        let is_given = |path: &Path| self.given.as_deref() == Some(path);
        let is_inline = |file: &BtfFile| {
            file.path().extension().is_some_and(|extension| extension == "inline")
                && file.is_split()
                && !is_given(file.path())
        };
        let next = self.targets.find(|found| !found.as_ref().is_ok_and(is_inline))?;
        Some(match next {
            Ok(file) if file.is_split() && !is_given(file.path()) => {
                Ok(Found::Other(TargetError::new(file.path(), TargetProblem::Module)))
            }
            Ok(file) => Ok(Found::Kernel(file)),
            Err(error) if error.is_not_a_kernel() && !is_given(&error.path) => {
                Ok(Found::Other(error))
            }
            Err(error) => Err(error),
        })
    }
}
