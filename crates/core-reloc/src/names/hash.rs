//! Hashes of ids and names, for maps without the standard library.

use core::hash::{BuildHasher, Hasher};

/// Builds [`IdState`], for keys that are a few small integers.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct IdHasher;

impl BuildHasher for IdHasher {
    type Hasher = IdState;

    #[inline]
    fn build_hasher(&self) -> IdState {
        IdState(SEED)
    }
}

/// The state of a hash of small integers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IdState(u64);

impl IdState {
    #[inline]
    fn mix(&mut self, word: u64) {
        self.0 = mix(self.0, word);
    }
}

impl Hasher for IdState {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            if let Some(start) = word.get_mut(..chunk.len()) {
                start.copy_from_slice(chunk);
            }
            self.mix(u64::from_le_bytes(word) ^ chunk.len() as u64);
        }
    }

    #[inline]
    fn write_u32(&mut self, word: u32) {
        self.mix(word.into());
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.mix(word);
    }
}

/// Returns the hash of a name, for tables that compare the names too.
#[inline]
pub(crate) fn name(name: &[u8]) -> u32 {
    let mut state = NameState::default();
    let (words, rest) = name.as_chunks::<8>();
    for word in words {
        state.mix(u64::from_le_bytes(*word));
    }
    if !rest.is_empty() {
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(slot, byte)| *slot = *byte);
        state.mix(u64::from_le_bytes(last));
    }
    state.finish()
}

/// The state of the hash of a name that is read eight bytes at a time. The last word may be padded
/// with NUL bytes, which no name has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NameState(u64);

impl Default for NameState {
    #[inline]
    fn default() -> Self {
        Self(SEED)
    }
}

impl NameState {
    #[inline]
    pub(crate) fn mix(&mut self, word: u64) {
        self.0 = mix(self.0, word);
    }

    #[inline]
    pub(crate) fn finish(self) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "it is mixed well enough for half")]
        let half = self.0 as u32;
        half
    }
}

/// Returns a hash of a few words. Its upper bits are mixed best; use only those.
#[inline]
pub(crate) fn words(words: impl IntoIterator<Item = u32>) -> u32 {
    words
        .into_iter()
        .fold(0, |hash: u32, word| (hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b1))
}

/// Returns a hash of eight bytes. Its upper bits are mixed best; use only those.
#[inline]
pub(crate) fn word(word: u64) -> u32 {
    (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
}

/// An arbitrary initial state other than 0, which would hide words of 0.
const SEED: u64 = 0xf39c_c060_5ced_c835;

/// Multiplies by the golden ratio and folds the product, so that neighboring words spread over a table.
#[inline]
fn mix(state: u64, word: u64) -> u64 {
    let product = u128::from(state ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    #[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
    let folded = (product >> 64) as u64 ^ product as u64;
    folded
}

#[cfg(test)]
mod tests {
    use core::hash::Hash;
    use std::{collections::HashSet, format, vec::Vec};

    use super::*;

    fn hash(key: impl Hash) -> u64 {
        IdHasher.hash_one(key)
    }

    /// Checks that hashes differ, in their lower bits, which number the buckets of a table, and in their
    /// upper bits, which distinguish the entries of a bucket.
    #[track_caller]
    fn spread(hashes: impl Iterator<Item = u64>) {
        let hashes: Vec<u64> = hashes.collect();
        let distinct = |of: fn(u64) -> u64| {
            let set: HashSet<u64> = hashes.iter().map(|hash| of(*hash)).collect();
            set.len()
        };
        // 4,096 random numbers hit 1 − 1/e = 63 % of 4,096 buckets.
        assert_eq!(hashes.len(), 4096);
        assert_eq!(distinct(|hash| hash), 4096);
        assert!(distinct(|hash| hash & 0xfff) > 2300);
        assert!(distinct(|hash| hash >> 52) > 2300);
    }

    #[test]
    fn keys_made_of_ids_spread() {
        spread((0..4096_u32).map(hash));
        spread((0..4096_u64).map(hash));
        spread((0..4096_u64).map(|key| hash(key << 32)));
        spread((0..4096_u32).map(|key| hash((key / 64, key % 64))));
        spread((0..4096_u32).map(|key| hash(key.to_le_bytes())));
        spread((0..4096_u64).map(|key| hash(key.to_le_bytes())));
        spread((0..4096_u32).map(|key| hash((Some(key / 64), key % 64))));
        assert_ne!(hash([0_u8; 1]), hash([0_u8; 2]));
    }

    #[test]
    fn names_spread() {
        for start in ["", "task", "task_struct_"] {
            let hashes = (1000..5096).map(|number| name(format!("{start}{number}").as_bytes()));
            spread(hashes.map(|hash| u64::from(hash) << 32 | u64::from(hash)));
        }
        assert_ne!(name(b"ab"), name(b"ba"));
    }
}
