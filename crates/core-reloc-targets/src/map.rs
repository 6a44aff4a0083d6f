//! Opening a file by mapping it: the only unsafe code of this crate.

use std::path::Path;

use core_reloc_sys::{BtfFile, FileProblem};

use crate::{Limits, error::TargetError, open::open_only};

/// Opens a file like [`open`](crate::open()), but maps raw BTF instead of reading it.
///
/// Mapping takes half the time, and memory only for the pages that are used. Files of any other
/// format are read.
///
/// ```
/// use core_reloc_targets::{Limits, map};
///
/// # use btf_types::{ByteOrder, build::Builder};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("6.1.btf");
/// # std::fs::write(&path, Builder::new(ByteOrder::Little).finish()?)?;
/// // SAFETY: no process modifies this file.
/// let file = unsafe { map(&path, Limits::default()) }?;
/// assert!(file.parse()?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Safety
/// The caller must ensure that no process modifies or truncates the file during the call or while
/// the returned value exists. An access past the end of a truncated file kills the process with
/// `SIGBUS`. Renaming another file over it is harmless: the mapping keeps the old file.
///
/// # Errors
/// Returns the errors of [`open`](crate::open()).
#[expect(unsafe_code, reason = "only the caller can ensure that the file does not change")]
pub unsafe fn map(path: &Path, limits: Limits) -> Result<BtfFile, TargetError> {
    // SAFETY: the caller ensures that the file does not change while the value exists.
    let file = open_only(path, limits, |path| unsafe { BtfFile::map(path) })?;
    let (len, allowed) = (file.as_bytes().len() as u64, limits.file);
    if len > allowed {
        return Err(TargetError::new(
            path,
            FileProblem::TooLarge { what: "the file", len, allowed },
        ));
    }
    Ok(file)
}
