//! Decompression, as a stream.

mod lz4;
mod source;
mod zstd;

use std::io::{self, Read};

use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;
use lz4_flex::frame::FrameDecoder;
use lzma_rust2::{LzmaReader, XzReader};

use self::{lz4::Lz4Legacy, source::Source, zstd::Zstd};
use super::{Compression, limits::MAX_DICTIONARY};

/// Reads what compressed data unpack to.
///
/// Where data of the same compression follow, they are unpacked as well; where anything else does, it
/// is left alone: a kernel image goes on behind its packed kernel.
pub(super) fn unpack<'a>(
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
    /// In front of a stream.
    Start(Source<'a>),
    Inside(Box<dyn Decoder<'a> + 'a>),
    /// At the end, or behind an error: some decoders must not be asked again.
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

/// A decompressor.
trait Decoder<'a>: Read + Send {
    /// Gives back what is behind the stream, once all of it was read.
    ///
    /// # Errors
    /// The stream was not complete, or not right.
    fn finish(self: Box<Self>) -> io::Result<Source<'a>>;
}

fn decoder<'a>(
    compression: Compression,
    source: Source<'a>,
) -> io::Result<Box<dyn Decoder<'a> + 'a>> {
    const MAX_KIB: u32 = MAX_DICTIONARY / 1024;
    Ok(match compression {
        Compression::Gzip => Box::new(GzDecoder::new(source)),
        Compression::Xz => Box::new(XzReader::new_mem_limit(source, false, MAX_KIB)),
        Compression::Zstd => Box::new(Zstd::new(source)?),
        Compression::Lz4 => Box::new(FrameDecoder::new(source)),
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

impl<'a> Decoder<'a> for XzReader<Source<'a>> {
    fn finish(self: Box<Self>) -> io::Result<Source<'a>> {
        Ok((*self).into_inner())
    }
}

impl<'a> Decoder<'a> for BzDecoder<Source<'a>> {
    fn finish(self: Box<Self>) -> io::Result<Source<'a>> {
        Ok((*self).into_inner())
    }
}

impl<'a> Decoder<'a> for FrameDecoder<Source<'a>> {
    fn finish(self: Box<Self>) -> io::Result<Source<'a>> {
        let source = (*self).into_inner();
        // It takes the end of the data for that of the frame, which has a mark of its own.
        if source.is_exhausted() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(source)
    }
}

impl<'a> Decoder<'a> for LzmaReader<Source<'a>> {
    fn finish(self: Box<Self>) -> io::Result<Source<'a>> {
        // It has read ahead, but nothing can follow: without a magic, that would be a guess.
        Ok(Source::new(io::empty()))
    }
}
