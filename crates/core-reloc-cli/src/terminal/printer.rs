//! The stream for a command's report.

use std::{
    env,
    io::{self, ErrorKind, IsTerminal, Write},
    os::fd::AsFd,
};

use anstream::{AutoStream, ColorChoice, adapter::StripBytes, stream::RawStream};
use owo_colors::Style;
use rustix::termios::tcgetwinsize;

use super::fold::fold;
use crate::arguments::Format;

/// How much is written at once, unless to a terminal.
const BUFFER_LEN: usize = 1 << 16;

/// The width of text for people, in columns, where a terminal does not know its own.
pub(crate) const WIDTH: usize = 80;

/// The least width that lines are folded to. In a narrower terminal, they continue on the next row.
const MIN_WIDTH: usize = 20;

/// The width of a stream that is not a terminal, if it is set. Shells set it for themselves; who exports it asks
/// for folded lines.
const WIDTH_VARIABLE: &str = "COLUMNS";

/// The stream for a command's report: a terminal gets each line at once, and other streams large pieces, without
/// colors.
///
/// Text is folded to the width of the terminal. In a file or pipe each line stays whole, so that it can be
/// searched, unless the environment has `COLUMNS`.
///
/// The caller flushes it at the end.
pub(crate) struct Printer {
    stream: Box<dyn Write + Send>,
    /// What is not written yet.
    pending: Vec<u8>,
    is_terminal: bool,
    has_colors: bool,
    /// The width of the stream; `None` if there is none.
    stream_width: Option<usize>,
    /// The width that lines are folded to.
    width: Option<usize>,
    /// The line that is not complete yet, if lines are folded.
    line: Vec<u8>,
    /// The column that the continuations of the next complete line are indented to.
    hang: Option<usize>,
}

impl Printer {
    /// Opens a stream. Its lines are not folded.
    pub(super) fn new(stream: impl RawStream + IsTerminal + AsFd + Send + 'static) -> Self {
        let (is_terminal, stream_width) = match tcgetwinsize(&stream) {
            Ok(size) if size.ws_col == 0 => (true, Some(WIDTH)),
            Ok(size) => (true, Some(usize::from(size.ws_col))),
            Err(_) => (false, env::var(WIDTH_VARIABLE).ok().and_then(|width| width.parse().ok())),
        };
        let has_colors = AutoStream::choice(&stream) != ColorChoice::Never;
        let stream = UntilClosed(Some(stream));
        let stream: Box<dyn Write + Send> =
            if has_colors { Box::new(stream) } else { Box::new(WithoutColors::new(stream)) };
        Self {
            stream,
            pending: Vec::new(),
            is_terminal,
            has_colors,
            stream_width,
            width: None,
            line: Vec::new(),
            hang: None,
        }
    }

    /// Folds lines if the format is for people.
    pub(crate) fn in_format(self, format: Format) -> Self {
        self.folded_if(matches!(format, Format::Text))
    }

    /// Folds lines to the stream's width, if that is wanted.
    pub(crate) fn folded_if(self, is_wanted: bool) -> Self {
        if is_wanted { self.folded() } else { self }
    }

    /// Folds lines to the stream's width.
    pub(crate) fn folded(mut self) -> Self {
        self.width = self.stream_width.map(|width| width.max(MIN_WIDTH));
        self
    }

    /// Returns the width that lines are folded to. Lines that must not be folded at any space, such as those of
    /// tables, have to fit.
    pub(crate) fn width(&self) -> Option<usize> {
        self.width
    }

    /// Sets the column that the current line continues in if it is folded. The default is four columns more than
    /// its own indentation.
    pub(crate) fn hang(&mut self, column: usize) -> &mut Self {
        self.hang = Some(column);
        self
    }

    /// Returns a style, or none if the stream shows no colors. Unlike a style of its own, this costs nothing to
    /// remove.
    pub(crate) fn if_colored(&self, style: Style) -> Style {
        if self.has_colors { style } else { Style::new() }
    }

