//! The files that a command writes: completely or not at all, and never over a file that it must keep.

mod folder;
mod replace;
mod signals;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    path::{Path, PathBuf},
};

use self::{folder::write_folder, replace::replace};
use crate::{
    failure::Failure,
    inputs::{FileIdentity, Inputs, is_standard},
    terminal,
};

/// A file, or folder, that a command writes.
pub(crate) struct Output<'a> {
    path: &'a Path,
    inputs: Inputs<'a>,
    /// How every file starts that this output may replace; empty if it may replace any.
    mark: &'static str,
}

impl<'a> Output<'a> {
    /// Checks that the output is none of the inputs.
    pub(crate) fn new(path: &'a Path, inputs: Inputs<'a>) -> Result<Self, Failure> {
        Self::checked(Self { path, inputs, mark: "" })
    }

    /// Checks that the output is none of the inputs, and that a file at its path starts with `mark` or
    /// is empty: it has been written by the same option, not by anything else.
    pub(crate) fn marked(
        path: &'a Path,
        inputs: Inputs<'a>,
        mark: &'static str,
    ) -> Result<Self, Failure> {
        Self::checked(Self { path, inputs, mark })
    }

    fn checked(self) -> Result<Self, Failure> {
        self.check()?;
        Ok(self)
    }

    /// Checks that a file at the path may be replaced.
    fn check(&self) -> Result<(), Failure> {
        let path = || self.path.to_path_buf();
        let Some(identity) = FileIdentity::of(self.path).filter(|_| !self.is_standard()) else {
            return Ok(());
        };
        if let Some(input) = self.inputs.find(identity) {
            return Err(Failure::OutputIsInput { path: path(), input });
        }
        match start_of(self.path, self.mark.len()) {
            Ok(start) if start.is_empty() || start == self.mark.as_bytes() => Ok(()),
            Ok(_) => Err(Failure::NotOurs(path())),
            Err(error) => Err(Failure::Write { path: path(), error }),
        }
    }

    /// Returns `true` if the output is standard output.
    pub(crate) fn is_standard(&self) -> bool {
        is_standard(self.path)
    }

    /// Returns the path.
    pub(crate) fn path(&self) -> &'a Path {
        self.path
    }

    /// Writes a file: it replaces an old one once it is complete and on the disk.
    ///
    /// The old file's owner and permissions stay, except for setuid and setgid. A link stays a link, even
    /// if its destination does not exist yet. A pipe or device is written to directly.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        if self.is_standard() {
            return Ok(terminal::write_bytes(bytes)?);
        }
        // Another file may have appeared meanwhile.
        self.check()?;
        let written = match fs::metadata(self.path) {
            Ok(other) if !other.is_file() => OpenOptions::new()
                .write(true)
                .open(self.path)
                .and_then(|mut it| it.write_all(bytes)),
            Ok(_) => replace(self.path, bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => replace(self.path, bytes),
            Err(error) => Err(error),
        };
        written.map_err(|error| self.failure(error))
    }

    /// Writes a new folder of files, or fills an empty one. It has all files or none.
    pub(crate) fn write_folder<'f>(
        &self,
        files: impl Iterator<Item = (&'f Path, &'f [u8])>,
    ) -> Result<(), Failure> {
        write_folder(self.path, files).map_err(|error| self.failure(error))
    }

    /// Returns the error that the output cannot be written.
    pub(crate) fn failure(&self, error: io::Error) -> Failure {
        Failure::Write { path: self.path.to_path_buf(), error }
    }
}

/// Reads the first bytes of a file.
fn start_of(path: &Path, len: usize) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    if len > 0 {
        File::open(path)?.take(len as u64).read_to_end(&mut start)?;
    }
    Ok(start)
}

/// Returns the folder that contains a file.
pub(crate) fn folder_of(path: &Path) -> PathBuf {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_path_buf()
}
