//! Writing minimised BTF: to a file, a folder or an archive, whole or not at all.

use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use lzma_rust2::{XzOptions, XzWriter};

use super::{Made, Part};
use crate::{failure::Failure, output::write_file};

/// Where it is to go.
pub(super) struct Place<'a> {
    path: &'a Path,
    is_archive: bool,
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// The one BTF that there is.
    File,
    /// A file for each.
    Folder,
    /// A compressed archive of them.
    Archive,
}

/// How hard xz tries, of 9: its own default.
const XZ_PRESET: u32 = 6;

impl<'a> Place<'a> {
    /// Looks at the name: `.tar.xz` makes an archive, as BTFHub has them.
    pub(super) fn new(path: &'a Path) -> Result<Self, Failure> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_archive = name.ends_with(".tar.xz");
        match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            Some(folder) if !folder.is_dir() => {
                let error = io::Error::from(io::ErrorKind::NotFound);
                Err(Failure::Write { path: path.to_path_buf(), error })
            }
            _ => Ok(Self { path, is_archive }),
        }
    }

    /// Writes everything.
    pub(super) fn write(&self, made: &[Made], layout: Layout) -> Result<(), Failure> {
        let parts: Vec<&Part> = made.iter().flat_map(Made::parts).collect();
        let written = match (layout, parts.as_slice()) {
            (Layout::File, [only]) => write_file(self.path, &only.bytes),
            (Layout::Archive, parts) => {
                archive(&by_name(parts)?).and_then(|bytes| write_file(self.path, &bytes))
            }
            (_, parts) => write_folder(self.path, &by_name(parts)?),
        };
        written.map_err(|error| Failure::Write { path: self.path.to_path_buf(), error })
    }

    /// Where a part was written, as targets are named: what is in an archive behind a `!`.
    pub(super) fn of(&self, part: &Part, layout: Layout) -> String {
        let (path, name) = (self.path.display(), part.name.display());
        match layout {
            Layout::File => path.to_string(),
            Layout::Folder => format!("{path}/{name}"),
            Layout::Archive => format!("{path}!{name}"),
        }
    }

    /// What is to be written. `is_one` says that a single target was named, which goes to a file of its
    /// own, unless it has modules.
    pub(super) fn layout(&self, made: &[Made], is_one: bool) -> Layout {
        match made {
            _ if self.is_archive => Layout::Archive,
            [only] if is_one && only.modules.is_empty() => Layout::File,
            _ => Layout::Folder,
        }
    }
}

/// All parts by their names, which must differ.
fn by_name<'m>(parts: &[&'m Part]) -> Result<BTreeMap<&'m Path, &'m Part>, Failure> {
    let mut named: BTreeMap<&Path, &Part> = BTreeMap::new();
    for part in parts {
        if let Some(other) = named.insert(&part.name, part) {
            let both = [other.target.clone(), part.target.clone()];
            return Err(Failure::SameName { name: part.name.clone(), both });
        }
    }
    Ok(named)
}

/// A tar archive, compressed. The same parts give the same bytes.
fn archive(parts: &BTreeMap<&Path, &Part>) -> io::Result<Vec<u8>> {
    let mut archive =
        tar::Builder::new(XzWriter::new(Vec::new(), XzOptions::with_preset(XZ_PRESET))?);
    for (name, part) in parts {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(part.bytes.len() as u64);
        archive.append_data(&mut header, name, part.bytes.as_slice())?;
    }
    archive.into_inner()?.finish()
}

/// Writes a folder, which takes its place once it is complete.
fn write_folder(path: &Path, parts: &BTreeMap<&Path, &Part>) -> io::Result<()> {
    let is_empty = match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(error),
    };
    if !is_empty {
        let said = "the folder is not empty; name one that is, or that does not exist yet";
        return Err(io::Error::new(io::ErrorKind::DirectoryNotEmpty, said));
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = tempfile::Builder::new()
        .prefix(".core-reloc-")
        // As for any new folder, before the process's mask is applied.
        .permissions(Permissions::from_mode(0o777))
        .tempdir_in(parent.unwrap_or(Path::new(".")))?;
    for (name, part) in parts {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap_or(folder.path()))?;
        fs::File::create_new(file)?.write_all(&part.bytes)?;
    }
    // If this fails, or anything before it, the temporary folder goes. An empty one makes room.
    fs::rename(folder.path(), path)?;
    let _: PathBuf = folder.keep();
    Ok(())
}
