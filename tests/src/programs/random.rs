//! Random numbers that are the same on every machine.

/// A generator of pseudo-random numbers (splitmix64).
pub(super) struct Random(u64);

impl Random {
    /// Neighboring seeds give sequences that have nothing in common: the first number is mixed, too.
    pub(super) fn new(seed: u64) -> Self {
        Self(mixed(seed.wrapping_mul(STEP)))
    }

    /// Returns a number below a limit.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(STEP);
        (mixed(self.0) % limit as u64) as usize
    }

    /// Returns one of some values.
    pub(super) fn choose<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

fn mixed(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
