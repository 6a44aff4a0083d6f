//! Those who relocate.

#[cfg(feature = "peers")]
pub mod aya;
pub mod core_reloc;
#[cfg(feature = "peers")]
pub mod libbpf;

use std::path::Path;
use std::time::Duration;

use crate::Result;
use crate::code::Code;

/// Somebody who relocates objects.
pub trait Contender {
    /// The name, as tables show it.
    fn name(&self) -> &'static str;

    /// Reads a target and relocates an object, from nothing.
    ///
    /// # Errors
    /// When it cannot.
    fn cold(&self, target: &Path, object: &[u8]) -> Result<Run>;

    /// Reads a target once and prepares for many objects, then relocates an object again and again.
    ///
    /// # Errors
    /// When it cannot.
    fn warm(&self, target: &Path, object: &[u8], rounds: usize) -> Result<Vec<Run>>;
}

/// One relocation of an object.
#[derive(Debug)]
pub struct Run {
    /// How long it took.
    pub time: Duration,
    /// The code as it is now.
    pub code: Code,
}
