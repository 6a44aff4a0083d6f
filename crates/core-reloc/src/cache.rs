//! A small cache of recent answers.

use alloc::vec::Vec;

/// Keeps the latest answers, one for each slot. A key always has the same slot, so that an answer stays
/// until another key needs its slot; the memory does not grow with the number of questions.
///
/// An answer may be forgotten at any time, so only what can be worked out again is kept here.
#[derive(Debug)]
pub(crate) struct Cache<K, V, const BITS: u32> {
    /// Empty until the first answer is kept.
    slots: Vec<Option<(K, V)>>,
}

impl<K, V, const BITS: u32> Default for Cache<K, V, BITS> {
    fn default() -> Self {
        Self { slots: Vec::new() }
    }
}

impl<K, V, const BITS: u32> Cache<K, V, BITS> {
    /// Finds the answer of a key with this hash, whose upper bits choose the slot.
    #[inline]
    pub(crate) fn find(&self, hash: u32, is_key: impl FnOnce(&K) -> bool) -> Option<&V> {
        match self.slots.get(Self::slot(hash)) {
            Some(Some((key, value))) if is_key(key) => Some(value),
            _ => None,
        }
    }

    /// Keeps an answer in place of the one in its slot.
    pub(crate) fn keep(&mut self, hash: u32, key: K, value: V) {
        if self.slots.is_empty() {
            self.slots.resize_with(1 << BITS, || None);
        }
        if let Some(slot) = self.slots.get_mut(Self::slot(hash)) {
            *slot = Some((key, value));
        }
    }

    #[inline]
    fn slot(hash: u32) -> usize {
        (hash >> const { u32::BITS - BITS }) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::hash;

    #[test]
    fn an_answer_stays_until_another_takes_its_slot() {
        let mut cache = Cache::<u32, u32, 9>::default();
        assert_eq!(cache.find(hash::words([1]), |key| *key == 1), None);
        for key in 1..5000 {
            cache.keep(hash::words([key]), key, 2 * key);
            assert_eq!(cache.find(hash::words([key]), |other| *other == key), Some(&(2 * key)));
            assert_eq!(cache.find(hash::words([key]), |other| *other == key + 1), None);
        }
        let is_kept = |key: &u32| cache.find(hash::words([*key]), |other| other == key).is_some();
        assert!((400..=512).contains(&(1..5000).filter(is_kept).count()));
    }
}
