//! The header and the sections, put together.

use alloc::vec::Vec;

use zerocopy::IntoBytes;

use super::{Builder, Error, Result};
use crate::{ByteOrder, layout::Layout, raw};

/// How long the header of a BTF or `.BTF.ext` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeaderForm<'a> {
    /// The 24 bytes of the first version, or 32 where they are needed: in BTF for the layout of a
    /// kind above 19, in `.BTF.ext` for CO-RE relocations. BTF's default.
    Shortest,
    /// 32 bytes: BTF with a layout table, `.BTF.ext` with CO-RE relocations. The default of
    /// `.BTF.ext`.
    Full,
    /// 32 bytes as [`HeaderForm::Full`], and further bytes that mean nothing yet.
    Longer(&'a [u8]),
}

impl<'a> HeaderForm<'a> {
    /// Whether the header has the part behind its first 24 bytes, and what comes behind that.
    pub(super) fn parts(self, second_needed: bool) -> (bool, &'a [u8]) {
        match self {
            Self::Shortest => (second_needed, &[]),
            Self::Full => (true, &[]),
            Self::Longer(further) => (true, further),
        }
    }
}

impl Builder<'_> {
    /// The bytes of the BTF: the header, then types, layout table and strings.
    ///
    /// # Errors
    /// The first thing that could not be written, or [`Error::TooMany`] if a section is longer than
    /// the header can say.
    pub fn finish(self) -> Result<Vec<u8>> {
        let Self { order, mut types, strings, layout, layout_needed, header, error, .. } = self;
        if let Some(error) = error {
            return Err(error);
        }
        let (with_table, further) = header.parts(layout_needed);
        let table = if with_table { layout_table(&layout, order) } else { Vec::new() };
        let types_len = types.len();
        if with_table {
            // Only kinds above 19 can leave the end of the types unaligned.
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

/// A header, BTF's or `.BTF.ext`'s: the preamble, and the parts behind it.
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

/// A number as a word of a header.
pub(super) fn word(what: &'static str, value: usize, order: ByteOrder) -> Result<raw::U32> {
    match u32::try_from(value) {
        Ok(value) => Ok(raw::U32::new(value, order)),
        Err(_) => Err(Error::TooMany { what, found: value as u64, allowed: u32::MAX }),
    }
}

/// The table up to the last kind that has a layout; kinds in between that have none get zeros.
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
