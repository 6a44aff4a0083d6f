//! The files of a folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
    vec,
};

use super::{TargetError, TargetProblem, limits::MAX_FOLDER_DEPTH};

/// The files of a folder and the folders in it, in the order of their names; or just a file.
///
/// Links to files count as files, links to folders are not followed. What is neither, a pipe for
/// example, is left out. Memory is taken for the names in one folder of each level at a time.
#[derive(Debug)]
pub struct Files {
    /// The one that was asked for, until it was looked at.
    root: Option<PathBuf>,
    /// What is left of each folder on the way down.
    open: Vec<vec::IntoIter<PathBuf>>,
}

impl Files {
    /// The files of a folder; any other path stands for itself, whether there is such a file or not.
    pub fn new(path: &Path) -> Self {
        Self { root: Some(path.to_path_buf()), open: Vec::new() }
    }

    /// Goes down into a folder.
    fn enter(&mut self, folder: &Path) -> Result<(), TargetError> {
        if self.open.len() >= MAX_FOLDER_DEPTH {
            return Err(TargetError::new(folder, TargetProblem::TooDeep(MAX_FOLDER_DEPTH)));
        }
        let names = || -> io::Result<Vec<PathBuf>> {
            let mut paths = Vec::new();
            for entry in fs::read_dir(folder)? {
                paths.push(entry?.path());
            }
            paths.sort_unstable();
            Ok(paths)
        };
        let paths = names().map_err(|error| TargetError::new(folder, error))?;
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
