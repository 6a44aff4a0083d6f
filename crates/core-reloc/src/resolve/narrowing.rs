//! Narrowings: which relocations dropped candidates.

use super::Unmatched;
use crate::{candidates::Candidate, record::Relocation, spec::Mismatch};

/// A relocation that some candidates of its root type did not match, although others did. The others are
/// not tried for later relocations of that root type: see [`Options::narrow`](super::Options::narrow).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Narrowing {
    /// The relocation.
    pub relocation: Relocation,
    dropped: Unmatched,
}

impl Narrowing {
    pub(crate) fn new(relocation: Relocation, dropped: Unmatched) -> Self {
        Self { relocation, dropped }
    }

    /// Returns the candidates that were dropped, each with what ruled it out.
    pub fn dropped(&self) -> &[(Candidate, Mismatch)] {
        self.dropped.ruled_out()
    }
}
