//! The offsets of the types, which is all that parsing stores about them.

use alloc::vec::Vec;
use core::slice;

use crate::raw;

/// The offsets of the types' records by index, in bytes from the start of the type section.
///
/// They are stored in blocks of 64 as distances from the block's first type, in two bytes instead of four. That
/// halves the fresh pages, whose faults take a good part of the time that parsing takes.
///
/// The types with a name in C are marked. A search by name looks at those alone, a ninth of a kernel's
/// types, without reading the other records.
#[derive(Debug, Clone, Default)]
pub(crate) struct Offsets {
    blocks: Vec<Block>,
    len: usize,
    /// The indices and offsets, in order, of the types that are [`FAR`] from the first of their block:
    /// those that follow a very long type.
    far: Vec<(usize, u32)>,
}

/// Up to 64 consecutive types.
#[derive(Debug, Clone)]
struct Block {
    /// The offset of the first type.
    start: u32,
    /// The distance of each type from the first; [`FAR`] after the last type.
    distances: [u16; BLOCK],
    /// A bit for each type, the first in the lowest: set if the type has a name in C.
    named: u64,
}

/// The types to iterate over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Selection {
    All,
    /// Those with a name in C.
    Named,
}

/// The number of types in each block but the last: as many as a word has bits.
pub(crate) const BLOCK: usize = u64::BITS as usize;

/// Stored instead of a distance that is too large.
const FAR: u16 = u16::MAX;

/// A little less than the average length of a type in kernel BTF: 25 to 26 bytes in versions 5.10 to 7.2
/// of three architectures.
const USUAL_LEN: usize = 2 * size_of::<raw::Type>();

impl Offsets {
    /// Allocates room for the types of a section of `len` bytes, if they are as long as a kernel's.
    pub(crate) fn for_section(len: usize) -> Self {
        let types = len / USUAL_LEN;
        Self { blocks: Vec::with_capacity(types.div_ceil(BLOCK)), len: 0, far: Vec::new() }
    }

    /// Adds the next types, which start at some positions after `base`, in ascending order. A type has a name in C
    /// if the lowest bit of its mark is set.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "distances that do not fit are stored in `far`"
    )]
    pub(crate) fn add(&mut self, base: u32, positions: &[u16], marks: &[u8]) {
        let (mut positions, mut marks) = (positions, marks);
        while let Some(first) = positions.first() {
            let used = self.len % BLOCK;
            if used == 0 {
                let start = base.wrapping_add((*first).into());
                self.blocks.push(Block { start, distances: [FAR; BLOCK], named: 0 });
            }
            let Some(block) = self.blocks.last_mut() else { return };
            let count = BLOCK.wrapping_sub(used).min(positions.len());
            let (Some((now, later)), Some((now_marks, later_marks))) =
                (positions.split_at_checked(count), marks.split_at_checked(count))
            else {
                return;
            };
            let slots = block.distances.get_mut(used..).unwrap_or_default().iter_mut().zip(now);
            // Wraps if the block starts after `base`.
            let base_distance = base.wrapping_sub(block.start);
            let last = now.last().map_or(0, |last| base_distance.wrapping_add((*last).into()));
            if last < FAR.into() {
                slots.for_each(|(slot, at)| *slot = (base_distance as u16).wrapping_add(*at));
            } else {
                for ((slot, at), index) in slots.zip(self.len..) {
                    let distance = base_distance.wrapping_add((*at).into());
                    *slot = u16::try_from(distance).unwrap_or(FAR);
                    if *slot == FAR {
                        self.far.push((index, base.wrapping_add((*at).into())));
                    }
                }
            }
            block.named |= lowest_bits(now_marks) << used;
            self.len = self.len.saturating_add(count);
            (positions, marks) = (later, later_marks);
        }
    }

    /// Shrinks the allocation if much of it is unused. A small rest stays, so that the allocator can
    /// reuse the same memory for the next BTF of this size.
    pub(crate) fn shrink(&mut self) {
        let room = self.blocks.capacity();
        if room.saturating_sub(self.blocks.len()) > room / 8 {
            self.blocks.shrink_to_fit();
        }
    }

    /// Returns the number of types.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Returns the offset of a type.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<usize> {
        let block = self.blocks.get(index / BLOCK)?;
        match *block.distances.get(index % BLOCK)? {
            FAR => self.far(index),
            distance => Some(block.at(distance)),
        }
    }

    #[cold]
    fn far(&self, index: usize) -> Option<usize> {
        let found = self.far.binary_search_by_key(&index, |(index, _)| *index).ok()?;
        self.far.get(found).map(|(_, offset)| *offset as usize)
    }

    /// Returns the record of a type that is [`FAR`] from the first of its block; `None` if it is not.
    #[cold]
    fn far_record<'t>(&self, types: &'t [u8], index: u32) -> Option<&'t RecordBytes> {
        types.get(self.far(index as usize)?..)?.first_chunk()
    }

    /// Returns the indices and records of those of the selected types in `types`, the section, that have a
    /// mark.
    #[inline]
    pub(crate) fn records<'o, 't>(
        &'o self,
        types: &'t [u8],
        selection: Selection,
        marks: Marks,
    ) -> Records<'o, 't> {
        Records {
            offsets: self,
            types,
            selection,
            marks,
            blocks: self.blocks.iter(),
            next_first: 0,
            first: 0,
            distances: &[FAR; BLOCK],
            window: &[],
            bits: SetBits(0),
        }
    }
}

