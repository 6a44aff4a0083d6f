//! The BTF of a kernel module.

use std::path::{Path, PathBuf};

use crate::{BtfFile, FileError};

/// A file with the BTF of a module, not read yet: a machine has a hundred of them, and few objects
/// need any.
///
/// ```
/// use core_reloc_sys::Kernel;
///
/// for module in Kernel::running().modules()? {
///     match module.open() {
///         Ok(file) => println!("{}: {} bytes", module.name(), file.as_bytes().len()),
///         Err(error) => println!("{error}"),
///     }
/// }
/// # Ok::<(), core_reloc_sys::FileError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleFile {
    name: String,
    path: PathBuf,
}

impl ModuleFile {
    pub(crate) fn new(name: String, path: PathBuf) -> Self {
        Self { name, path }
    }

    /// The module's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file. Its BTF is to be [parsed on](BtfFile::parse_split) the kernel's.
    ///
    /// # Errors
    /// As [`BtfFile::open`].
    pub fn open(&self) -> Result<BtfFile, FileError> {
        BtfFile::open(&self.path)
    }
}
