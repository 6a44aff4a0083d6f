//! Resolutions: what was decided about a relocation, as a plain value.

use alloc::boxed::Box;

use btf_types::ByteOrder;
use smallvec::SmallVec;

use crate::{Candidate, Mismatch, RelocKind};

/// What is to be done to the instruction of a relocation. Deciding touches no instruction; applying
/// is [`patch()`](crate::patch())'s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// What was asked.
    pub kind: RelocKind,
    /// Bytes from the start of the code to the instruction.
    pub insn_off: u32,
    /// The byte order of the code.
    pub byte_order: ByteOrder,
    /// The answer; none where there is no target to give one: the relocation is *unresolved*.
    pub change: Option<Change>,
    /// The first candidate that matched.
    pub candidate: Option<Candidate>,
    /// Why no candidate matched. Kinds that ask for existence have an answer all the same: 0.
    pub unmatched: Option<Box<Unmatched>>,
}

impl Resolution {
    /// The new value of the instruction; none if the relocation is unresolved.
    #[inline]
    pub fn value(&self) -> Option<u64> {
        self.change.map(|change| change.value)
    }
}

/// What an instruction holds now, and what it is to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Change {
    /// What the compiler should have written: the answer of the local types.
    pub original: u64,
    /// Whether to check that it did. It may see bitfields differently, and cannot know type ids.
    pub checked: bool,
    /// The answer of the target's types.
    pub value: u64,
    /// What becomes of the size of a load or store.
    pub resize: Resize,
}

/// What becomes of the size of a load or store when its field changes size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resize {
    /// The sizes are equal, or do not matter.
    Same,
    /// The size is to change: both fields are pointers, or both unsigned integers, which are loaded
    /// zero-extended whatever their size is.
    To {
        /// The size of the local field, in bytes.
        from: u32,
        /// The size of the target field, in bytes.
        to: u32,
    },
    /// The size would have to change, but what is loaded would be wrong. Only loads and stores
    /// mind.
    Unsafe {
        /// The size of the local field, in bytes; 0 for a bitfield.
        from: u32,
        /// The size of the target field, in bytes; 0 for a bitfield.
        to: u32,
    },
}

/// Why no candidate matched: each with what ruled it out. None at all means that the target has no
/// type of the name and kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unmatched {
    ruled_out: SmallVec<[(Candidate, Mismatch); 2]>,
}

impl Unmatched {
    /// The candidates that were tried, in order.
    pub fn ruled_out(&self) -> &[(Candidate, Mismatch)] {
        &self.ruled_out
    }

    /// Rules out a candidate, of so many.
    pub(crate) fn rule_out(&mut self, candidate: Candidate, mismatch: Mismatch, of: usize) {
        // No further than there are candidates: this is larger than a candidate itself.
        let len = self.ruled_out.len();
        if len == self.ruled_out.capacity() {
            self.ruled_out.reserve_exact(len.min(of.saturating_sub(len)));
        }
        self.ruled_out.push((candidate, mismatch));
    }
}
