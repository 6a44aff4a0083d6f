//! Strategies whose values shrink as a whole: types, members and edits are removed, and references
//! to the others are kept consistent.
//!
//! Strategies composed of proptest's own would shrink each number and list by itself, and an id
//! would refer to another type as soon as an earlier type is removed.

use std::fmt;

use proptest::{
    strategy::{NewTree, Strategy, ValueTree},
    test_runner::TestRunner,
};

use super::random::Random;

/// A value that can be made smaller, one cut at a time.
pub trait Shrink: Clone + fmt::Debug {
    /// A step that makes a value smaller.
    type Cut;

    /// Returns the cuts to try, those that remove the most first.
    fn cuts(&self) -> Vec<Self::Cut>;

    /// Returns the value after a cut; `None` if the cut changes nothing, or the result is not
    /// valid.
    fn cut(&self, cut: &Self::Cut) -> Option<Self>;
}

/// Creates a strategy from a function that makes a value from random choices.
///
/// ```
/// use core_reloc_proptest::{Profile, strategy::generated, types::Graph};
///
/// let small = Profile::default().types(1..=4);
/// let strategy = generated(move |random| Graph::generate(&small, random));
/// # let _ = strategy;
/// ```
pub fn generated<T: Shrink, F: Fn(&mut Random<'_>) -> T>(make: F) -> Generated<F> {
    Generated { make }
}

/// The strategy that [`generated`] creates.
#[derive(Clone, Copy)]
pub struct Generated<F> {
    make: F,
}

impl<T: Shrink, F: Fn(&mut Random<'_>) -> T> Strategy for Generated<F> {
    type Tree = ShrinkTree<T>;
    type Value = T;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        Ok(ShrinkTree::new((self.make)(&mut Random::new(runner.rng()))))
    }
}

impl<F> fmt::Debug for Generated<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generated").finish_non_exhaustive()
    }
}

/// The state of a value that is being shrunk.
///
/// Each simplification tries one cut. If the test still fails after it, the cut is kept, and the
/// search goes on from the same position in the new list of cuts. It ends when all cuts have been
/// tried and the test passes after each.
#[derive(Debug, Clone)]
pub struct ShrinkTree<T: Shrink> {
    /// The smallest value known to fail.
    best: T,
    /// `best` after the cut that is being tried.
    tried: Option<T>,
    /// The cuts of `best`, computed when first needed.
    cuts: Option<Vec<T::Cut>>,
    /// The index of the next cut to try, modulo the number of cuts.
    next: usize,
    /// The number of cuts of `best` that have been tried.
    tried_count: usize,
}

impl<T: Shrink> ShrinkTree<T> {
    /// Creates the state for a failing value.
    pub fn new(value: T) -> Self {
        Self { best: value, tried: None, cuts: None, next: 0, tried_count: 0 }
    }

    /// Tries the next cut that gives a valid value; returns `false` if there is none.
    fn advance(&mut self) -> bool {
        let cuts = self.cuts.get_or_insert_with(|| self.best.cuts());
        while self.tried_count < cuts.len() {
            let cut = &cuts[self.next % cuts.len()];
            self.next += 1;
            self.tried_count += 1;
            self.tried = self.best.cut(cut);
            if self.tried.is_some() {
                return true;
            }
        }
        false
    }
}

impl<T: Shrink> ValueTree for ShrinkTree<T> {
    type Value = T;

    fn current(&self) -> T {
        self.tried.as_ref().unwrap_or(&self.best).clone()
    }

    fn simplify(&mut self) -> bool {
        if let Some(smaller) = self.tried.take() {
            let old = self.cuts.take().map_or(1, |cuts| cuts.len());
            // The same position in the new list, so that the cuts after it come next.
            self.next = (self.next - 1) % old.max(1);
            self.best = smaller;
            self.tried_count = 0;
        }
        self.advance()
    }

    fn complicate(&mut self) -> bool {
        if self.tried.take().is_none() {
            return false;
        }
        // With no cut left to try, the current value is `best` again, which is a change as well.
        self.advance();
        true
    }
}

/// Returns the ranges of a list that are worth removing, each as its first index and its length.
///
/// Longer ranges come before shorter ones, and later ranges before earlier ones, since later items
/// are less likely to be needed by others.
///
/// ```
/// use core_reloc_proptest::strategy::chunks;
///
/// assert!(chunks(3).eq([(0, 3), (2, 1), (1, 1), (0, 1)]));
/// ```
pub fn chunks(len: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut sizes = Vec::new();
    let mut size = len;
    while size > 0 {
        sizes.push(size);
        size /= 2;
    }
    sizes.into_iter().flat_map(move |size| {
        (0..len.div_ceil(size)).rev().map(move |chunk| {
            let from = chunk * size;
            (from, size.min(len - from))
        })
    })
}
