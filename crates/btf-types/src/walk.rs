//! The walk over the type section, which is all that parsing does to the types.

mod found;
mod lanes;
mod reader;

use alloc::vec::Vec;
use core::cmp::Ordering;

use self::{
    found::Found,
    lanes::Lanes,
    reader::{Head, Reader},
};
use crate::{ByteOrder, Info, layout::Layout, offsets::Offsets, raw};

/// The result of a walk.
#[derive(Debug)]
pub(crate) struct Walk {
    /// The offset of each type's record.
    pub(crate) offsets: Offsets,
    /// The offsets of the named INTs' records: the size of one of them is the size of a pointer.
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
/// The offset of a type depends on the record before it. With one walk, the processor mostly waits: for a load, a
/// look-up and a product for each type, or, with a branch for each frequent kind, because it predicts many of them
/// wrong in a kernel that it has not just seen. So [`Lanes`] walk in several places at once.
#[inline(never)] // Inlined, the loop would share its registers with the caller, and be slower.
pub(crate) fn walk(types: &[u8], order: ByteOrder, layout: &Layout) -> Result<Walk, Malformed> {
    /// Returns the upper and the lower word.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "the rest is the other word")]
    const fn halves(words: u64) -> (u32, u32) {
        ((words >> 32) as u32, words as u32)
    }
    match order {
        ByteOrder::Little => walk_with(types, layout, |head| {
            let (info, name) = halves(u64::from_le_bytes(head));
            (name, Info(info))
        }),
        ByteOrder::Big => walk_with(types, layout, |head| {
            let (name, info) = halves(u64::from_be_bytes(head));
            (name, Info(info))
        }),
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
    words: impl Fn(Head) -> (u32, Info),
) -> Result<Walk, Malformed> {
    const RECORD: usize = size_of::<raw::Type>();
    let rest = |at: u64| usize::try_from(at).ok().and_then(|at| types.get(at..)).unwrap_or(&[]);
    let reader = Reader { layout, words };
    let mut lanes = Lanes::new();
    let mut found = Found { offsets: Offsets::for_section(types.len()), ints: Vec::new() };
    // In 64 bits, because a type may claim to end past what 32 bits can count.
    let mut at = 0_u64;
    loop {
        let (base, bytes) = (at as u32, rest(at));
        at = at.wrapping_add(u64::from(match bytes.first_chunk() {
            Some(window) => lanes.walk(window, base, &reader, &mut found),
            None => lanes.walk_alone(bytes, base, &reader, &mut found),
        }));
        // The lanes stop at a long type, or at one of unknown kind.
        let Some(record) = rest(at).first_chunk::<RECORD>() else { break };
        let Some(head) = record.first_chunk().filter(|head| reader.is_known(head)) else { break };
        let (len, mark) = reader.len(head);
        found.add(at as u32, &[0], &[mark]);
        at = at.wrapping_add(len.into());
    }
    let Found { mut offsets, ints } = found;
    offsets.shrink();
    match at.cmp(&(types.len() as u64)) {
        Ordering::Equal => Ok(Walk { offsets, ints }),
        // The kind of the next type is unknown, or the rest is too short for a record.
        Ordering::Less => Err(Malformed { index: offsets.len(), offset: at as usize }),
        // The last type ends past the section.
        Ordering::Greater => {
            let index = offsets.len().saturating_sub(1);
            Err(Malformed { index, offset: offsets.get(index).unwrap_or(0) })
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::{vec, vec::Vec};

    use super::*;
    use crate::Kind;

    /// Appends types with a number of elements each, and returns where they start.
    fn section(types: &[(Kind, u32)], order: ByteOrder) -> (Vec<u8>, Vec<u32>) {
        let (mut bytes, mut starts) = (Vec::new(), Vec::new());
        for (at, (kind, vlen)) in (0_u32..).zip(types) {
            starts.push(u32::try_from(bytes.len()).unwrap());
            // All kinds of values where a lane may start: numbers, and words that look like a record's.
            let record = [at % 3, Info::new(*kind, *vlen, false).0, at];
            let words = match kind {
                Kind::Int => 1,
                Kind::Array => 3,
                Kind::Struct => 3 * vlen,
                Kind::FuncProto => 2 * vlen,
                _ => 0,
            };
            let rest = (0..words).map(|word| match (at + word) % 5 {
                0 => Info::new(Kind::Struct, at % 100, false).0,
                1 => Info::new(Kind::Func, 0, false).0,
                2 => u32::MAX,
                _ => word,
            });
            bytes.extend(record.into_iter().chain(rest).flat_map(|word| match order {
                ByteOrder::Little => word.to_le_bytes(),
                ByteOrder::Big => word.to_be_bytes(),
            }));
        }
        (bytes, starts)
    }

    /// Checks what a walk finds in a section of these types.
    #[track_caller]
    fn check(types: &[(Kind, u32)]) {
        check_in(ByteOrder::Little, types);
        check_in(ByteOrder::Big, types);
    }

    #[track_caller]
    fn check_in(order: ByteOrder, types: &[(Kind, u32)]) {
        let (bytes, starts) = section(types, order);
        let found = walk(&bytes, order, &Layout::known()).unwrap();
        assert_eq!(found.offsets.len(), starts.len());
        for (index, start) in starts.iter().enumerate() {
            assert_eq!(found.offsets.get(index), Some(*start as usize), "{index}");
        }
        let ints = starts.iter().zip(types).enumerate();
        // Those with a name, which a third lacks.
        let ints = ints.filter(|(at, (_, (kind, _)))| *kind == Kind::Int && at % 3 != 0);
        assert_eq!(found.ints, ints.map(|(_, (start, _))| *start).collect::<Vec<_>>());

        // Of a section that ends early, the types before are found.
        for end in [bytes.len() - 4, (bytes.len() / 2) & !3, (bytes.len() / 3) & !3] {
            let next = starts.partition_point(|start| (*start as usize) < end);
            match walk(&bytes[..end], order, &Layout::known()) {
                Ok(found) => {
                    assert_eq!((found.offsets.len(), end), (next, starts[next] as usize));
                }
                Err(at) => {
                    let is_short = end - (starts[next - 1] as usize) < size_of::<raw::Type>();
                    assert!(is_short || starts.get(next) != Some(&u32::try_from(end).unwrap()));
                    let index = next - 1;
                    let offset = starts[index] as usize;
                    assert_eq!(at, Malformed { index, offset });
                }
            }
        }
        // A type of unknown kind, anywhere.
        for index in [0, starts.len() / 3, starts.len() - 1] {
            let mut bytes = bytes.clone();
            let offset = starts[index] as usize;
            let kind_at = if order == ByteOrder::Little { 7 } else { 4 };
            bytes[offset + kind_at] = 0x7f;
            let found = walk(&bytes, order, &Layout::known());
            assert_eq!(found.err(), Some(Malformed { index, offset }));
        }
    }

    /// A kernel's kinds, in no order.
    fn mixed(count: u32) -> Vec<(Kind, u32)> {
        let mut state = 1_u32;
        let mut random = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        let kinds = (0..count).map(|_| match random(20) {
            0..8 => (Kind::Func, random(3)),
            8..12 => (Kind::FuncProto, random(9)),
            12..15 => (Kind::Ptr, 0),
            15..17 => (Kind::Struct, random(30)),
            17 => (Kind::Array, 0),
            18 => (Kind::Int, 0),
            _ => (Kind::Struct, random(300)),
        });
        kinds.collect()
    }

    #[test]
    fn all_types_of_sections_of_all_lengths_are_found() {
        for count in [1, 2, 63, 64, 65, 300, 1000, 5000] {
            check(&mixed(count));
        }
        check(&vec![(Kind::Ptr, 0); 5000]);
        check(&vec![(Kind::Int, 0); 5000]);
        check(&vec![(Kind::Struct, 200); 500]);
    }

    #[test]
    fn types_longer_than_a_window_are_found() {
        for vlen in [300, 1300, 2700, 2800, 5460, 5461, 5500, 65_535] {
            for at in [0, 1, 500, 1000] {
                let mut types = mixed(2000);
                types[at] = (Kind::Struct, vlen);
                types[at + 70] = (Kind::Struct, vlen);
                check(&types);
            }
            check(&[(Kind::Struct, vlen); 20]);
        }
    }
}
