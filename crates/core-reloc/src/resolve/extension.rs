//! How enumerators of 32 bits are extended to 64.

use btf_types::Enumerator;

use crate::enums::is_ambiguous;

/// Whether the values of a [`Change`](super::Change) may also be zero-extended from 32 bits.
///
/// The values of a change are sign-extended, as libbpf extends them. Only the kind_flag of an enum states
/// its sign, and old encoders never set it. A 64-bit immediate shows what the compiler took an enumerator
/// for: clang has always written a negative one with an upper half of ones, and one of 2³¹ or more with an
/// upper half of zeros. A 32-bit immediate has no upper half, and both values have the same bits there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Extension {
    /// They are what they are: the local enum states that it is signed, or the original value has no bit
    /// that could be a sign, or is not an enumerator.
    #[default]
    Stated,
    /// The original may be zero-extended. The new value stays.
    OfOriginal,
    /// An instruction that holds the original zero-extended receives the new value zero-extended as well.
    OfBoth,
}

impl Extension {
    /// Returns the extension for an enumerator of the local types and one of the target.
    pub(super) fn of(local: Enumerator<'_>, target: Enumerator<'_>) -> Self {
        // Of an ENUM64, the value itself is what the instruction holds.
        if local.is_signed() || local.bits() >> 31 != 1 {
            Self::Stated
        } else if is_ambiguous(target) {
            Self::OfBoth
        } else {
            Self::OfOriginal
        }
    }
}
