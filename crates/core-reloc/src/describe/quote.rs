//! Text of limited length, so that hostile names cannot make messages grow.

use alloc::{
    format,
    string::{String, ToString},
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

/// Appends to a text, at most [`MAX_QUOTE`] bytes: what follows is left out.
pub(super) struct Quote<'t> {
    text: &'t mut String,
    start: usize,
}

impl<'t> Quote<'t> {
    pub(super) fn new(text: &'t mut String) -> Self {
        let start = text.len();
        Self { text, start }
    }
}

impl Write for Quote<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let written = self.text.len().saturating_sub(self.start);
        let room = MAX_QUOTE.saturating_sub(written);
        if text.len() <= room {
            self.text.push_str(text);
            return Ok(());
        }
        let end = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        self.text.push_str(text.get(..end).unwrap_or_default());
        if !self.text.ends_with('…') {
            self.text.push('…');
        }
        Err(fmt::Error)
    }
}
