//! lz4's legacy frame format, which kernel images use.
//!
//! A frame is a sequence of blocks, each preceded by its length. Each block unpacks to 8 MiB, the
//! last one to less. Nothing marks the end of a frame: the data end, another frame starts, or, in a
//! kernel image, the length of the unpacked kernel follows.

use std::io::{self, ErrorKind, Read};

use lz4_flex::block::{decompress_into, get_maximum_output_size};

use super::{Decoder, Source};
use crate::Compression;

/// The most bytes that a block unpacks to.
const BLOCK_LEN: usize = 8 << 20;

/// A frame.
pub(super) struct Lz4Legacy<'a> {
    source: Source<'a>,
    packed: Vec<u8>,
    block: Vec<u8>,
    /// The part of the block that has not been read.
    unread: std::ops::Range<usize>,
    /// `true` if another block may follow.
    may_continue: bool,
}

impl<'a> Lz4Legacy<'a> {
    pub(super) fn new(mut source: Source<'a>) -> io::Result<Self> {
        source.read_exact(&mut [0; 4])?;
        Ok(Self { source, packed: Vec::new(), block: Vec::new(), unread: 0..0, may_continue: true })
    }

    fn next_block(&mut self) -> io::Result<()> {
        self.may_continue = false;
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
        // The length of the unpacked kernel, rather than of a block.
        if len > get_maximum_output_size(BLOCK_LEN) {
            return Ok(());
        }
        self.packed.clear();
        Read::by_ref(&mut self.source).take(len as u64).read_to_end(&mut self.packed)?;
        match self.packed.len() {
            // The length of a small unpacked kernel: nothing follows it.
            0 if !self.block.is_empty() => return Ok(()),
            packed if packed < len => return Err(ErrorKind::UnexpectedEof.into()),
            _ => {}
        }
        self.block.resize(BLOCK_LEN, 0);
        let len = decompress_into(&self.packed, &mut self.block)
            .map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        self.unread = 0..len;
        self.may_continue = len == BLOCK_LEN;
        Ok(())
    }
}

impl Read for Lz4Legacy<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.unread.is_empty() && self.may_continue {
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
