//! Comparing kinds.

use btf_types::Kind;

/// Returns `true` if two kinds are equal. ENUM and ENUM64 count as one kind.
#[inline]
pub fn kinds_are_compatible(local: Kind, target: Kind) -> bool {
    local == target || (local.is_enum() && target.is_enum())
}
