//! Why no candidate matched.

use alloc::boxed::Box;
use core::fmt;

use smallvec::SmallVec;

use crate::{
    candidates::Candidate,
    shared::Shared,
    spec::{self, Mismatch},
};

/// The reason why no candidate matched: the candidates, each with what ruled it out. If there are none,
/// the target has no type of the name and kind.
#[derive(Clone, Default)]
pub struct Unmatched {
    /// The candidates that were tried.
    tried: SmallVec<[(Candidate, Mismatch); 2]>,
    /// The others, if there are any.
    others: Option<Box<Others>>,
}

/// Candidates that were not tried, because they lack the first member of the path.
#[derive(Clone)]
struct Others {
    /// The mismatch of each candidate of the root type if it lacks the member; relocations share it.
    lacking: spec::RuledOut,
    /// The positions of the candidates that remain; `None` if all do.
    remaining: Option<Shared<[u32]>>,
}

impl Unmatched {
    /// Returns the candidates in the order in which they were tried, each with what ruled it out.
    pub fn ruled_out(&self) -> RuledOut<'_> {
        RuledOut { tried: &self.tried, others: self.others.as_deref() }
    }

    /// Rules out one of `of` candidates that are tried.
    pub(crate) fn rule_out(&mut self, candidate: Candidate, mismatch: Mismatch, of: usize) {
        // Reserves no more than there are candidates, because an entry is larger than a candidate.
        let len = self.tried.len();
        if len == self.tried.capacity() {
            self.tried.reserve_exact(len.min(of.saturating_sub(len)));
        }
        self.tried.push((candidate, mismatch));
    }

    /// Rules out the candidates at the remaining positions, except for those that were tried.
    pub(crate) fn rule_out_others(
        &mut self,
        lacking: spec::RuledOut,
        remaining: Option<Shared<[u32]>>,
    ) {
        self.others = Some(Box::new(Others { lacking, remaining }));
    }
}

/// Compares the candidates and what ruled them out.
impl PartialEq for Unmatched {
    fn eq(&self, other: &Self) -> bool {
        self.ruled_out().iter().eq(other.ruled_out().iter())
    }
}

impl Eq for Unmatched {}

impl fmt::Debug for Unmatched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ruled_out()).finish()
    }
}

/// Candidates in the order in which they were tried, each with what ruled it out.
#[derive(Clone, Copy)]
pub struct RuledOut<'u> {
    tried: &'u [(Candidate, Mismatch)],
    others: Option<&'u Others>,
}

impl<'u> RuledOut<'u> {
    /// Returns the number of candidates.
    pub fn len(&self) -> usize {
        let others = self.others.map(|Others { lacking, remaining }| {
            remaining.as_ref().map_or(lacking.len(), |remaining| remaining.len())
        });
        others.unwrap_or(self.tried.len())
    }

    /// Returns `true` if there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the first candidate.
    pub fn first(&self) -> Option<&'u (Candidate, Mismatch)> {
        self.iter().next()
    }

    /// Iterates over the candidates.
    pub fn iter(&self) -> RuledOutIter<'u> {
        RuledOutIter { rest: *self, next: 0 }
    }
}

impl fmt::Debug for RuledOut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'u> IntoIterator for RuledOut<'u> {
    type Item = &'u (Candidate, Mismatch);
    type IntoIter = RuledOutIter<'u>;

    fn into_iter(self) -> RuledOutIter<'u> {
        self.iter()
    }
}

/// Iterates over the candidates that were ruled out.
#[derive(Debug, Clone)]
pub struct RuledOutIter<'u> {
    /// What is left of the candidates that were tried; of the others, all.
    rest: RuledOut<'u>,
    /// The number of others so far.
    next: usize,
}

impl<'u> Iterator for RuledOutIter<'u> {
    type Item = &'u (Candidate, Mismatch);

    fn next(&mut self) -> Option<Self::Item> {
        let tried = self.rest.tried.split_first();
        let found = match self.rest.others {
            None => tried?.0,
            Some(Others { lacking, remaining }) => {
                let position = match remaining {
                    None => self.next,
                    Some(remaining) => *remaining.get(self.next)? as usize,
                };
                self.next = self.next.saturating_add(1);
                let other = lacking.get(position)?;
                match tried {
                    Some((tried, _)) if tried.0 == other.0 => tried,
                    _ => return Some(other),
                }
            }
        };
        self.rest.tried = tried.map_or(&[], |(_, rest)| rest);
        Some(found)
    }
}
