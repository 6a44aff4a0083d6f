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

/// Text that is truncated to [`MAX_QUOTE`] bytes.
#[derive(Default)]
pub(super) struct Quote(String);

impl Quote {
    pub(super) fn finish(self) -> String {
        self.0
    }
}

impl Write for Quote {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = MAX_QUOTE.saturating_sub(self.0.len());
        if text.len() <= room {
            self.0.push_str(text);
            return Ok(());
        }
        let end = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        self.0.push_str(text.get(..end).unwrap_or_default());
        if !self.0.ends_with('…') {
            self.0.push('…');
        }
        Err(fmt::Error)
    }
}
