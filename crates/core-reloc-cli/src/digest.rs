//! Recognizing kernels whose BTF is the same.

use std::hash::{BuildHasher, RandomState};

use twox_hash::XxHash3_128;

/// Hashes whole kernels. The hash of other bytes is another one: by chance with near certainty, and on purpose
/// because the seed is not known.
#[derive(Debug)]
pub(crate) struct Digester {
    seed: u64,
}

impl Digester {
    pub(crate) fn new() -> Self {
        // The only random number in the standard library.
        Self { seed: RandomState::new().hash_one(()) }
    }

    pub(crate) fn digest(&self, bytes: &[u8]) -> u128 {
        XxHash3_128::oneshot_with_seed(self.seed, bytes)
    }
}

/// Returns a hash of bytes that is the same on every machine. Without a seed it tells files apart that differ by
/// chance, but not those that somebody made to have the same hash.
pub(crate) fn stable_digest(bytes: &[u8]) -> String {
    format!("{:032x}", XxHash3_128::oneshot(bytes))
}
