//! Readers of a whole archive, up to a limit, and of one entry.

use std::io::{self, ErrorKind, Read};

use super::header::BLOCK_LEN;

/// A reader of an archive up to a limit.
pub(super) struct Bounded {
    inner: Box<dyn Read + Send>,
    position: u64,
    limit: u64,
    is_exceeded: bool,
    /// The first error, which every later read returns again.
    failure: Option<(ErrorKind, String)>,
}

impl Bounded {
    pub(super) fn new(inner: impl Read + Send + 'static, limit: u64) -> Self {
        Self { inner: Box::new(inner), position: 0, limit, is_exceeded: false, failure: None }
    }

    /// Returns the number of bytes read.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Returns the number of bytes read, if it exceeds the limit.
    pub(super) fn exceeded(&self) -> Option<u64> {
        self.is_exceeded.then_some(self.position)
    }
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.is_exceeded {
            return Err(io::Error::other("the archive is too large"));
        }
        if let Some((kind, reason)) = &self.failure {
            return Err(io::Error::new(*kind, reason.as_str()));
        }
        let len = match self.inner.read(buffer) {
            Err(error) if error.kind() != ErrorKind::Interrupted => {
                self.failure = Some((error.kind(), error.to_string()));
                return Err(error);
            }
            result => result?,
        };
        self.position = self.position.saturating_add(len as u64);
        self.is_exceeded = self.position > self.limit;
        Ok(len)
    }
}

/// A reader of an entry. It is an error if the archive ends before the entry.
pub(super) struct EntryReader<'a> {
    archive: &'a mut Bounded,
    remaining: u64,
    /// The number of bytes that fill the last block.
    padding: u64,
}

impl<'a> EntryReader<'a> {
    pub(super) fn new(archive: &'a mut Bounded, len: u64) -> Self {
        let block = BLOCK_LEN as u64;
        let padding = len.checked_next_multiple_of(block).unwrap_or(len).saturating_sub(len);
        Self { archive, remaining: len, padding }
    }

    /// Skips the rest of the entry.
    pub(super) fn skip(&mut self) -> io::Result<()> {
        self.remaining = self.remaining.saturating_add(self.padding);
        self.padding = 0;
        io::copy(self, &mut io::sink()).map(drop)
    }
}

impl Read for EntryReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.remaining).unwrap_or(usize::MAX).min(buffer.len());
        let buffer = buffer.get_mut(..wanted).unwrap_or_default();
        let len = self.archive.read(buffer)?;
        if len == 0 && wanted > 0 {
            let why = format!("the archive ends {} bytes too early", self.remaining);
            return Err(io::Error::new(ErrorKind::UnexpectedEof, why));
        }
        self.remaining = self.remaining.saturating_sub(len as u64);
        Ok(len)
    }
}
