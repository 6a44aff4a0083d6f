//! BTF in a file that is mapped under a lease.

use std::path::PathBuf;

use super::BtfFile;
use crate::{bytes::Bytes, error::FileError};

impl BtfFile {
    /// Opens a file like [`BtfFile::open_with_limit`], but maps raw BTF where a lease of the system keeps the
    /// file from changing; every other file is read.
    ///
    /// Mapping takes a fraction of the time, and memory only for the pages that are used. A process that
    /// opens the file for writing, or truncates it, waits for a few milliseconds, in which this process
    /// takes a copy: the bytes of this value never change. With `O_NONBLOCK`, the other process gets `EAGAIN`
    /// instead of waiting.
    ///
    /// The first call installs a handler for `SIGIO`, by which the system asks for the file; a handler
    /// that was there before is called, too. A process that is stopped for longer than the system waits
    /// (45 seconds, `fs.lease-break-time`) while another changes the file ends when it continues, by `SIGABRT` or `SIGBUS`.
    ///
    /// The file is read if it belongs to another user and the process is not privileged, if it is open for
    /// writing, if its file system is none of ext4, XFS, Btrfs, F2FS and tmpfs, if `SIGIO` is blocked, if
    /// eight files are already mapped so, and before Linux 5.14.
    ///
    /// ```
    /// # use btf_types::{ByteOrder, build::Builder};
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("vmlinux.btf");
    /// # std::fs::write(&path, Builder::new(ByteOrder::Little).finish()?)?;
    /// use core_reloc_sys::{BtfFile, MAX_LEN};
    ///
    /// let file = BtfFile::open_leased(&path, MAX_LEN)?;
    /// // Another process may do this at any time.
    /// std::fs::write(&path, "not BTF")?;
    /// assert!(file.parse()?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`BtfFile::open_with_limit`].
    pub fn open_leased(path: impl Into<PathBuf>, max_len: u64) -> Result<Self, FileError> {
        Self::open_with(path.into(), max_len, Bytes::leased)
    }
}
