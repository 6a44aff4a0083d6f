//! Bit offsets, and what accesses to array elements add to them.

use btf_types::{Btf, Error as BtfError, Type, TypeId};

/// Adds `bits` to a bit offset; `None` if the sum does not fit in 32 bits.
#[inline]
pub(super) fn advance(bit_offset: u32, bits: u64) -> Option<u32> {
    bit_offset.checked_add(u32::try_from(bits).ok()?)
}

/// Returns the offset in bits of an element in an array of this type; `None` if it overflows. The type must
/// have a size, even for index 0.
pub(super) fn element_bits(element: Type<'_>, index: u32) -> Result<Option<u64>, BtfError> {
    if index == 0 && element.stated_size().is_some() {
        return Ok(Some(0));
    }
    let size = u64::from(element.size()?);
    Ok(size.checked_mul(8).and_then(|bits| bits.checked_mul(index.into())))
}

/// Returns `true` if an array is flexible: it has no elements and is the last member of its struct or
/// union. `reached_by` is that struct or union and the member's index. libbpf's `is_flex_arr`.
pub(super) fn is_flexible(btf: &Btf<'_>, reached_by: Option<(TypeId, u32)>, len: u32) -> bool {
    let Some((owner, index)) = reached_by.filter(|_| len == 0) else { return false };
    let owner = btf.type_by_id(owner);
    owner.is_ok_and(|owner: Type<'_>| index.checked_add(1) == Some(owner.vlen()))
}
