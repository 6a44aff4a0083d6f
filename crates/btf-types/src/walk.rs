//! The walk over the type section, which is all that parsing does to the types.

use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::{
    ByteOrder, Info, Kind,
    layout::{Layout, Shape},
    offsets::{BLOCK, Offsets},
    raw,
};

/// The result of a walk.
#[derive(Debug)]
pub(crate) struct Walk {
    /// The offset of each type's record.
    pub(crate) offsets: Offsets,
    /// The offsets of the INTs' records: the size of one of them is the size of a pointer.
    pub(crate) ints: Vec<u32>,
}

/// The place of a type whose end the walk cannot find: its kind is unknown, or the section ends first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// The type's index.
    pub(crate) index: usize,
    /// The offset of its record, in bytes from the start of the section.
    pub(crate) offset: usize,
}

/// Finds the offset of every type's record.
///
/// The offset of a type depends on the kind of the type before it. One table look-up and one bounds check
/// for each type would be enough, but the next type would have to wait for a load and a product. With a
/// branch for each frequent shape, the processor predicts the kind, and the next type waits for a sum only.
/// This saves a third of the time.
#[inline(never)] // Inlined, the loop would share its registers with the caller, and be slower.
pub(crate) fn walk(types: &[u8], order: ByteOrder, layout: &Layout) -> Result<Walk, Malformed> {
    match order {
        ByteOrder::Little => walk_with(types, layout, u32::from_le_bytes),
        ByteOrder::Big => walk_with(types, layout, u32::from_be_bytes),
    }
}

#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the header stores the length of the section in 32 bits"
)]
fn walk_with(
    types: &[u8],
    layout: &Layout,
    word: impl Fn([u8; 4]) -> u32,
) -> Result<Walk, Malformed> {
    const RECORD: usize = size_of::<raw::Type>();
    const PARAM: u64 = size_of::<raw::Param>() as u64;
    const MEMBER: u64 = size_of::<raw::Member>() as u64;
    const ALONE: Shape = Shape::sizes_of(Kind::Ptr);
    const PARAMS: Shape = Shape::sizes_of(Kind::FuncProto);
    const MEMBERS: Shape = Shape::sizes_of(Kind::Struct);
    const INT: u8 = Kind::Int.to_raw();
    let record_at = |at: u64| types.get(usize::try_from(at).ok()?..)?.first_chunk::<RECORD>();
    let mut offsets = Offsets::for_section(types.len());
    let mut ints = Vec::new();
    // In 64 bits, because a type may claim to end past what 32 bits can count.
    let mut at = 0_u64;
    loop {
        let mut starts = [0; BLOCK];
        let (mut count, mut named, mut has_int) = (0, 0, false);
        for start in &mut starts {
            let Some(record) = record_at(at) else { break };
            let [n0, n1, n2, n3, i0, i1, i2, i3, ..] = *record;
            let info = Info(word([i0, i1, i2, i3]));
            let shape = layout.shape(info);
            *start = at as u32;
            count = usize::wrapping_add(count, 1);
            let is_named = shape.type_name_bit() & u64::from([n0, n1, n2, n3] != [0; 4]);
            named = (named << 1) | is_named;
            at = at.wrapping_add(RECORD as u64);
            if shape.sizes() == ALONE {
                continue;
            }
            let vlen = u64::from(info.vlen());
            if shape.sizes() == PARAMS {
                at = at.wrapping_add(vlen.wrapping_mul(PARAM));
                continue;
            }
            if shape.sizes() == MEMBERS {
                at = at.wrapping_add(vlen.wrapping_mul(MEMBER));
                continue;
            }
            let Some(trailing) = shape.trailing_len(info) else {
                // The end of an unknown kind's record is not known, so the walk ends past the section.
                at = u64::MAX;
                break;
            };
            at = at.wrapping_add(trailing.into());
            has_int |= info.raw_kind() == INT;
        }
        offsets.push(&starts, count, named);
        if has_int {
            push_ints(&mut ints, types, starts.get(..count).unwrap_or_default(), &word);
        }
        if count < BLOCK {
            break;
        }
    }
    offsets.shrink();
    let end = types.len() as u64;
    match at.cmp(&end) {
        Ordering::Equal => Ok(Walk { offsets, ints }),
        // The rest is too short for a record.
        Ordering::Less => Err(Malformed { index: offsets.len(), offset: at as usize }),
        // The last type ends past the section.
        Ordering::Greater => {
            let index = offsets.len().saturating_sub(1);
            Err(Malformed { index, offset: offsets.get(index).unwrap_or(0) })
        }
    }
}

/// Adds the offsets of those of the given types that are INTs. The main loop only notes that there are
/// some, because a push there would take an instruction more for each type.
#[cold]
fn push_ints(ints: &mut Vec<u32>, types: &[u8], starts: &[u32], word: impl Fn([u8; 4]) -> u32) {
    ints.extend(starts.iter().filter(|start| {
        let info = types.get(**start as usize..).and_then(|record| record.get(4..)?.first_chunk());
        info.is_some_and(|info| Info(word(*info)).kind() == Kind::Int)
    }));
}
