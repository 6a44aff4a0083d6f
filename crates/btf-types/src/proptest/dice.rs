//! Random choices.

use core::{fmt, ops::RangeInclusive};

use proptest::{prelude::RngExt, test_runner::TestRng};

/// Makes random choices for generator functions, out of proptest's own generator: the same seed
/// makes the same choices.
pub struct Dice<'r> {
    rng: &'r mut TestRng,
}

impl<'r> Dice<'r> {
    /// Dice that use `rng`.
    pub fn new(rng: &'r mut TestRng) -> Self {
        Self { rng }
    }

    /// A number of a range.
    pub fn within(&mut self, range: RangeInclusive<usize>) -> usize {
        self.rng.random_range(range)
    }

    /// True in `percent` of 100 cases.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_range(0..100) < percent
    }

    /// One of the items; `None` if there are none.
    pub fn pick<'i, T>(&mut self, items: &'i [T]) -> Option<&'i T> {
        if items.is_empty() { None } else { items.get(self.within(0..=items.len() - 1)) }
    }

    /// One of some choices, all as likely.
    pub fn one_of<T: Copy, const N: usize>(&mut self, choices: [T; N]) -> T {
        const { assert!(N > 0) };
        choices[self.within(0..=N - 1)]
    }

    /// One of some choices, each as likely as its weight says; `None` if all weigh nothing.
    pub fn weighted<T: Copy>(&mut self, choices: &[(u32, T)]) -> Option<T> {
        let total = choices.iter().map(|(weight, _)| weight).sum::<u32>();
        if total == 0 {
            return None;
        }
        let mut left = self.rng.random_range(0..total);
        choices.iter().find_map(|(weight, choice)| match left.checked_sub(*weight) {
            Some(rest) => {
                left = rest;
                None
            }
            None => Some(*choice),
        })
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.rng.random()
    }

    /// Puts items into a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.within(0..=last));
        }
    }
}

impl fmt::Debug for Dice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dice").finish_non_exhaustive()
    }
}
