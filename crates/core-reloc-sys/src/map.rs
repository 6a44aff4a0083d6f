//! Mapping files: the only unsafe code of this crate.

use std::{fs::File, io};

use memmap2::{Mmap, MmapOptions};
use rustix::fs::{FsWord, fstatfs};

/// `SYSFS_MAGIC` of the kernel's `uapi/linux/magic.h`.
const SYSFS_MAGIC: FsWord = 0x6265_6572;

/// BTF that the kernel shows in sysfs.
pub(crate) struct SysfsBtf<'a>(&'a File);

impl<'a> SysfsBtf<'a> {
    /// A file that is BTF, as its magic has told, if it is on sysfs.
    pub(crate) fn new(btf: &'a File) -> Option<Self> {
        // A file system that does not say what it is, is not sysfs.
        let is_sysfs = fstatfs(btf).is_ok_and(|system| system.f_type == SYSFS_MAGIC);
        is_sysfs.then_some(Self(btf))
    }

    /// Maps it, privately: the kernel refuses shared mappings.
    ///
    /// # Errors
    /// Where the kernel cannot map its BTF, as before Linux 6.16, or a module's.
    pub(crate) fn map(&self) -> io::Result<Mmap> {
        #[expect(unsafe_code, reason = "a safe way to map a file cannot exist")]
        // SAFETY: BTF on sysfs is memory of the kernel's, which it keeps read-only from boot on, and
        // a file that nobody can write to or truncate.
        unsafe {
            map(self.0)
        }
    }
}

/// Maps a file, privately.
///
/// # Safety
/// The bytes behind the mapping must not change while it is there, nor may the file become shorter.
///
/// # Errors
/// What the system says.
#[expect(unsafe_code, reason = "the caller answers for the file")]
pub(crate) unsafe fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the caller keeps to the same rules.
    unsafe { MmapOptions::new().map_copy_read_only(file) }
}
