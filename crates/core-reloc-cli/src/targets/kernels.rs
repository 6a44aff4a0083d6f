//! Kernels, among what else lies in a folder or archive.

use std::path::{Path, PathBuf};

use core_reloc_sys::BtfFile;

use super::{Limits, TargetError, Targets};

/// What was found in a file or folder where kernels are looked for.
#[derive(Debug)]
pub enum Found {
    /// A kernel's BTF.
    Kernel(BtfFile),
    /// Something in a folder or archive that can be passed over: what, and why.
    PassedOver(String),
}

/// The kernels in a file or folder, in the order of [`Targets`].
///
/// In folders and archives, other files are passed over, and so are modules, which lie beside their
/// kernels there. A file that was named itself has to be a kernel.
#[derive(Debug)]
pub struct Kernels {
    /// What was named. A folder is never found in itself.
    named: PathBuf,
    targets: Targets,
}

impl Kernels {
    /// Goes through a file or folder.
    pub fn new(named: &Path, limits: Limits) -> Self {
        Self { named: named.to_path_buf(), targets: Targets::new(named, limits) }
    }

    /// Goes through a file that was found in a folder.
    pub fn of_found(path: &Path, limits: Limits) -> Self {
        Self { named: PathBuf::new(), targets: Targets::new(path, limits) }
    }
}

impl Iterator for Kernels {
    type Item = Result<Found, TargetError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(match self.targets.next()? {
            Ok(file) if file.is_split() && file.path() != self.named => {
                let path = file.path().display();
                Ok(Found::PassedOver(format!("{path}: has a module's types, not a kernel's")))
            }
            Ok(file) => Ok(Found::Kernel(file)),
            Err(error) if error.is_no_kernel() && error.path != self.named => {
                Ok(Found::PassedOver(error.to_string()))
            }
            Err(error) => Err(error),
        })
    }
}
