//! Buckets: where to start a search in a sorted list of hashes.

use alloc::vec::Vec;
use core::ops::Range;

/// Divides a sorted list of hashes by their upper bits into about as many buckets as there are hashes, so
/// that most buckets hold one hash or none.
#[derive(Debug, Clone)]
pub(super) struct Buckets {
    /// The start of each bucket, and finally the end of the last.
    starts: Vec<u32>,
    /// The shift that leaves the upper bits of a hash.
    shift: u32,
}

/// The largest number of upper bits.
const MAX_BITS: u32 = 24;

impl Buckets {
    /// Divides sorted hashes.
    pub(super) fn new(hashes: impl ExactSizeIterator<Item = u32>) -> Self {
        let bits = hashes.len().next_power_of_two().trailing_zeros().clamp(1, MAX_BITS);
        let shift = u32::BITS.saturating_sub(bits);
        let ends = 1_usize.checked_shl(bits).unwrap_or(0).saturating_add(1);
        let mut starts = Vec::with_capacity(ends);
        let mut len = 0_u32;
        for hash in hashes {
            // This bucket starts here, and so do the empty ones before it.
            let started = bucket(hash, shift).saturating_add(1);
            if started > starts.len() {
                starts.resize(started, len);
            }
            len = len.saturating_add(1);
        }
        starts.resize(ends, len);
        Self { starts, shift }
    }

    /// Returns the positions of the hashes that have the upper bits of a hash.
    #[inline]
    pub(super) fn range(&self, hash: u32) -> Range<usize> {
        let bucket = bucket(hash, self.shift);
        let start = |bucket: usize| self.starts.get(bucket).copied().unwrap_or(0) as usize;
        start(bucket)..start(bucket.saturating_add(1))
    }
}

#[inline]
fn bucket(hash: u32, shift: u32) -> usize {
    hash.checked_shr(shift).unwrap_or(0) as usize
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    #[test]
    fn equal_hashes_are_in_their_bucket() {
        for hashes in [
            vec![],
            vec![7],
            vec![0, 0, 0, u32::MAX],
            vec![1 << 31; 5],
            (0..1000).map(|number: u32| number * 4_000_000).collect(),
        ] {
            let buckets = Buckets::new(hashes.iter().copied());
            for (position, hash) in hashes.iter().enumerate() {
                assert!(buckets.range(*hash).contains(&position), "{hash} at {position}");
                assert!(hashes[buckets.range(*hash)].iter().is_sorted());
            }
            let other = buckets.range(12_345);
            assert!(hashes[other].iter().all(|hash| *hash != 12_345));
        }
    }

    #[test]
    fn buckets_are_small_where_hashes_are_spread() {
        let mut hashes: Vec<u32> =
            (1..5000).map(|number: u32| number.wrapping_mul(0x9e37_79b1)).collect();
        hashes.sort_unstable();
        let buckets = Buckets::new(hashes.iter().copied());
        assert!(hashes.iter().all(|hash| buckets.range(*hash).len() <= 8));
    }
}