/// Marks some records: those with a byte whose lowest five bits number a bit that is set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Marks {
    /// The index of the byte in the record.
    pub(crate) at: usize,
    pub(crate) bits: u32,
}

/// The bytes of a type's record.
pub(crate) type RecordBytes = [u8; size_of::<raw::Type>()];

/// Iterates over the indices and records of selected types. [`Iterator::fold`], which `for_each` uses, takes
/// half the instructions of [`Iterator::next`].
pub(crate) struct Records<'o, 't> {
    offsets: &'o Offsets,
    types: &'t [u8],
    selection: Selection,
    marks: Marks,
    /// The blocks after the current one.
    blocks: slice::Iter<'o, Block>,
    /// The index of the first type of the next block.
    next_first: u32,
    /// The index of the first type of the current block.
    first: u32,
    distances: &'o [u16; BLOCK],
    /// The records of the current block that are not [`FAR`].
    window: &'t [u8],
    /// The positions in the current block that follow.
    bits: SetBits,
}

impl<'o, 't> Records<'o, 't> {
    /// Goes on to the next block, and selects no types.
    #[inline]
    fn next_block(&mut self) -> Option<&'o Block> {
        let block = self.blocks.next()?;
        self.first = self.next_first;
        self.next_first = self.next_first.wrapping_add(u64::BITS);
        self.distances = &block.distances;
        let types = self.types.get(block.start as usize..).unwrap_or_default();
        // Too short for a record at the distance `FAR`.
        let len = usize::from(FAR).wrapping_add(size_of::<RecordBytes>()).wrapping_sub(1);
        self.window = types.get(..len).unwrap_or(types);
        Some(block)
    }

    /// Returns the type at a position in the current block, if it has a mark; `None` after the last type.
    #[inline]
    fn get(&self, position: u32, distance: u16) -> Option<(u32, &'t RecordBytes)> {
        // Neither sum overflows: there are fewer than 2³² types, and distances have 16 bits.
        let index = self.first.wrapping_add(position);
        let at = usize::from(distance);
        let record = match self.window.get(at..at.wrapping_add(size_of::<RecordBytes>())) {
            Some(record) => record.first_chunk(),
            None => self.offsets.far_record(self.types, index),
        };
        // If all are marked, this does not wait for the record.
        let is_marked = self.marks.bits == u32::MAX
            || self.marks.bits & (1 << (record?.get(self.marks.at)? & 31)) != 0;
        is_marked.then_some((index, record?))
    }
}

impl<'t> Iterator for Records<'_, 't> {
    type Item = (u32, &'t RecordBytes);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            while let Some(position) = self.bits.next() {
                let distance = *self.distances.get(position as usize)?;
                let found = self.get(position, distance);
                if found.is_some() {
                    return found;
                }
            }
            let block = self.next_block()?;
            self.bits = match self.selection {
                Selection::All => SetBits(u64::MAX),
                Selection::Named => SetBits(block.named),
            };
        }
    }

    #[inline]
    fn fold<B, F: FnMut(B, Self::Item) -> B>(mut self, init: B, mut f: F) -> B {
        let mut result = init;
        loop {
            for position in core::mem::replace(&mut self.bits, SetBits(0)) {
                let distance = self.distances.get(position as usize).copied().unwrap_or(FAR);
                if let Some(found) = self.get(position, distance) {
                    result = f(result, found);
                }
            }
            let Some(block) = self.next_block() else { return result };
            if self.selection == Selection::Named {
                self.bits = SetBits(block.named);
                continue;
            }
            for (position, distance) in (0..).zip(&block.distances) {
                if let Some(found) = self.get(position, *distance) {
                    result = f(result, found);
                }
            }
        }
    }
}

impl Block {
    /// Returns the offset of the type at a distance from the first.
    #[inline]
    fn at(&self, distance: u16) -> usize {
        // The sum is an offset of 32 bits, from which the distance was computed.
        self.start.wrapping_add(distance.into()) as usize
    }
}

