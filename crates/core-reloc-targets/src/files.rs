//! The files of a folder, and the modules that their names stand for.

use std::{
    fs, io,
    path::{Path, PathBuf},
    vec,
};

use crate::{
    Compression,
    error::{TargetError, TargetProblem},
    limits::MAX_FOLDER_DEPTH,
};

/// The name of the file in which `core-reloc minimize` lists what it wrote, at the top of a folder or archive.
///
/// It contains no types, and is passed over by all that searches folders and archives for them.
pub const MANIFEST: &str = "core-reloc.json";

/// The files of a folder and its subfolders, sorted by name; or a single file.
///
/// Links to files are followed, links to folders are not. Pipes, devices and sockets are left out.
/// At any time, the names of one folder per level are in memory.
///
/// ```
/// use core_reloc_targets::Files;
///
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("b.btf"), "")?;
/// # std::fs::write(folder.path().join("a.btf"), "")?;
/// let files: Vec<_> = Files::new(folder.path()).collect::<Result<_, _>>()?;
/// assert_eq!(files, [folder.path().join("a.btf"), folder.path().join("b.btf")]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Files {
    /// The path that was given, before the first call of `next`.
    root: Option<PathBuf>,
    /// The remaining paths of each open folder, the innermost last.
    open: Vec<vec::IntoIter<PathBuf>>,
    /// A file that is left out.
    except: Option<PathBuf>,
}

impl Files {
    /// Lists the files of a folder. A path that is not a folder is the only item, even if no such
    /// file exists.
    pub fn new(path: &Path) -> Self {
        Self { root: Some(path.to_path_buf()), open: Vec::new(), except: None }
    }

    /// Lists the files of a folder without its [`MANIFEST`].
    pub(crate) fn with_types(path: &Path) -> Self {
        Self { except: path.is_dir().then(|| path.join(MANIFEST)), ..Self::new(path) }
    }

    /// Lists no files.
    pub(crate) fn none() -> Self {
        Self { root: None, open: Vec::new(), except: None }
    }

    /// Opens a subfolder.
    fn enter(&mut self, folder: &Path) -> Result<(), TargetError> {
        if self.open.len() >= MAX_FOLDER_DEPTH {
            return Err(TargetError::new(folder, TargetProblem::TooDeep(MAX_FOLDER_DEPTH)));
        }
        let read = || -> io::Result<Vec<PathBuf>> {
            let mut paths = Vec::new();
            for entry in fs::read_dir(folder)? {
                paths.push(entry?.path());
            }
            paths.sort_unstable();
            Ok(paths)
        };
        let paths = read().map_err(|error| TargetError::new(folder, error))?;
        self.open.push(paths.into_iter());
        Ok(())
    }
}

impl Iterator for Files {
    type Item = Result<PathBuf, TargetError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(root) = self.root.take() {
            if !root.is_dir() {
                return Some(Ok(root));
            }
            if let Err(error) = self.enter(&root) {
                return Some(Err(error));
            }
        }
        loop {
            let Some(path) = self.open.last_mut()?.next() else {
                self.open.pop();
                continue;
            };
            if self.except.as_ref() == Some(&path) {
                continue;
            }
            let is_link = path.is_symlink();
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_file() => return Some(Ok(path)),
                Ok(metadata) if metadata.is_dir() && !is_link => {
                    if let Err(error) = self.enter(&path) {
                        return Some(Err(error));
                    }
                }
                Ok(_) => {}
                Err(error) => return Some(Err(TargetError::new(&path, error))),
            }
        }
    }
}

/// Returns the name of the module in a file, by the file's name. Linux replaces the dashes of a `.ko` file's
/// name.
///
/// ```
/// use std::path::Path;
///
/// use core_reloc_targets::module_name;
///
/// assert_eq!(module_name(Path::new("kernel/net/nf_conntrack.ko.xz")), "nf_conntrack");
/// assert_eq!(module_name(Path::new("snd-hda-intel.ko")), "snd_hda_intel");
/// ```
pub fn module_name(path: &Path) -> String {
    let is_packed = path.extension().and_then(Compression::from_extension).is_some();
    let unpacked = path.file_stem().filter(|_| is_packed);
    let name = unpacked.map_or(path, Path::new);
    let stem = name.file_stem().unwrap_or(path.as_os_str()).to_string_lossy();
    match name.extension() {
        Some(extension) if extension == "ko" => stem.replace('-', "_"),
        _ => stem.into_owned(),
    }
}
