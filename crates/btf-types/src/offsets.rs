//! Where the types are: all that parsing keeps of them.

use alloc::vec::Vec;

use crate::raw;

/// Where the records of types begin, by their indices, in bytes from the start of the type section.
///
/// They are kept in blocks of 64, as distances from the first of the block: two bytes a type instead of
/// four. That is half the fresh pages, whose faults are a good part of what parsing takes.
///
/// Some types are marked. A search for a name looks only at those, which are a ninth of a kernel's
/// types, and passes over the others without a look at their records.
#[derive(Debug, Clone, Default)]
pub(crate) struct Offsets {
    blocks: Vec<Block>,
    len: usize,
    /// The indices and offsets of the types that are [`FAR`] from the first of their block, in their
    /// order: those behind one that is very long.
    far: Vec<(usize, u32)>,
}

/// Up to 64 types in a row.
#[derive(Debug, Clone)]
struct Block {
    /// Where the first begins.
    start: u32,
    /// How far behind that each begins; [`FAR`] where there is none.
    distances: [u16; BLOCK],
    /// Whether one of them is an INT. The size of one tells that of a pointer, and is looked for.
    has_int: bool,
    /// Whether each is marked, the first in the lowest bit.
    marks: u64,
}

/// Which types to go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Among {
    All,
    Marked,
    /// Those that are marked, of the blocks that have an INT: of a kernel's, a hundredth.
    MarkedNearInts,
}

/// How many types a block has, all but the last: as many as a word has bits.
pub(crate) const BLOCK: usize = u64::BITS as usize;

/// The distance of those that are too far away for their distance to be kept.
const FAR: u16 = u16::MAX;

/// A little less than what a type takes in a kernel's BTF, which is between 25 and 26 bytes on average
/// for versions from 5.10 to 7.2 and three architectures.
const USUAL_LEN: usize = 2 * size_of::<raw::Type>();

impl Offsets {
    /// With room for the types of a section of so many bytes, if they are as long as a kernel's.
    pub(crate) fn for_section(len: usize) -> Self {
        let types = len / USUAL_LEN;
        Self { blocks: Vec::with_capacity(types.div_ceil(BLOCK)), len: 0, far: Vec::new() }
    }

    /// Adds a block of the next types, by the offsets at which they begin and their marks, the last's
    /// in the lowest bit; and whether one of them is an INT. All blocks but the last are full.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "what does not fit is noted elsewhere")]
    pub(crate) fn push(&mut self, offsets: &[u32; BLOCK], count: usize, marks: u64, has_int: bool) {
        let there = offsets.get(..count).unwrap_or_default();
        let [Some(first), Some(last)] = [there.first(), there.last()] else { return };
        let mut block = Block {
            start: *first,
            distances: offsets.map(|offset| offset.wrapping_sub(*first) as u16),
            has_int,
            marks: marks.reverse_bits() >> (BLOCK.saturating_sub(count) % BLOCK),
        };
        if count < BLOCK {
            block.distances.get_mut(count..).unwrap_or_default().fill(FAR);
        }
        if last.wrapping_sub(*first) >= FAR.into() {
            self.note_far(&mut block, there);
        }
        self.blocks.push(block);
        self.len = self.len.saturating_add(count);
    }

    /// Notes those types of the next block whose distance it cannot keep.
    #[cold]
    fn note_far(&mut self, block: &mut Block, offsets: &[u32]) {
        let slots = block.distances.iter_mut().zip(offsets).zip(self.len..);
        for ((distance, offset), index) in slots {
            if offset.wrapping_sub(block.start) >= FAR.into() {
                *distance = FAR;
                self.far.push((index, *offset));
            }
        }
    }

    /// Gives back what is not needed, if that is much. A small rest stays, so that the next BTF of this
    /// size gets the same memory from the allocator.
    pub(crate) fn shrink(&mut self) {
        let room = self.blocks.capacity();
        if room.saturating_sub(self.blocks.len()) > room / 8 {
            self.blocks.shrink_to_fit();
        }
    }

