//! A bound on what is kept of differences.

/// The bytes that differences may still take.
#[derive(Debug)]
pub(super) struct Room {
    bytes: usize,
}

impl Room {
    /// Creates the room for the differences of input of a number of bytes: some times as many. The differences
    /// between two kernels ten years apart take less.
    pub(super) fn for_input(bytes: usize) -> Self {
        const BASE: usize = 8 << 20;
        const TIMES: usize = 4;
        Self { bytes: bytes.saturating_mul(TIMES).saturating_add(BASE) }
    }

    /// Takes the bytes of a value and of the text in it; returns `None` if there is no room.
    pub(super) fn take<T>(&mut self, text: usize) -> Option<()> {
        // A vector has room for twice as many values as are in it.
        let value = size_of::<T>().saturating_mul(2);
        self.bytes = self.bytes.checked_sub(value.saturating_add(text))?;
        Some(())
    }
}
