//! A small cache of recent results.

use alloc::vec::Vec;

/// Keeps the latest values, one in each slot. A key always has the same slot, so its value stays until
/// another key takes the slot. The memory does not grow with the number of keys.
///
/// A value may be replaced at any time, so only values that can be computed again are kept here.
#[derive(Debug)]
pub(crate) struct Cache<K, V, const BITS: u32> {
    /// Empty until the first value is kept.
    slots: Vec<Option<(K, V)>>,
}

impl<K, V, const BITS: u32> Default for Cache<K, V, BITS> {
    fn default() -> Self {
        Self { slots: Vec::new() }
    }
}

impl<K, V, const BITS: u32> Cache<K, V, BITS> {
    /// Finds the value of a key with this hash, whose upper bits select the slot.
    #[inline]
    pub(crate) fn find(&self, hash: u32, is_key: impl FnOnce(&K) -> bool) -> Option<&V> {
        match self.slots.get(Self::slot(hash)) {
            Some(Some((key, value))) if is_key(key) => Some(value),
            _ => None,
        }
    }

    /// Keeps a value in place of the one in its slot.
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
    fn a_value_stays_until_another_takes_its_slot() {
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
