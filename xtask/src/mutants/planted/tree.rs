//! A copy of the workspace, to plant bugs in.

use std::fs;
use std::path::{Path, PathBuf};

use super::bug::Bug;
use crate::Result;

/// The copy, and the folder that it is built in, which stays from run to run.
pub(super) struct Tree {
    root: PathBuf,
    target: PathBuf,
}

impl Tree {
    /// Copies all of the workspace but what is built and what is git's.
    pub(super) fn copy() -> Result<Self> {
        let folder = std::env::current_dir()?.join("target/mutants/planted");
        let tree = Self { root: folder.join("tree"), target: folder.join("target") };
        if tree.root.exists() {
            fs::remove_dir_all(&tree.root)?;
        }
        for file in files(Path::new("."))? {
            let copy = tree.root.join(&file);
            fs::create_dir_all(copy.parent().ok_or("a file is in a folder")?)?;
            fs::copy(&file, &copy).map_err(|error| format!("{}: {error}", file.display()))?;
        }
        Ok(tree)
    }

    /// Does something while the copy has a bug.
    pub(super) fn with<T>(
        &self,
        bug: &Bug,
        work: impl FnOnce(&Bug, &Path, &Path) -> Result<T>,
    ) -> Result<T> {
        let planted = bug.plant()?;
        for (path, source) in &planted {
            fs::write(self.root.join(path), source)?;
        }
        let done = work(bug, &self.root, &self.target);
        for path in planted.keys() {
            fs::write(self.root.join(path), fs::read(path)?)?;
        }
        done
    }
}

/// The files below a folder, without those that are built and git's.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.ends_with("target") || path.ends_with(".git") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    Ok(files)
}
