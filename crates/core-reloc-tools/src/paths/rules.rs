//! What the verifiers of different releases follow.
//!
//! The releases are those of the changes in `kernel/bpf/verifier.c`, where they are known; otherwise the first of
//! which generated programs have shown it (`tests/tests/verifier_paths`). If all were
//! followed with `ranges`, some of 10,000 would be called guarded that Linux 5.10 and 6.1 reject; with
//! `full_arithmetic`, some that 6.12 rejects.

use btf_types::ByteOrder;

use crate::needs::Release;

/// What a verifier follows besides what all do since Linux 5.10.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rules {
    /// Global functions are verified only where a call is reached, rather than always.
    pub(super) lazy_globals: bool,
    /// Multiplication, XOR, negation, and shifts of 32 bits, of numbers.
    pub(super) full_arithmetic: bool,
    /// Ranges of numbers, besides numbers that are known.
    pub(super) ranges: bool,
    /// Numbers whose sign is extended.
    pub(super) sign_extension: bool,
    /// Immediates that are stored.
    pub(super) stored_immediates: bool,
    /// Numbers that are stored at the start of a slot and loaded from there, both with the same size below 8.
    pub(super) short_spills: bool,
    /// Numbers that are loaded with a smaller size than they were stored with, from the start of their slot.
    /// It has their lowest bytes where the byte order is little.
    pub(super) narrow_fills: bool,
}

impl Rules {
    /// What Linux 5.10 follows.
    #[cfg(test)]
    pub(super) const OLDEST: Self = Self {
        lazy_globals: false,
        full_arithmetic: false,
        ranges: false,
        sign_extension: false,
        stored_immediates: false,
        short_spills: false,
        narrow_fills: false,
    };

    /// Returns what a release follows. If it is not known, that is what Linux 5.10 does.
    pub(super) fn of(release: Option<Release>, order: ByteOrder) -> Self {
        let is_since = |major, minor| {
            release.is_some_and(|release| (release.major, release.minor) >= (major, minor))
        };
        Self {
            short_spills: is_since(5, 16),
            stored_immediates: is_since(6, 3),
            sign_extension: is_since(6, 6),
            lazy_globals: is_since(6, 8),
            narrow_fills: is_since(6, 9) && order == ByteOrder::Little,
            full_arithmetic: is_since(6, 18),
            ranges: is_since(6, 18),
        }
    }
}
