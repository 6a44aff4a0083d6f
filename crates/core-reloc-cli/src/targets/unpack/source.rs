//! Compressed data, of which the next few bytes can be looked at.

use std::io::{self, BufRead, BufReader, Read};

/// Where a decompressor reads from.
pub(super) struct Source<'a> {
    /// Bytes that were looked at, to be read before the others.
    ahead: Vec<u8>,
    rest: BufReader<Box<dyn Read + Send + 'a>>,
    is_exhausted: bool,
}

impl<'a> Source<'a> {
    pub(super) fn new(packed: impl Read + Send + 'a) -> Self {
        let rest = BufReader::with_capacity(64 << 10, Box::new(packed) as Box<_>);
        Self { ahead: Vec::new(), rest, is_exhausted: false }
    }

    /// Whether somebody wanted more than there is.
    pub(super) fn is_exhausted(&self) -> bool {
        self.is_exhausted
    }

    /// Whether the next bytes are these. They stay the next.
    pub(super) fn next_is(&mut self, bytes: &[u8]) -> io::Result<bool> {
        let missing = bytes.len().saturating_sub(self.ahead.len());
        Read::by_ref(&mut self.rest).take(missing as u64).read_to_end(&mut self.ahead)?;
        Ok(self.ahead.starts_with(bytes))
    }
}

impl BufRead for Source<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let bytes = if self.ahead.is_empty() { self.rest.fill_buf()? } else { &self.ahead };
        self.is_exhausted |= bytes.is_empty();
        Ok(bytes)
    }

    fn consume(&mut self, len: usize) {
        if self.ahead.is_empty() {
            self.rest.consume(len);
        } else {
            self.ahead.drain(..len.min(self.ahead.len()));
        }
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.fill_buf()?.read(buffer)?;
        self.consume(len);
        Ok(len)
    }
}
