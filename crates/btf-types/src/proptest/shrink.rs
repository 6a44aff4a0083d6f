//! Strategies whose values shrink as a whole: types, members and edits are cut away, while what
//! refers to them is kept consistent.
//!
//! Composed strategies would shrink numbers and lists one by one, and a number that is an id means
//! another type once the list before it is shorter.

use core::fmt;
use std::vec::Vec;

use proptest::{
    strategy::{NewTree, Strategy, ValueTree},
    test_runner::TestRunner,
};

use super::Dice;

/// A value that knows how to become smaller.
pub trait Shrink: Clone + fmt::Debug {
    /// A way to make a value smaller.
    type Cut;

    /// The ways there are, the boldest first.
    fn cuts(&self) -> Vec<Self::Cut>;

    /// The value after a cut; `None` if that changes nothing, or leaves nothing valid.
    fn cut(&self, cut: &Self::Cut) -> Option<Self>;
}

/// A strategy of a function that makes a value out of random choices.
///
/// ```
/// use btf_types::proptest::{Graph, Profile, generated};
///
/// let small = Profile::default().types(1..=4);
/// let strategy = generated(move |dice| Graph::generate(&small, dice));
/// # let _ = strategy;
/// ```
pub fn generated<T: Shrink, F: Fn(&mut Dice<'_>) -> T>(make: F) -> Generated<F> {
    Generated { make }
}

/// What [`generated`] makes.
#[derive(Clone, Copy)]
pub struct Generated<F> {
    make: F,
}

impl<T: Shrink, F: Fn(&mut Dice<'_>) -> T> Strategy for Generated<F> {
    type Tree = ShrinkTree<T>;
    type Value = T;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        Ok(ShrinkTree::new((self.make)(&mut Dice::new(runner.rng()))))
    }
}

impl<F> fmt::Debug for Generated<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generated").finish_non_exhaustive()
    }
}

/// A value on its way to become smaller.
///
/// Each simplification tries one cut. One that the failure survives is kept, and its place in the
/// list of cuts is where the next ones are tried; it ends when every cut was tried in vain.
#[derive(Debug, Clone)]
pub struct ShrinkTree<T: Shrink> {
    /// The smallest value that is known to fail.
    best: T,
    /// `best` after the cut that is being tried, if one is.
    tried: Option<T>,
    /// The cuts of `best`, once they were asked for.
    cuts: Option<Vec<T::Cut>>,
    /// The next cut to try.
    next: usize,
    /// How many cuts of `best` were tried.
    in_vain: usize,
}

impl<T: Shrink> ShrinkTree<T> {
    /// A tree that begins with a value.
    pub fn new(value: T) -> Self {
        Self { best: value, tried: None, cuts: None, next: 0, in_vain: 0 }
    }

    /// Tries the next cut that leads anywhere.
    fn advance(&mut self) -> bool {
        let cuts = self.cuts.get_or_insert_with(|| self.best.cuts());
        while self.in_vain < cuts.len() {
            let cut = &cuts[self.next % cuts.len()];
            self.next += 1;
            self.in_vain += 1;
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
            // The same place in the new list, to try again what comes behind.
            self.next = (self.next - 1) % old.max(1);
            self.best = smaller;
            self.in_vain = 0;
        }
        self.advance()
    }

    fn complicate(&mut self) -> bool {
        if self.tried.take().is_none() {
            return false;
        }
        // Once there is nothing left to try this goes back to `best`, which is a change as well.
        self.advance();
        true
    }
}
