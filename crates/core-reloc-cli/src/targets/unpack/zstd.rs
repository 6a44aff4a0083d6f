//! zstd, with the checksum that its decoder only computes.

use std::io::{self, Read};

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::{Decoder, Source};
use crate::targets::limits::MAX_DICTIONARY;

/// Reads a frame.
pub(super) struct Zstd<'a> {
    source: Source<'a>,
    decoder: FrameDecoder,
}

impl<'a> Zstd<'a> {
    pub(super) fn new(mut source: Source<'a>) -> io::Result<Self> {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_DICTIONARY.into());
        decoder.init(&mut source).map_err(io::Error::other)?;
        Ok(Self { source, decoder })
    }
}

impl Read for Zstd<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
            self.decoder
                .decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1))
                .map_err(io::Error::other)?;
        }
        self.decoder.read(buffer)
    }
}

impl<'a> Decoder<'a> for Zstd<'a> {
    fn finish(self: Box<Self>) -> io::Result<Source<'a>> {
        let expected = self.decoder.get_checksum_from_data();
        if expected.is_some() && expected != self.decoder.get_calculated_checksum() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum does not fit"));
        }
        Ok(self.source)
    }
}
