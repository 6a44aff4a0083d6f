//! Resolutions: decisions about relocations, as plain values.

use alloc::boxed::Box;

use btf_types::ByteOrder;

use super::{extension::Extension, unmatched::Unmatched};
use crate::{candidates::Candidate, record::RelocKind};

/// The decision about a relocation. [`patch()`](crate::patch()) applies it to an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// The kind of the relocation.
    pub kind: RelocKind,
    /// Bytes from the start of the code to the instruction.
    pub insn_off: u32,
    /// The byte order of the code.
    pub byte_order: ByteOrder,
    /// The answer; `None` if no candidate gives one: the relocation is then *unresolved*.
    pub change: Option<Change>,
    /// The first candidate that matched. For type_id_target, it shows whose ids the value belongs to:
    /// those of the main BTF, or of one module.
    pub candidate: Option<Candidate>,
    /// The reason why no candidate matched. Kinds that ask whether something exists still have an answer: 0.
    pub unmatched: Option<Box<Unmatched>>,
}

impl Resolution {
    /// Returns the resolution for a copy of the instruction at another offset, in bytes. One resolution can
    /// be applied to any number of copies of the code.
    #[must_use]
    pub fn moved_to(self, insn_off: u32) -> Self {
        Self { insn_off, ..self }
    }

    /// Returns the new value of the instruction; `None` if the relocation is unresolved.
    ///
    /// An enumerator is sign-extended where the instruction decides; see [`Extension`] and
    /// [`Patched::settle`](crate::Patched::settle).
    #[inline]
    pub fn value(&self) -> Option<u64> {
        self.change.map(|change| change.value)
    }
}

/// The change of an instruction: from the answer of the local types to that of the target's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Change {
    /// The value that the compiler should have written: the answer of the local types.
    pub original: u64,
    /// Whether the instruction must hold that value. A compiler may load bitfields differently, and does
    /// not know type ids.
    pub checked: bool,
    /// The answer of the target's types.
    pub value: u64,
    /// What happens to the size of a load or store.
    pub resize: Resize,
    /// Whether the values may be zero-extended, which a 64-bit immediate decides.
    pub extension: Extension,
}

impl Change {
    /// Returns the change for a 64-bit immediate that holds `found`, with the values that this immediate
    /// shows to be meant.
    #[inline]
    #[must_use]
    pub fn settle(self, found: u64) -> Self {
        const LOWER_HALF: u64 = 0xffff_ffff;
        let settled = Self { extension: Extension::Stated, ..self };
        if self.extension == Extension::Stated || found != self.original & LOWER_HALF {
            return settled;
        }
        let value = match self.extension {
            Extension::OfBoth => self.value & LOWER_HALF,
            Extension::OfOriginal | Extension::Stated => self.value,
        };
        Self { original: found, value, ..settled }
    }
}

/// What happens to the size of a load or store when its field changes size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Resize {
    /// It stays: the sizes are equal, or do not matter.
    Same,
    /// It changes: both fields are pointers, or both are unsigned integers, which loads of any size
    /// zero-extend.
    To {
        /// The size of the local field, in bytes.
        from: u32,
        /// The size of the target field, in bytes.
        to: u32,
    },
    /// It would have to change, but the accessed value would be wrong. Affects only loads and stores.
    Unsafe {
        /// The size of the local field, in bytes; 0 for a bitfield.
        from: u32,
        /// The size of the target field, in bytes; 0 for a bitfield.
        to: u32,
    },
}
