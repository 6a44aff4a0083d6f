//! Generated programs: random control flow over numbers, with poisoned instructions.
//!
//! A verifier rejects them for the poison that it reaches, and for nothing else. So they show whether
//! [`core_reloc_tools::paths`] follows the same paths.

pub mod code;
mod generate;
mod object;
pub mod proof;
mod random;
pub mod recorded;

pub use self::code::{Code, Linked};
pub use self::generate::{Features, generate};

use core_reloc_tools::needs::Release;

/// The message of the verifier at a poisoned instruction.
pub const POISON: &str = "195896080";

impl Features {
    /// Returns what all kernels of a release know.
    pub fn of(release: Release) -> Self {
        let is_since = |version| (release.major, release.minor) >= version;
        Self {
            callbacks: is_since((5, 17)),
            sign_extension: is_since((6, 6)),
            may_goto: is_since((6, 9)),
        }
    }
}