    /// Folds the line, and adds it to what is to be written.
    fn fold_line(&mut self, width: usize, end: &str) {
        let text = String::from_utf8_lossy(&self.line);
        let mut folded = String::with_capacity(text.len() + 1);
        fold(&text, width, self.hang.take(), &mut folded);
        self.pending.extend_from_slice(folded.as_bytes());
        self.pending.extend_from_slice(end.as_bytes());
        self.line.clear();
    }

    fn write_pending(&mut self) -> io::Result<()> {
        let written = self.stream.write_all(&self.pending);
        // What cannot be written is not tried again.
        self.pending.clear();
        written
    }
}

impl Write for Printer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.width {
            None => self.pending.extend_from_slice(bytes),
            Some(width) => {
                for part in bytes.split_inclusive(|byte| *byte == b'\n') {
                    match part.strip_suffix(b"\n") {
                        Some(end) => {
                            self.line.extend_from_slice(end);
                            self.fold_line(width, "\n");
                        }
                        None => self.line.extend_from_slice(part),
                    }
                }
            }
        }
        if self.pending.len() >= BUFFER_LEN || self.is_terminal && self.pending.ends_with(b"\n") {
            self.write_pending()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if let (Some(width), false) = (self.width, self.line.is_empty()) {
            self.fold_line(width, "");
        }
        self.write_pending()?;
        self.stream.flush()
    }
}

impl Drop for Printer {
    /// Writes what was printed before an error that ended the command.
    fn drop(&mut self) {
        let _ = self.flush();
    }
}

/// A stream whose reader may close it at any time, as `head` does. Later output is discarded without
/// an error.
pub(super) struct UntilClosed<W>(pub(super) Option<W>);

impl<W: Write> UntilClosed<W> {
    /// Writes to the stream; returns `discarded` if it is closed.
    fn attempt<T>(
        &mut self,
        discarded: T,
        write: impl FnOnce(&mut W) -> io::Result<T>,
    ) -> io::Result<T> {
        match self.0.as_mut().map(write) {
            None => Ok(discarded),
            Some(Err(error)) if error.kind() == ErrorKind::BrokenPipe => {
                self.0 = None;
                Ok(discarded)
            }
            Some(result) => result,
        }
    }
}

impl<W: Write> Write for UntilClosed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.attempt(bytes.len(), |stream| stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt((), W::flush)
    }
}

/// Removes the sequences that set colors. As long as there are none, it only looks for the byte that starts one.
struct WithoutColors<W> {
    stream: W,
    strip: StripBytes,
    /// A sequence has been seen, and the next bytes may be part of it.
    has_sequences: bool,
    /// What remains of the bytes that were written last.
    plain: Vec<u8>,
}

impl<W: Write> WithoutColors<W> {
    fn new(stream: W) -> Self {
        Self { stream, strip: StripBytes::new(), has_sequences: false, plain: Vec::new() }
    }
}

impl<W: Write> Write for WithoutColors<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.has_sequences |= bytes.contains(&b'\x1b');
        if !self.has_sequences {
            return self.stream.write(bytes);
        }
        self.plain.clear();
        self.plain.extend(self.strip.strip_next(bytes).flatten());
        self.stream.write_all(&self.plain)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use owo_colors::OwoColorize;

    use super::*;

    #[test]
    fn sequences_are_removed_even_in_parts() {
        let mut out = Vec::new();
        let mut stream = WithoutColors::new(&mut out);
        for part in ["plain, ", "\x1b", "[1", "mbold\x1b[0m", " and plain\n"] {
            stream.write_all(part.as_bytes()).unwrap();
        }
        write!(stream, "{} and {}", "red".red(), "two".style(Style::new().blue().bold())).unwrap();
        assert_eq!(out, b"plain, bold and plain\nred and two");
    }
}
