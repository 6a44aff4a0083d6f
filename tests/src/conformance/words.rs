//! The words of BTF and `.BTF.ext`, read without the code under test.

/// Bytes whose magic determines the byte order of their words.
pub(super) struct Words<'b> {
    bytes: &'b [u8],
    /// Whether the byte order is not the host's.
    pub(super) is_foreign: bool,
}

impl<'b> Words<'b> {
    /// Returns `None` without a magic.
    pub(super) fn of(bytes: &'b [u8]) -> Option<Self> {
        let magic = u16::from_ne_bytes(*bytes.first_chunk()?);
        let is_foreign = magic != 0xeb9f;
        (!is_foreign || magic.swap_bytes() == 0xeb9f).then_some(Self { bytes, is_foreign })
    }

    /// Returns the word at an offset in bytes.
    pub(super) fn at(&self, offset: usize) -> Option<u32> {
        let word = *self.bytes.get(offset..)?.first_chunk()?;
        Some(u32::from_ne_bytes(self.in_order(word)))
    }

    /// Converts a word between the host's byte order and this one.
    pub(super) fn in_order(&self, mut word: [u8; 4]) -> [u8; 4] {
        if self.is_foreign {
            word.reverse();
        }
        word
    }
}
