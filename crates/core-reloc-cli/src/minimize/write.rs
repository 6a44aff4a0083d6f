//! Writing minimized BTF to a file, a folder or an archive, completely or not at all.

use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use lzma_rust2::{XzOptions, XzWriter};

use super::{MinimizedBtf, MinimizedTarget};
use crate::{
    failure::Failure,
    files::{folder_of, write_file},
};

/// The path to write to.
pub(super) struct Destination<'a> {
    path: &'a Path,
    is_archive: bool,
}

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// A single file.
    File,
    /// A folder with a file for each BTF.
    Folder,
    /// A compressed archive of such a folder.
    Archive,
}

/// The compression level of xz, its default.
const XZ_PRESET: u32 = 6;

impl<'a> Destination<'a> {
    /// Checks that the path's folder exists. A path that ends in `.tar.xz` is an archive, as in BTFHub.
    pub(super) fn new(path: &'a Path) -> Result<Self, Failure> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_archive = name.ends_with(".tar.xz");
        let folder = folder_of(path);
        if !folder.is_dir() {
            let reason = format!("there is no folder {}", folder.display());
            return Err(write_failure(path, io::Error::new(io::ErrorKind::NotFound, reason)));
        }
        Ok(Self { path, is_archive })
    }

    /// Chooses the layout. `is_one` means that the user named a single target, which is written to a
    /// file, unless it has modules.
    pub(super) fn layout(&self, targets: &[MinimizedTarget], is_one: bool) -> Layout {
        match targets {
            _ if self.is_archive => Layout::Archive,
            [only] if is_one && only.modules.is_empty() && only.unneeded.is_empty() => Layout::File,
            _ => Layout::Folder,
        }
    }

    /// Writes all BTF of the targets.
    pub(super) fn write(&self, targets: &[MinimizedTarget], layout: Layout) -> Result<(), Failure> {
        let btfs: Vec<&MinimizedBtf> = targets.iter().flat_map(MinimizedTarget::btfs).collect();
        let failure = |error| write_failure(self.path, error);
        match (layout, btfs.as_slice()) {
            (Layout::File, [only]) => write_file(self.path, &only.bytes),
            (Layout::Archive, btfs) => {
                write_file(self.path, &archive(&by_name(btfs)?).map_err(failure)?)
            }
            (_, btfs) => write_folder(self.path, &by_name(btfs)?).map_err(failure),
        }
    }

    /// Returns the path of a BTF in the output, in the notation of targets: `ARCHIVE!ENTRY`.
    pub(super) fn path_of(&self, btf: &MinimizedBtf, layout: Layout) -> String {
        let (path, name) = (self.path.display(), btf.name.display());
        match layout {
            Layout::File => path.to_string(),
            Layout::Folder => format!("{path}/{name}"),
            Layout::Archive => format!("{path}!{name}"),
        }
    }
}

fn write_failure(path: &Path, error: io::Error) -> Failure {
    Failure::Write { path: path.to_path_buf(), error }
}

/// Sorts BTF by its names, which must be unique.
fn by_name<'m>(btfs: &[&'m MinimizedBtf]) -> Result<BTreeMap<&'m Path, &'m MinimizedBtf>, Failure> {
    let mut sorted: BTreeMap<&Path, &MinimizedBtf> = BTreeMap::new();
    for btf in btfs {
        if let Some(other) = sorted.insert(&btf.name, btf) {
            let targets = [other.target.clone(), btf.target.clone()];
            return Err(Failure::SameName { name: btf.name.clone(), targets });
        }
    }
    Ok(sorted)
}

/// Returns a compressed tar archive. The same input gives the same bytes.
fn archive(btfs: &BTreeMap<&Path, &MinimizedBtf>) -> io::Result<Vec<u8>> {
    let mut archive =
        tar::Builder::new(XzWriter::new(Vec::new(), XzOptions::with_preset(XZ_PRESET))?);
    for (name, btf) in btfs {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(btf.bytes.len() as u64);
        archive.append_data(&mut header, name, btf.bytes.as_slice())?;
    }
    archive.into_inner()?.finish()
}

/// Writes a folder, which appears at its path once it is complete.
fn write_folder(path: &Path, btfs: &BTreeMap<&Path, &MinimizedBtf>) -> io::Result<()> {
    let is_empty = match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(error),
    };
    if !is_empty {
        let reason = "the folder is not empty; name an empty or a new folder";
        return Err(io::Error::new(io::ErrorKind::DirectoryNotEmpty, reason));
    }
    let folder = tempfile::Builder::new()
        .prefix(".core-reloc-")
        // The default of new folders, before the process's umask is applied.
        .permissions(Permissions::from_mode(0o777))
        .tempdir_in(folder_of(path))?;
    for (name, btf) in btfs {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap_or(folder.path()))?;
        fs::File::create_new(file)?.write_all(&btf.bytes)?;
    }
    // Replaces an empty folder. On any error, the temporary folder is removed.
    fs::rename(folder.path(), path)?;
    let _: PathBuf = folder.keep();
    Ok(())
}
