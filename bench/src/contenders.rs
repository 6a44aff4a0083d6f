//! Those who relocate.

#[cfg(feature = "peers")]
pub mod aya;
pub mod core_reloc;
#[cfg(feature = "peers")]
pub mod libbpf;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::code::Code;

/// Somebody who relocates objects.
pub trait Contender {
    /// Reads a target and relocates an object, from nothing.
    ///
    /// # Errors
    /// When it cannot.
    fn cold(&self, target: &Path, object: &[u8]) -> Result<Run>;

    /// Reads a target once, as it would for many objects, and relocates an object again and again
    /// until it is told to stop.
    ///
    /// # Errors
    /// When it cannot.
    fn warm(&self, target: &Path, object: &[u8], again: &mut dyn FnMut(Run) -> bool) -> Result;

    /// Relocates one object against each of several targets.
    ///
    /// # Errors
    /// When it cannot.
    fn many(&self, targets: &[PathBuf], object: &[u8]) -> Result<Vec<Run>> {
        targets.iter().map(|target| self.cold(target, object)).collect()
    }

    /// Reads a target, relocates an object, and calls back while nothing is left but what relocating
    /// further objects needs.
    ///
    /// # Errors
    /// When it cannot.
    fn keep(&self, target: &Path, object: &[u8], kept: &mut dyn FnMut()) -> Result;
}

/// One object, relocated.
#[derive(Debug)]
pub struct Run {
    /// How long it took.
    pub time: Duration,
    /// The code as it is now.
    pub code: Code,
}

/// The contenders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Who {
    /// This project.
    #[serde(rename = "core-reloc")]
    CoreReloc,
    /// The reference, in C.
    #[serde(rename = "libbpf")]
    Libbpf,
    /// The loader library of the aya project, in Rust.
    #[serde(rename = "aya-obj")]
    AyaObj,
}

impl Who {
    /// All of them, us first.
    pub const ALL: [Self; 3] = [Self::CoreReloc, Self::Libbpf, Self::AyaObj];

    /// The name, as tables show it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CoreReloc => "core-reloc",
            Self::Libbpf => "libbpf",
            Self::AyaObj => "aya-obj",
        }
    }

    /// The contender of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|who| who.name() == name)
    }

    /// The contender itself.
    #[cfg(feature = "peers")]
    pub fn contender(self) -> &'static dyn Contender {
        match self {
            Self::CoreReloc => &core_reloc::CoreReloc,
            Self::Libbpf => &libbpf::Libbpf,
            Self::AyaObj => &aya::AyaObj,
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
