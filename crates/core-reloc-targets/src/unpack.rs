//! Streaming decompression.

mod lz4;
mod xz;

use std::io::{self, BufRead, BufReader, Read};

use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;
use lz4_flex::frame::FrameDecoder as Lz4Decoder;
use lzma_rust2::LzmaReader;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder as ZstdDecoder};

use self::lz4::Lz4Legacy;
use crate::{Compression, limits::MAX_DICTIONARY};

/// Returns a reader of the unpacked data.
///
/// Concatenated streams of the same compression are unpacked as one. Other data after a stream are
/// not an error: kernel images continue after the packed kernel.
pub(crate) fn unpack<'a>(
    compression: Compression,
    packed: impl Read + Send + 'a,
) -> impl Read + Send + 'a {
    Unpacking { compression, state: State::Start(Source::new(packed)) }
}

struct Unpacking<'a> {
    compression: Compression,
    state: State<'a>,
}

enum State<'a> {
    /// Before a stream.
    Start(Source<'a>),
    Inside(Box<dyn Decoder<'a> + 'a>),
    /// At the end, or after an error, after which some decoders must not be called again.
    End,
}

impl Read for Unpacking<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(&mut self.state, State::End) {
                State::Start(source) => {
                    self.state = State::Inside(decoder(self.compression, source)?);
                }
                State::Inside(mut decoder) => match decoder.read(buffer)? {
                    0 => {
                        let mut source = decoder.finish()?;
                        if source.next_is(self.compression.magic())? {
                            self.state = State::Start(source);
                        }
                    }
                    len => {
                        self.state = State::Inside(decoder);
                        return Ok(len);
                    }
                },
                State::End => return Ok(0),
            }
        }
    }
}

/// A decompressor of one stream.
trait Decoder<'a>: Read + Send {
    /// Returns what follows the stream, all of which was read.
    ///
    /// # Errors
    /// Returns an error if the stream is incomplete or its checksum is wrong.
    fn finish(self: Box<Self>) -> io::Result<Source<'a>>;
}

fn decoder<'a>(
    compression: Compression,
    source: Source<'a>,
) -> io::Result<Box<dyn Decoder<'a> + 'a>> {
    const MAX_KIB: u32 = MAX_DICTIONARY / 1024;
    Ok(match compression {
        Compression::Gzip => Box::new(GzDecoder::new(source)),
        Compression::Xz => Box::new(xz::decoder(source)?),
        Compression::Zstd => Box::new(Zstd::new(source)?),
        Compression::Lz4 => Box::new(Lz4Decoder::new(source)),
        Compression::Lz4Legacy => Box::new(Lz4Legacy::new(source)?),
        Compression::Bzip2 => Box::new(BzDecoder::new(source)),
        Compression::Lzma => Box::new(LzmaReader::new_mem_limit(source, MAX_KIB, None)?),
    })
}

impl<'a> Decoder<'a> for GzDecoder<Source<'a>> {
    fn finish(self: Box<Self>) -> io::Result<Source<'a>> {
        Ok((*self).into_inner())
    }
}

impl<'a> Decoder<'a> for BzDecoder<Source<'a>> {
    fn finish(self: Box<Self>) -> io::Result<Source<'a>> {
        Ok((*self).into_inner())
    }
}

impl<'a> Decoder<'a> for Lz4Decoder<Source<'a>> {
    fn finish(self: Box<Self>) -> io::Result<Source<'a>> {
        let source = (*self).into_inner();
        // The decoder treats the end of the data as the end of the frame, which has a mark.
        if source.is_exhausted() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(source)
    }
}

impl<'a> Decoder<'a> for LzmaReader<Source<'a>> {
    fn finish(self: Box<Self>) -> io::Result<Source<'a>> {
        // The decoder has read ahead, but no stream can follow: there is no magic to recognize it.
        Ok(Source::new(io::empty()))
    }
}

/// A zstd frame. Its decoder computes the checksum but does not compare it.
struct Zstd<'a> {
    source: Source<'a>,
    decoder: ZstdDecoder,
}

impl<'a> Zstd<'a> {
    fn new(mut source: Source<'a>) -> io::Result<Self> {
        let mut decoder = ZstdDecoder::new();
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
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum is wrong"));
        }
        Ok(self.source)
    }
}

/// Compressed data, with a look at the next bytes.
struct Source<'a> {
    /// Bytes that `next_is` has read and that come before the rest.
    ahead: Vec<u8>,
    rest: BufReader<Box<dyn Read + Send + 'a>>,
    is_exhausted: bool,
}

impl<'a> Source<'a> {
    fn new(packed: impl Read + Send + 'a) -> Self {
        let rest = BufReader::with_capacity(64 << 10, Box::new(packed) as Box<_>);
        Self { ahead: Vec::new(), rest, is_exhausted: false }
    }

    /// Returns `true` if a read has reached the end of the data.
    fn is_exhausted(&self) -> bool {
        self.is_exhausted
    }

    /// Returns `true` if the next bytes are `bytes`, without consuming them.
    fn next_is(&mut self, bytes: &[u8]) -> io::Result<bool> {
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
