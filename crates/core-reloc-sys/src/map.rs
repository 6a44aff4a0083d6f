//! Memory maps. This and `lease.rs` are the only unsafe code of this crate, besides the unsafe function in
//! `file/mapped.rs`.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt,
};

use memmap2::{Mmap, MmapOptions};
use rustix::fs::{FsWord, fstatfs};

/// `SYSFS_MAGIC` of the kernel's `uapi/linux/magic.h`.
const SYSFS_MAGIC: FsWord = 0x6265_6572;

/// The file in which Linux publishes its BTF.
const KERNEL_BTF: &str = "/sys/kernel/btf/vmlinux";

/// Returns `true` if a file is on sysfs: the running kernel generates its bytes.
pub(crate) fn is_on_sysfs(file: &File) -> bool {
    fstatfs(file).is_ok_and(|system| system.f_type == SYSFS_MAGIC)
}

/// Maps the running kernel's BTF; returns `None` for every other file.
///
/// # Errors
/// Returns the system's error if the kernel cannot map its BTF: before Linux 6.16.
pub(crate) fn map_kernel_btf(file: &File) -> io::Result<Option<Mmap>> {
    // Other files on sysfs can be mapped too, the memory of PCI devices for example. That changes.
    let (kernel, this) = (fs::metadata(KERNEL_BTF)?, file.metadata()?);
    if !is_on_sysfs(file) || (kernel.dev(), kernel.ino()) != (this.dev(), this.ino()) {
        return Ok(None);
    }
    #[expect(unsafe_code, reason = "every function that maps a file is unsafe")]
    // SAFETY: this file is the kernel's own BTF, which lies in memory that is read-only after boot.
    // sysfs lets no process write to the file or truncate it.
    let map = unsafe { map_private(file) }?;
    Ok(Some(map))
}

/// Maps a file privately: the kernel rejects shared mappings of its BTF.
///
/// # Safety
/// The caller must ensure that the file is neither modified nor truncated while it is mapped.
///
/// # Errors
/// Returns the system's error.
#[expect(unsafe_code, reason = "only the caller can ensure that the file does not change")]
pub(crate) unsafe fn map_private(file: &File) -> io::Result<Mmap> {
    // SAFETY: the caller ensures that the file does not change while it is mapped.
    unsafe { MmapOptions::new().map_copy_read_only(file) }
}