    /// How many types there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The offset of a type.
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
        let place = self.far.binary_search_by_key(&index, |(index, _)| *index).ok()?;
        self.far.get(place).map(|(_, offset)| *offset as usize)
    }

    /// The indices and offsets of some of the types.
    #[inline]
    pub(crate) fn iter(&self, among: Among) -> impl Iterator<Item = (u32, usize)> {
        let mask = if among == Among::All { u64::MAX } else { 0 };
        let blocks = self.blocks.iter().zip((0..).step_by(BLOCK));
        let blocks =
            blocks.filter(move |(block, _)| block.has_int | (among != Among::MarkedNearInts));
        blocks.flat_map(move |(block, first)| {
            Bits(block.marks | mask).filter_map(move |bit| {
                // There are fewer types than 32 bits can count, since their offsets have as many.
                let index = u32::wrapping_add(first, bit);
                match *block.distances.get(bit as usize)? {
                    // Or behind the last, whatever the mask says.
                    FAR => Some((index, self.far(index as usize)?)),
                    distance => Some((index, block.at(distance))),
                }
            })
        })
    }
}

impl Block {
    #[inline]
    fn at(&self, distance: u16) -> usize {
        // Both were made of an offset in 32 bits.
        self.start.wrapping_add(distance.into()) as usize
    }
}

/// The numbers of the bits that are set, the lowest first.
struct Bits(u64);

impl Iterator for Bits {
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

    /// The offsets of types of some lengths, of which some are marked; every third block has an INT.
    fn offsets(lens: &[u32], is_marked: impl Fn(usize) -> bool) -> (Vec<usize>, Offsets) {
        let starts = lens.iter().scan(0, |at, len| {
            let start = *at;
            *at += len;
            Some(start)
        });
        let starts: Vec<u32> = starts.collect();
        let mut offsets = Offsets::for_section(300);
        for (block, first) in starts.chunks(BLOCK).zip((0..).step_by(BLOCK)) {
            let mut all = [0; BLOCK];
            all[..block.len()].copy_from_slice(block);
            let marks = (0..block.len()).filter(|at| is_marked(first + at));
            let marks = marks.map(|at| 1 << (block.len() - 1 - at)).sum();
            offsets.push(&all, block.len(), marks, first % (3 * BLOCK) == 0);
        }
        offsets.shrink();
        (starts.into_iter().map(|start| start as usize).collect(), offsets)
    }

    #[track_caller]
    fn check(lens: &[u32]) {
        let is_marked = |index: usize| index % 7 == 3 || (60..70).contains(&index);
        let (starts, offsets) = offsets(lens, is_marked);
        assert_eq!(offsets.len(), lens.len());
        for index in 0..lens.len() + 100 {
            assert_eq!(offsets.get(index), starts.get(index).copied(), "{index}");
        }
        for (among, is_among) in [
            (Among::All, &(|_| true) as &dyn Fn(usize) -> bool),
            (Among::Marked, &is_marked),
            (Among::MarkedNearInts, &|index| is_marked(index) && index % (3 * BLOCK) < BLOCK),
        ] {
            let expected = (0..).zip(starts.iter().copied());
            let expected = expected.filter(|(index, _)| is_among(*index as usize));
            assert!(offsets.iter(among).eq(expected), "{among:?} of {} types", lens.len());
        }
    }

    #[test]
    fn types_come_in_their_order_all_or_those_that_are_marked() {
        for len in [0, 1, 63, 64, 65, 200] {
            check(&vec![12; len]);
        }
    }

    #[test]
    fn types_behind_long_ones_are_found() {
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
    fn room_is_given_back_if_it_is_much() {
        let (_, few) = offsets(&[12; 65], |_| false);
        assert_eq!(few.blocks.capacity(), 2);
        let mut section = Offsets::for_section(100 * BLOCK * USUAL_LEN);
        (0..90).for_each(|_| section.push(&[0; BLOCK], BLOCK, 0, false));
        section.shrink();
        assert_eq!(section.blocks.capacity(), 100);
    }
}
