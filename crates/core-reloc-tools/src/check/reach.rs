//! Whether the verifier reaches a poisoned instruction.

use crate::paths::Branch;

/// Whether the verifier reaches an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// Not at all, because of a branch.
    Never(Option<Branch>),
    /// Not with the values of read-only data and configuration that are known.
    NotAsKnown,
    Perhaps,
}
