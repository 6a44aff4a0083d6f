//! How enumerators of 32 bits are extended to 64.

use btf_types::{Enumerator, Kind};

use crate::enums::{is_ambiguous, sign_extended};

/// Whether the values of a [`Change`](super::Change) may also be zero-extended from 32 bits.
///
/// The values of a change are sign-extended, as libbpf extends them. Only the kind_flag of an enum states
/// its sign, and old encoders never set it. A 64-bit immediate shows what the compiler took an enumerator
/// for: clang has always written a negative one with an upper half of ones, and one of 2³¹ or more with an
/// upper half of zeros. A 32-bit immediate has no upper half, and both values have the same bits there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Extension {
    /// They may not: the local enum states its sign (an ENUM64 does so without the flag as well), the
    /// original has no bit that could be a sign, or it is not an enumerator.
    #[default]
    Stated,
    /// The original may be zero-extended. The new value stays.
    OfOriginal,
    /// An instruction that holds the original zero-extended receives the new value zero-extended as well.
    OfBoth,
}

/// Extends the value of a target's enumerator for one of the local types.
pub(super) fn extend(local: Enumerator<'_>, target: Enumerator<'_>) -> (u64, Extension) {
    if local.owner().kind() == Kind::Enum64 && !local.is_signed() {
        // Its encoder knows the flag, so it is unsigned.
        return (target.bits(), Extension::Stated);
    }
    let extension = match (is_ambiguous(local), is_ambiguous(target)) {
        (false, _) => Extension::Stated,
        (true, false) => Extension::OfOriginal,
        (true, true) => Extension::OfBoth,
    };
    (sign_extended(target), extension)
}
