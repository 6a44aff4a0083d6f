//! Narrowings: which relocations dropped candidates.

use alloc::boxed::Box;

use super::Unmatched;
use crate::{candidates::Candidate, record::Relocation, spec::Mismatch};

/// A relocation that some candidates of its root type did not match, although others did. The others are
/// not tried for later relocations of that root type: see [`Options::narrow`](super::Options::narrow).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Narrowing {
    /// The relocation.
    pub relocation: Relocation,
    /// The candidates that do not match, and possibly all others.
    ruled_out: Unmatched,
    /// The candidates that match, in the order of all.
    kept: Box<[Candidate]>,
}

impl Narrowing {
    pub(crate) fn new(
        relocation: Relocation,
        ruled_out: Unmatched,
        kept: Box<[Candidate]>,
    ) -> Self {
        Self { relocation, ruled_out, kept }
    }

    /// Iterates over the candidates that were dropped, each with what ruled it out.
    pub fn dropped(&self) -> impl Iterator<Item = &(Candidate, Mismatch)> {
        let mut kept = self.kept.iter().peekable();
        let ruled_out = self.ruled_out.ruled_out().into_iter();
        ruled_out.filter(move |(candidate, _)| kept.next_if_eq(&candidate).is_none())
    }
}
