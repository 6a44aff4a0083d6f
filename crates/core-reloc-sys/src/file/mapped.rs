//! BTF in a mapped file.

use std::path::PathBuf;

use super::BtfFile;
use crate::{bytes::Bytes, error::FileError, map::map_private};

impl BtfFile {
    /// Opens a file like [`BtfFile::open`], but maps raw BTF instead of reading it.
    ///
    /// Mapping takes half the time, and memory only for the pages that are used. ELF files, and
    /// files that cannot be mapped, are read.
    ///
    /// ```
    /// # use btf_types::{ByteOrder, build::Builder};
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("vmlinux.btf");
    /// # std::fs::write(&path, Builder::new(ByteOrder::Little).finish()?)?;
    /// use core_reloc_sys::BtfFile;
    ///
    /// // SAFETY: no process modifies this file.
    /// let file = unsafe { BtfFile::map(&path) }?;
    /// assert!(file.parse()?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Safety
    /// The caller must ensure that no process modifies or truncates the file during the call or
    /// while the returned value exists. An access past the end of a truncated file kills the
    /// process with `SIGBUS`. Renaming another file over it is harmless: the mapping keeps the old
    /// file.
    ///
    /// # Errors
    /// Returns the errors of [`BtfFile::open`].
    #[expect(unsafe_code, reason = "only the caller can ensure that the file does not change")]
    pub unsafe fn map(path: impl Into<PathBuf>) -> Result<Self, FileError> {
        Self::open_with(path.into(), crate::MAX_LEN, |opened| {
            opened.check_len()?;
            // SAFETY: the caller ensures that the file does not change while it is mapped.
            match unsafe { map_private(&opened.file) } {
                Ok(map) => Ok(Bytes::Mapped(map)),
                Err(_) => opened.read_whole().map(Bytes::Read),
            }
        })
    }
}
