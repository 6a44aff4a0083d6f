//! lz4's legacy frames, as kernels have them.
//!
//! A frame is a sequence of blocks, each behind its length, which unpack to 8 MiB each, the last to
//! less. No mark says that a frame is over: there the data end, another frame begins, or, in a kernel
//! image, the length of the unpacked kernel follows.

use std::io::{self, ErrorKind, Read};

use lz4_flex::block::{decompress_into, get_maximum_output_size};

use super::{Decoder, Source};
use crate::targets::Compression;

/// What a block unpacks to, at most.
const BLOCK_LEN: usize = 8 << 20;

/// Reads a frame.
pub(super) struct Lz4Legacy<'a> {
    source: Source<'a>,
    packed: Vec<u8>,
    block: Vec<u8>,
    /// The part of the block that was not read yet.
    unread: std::ops::Range<usize>,
    /// Whether there may be another block.
    goes_on: bool,
}

impl<'a> Lz4Legacy<'a> {
    pub(super) fn new(mut source: Source<'a>) -> io::Result<Self> {
        source.read_exact(&mut [0; 4])?;
        Ok(Self { source, packed: Vec::new(), block: Vec::new(), unread: 0..0, goes_on: true })
    }

    fn next_block(&mut self) -> io::Result<()> {
        self.goes_on = false;
        if self.source.next_is(Compression::Lz4Legacy.magic())? {
            return Ok(());
        }
        let mut len = Vec::new();
        Read::by_ref(&mut self.source).take(4).read_to_end(&mut len)?;
        let len = match <[u8; 4]>::try_from(len.as_slice()) {
            Ok(len) => u32::from_le_bytes(len) as usize,
            Err(_) if len.is_empty() => return Ok(()),
            Err(_) => return Err(ErrorKind::UnexpectedEof.into()),
        };
        // Not a block's length, but that of the kernel.
        if len > get_maximum_output_size(BLOCK_LEN) {
            return Ok(());
        }
        self.packed.clear();
        Read::by_ref(&mut self.source).take(len as u64).read_to_end(&mut self.packed)?;
        match self.packed.len() {
            // The same, of a small kernel: it cannot be a block's, if nothing follows.
            0 if !self.block.is_empty() => return Ok(()),
            packed if packed < len => return Err(ErrorKind::UnexpectedEof.into()),
            _ => {}
        }
        self.block.resize(BLOCK_LEN, 0);
        let len = decompress_into(&self.packed, &mut self.block)
            .map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        self.unread = 0..len;
        self.goes_on = len == BLOCK_LEN;
        Ok(())
    }
}

impl Read for Lz4Legacy<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.unread.is_empty() && self.goes_on {
            self.next_block()?;
        }
        let mut unread = self.block.get(self.unread.clone()).unwrap_or_default();
        let len = unread.read(buffer)?;
        self.unread.start = self.unread.start.saturating_add(len);
        Ok(len)
    }
}

impl<'a> Decoder<'a> for Lz4Legacy<'a> {
    fn finish(self: Box<Self>) -> io::Result<Source<'a>> {
        Ok(self.source)
    }
}
