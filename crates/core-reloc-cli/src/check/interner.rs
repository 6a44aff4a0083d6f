//! What many kernels have in common, kept in memory once.

use std::{
    borrow::Borrow,
    collections::HashSet,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

/// A set of shared values. Equal ones have the same address.
pub(super) struct Interner<T: ?Sized>(Mutex<HashSet<Arc<T>>>);

impl<T: ?Sized> Default for Interner<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Eq + Hash + ?Sized> Interner<T> {
    /// Returns the shared value that equals `value`.
    pub(super) fn intern(&self, value: impl Borrow<T> + Into<Arc<T>>) -> Arc<T> {
        // The set stays valid if another thread panics.
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = values.get(value.borrow()) {
            return Arc::clone(known);
        }
        let value = value.into();
        values.insert(Arc::clone(&value));
        value
    }

    /// Returns the number of values.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
