//! What a walk has found.

use alloc::vec::Vec;

use crate::{layout::Shape, offsets::Offsets};

/// The types that a walk has found.
pub(super) struct Found {
    pub(super) offsets: Offsets,
    /// The offsets of the named INTs.
    pub(super) ints: Vec<u32>,
}

impl Found {
    /// Adds types: their positions after `base`, and their [marks](Shape::marks).
    #[inline]
    pub(super) fn add(&mut self, base: u32, positions: &[u16], marks: &[u8]) {
        const { assert!(Shape::TYPE_NAME == 1, "the lowest bit marks types with a name in C") };
        self.offsets.add(base, positions, marks);
        if marks.iter().fold(0, |all, marks| all | marks) & Shape::INT != 0 {
            let marked = positions.iter().zip(marks).filter(|(_, marks)| **marks & Shape::INT != 0);
            self.ints.extend(marked.map(|(position, _)| base.wrapping_add((*position).into())));
        }
    }
}