/// Gathers the lowest bits of up to 64 bytes; that of the first becomes bit 0.
#[inline]
fn lowest_bits(bytes: &[u8]) -> u64 {
    /// Moves the lowest bit of each byte to the highest byte, that of the first to the lowest bit.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    const LOWEST: u64 = u64::from_ne_bytes([1; 8]);
    let (words, rest) = bytes.as_chunks();
    let rest = rest.iter().rev().fold(0, |bits, byte| bits << 1 | u64::from(byte & 1));
    words.iter().rev().fold(rest, |bits, word| {
        bits << 8 | (u64::from_le_bytes(*word) & LOWEST).wrapping_mul(GATHER) >> 56
    })
}

/// Iterates over the positions of the bits that are set, the lowest first.
struct SetBits(u64);

impl Iterator for SetBits {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        if self.0 == 0 {
            return None;
        }
        let bit = self.0.trailing_zeros();
        self.0 &= self.0.wrapping_sub(1);
        Some(bit)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    /// Returns the offsets of types of the given lengths, of which some are named.
    fn offsets(lens: &[u32], is_named: impl Fn(usize) -> bool) -> (Vec<usize>, Offsets) {
        let starts = lens.iter().scan(0, |at, len| {
            let start = *at;
            *at += len;
            Some(start)
        });
        let starts: Vec<u32> = starts.collect();
        let mut offsets = Offsets::for_section(300);
        // As many at once as start within 16 bits, and at most 100.
        let marks: Vec<u8> = (0..starts.len()).map(|at| u8::from(is_named(at)) | 2).collect();
        let mut at = 0;
        while let Some(base) = starts.get(at).copied() {
            let near = starts[at..].iter().map_while(|start| u16::try_from(start - base).ok());
            let positions: Vec<u16> = near.take(100).collect();
            offsets.add(base, &positions, &marks[at..at + positions.len()]);
            at += positions.len();
        }
        offsets.shrink();
        (starts.into_iter().map(|start| start as usize).collect(), offsets)
    }

    #[track_caller]
    fn check(lens: &[u32]) {
        let is_named = |index: usize| index % 7 == 3 || (60..70).contains(&index);
        let (starts, offsets) = offsets(lens, is_named);
        assert_eq!(offsets.len(), lens.len());
        for index in 0..lens.len() + 100 {
            assert_eq!(offsets.get(index), starts.get(index).copied(), "{index}");
        }
        // Records of their index. Those of types with lengths of megabytes are left out.
        let mut types =
            vec![
                0;
                starts.iter().filter(|start| **start < 1 << 22).max().map_or(0, |last| last + 12)
            ];
        for (index, start) in (0_u32..).zip(&starts) {
            if let Some(record) = types.get_mut(*start..) {
                record[..4].copy_from_slice(&index.to_le_bytes());
            }
        }
        let present = starts.iter().filter(|start| **start < types.len()).count();
        let indices = |selection, skip: usize| {
            let marks = Marks { at: 2, bits: u32::MAX };
            let mut records = offsets.records(&types, selection, marks);
            let mut found: Vec<u32> = records.by_ref().take(skip).map(|(index, _)| index).collect();
            records.for_each(|(index, record)| {
                assert_eq!(record[..4], index.to_le_bytes());
                found.push(index);
            });
            found
        };
        let all: Vec<u32> = (0..).take(present).collect();
        let named: Vec<u32> =
            all.iter().copied().filter(|index| is_named(*index as usize)).collect();
        for skip in [0, 1, 63, 64, 65, usize::MAX] {
            assert_eq!(indices(Selection::All, skip), all, "{} types", lens.len());
            assert_eq!(indices(Selection::Named, skip), named, "{} types", lens.len());
        }
    }

    #[test]
    fn all_or_the_named_types_are_iterated_in_order() {
        for len in [0, 1, 63, 64, 65, 200] {
            check(&vec![12; len]);
        }
    }

    #[test]
    fn types_after_long_ones_are_found() {
        // At the distances 65,534, 65,535 and 65,536 from the first of the block.
        for long in [65_522, 65_523, 65_524, 1 << 28] {
            for at in [0, 1, 62, 63, 64, 130] {
                let mut lens = vec![12; 200];
                lens[at] = long;
                check(&lens);
                lens.truncate(at + 1);
                check(&lens);
            }
        }
        check(&[1 << 20; 130]);
    }

    #[test]
    fn the_allocation_shrinks_if_much_is_unused() {
        let (_, few) = offsets(&[12; 65], |_| false);
        assert_eq!(few.blocks.capacity(), 2);
        let mut section = Offsets::for_section(100 * BLOCK * USUAL_LEN);
        section.add(0, &[0; 90 * BLOCK], &[0; 90 * BLOCK]);
        section.shrink();
        assert_eq!(section.blocks.capacity(), 100);
    }
}
