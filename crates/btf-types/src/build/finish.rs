//! The header, and the sections in their order.

use alloc::vec::Vec;

use zerocopy::IntoBytes;

use super::{Builder, Error, Result};
use crate::{ByteOrder, layout::Layout, raw};

/// The form of a header, which determines its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeaderForm<'a> {
    /// The 24 bytes of the first version, or 32 if they are needed: in BTF for the layout of a kind above
    /// 22, in `.BTF.ext` for CO-RE relocations. The default of BTF.
    Shortest,
    /// 32 bytes: BTF with a layout table, `.BTF.ext` with CO-RE relocations. The default of
    /// `.BTF.ext`.
    Full,
    /// The 32 bytes of [`HeaderForm::Full`], followed by bytes that readers ignore.
    Longer(&'a [u8]),
}

impl<'a> HeaderForm<'a> {
    /// Returns `true` if the header has the part after its first 24 bytes, and the bytes after that part.
    pub(super) fn parts(self, second_needed: bool) -> (bool, &'a [u8]) {
        match self {
            Self::Shortest => (second_needed, &[]),
            Self::Full => (true, &[]),
            Self::Longer(further) => (true, further),
        }
    }
}

impl Builder<'_> {
    /// Returns the bytes of the BTF: header, types, layout table and strings.
    ///
    /// # Errors
    /// The first error of an earlier call, or [`Error::TooMany`] if a section is too long for the header.
    pub fn finish(self) -> Result<Vec<u8>> {
        let Self { order, mut types, strings, layout, layout_needed, header, error, .. } = self;
        if let Some(error) = error {
            return Err(error);
        }
        let (with_table, further) = header.parts(layout_needed);
        let table = if with_table { layout_table(&layout, order) } else { Vec::new() };
        let types_len = types.len();
        if with_table {
            // With kinds above 22, the end of the types may be unaligned.
            types.resize(types_len.next_multiple_of(4), 0);
        }
        let strings_off = types.len().saturating_add(table.len());
        let sections = raw::HeaderSections {
            type_off: raw::U32::default(),
            type_len: word("bytes of types", types_len, order)?,
            str_off: word("bytes before the strings", strings_off, order)?,
            str_len: word("bytes of strings", strings.bytes().len(), order)?,
        };
        let layout = raw::HeaderLayout {
            layout_off: word("bytes of types", types.len(), order)?,
            layout_len: word("bytes of the layout table", table.len(), order)?,
        };
        let layout = if with_table { layout.as_bytes() } else { &[] };
        let header = header_bytes(&[sections.as_bytes(), layout, further], order)?;
        Ok([&header, &types, &table, strings.bytes()].concat())
    }
}

/// Returns a header, BTF's or `.BTF.ext`'s: the preamble and the parts that follow.
pub(super) fn header_bytes(parts: &[&[u8]], order: ByteOrder) -> Result<Vec<u8>> {
    let parts = parts.concat();
    let len = size_of::<raw::Preamble>().saturating_add(parts.len());
    let preamble = raw::Preamble {
        magic: raw::U16::new(raw::MAGIC, order),
        version: raw::VERSION,
        flags: 0,
        hdr_len: word("bytes of the header", len, order)?,
    };
    Ok([preamble.as_bytes(), &parts].concat())
}

/// Returns a number as a word of a header.
pub(super) fn word(what: &'static str, value: usize, order: ByteOrder) -> Result<raw::U32> {
    match u32::try_from(value) {
        Ok(value) => Ok(raw::U32::new(value, order)),
        Err(_) => Err(Error::TooMany { what, found: value as u64, allowed: u32::MAX }),
    }
}

/// Returns the layout table up to the last kind with a layout. Kinds in between without one get zeros.
fn layout_table(layout: &Layout, order: ByteOrder) -> Vec<u8> {
    let entries: Vec<_> = layout
        .entries()
        .map(|(info_sz, elem_sz)| raw::LayoutEntry {
            info_sz,
            elem_sz,
            flags: raw::U16::new(0, order),
        })
        .collect();
    entries.as_bytes().into()
}
