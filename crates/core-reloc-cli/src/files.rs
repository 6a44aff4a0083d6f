//! Reading BPF objects, and writing files completely or not at all.

use std::{
    fs::{self, OpenOptions, Permissions},
    io::{self, ErrorKind, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use core_reloc::elf::Object;
use core_reloc_sys::read_elf;

use crate::failure::Failure;

/// Reads a BPF object's file.
pub(crate) fn read_object(path: &Path) -> Result<Vec<u8>, Failure> {
    Ok(read_elf(path)?)
}

/// Parses a BPF object and validates all of its types, since the file is untrusted.
pub(crate) fn parse_object<'a>(path: &Path, bytes: &'a [u8]) -> Result<Object<'a>, Failure> {
    let failure = |error| Failure::Object { path: path.to_path_buf(), error };
    let object = Object::parse(bytes).map_err(failure)?;
    object.validate().map_err(failure)?;
    Ok(object)
}

/// Writes a file completely or not at all: the new file replaces an old one once it is complete.
///
/// The old file may be the one that the bytes were read from. Its permissions stay, a link to it stays
/// a link, and a pipe or device is written to directly.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written = match fs::metadata(path) {
        Ok(existing) if existing.is_file() => replace_existing(path, bytes, existing.permissions()),
        Ok(_) => OpenOptions::new().write(true).open(path).and_then(|mut it| it.write_all(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => replace(path, bytes, None),
        Err(error) => Err(error),
    };
    written.map_err(|error| Failure::Write { path: path.to_path_buf(), error })
}

fn replace_existing(path: &Path, bytes: &[u8], permissions: Permissions) -> io::Result<()> {
    // A file that the user may not write to is not replaced either.
    OpenOptions::new().write(true).open(path)?;
    replace(&fs::canonicalize(path)?, bytes, Some(permissions))
}

fn replace(path: &Path, bytes: &[u8], permissions: Option<Permissions>) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(".core-reloc-")
        // The default of new files, before the process's umask is applied.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder_of(path))?;
    file.write_all(bytes)?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    // On any error, the temporary file is removed.
    file.persist(path)?;
    Ok(())
}

/// Returns the folder that contains a file.
pub(crate) fn folder_of(path: &Path) -> &Path {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}
