//! The kernels to measure with.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;

/// What the manifest of the fleet lists.
pub(super) struct Selection {
    fleet: PathBuf,
    kernels: Vec<Kernel>,
}

struct Kernel {
    /// The path in the fleet.
    path: String,
    /// The hash of its BTF.
    digest: String,
    /// The size of its BTF.
    len: u64,
}

/// Some of the kernels.
pub(super) struct Chosen {
    pub(super) files: Vec<PathBuf>,
    pub(super) distinct: usize,
    pub(super) packed: u64,
    pub(super) unpacked: u64,
}

impl Selection {
    pub(super) fn read(fleet: &Path) -> Result<Self> {
        let path = fleet.join("manifest.tsv");
        let text = fs::read_to_string(&path)
            .map_err(|error| format!("{}: {error}; run `cargo xtask fleet`", path.display()))?;
        let mut kernels = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let columns: Vec<&str> = line.split('\t').collect();
            let [path, digest, len, ..] = columns[..] else { continue };
            let len = len.parse()?;
            kernels.push(Kernel { path: path.to_owned(), digest: digest.to_owned(), len });
        }
        if kernels.is_empty() {
            return Err("the fleet is empty; run `cargo xtask fleet`".into());
        }
        Ok(Self { fleet: fleet.to_owned(), kernels })
    }

    /// Leaves out kernels that were made of others.
    pub(super) fn without_variants(mut self) -> Self {
        self.kernels.retain(|kernel| !kernel.path.starts_with("variants/"));
        self
    }

    pub(super) fn len(&self) -> usize {
        self.kernels.len()
    }

    /// Links a number of kernels, spread over all, into a new folder.
    pub(super) fn link(&self, count: usize, folder: &Path) -> Result<Chosen> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        let (mut files, mut digests) = (Vec::new(), BTreeSet::new());
        let (mut packed, mut unpacked) = (0, 0);
        for index in 0..count {
            let kernel = &self.kernels[index * self.kernels.len() / count];
            let (from, to) = (self.fleet.join(&kernel.path), folder.join(&kernel.path));
            fs::create_dir_all(to.parent().ok_or("a kernel is in a folder")?)?;
            // The fleet may be on another disk.
            fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(drop))?;
            packed += fs::metadata(&to)?.len();
            unpacked += kernel.len;
            digests.insert(&kernel.digest);
            files.push(to);
        }
        Ok(Chosen { files, distinct: digests.len(), packed, unpacked })
    }
}
