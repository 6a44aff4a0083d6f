//! Whole ELF files that are mapped under a lease.

use std::{fmt, path::Path};

use crate::{bytes::Bytes, error::FileError, read::Opened};

/// A whole ELF file, such as a BPF object.
///
/// The value owns the bytes, which never change.
pub struct ElfFile(Bytes);

impl ElfFile {
    /// Opens a file like [`read_elf`](crate::read_elf), but maps it where a lease of the system keeps it from
    /// changing: see [`BtfFile::open_leased`](crate::BtfFile::open_leased), which also says what that means for other
    /// processes. Every other file is read.
    ///
    /// ```
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("prog.bpf.o");
    /// # std::fs::copy("/proc/self/exe", &path)?;
    /// use core_reloc_sys::ElfFile;
    ///
    /// let file = ElfFile::open_leased(&path)?;
    /// // Another process may do this at any time.
    /// std::fs::write(&path, "not ELF")?;
    /// assert!(file.as_bytes().starts_with(b"\x7fELF"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`read_elf`](crate::read_elf).
    pub fn open_leased(path: &Path) -> Result<Self, FileError> {
        let bytes = Opened::open_elf(path).and_then(Bytes::leased);
        bytes.map(Self).map_err(|problem| FileError { path: path.to_path_buf(), problem })
    }

    /// Returns the bytes of the file.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_slice()
    }
}

impl AsRef<[u8]> for ElfFile {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Debug for ElfFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ElfFile")
            .field("len", &self.as_bytes().len())
            .field("is_mapped", &!matches!(self.0, Bytes::Read(_)))
            .finish()
    }
}
