//! Writing a folder at once.

use std::{
    fs::{self, File, Permissions},
    io::{self, ErrorKind, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use rustix::fs::syncfs;

use super::{
    folder_of,
    replace::{PREFIX, destination, keep_owner},
    signals::HeldSignals,
};

/// The permissions of a new folder, before the process's umask is applied.
const OF_NEW_FOLDER: u32 = 0o777;

/// Writes a folder beside the path, and renames it to the path once it is complete and on the disk. An
/// empty folder there is replaced, and its owner and permissions stay.
pub(super) fn write_folder<'f>(
    path: &Path,
    files: impl Iterator<Item = (&'f Path, &'f [u8])>,
) -> io::Result<()> {
    let path = destination(path)?;
    let old = match fs::read_dir(&path) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                let reason = "the folder is not empty; name an empty or a new folder";
                return Err(io::Error::new(ErrorKind::DirectoryNotEmpty, reason));
            }
            Some(fs::metadata(&path)?)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    // Dropped after the temporary folder, which is removed on any error.
    let signals = HeldSignals::hold()?;
    let folder = tempfile::Builder::new()
        .prefix(PREFIX)
        .permissions(Permissions::from_mode(OF_NEW_FOLDER))
        .tempdir_in(folder_of(&path))?;
    for (name, bytes) in files {
        signals.check()?;
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap_or(folder.path()))?;
        File::create_new(file)?.write_all(bytes)?;
    }
    let opened = File::open(folder.path())?;
    if let Some(old) = old {
        keep_owner(&opened, &old)?;
        opened.set_permissions(old.permissions())?;
    }
    // Once, because a folder may have thousands of files.
    syncfs(&opened)?;
    signals.check()?;
    fs::rename(folder.path(), path)?;
    let _: PathBuf = folder.keep();
    Ok(())
}
