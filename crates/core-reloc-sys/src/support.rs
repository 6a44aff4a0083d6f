//! Whether CO-RE is supported, with reasons.

use std::{fmt, path::PathBuf};

use crate::NotFound;

/// Whether CO-RE relocations can be resolved for a kernel, and why, or why not.
#[derive(Debug)]
#[non_exhaustive]
pub struct SupportReport {
    /// The kernel's release.
    pub release: String,
    /// Its BTF, or what was tried to find it.
    pub supported: Result<Supported, NotFound>,
}

/// What a kernel's support rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Supported {
    /// The file that has the kernel's BTF.
    pub path: PathBuf,
    /// How many bytes of BTF it has.
    pub bytes: usize,
    /// How many types.
    pub types: usize,
}

impl SupportReport {
    /// Whether they can.
    pub fn is_supported(&self) -> bool {
        self.supported.is_ok()
    }
}

impl fmt::Display for SupportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.supported {
            Ok(Supported { path, types, .. }) => {
                write!(f, "kernel {}: {types} types in {}", self.release, path.display())
            }
            Err(error) => error.fmt(f),
        }
    }
}
