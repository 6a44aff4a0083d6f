//! Looking for BTF and for compressed data in the bytes of an image.

use std::ops::Range;

use btf_types::{Btf, Header};
use memchr::memmem;

use super::{Compression, limits::MAX_BTF_CANDIDATES};

/// Where a kernel's BTF is among other bytes: the largest BTF that is sound and no module's.
///
/// Its time is linear in the number of bytes, whatever they are: each place with the magic costs a
/// look at a header, and only the few largest are read further.
pub(super) fn find_btf(bytes: &[u8]) -> Option<Range<usize>> {
    let mut largest: Vec<Range<usize>> = Vec::new();
    for magic in [b"\x9f\xeb\x01", b"\xeb\x9f\x01"] {
        for start in memmem::find_iter(bytes, magic) {
            let Some(found) = plausible_btf(bytes, start) else { continue };
            let place = largest.partition_point(|other| other.len() >= found.len());
            if place < MAX_BTF_CANDIDATES {
                largest.insert(place, found);
                largest.truncate(MAX_BTF_CANDIDATES);
            }
        }
    }
    let is_btf = |place: &Range<usize>| {
        let btf = bytes.get(place.clone()).map(Btf::parse);
        btf.is_some_and(|btf| btf.is_ok_and(|btf| btf.validate().is_ok()))
    };
    largest.into_iter().find(is_btf)
}

/// The extent of the BTF at `start`, if that is what a header is there of.
fn plausible_btf(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let bytes = bytes.get(start..)?;
    let header = Header::parse(bytes).ok()?;
    let (types, strings) = (header.types(), header.strings());
    let text = bytes.get(strings.clone())?;
    if types.is_empty() || text.first() != Some(&0) || text.last() != Some(&0) {
        return None;
    }
    let len = types.end.max(strings.end).max(header.layout().end);
    Some(start..start.saturating_add(len))
}

/// Where compressed data may start, from the front.
pub(super) fn find_packed(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let mut found: Vec<_> = Compression::ALL
        .map(|compression| {
            let starts = memmem::find_iter(bytes, compression.magic());
            let begins = move |start: &usize| {
                bytes.get(*start..).is_some_and(|bytes| compression.begins(bytes))
            };
            starts.filter(begins).peekable()
        })
        .into();
    // Merged as they are found: there may be as many as a third of the bytes.
    std::iter::from_fn(move || {
        let first = found.iter_mut().filter_map(|starts| Some((*starts.peek()?, starts)));
        let (_, starts) = first.min_by_key(|(start, _)| *start)?;
        starts.next()
    })
}
