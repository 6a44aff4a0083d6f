//! Reading the start of a type's record.

use crate::{Info, layout::Layout};

/// Reads what a walk needs to know of a type.
pub(super) struct Reader<'l, W> {
    pub(super) layout: &'l Layout,
    /// Reads the two words of a head.
    pub(super) words: W,
}

/// The length of a [`Head`].
pub(super) const HEAD: usize = 8;

/// The start of a record: the offset of the name, and the info word.
pub(super) type Head = [u8; HEAD];

impl<W: Fn(Head) -> (u32, Info)> Reader<'_, W> {
    /// Returns the length of a type and its [marks](crate::layout::Shape::marks); none for a type without a name.
    /// The length is at least 65,535 if the kind is unknown.
    #[inline(always)]
    pub(super) fn len(&self, head: &Head) -> (u32, u8) {
        let (name, info) = (self.words)(*head);
        let shape = self.layout.shape(info);
        (shape.len(info), if name == 0 { 0 } else { shape.marks() })
    }

    /// Returns `true` if the kind of a type is known.
    pub(super) fn is_known(&self, head: &Head) -> bool {
        let (_, info) = (self.words)(*head);
        self.layout.trailing_len(info).is_some()
    }
}
