//! Where the types are: all that parsing keeps of them.

use alloc::vec::Vec;

/// Where the records of types begin, by their indices, in bytes from the start of the type section.
///
/// Some types are marked. A search for a name looks only at those, which are a tenth of a kernel's
/// types, and passes over the others without a look at their records.
#[derive(Debug, Clone, Default)]
pub(crate) struct Offsets {
    offsets: Vec<u32>,
    /// Whether types are marked, 64 of them in a word, the first in the lowest bit.
    marks: Vec<u64>,
    /// The marks that do not fill a word yet, the last in the highest bit.
    begun: u64,
}

impl Offsets {
    /// With room for so many types. What is not needed of it is never touched.
    pub(crate) fn with_capacity(types: usize) -> Self {
        let marks = Vec::with_capacity(types.div_ceil(64));
        Self { offsets: Vec::with_capacity(types), marks, begun: 0 }
    }

    /// Adds the next type.
    #[inline]
    pub(crate) fn push(&mut self, offset: u32, is_marked: bool) {
        self.offsets.push(offset);
        self.begun = (self.begun >> 1) | (u64::from(is_marked) << 63);
        if self.offsets.len().is_multiple_of(64) {
            self.marks.push(self.begun);
        }
    }

    /// Ends the last word of marks, and gives back what is not needed.
    pub(crate) fn finish(mut self) -> Self {
        let rest = u32::try_from(self.offsets.len() % 64).unwrap_or(0);
        if rest > 0 {
            self.marks.push(self.begun.checked_shr(u64::BITS.saturating_sub(rest)).unwrap_or(0));
        }
        self.offsets.shrink_to_fit();
        self.marks.shrink_to_fit();
        self
    }

    /// How many types there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.offsets.len()
    }

    /// The offset of a type.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<usize> {
        self.offsets.get(index).map(|offset| *offset as usize)
    }

    /// The indices and offsets of the types that are marked, or of all.
    #[inline]
    pub(crate) fn iter(&self, all: bool) -> impl Iterator<Item = (usize, usize)> {
        let mask = if all { u64::MAX } else { 0 };
        let words = self.marks.iter().zip(self.offsets.chunks(64)).zip((0..).step_by(64));
        words.flat_map(move |((marks, offsets), start)| Word { left: marks | mask, offsets, start })
    }
}

/// The types of a word of marks that are still to come.
struct Word<'o> {
    left: u64,
    offsets: &'o [u32],
    start: usize,
}

impl Iterator for Word<'_> {
    type Item = (usize, usize);

    #[inline]
    fn next(&mut self) -> Option<(usize, usize)> {
        if self.left == 0 {
            return None;
        }
        let at = self.left.trailing_zeros() as usize;
        self.left &= self.left.wrapping_sub(1);
        // Behind the last offset there is none, whatever the mask says.
        Some((self.start.saturating_add(at), *self.offsets.get(at)? as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_come_in_their_order_all_or_those_that_are_marked() {
        for len in [0, 1, 63, 64, 65, 200] {
            let is_marked = |index: u32| index % 7 == 3 || (60..70).contains(&index);
            let mut offsets = Offsets::with_capacity(300);
            (0..len).for_each(|index| offsets.push(12 * index, is_marked(index)));
            let offsets = offsets.finish();
            assert_eq!(offsets.len(), len as usize);
            for all in [false, true] {
                let expected = (0..len).filter(|index| all || is_marked(*index));
                let expected = expected.map(|index| (index as usize, 12 * index as usize));
                assert_eq!(
                    offsets.iter(all).collect::<Vec<_>>(),
                    expected.collect::<Vec<_>>(),
                    "{len}"
                );
            }
            assert_eq!(offsets.get(len as usize), None);
        }
    }
}
