//! The files that may be kernels, and which of them is around a module.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Files that may be kernels.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    /// The indices of the files. The order of paths is that of their components, so that the files of a folder
    /// follow each other.
    files: BTreeMap<PathBuf, usize>,
    /// The first two kernels in a folder.
    in_folders: Mutex<HashMap<PathBuf, Vec<usize>>>,
}

impl Candidates {
    pub(super) fn insert(&mut self, path: PathBuf, index: usize) {
        self.files.insert(path, index);
    }

    /// Returns the only kernel of the innermost folder around a file that has a kernel.
    pub(super) fn only_around(
        &self,
        path: &Path,
        is_kernel: &dyn Fn(usize) -> bool,
    ) -> Option<usize> {
        let mut kernels = path.ancestors().skip(1).map(|folder| self.first_in(folder, is_kernel));
        match kernels.find(|kernels| !kernels.is_empty())?.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// Returns the innermost folder around a file that has a kernel.
    pub(super) fn folder_around(
        &self,
        path: &Path,
        is_kernel: &dyn Fn(usize) -> bool,
    ) -> Option<PathBuf> {
        let mut folders = path.ancestors().skip(1);
        let folder = folders.find(|folder| !self.first_in(folder, is_kernel).is_empty());
        folder.map(Path::to_path_buf)
    }

    /// Returns the first two kernels in a folder.
    fn first_in(&self, folder: &Path, is_kernel: &dyn Fn(usize) -> bool) -> Vec<usize> {
        let lock = || self.in_folders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kernels) = lock().get(folder) {
            return kernels.clone();
        }
        // Without the lock, because files are read.
        let files = self.files.range(folder.to_path_buf()..);
        let files = files.take_while(|(path, _)| path.starts_with(folder));
        let kernels = files.map(|(_, index)| *index).filter(|index| is_kernel(*index)).take(2);
        let kernels: Vec<usize> = kernels.collect();
        lock().insert(folder.to_path_buf(), kernels.clone());
        kernels
    }
}
