//! xz, in Rust, or with the feature `liblzma` in C.

use std::io;

use super::{Decoder, Source};
use crate::limits::MAX_DICTIONARY;

/// Returns a decoder of one stream.
#[cfg(not(feature = "liblzma"))]
pub(super) fn decoder<'a>(source: Source<'a>) -> io::Result<impl Decoder<'a>> {
    Ok(lzma_rust2::XzReader::new_mem_limit(source, false, MAX_DICTIONARY / 1024))
}

#[cfg(not(feature = "liblzma"))]
impl<'a> Decoder<'a> for lzma_rust2::XzReader<Source<'a>> {
    fn finish(self: Box<Self>) -> io::Result<Source<'a>> {
        Ok((*self).into_inner())
    }
}

/// Returns a decoder of one stream.
#[cfg(feature = "liblzma")]
pub(super) fn decoder<'a>(source: Source<'a>) -> io::Result<impl Decoder<'a>> {
    use liblzma::{bufread::XzDecoder, stream::Stream};

    /// What liblzma needs besides the dictionary, with room to spare.
    const STATE: u64 = 1 << 20;
    let stream = Stream::new_stream_decoder(u64::from(MAX_DICTIONARY).saturating_add(STATE), 0)?;
    Ok(XzDecoder::new_stream(source, stream))
}

#[cfg(feature = "liblzma")]
impl<'a> Decoder<'a> for liblzma::bufread::XzDecoder<Source<'a>> {
    fn finish(self: Box<Self>) -> io::Result<Source<'a>> {
        Ok((*self).into_inner())
    }
}
