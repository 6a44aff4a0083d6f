//! Random choices for functions that generate values.

use std::{fmt, ops::RangeInclusive};

use proptest::{prelude::RngExt, test_runner::TestRng};

/// A source of random choices, drawn from proptest's generator. The same seed gives the same
/// choices.
pub struct Random<'r> {
    rng: &'r mut TestRng,
}

impl<'r> Random<'r> {
    /// Creates a source that draws from `rng`.
    pub fn new(rng: &'r mut TestRng) -> Self {
        Self { rng }
    }

    /// Returns a number in `range`.
    pub fn within(&mut self, range: RangeInclusive<usize>) -> usize {
        self.rng.random_range(range)
    }

    /// Returns `true` with a probability of `percent` percent.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_range(0..100) < percent
    }

    /// Returns one of `items`; `None` if it is empty.
    pub fn pick<'i, T>(&mut self, items: &'i [T]) -> Option<&'i T> {
        if items.is_empty() { None } else { items.get(self.within(0..=items.len() - 1)) }
    }

    /// Returns one of `choices`, with equal probability.
    pub fn one_of<T: Copy, const N: usize>(&mut self, choices: [T; N]) -> T {
        const { assert!(N > 0) };
        choices[self.within(0..=N - 1)]
    }

    /// Returns one of `choices` with a probability proportional to its weight; `None` if all
    /// weights are zero.
    pub fn weighted<T: Copy>(&mut self, choices: &[(u32, T)]) -> Option<T> {
        let total = choices.iter().map(|(weight, _)| weight).sum::<u32>();
        if total == 0 {
            return None;
        }
        let mut remaining = self.rng.random_range(0..total);
        choices.iter().find_map(|(weight, choice)| match remaining.checked_sub(*weight) {
            Some(rest) => {
                remaining = rest;
                None
            }
            None => Some(*choice),
        })
    }

    /// Returns any 64-bit number.
    pub fn any(&mut self) -> u64 {
        self.rng.random()
    }

    /// Shuffles `items`.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.within(0..=last));
        }
    }
}

impl fmt::Debug for Random<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Random").finish_non_exhaustive()
    }
}
