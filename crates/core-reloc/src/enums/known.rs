//! An answer that is found out when it is first needed.

#[cfg(not(target_has_atomic = "8"))]
use core::cell::Cell;
#[cfg(target_has_atomic = "8")]
use core::sync::atomic::{AtomicU8, Ordering};

/// A yes or no that is found out once; threads may share it, except on targets without atomics.
#[derive(Debug, Default)]
pub(super) struct Known {
    #[cfg(target_has_atomic = "8")]
    state: AtomicU8,
    #[cfg(not(target_has_atomic = "8"))]
    state: Cell<u8>,
}

const NO: u8 = 1;
const YES: u8 = 2;

impl Known {
    /// Returns the answer. `find` is called if it is not known, by each thread at most once.
    pub(super) fn get_or_find(&self, find: impl FnOnce() -> bool) -> bool {
        match self.state() {
            YES => true,
            NO => false,
            _ => {
                let found = find();
                self.set(if found { YES } else { NO });
                found
            }
        }
    }

    fn state(&self) -> u8 {
        // Nothing else depends on it, and all threads find the same.
        #[cfg(target_has_atomic = "8")]
        return self.state.load(Ordering::Relaxed);
        #[cfg(not(target_has_atomic = "8"))]
        return self.state.get();
    }

    fn set(&self, state: u8) {
        #[cfg(target_has_atomic = "8")]
        self.state.store(state, Ordering::Relaxed);
        #[cfg(not(target_has_atomic = "8"))]
        self.state.set(state);
    }
}

impl Clone for Known {
    fn clone(&self) -> Self {
        let clone = Self::default();
        clone.set(self.state());
        clone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_found_once() {
        for answer in [true, false] {
            let known = Known::default();
            assert_eq!(known.get_or_find(|| answer), answer);
            assert_eq!(known.get_or_find(|| !answer), answer);
            assert_eq!(known.clone().get_or_find(|| !answer), answer);
        }
    }
}
