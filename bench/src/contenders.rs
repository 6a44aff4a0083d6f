//! The contenders: libraries that relocate.

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
#[cfg(feature = "peers")]
use crate::names::{self, LookUp};

/// A library that relocates objects.
pub trait Contender {
    /// Reads a target and relocates an object.
    ///
    /// # Errors
    /// The contender fails.
    fn cold(&self, target: &Path, object: &[u8]) -> Result<Run>;

    /// Reads a target once, as for many objects, and relocates an object while `again` returns `true`.
    ///
    /// # Errors
    /// The contender fails.
    fn warm(&self, target: &Path, object: &[u8], again: &mut dyn FnMut(Run) -> bool) -> Result;

    /// Relocates one object for each of several targets.
    ///
    /// # Errors
    /// The contender fails.
    fn many(&self, targets: &[PathBuf], object: &[u8]) -> Result<Vec<Run>> {
        targets.iter().map(|target| self.cold(target, object)).collect()
    }

    /// Reads a target, relocates an object, and calls `kept` while it holds only what relocating further
    /// objects needs.
    ///
    /// # Errors
    /// The contender fails.
    fn keep(&self, target: &Path, object: &[u8], kept: &mut dyn FnMut()) -> Result;
}

/// The relocation of one object.
#[derive(Debug)]
pub struct Run {
    /// The time.
    pub time: Duration,
    /// The relocated code.
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
    /// All contenders, this project first.
    pub const ALL: [Self; 3] = [Self::CoreReloc, Self::Libbpf, Self::AyaObj];

    /// Returns the name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CoreReloc => "core-reloc",
            Self::Libbpf => "libbpf",
            Self::AyaObj => "aya-obj",
        }
    }

    /// Finds a contender by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|who| who.name() == name)
    }

    /// Returns the function that looks up names; `None` for a contender that is not compared in this.
    #[cfg(feature = "peers")]
    pub fn look_up(self) -> Option<LookUp> {
        match self {
            Self::CoreReloc => Some(names::core_reloc::look_up),
            Self::Libbpf => Some(names::libbpf::look_up),
            Self::AyaObj => None,
        }
    }

    /// Returns the contender.
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
