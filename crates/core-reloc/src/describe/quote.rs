//! Text of limited length, so that hostile names cannot make messages grow.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::{self, Write};

use btf_types::Name;

use crate::limits::MAX_QUOTE;

/// Writes a name for a message: escaped, and truncated to [`MAX_QUOTE`] bytes.
pub fn quote(name: &Name<'_>) -> String {
    match name.get(..MAX_QUOTE) {
        Some(start) if name.len() > MAX_QUOTE => {
            format!("{}…", Name::new(start))
        }
        _ => name.to_string(),
    }
}

/// Appends text to bytes, at most [`MAX_QUOTE`] of them: what follows is left out.
pub(super) struct Quote<'t> {
    bytes: &'t mut Vec<u8>,
    start: usize,
}

impl<'t> Quote<'t> {
    pub(super) fn new(bytes: &'t mut Vec<u8>) -> Self {
        let start = bytes.len();
        Self { bytes, start }
    }

    /// Writes ASCII.
    #[inline]
    pub(super) fn write_ascii(&mut self, ascii: &[u8]) -> fmt::Result {
        self.push(ascii, |_| true)
    }

    /// Returns the end of what has been written so far, which [`Quote::rewind`] goes back to.
    pub(super) fn mark(&self) -> usize {
        self.bytes.len()
    }

    /// Removes what has been written since a mark.
    pub(super) fn rewind(&mut self, mark: usize) {
        self.bytes.truncate(mark);
    }

    /// Appends text, or the part of it that there is room for: it may be cut at the boundaries of characters.
    #[inline]
    fn push(&mut self, text: &[u8], is_boundary: impl Fn(usize) -> bool) -> fmt::Result {
        let written = self.bytes.len().saturating_sub(self.start);
        let room = MAX_QUOTE.saturating_sub(written);
        if text.len() <= room {
            self.bytes.extend_from_slice(text);
            return Ok(());
        }
        let end = (0..=room).rev().find(|end| is_boundary(*end)).unwrap_or(0);
        self.end_with(text.get(..end).unwrap_or_default());
        Err(fmt::Error)
    }

    /// Appends the last part that there is room for, and an ellipsis.
    #[cold]
    fn end_with(&mut self, part: &[u8]) {
        let ellipsis = "…".as_bytes();
        self.bytes.extend_from_slice(part);
        if !self.bytes.ends_with(ellipsis) {
            self.bytes.extend_from_slice(ellipsis);
        }
    }
}

impl Write for Quote<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes(), |end| text.is_char_boundary(end))
    }
}
