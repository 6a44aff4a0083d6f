//! Replacing a file at once.

use std::{
    fs::{self, File, Metadata, OpenOptions, Permissions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{MetadataExt, PermissionsExt, fchown},
    path::{Path, PathBuf},
};

use super::{folder_of, signals::HeldSignals};
use crate::limits::MAX_LINKS;

/// The start of the names of temporary files and folders.
pub(super) const PREFIX: &str = ".core-reloc-";

/// The permissions of a new file, before the process's umask is applied.
const OF_NEW_FILE: u32 = 0o666;

/// The permissions of a temporary file that gets those of an old file later.
const OF_OWNER_ONLY: u32 = 0o600;

/// The permissions that a replaced file keeps: neither setuid nor setgid, which are for its old content.
const KEPT: u32 = 0o777;

/// How much is written between two looks for a signal.
const PART_LEN: usize = 1 << 20;

/// Writes a file beside the path, and renames it to the path once it is complete and on the disk.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = destination(path)?;
    let old = match OpenOptions::new().write(true).open(&path) {
        // A file that the user may not write to is not replaced either.
        Ok(old) => Some(old.metadata()?),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    // Dropped after the temporary file, which is removed on any error.
    let signals = HeldSignals::hold()?;
    let permissions = if old.is_some() { OF_OWNER_ONLY } else { OF_NEW_FILE };
    let mut file = tempfile::Builder::new()
        .prefix(PREFIX)
        .permissions(Permissions::from_mode(permissions))
        .tempfile_in(folder_of(&path))?;
    for part in bytes.chunks(PART_LEN) {
        signals.check()?;
        file.as_file_mut().write_all(part)?;
    }
    if let Some(old) = old {
        keep_owner(file.as_file(), &old)?;
        file.as_file().set_permissions(Permissions::from_mode(old.mode() & KEPT))?;
    }
    // Otherwise the new name could be on the disk before the content.
    file.as_file().sync_all()?;
    signals.check()?;
    file.persist(path)?;
    Ok(())
}

/// Gives a new file the owner and group of an old one.
pub(super) fn keep_owner(new: &File, old: &Metadata) -> io::Result<()> {
    let created = new.metadata()?;
    if (created.uid(), created.gid()) == (old.uid(), old.gid()) {
        return Ok(());
    }
    fchown(new, Some(old.uid()), Some(old.gid())).map_err(|error| {
        let (user, group) = (old.uid(), old.gid());
        let reason = format!("cannot keep its owner {user} and group {group}: {error}");
        io::Error::new(error.kind(), reason)
    })
}

/// Follows links to the path that is written, which need not exist.
pub(super) fn destination(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_path_buf();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&path) {
            Ok(target) => path = folder_of(&path).join(target),
            // It is no link, or does not exist.
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::new(
        ErrorKind::InvalidInput,
        format!("leads through more than {MAX_LINKS} links"),
    ))
}
