//! Sets of hashes and of the starts of names, which reject most others.

use alloc::{vec, vec::Vec};

use super::hash;

/// The starts of some names. Few other names pass it.
pub(crate) struct Starts {
    /// The first four bytes of the names.
    long: Bits,
    /// A bit for the first byte of each shorter name.
    short: [u64; 4],
}

impl Starts {
    /// The starts of at most `len` names.
    pub(crate) fn new<'n>(len: usize, names: impl Iterator<Item = &'n [u8]> + Clone) -> Self {
        let mut short = [0; 4];
        for name in names.clone() {
            if let [first] | [first, _] | [first, _, _] = name
                && let Some(word) = short.get_mut(usize::from(first >> 6))
            {
                *word |= 1 << (first & 63);
            }
        }
        let start = |name: &[u8]| name.first_chunk().copied().map(start_hash);
        Self { long: Bits::new(len, names.filter_map(start)), short }
    }

    /// Returns `false` if no name starts like a string.
    #[inline]
    pub(crate) fn may_match(&self, string: &[u8]) -> bool {
        let start = string.first_chunk().copied().unwrap_or_default();
        let first = string.first().copied().unwrap_or(0);
        let short = self.short.get(usize::from(first >> 6));
        self.long.may_have(start_hash(start))
            | short.is_some_and(|word| word & (1 << (first & 63)) != 0)
    }
}

/// The hash of the first bytes of a name.
#[inline]
fn start_hash(start: [u8; 4]) -> u32 {
    hash::words([u32::from_le_bytes(start)])
}

/// A set of hashes that also reports a few others as members: a Bloom filter with one bit each.
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    /// Creates a set of at most `len` hashes.
    pub(crate) fn new(len: usize, hashes: impl Iterator<Item = u32>) -> Self {
        // Sixteen bits per hash keep the rate of false positives below a sixteenth.
        let words = len.div_ceil(4).next_power_of_two();
        let mut bits = Self(vec![0; words]);
        for hash in hashes {
            let (word, bit) = bits.position(hash);
            if let Some(word) = bits.0.get_mut(word) {
                *word |= bit;
            }
        }
        bits
    }

    /// Returns the word and the bit of a hash.
    #[inline]
    fn position(&self, hash: u32) -> (usize, u64) {
        ((hash >> 8) as usize & self.0.len().wrapping_sub(1), 1 << (hash >> 26))
    }

    #[inline]
    pub(crate) fn may_have(&self, hash: u32) -> bool {
        let (word, bit) = self.position(hash);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }
}
