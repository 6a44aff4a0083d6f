//! The header of a BTF, which locates its sections.

use core::ops::Range;

use zerocopy::FromBytes;

use crate::{
    ByteOrder,
    error::{Error, Result},
    raw,
};

/// The start of a header, which BTF and `.BTF.ext` have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Preamble {
    pub(crate) order: ByteOrder,
    pub(crate) flags: u8,
    pub(crate) hdr_len: usize,
}

impl Preamble {
    /// Reads and checks the start of a header of at least `min_len` bytes.
    pub(crate) fn parse(bytes: &[u8], what: &'static str, min_len: usize) -> Result<Self> {
        let (preamble, _) = read_prefix::<raw::Preamble>(bytes, what, 0)?;
        let order = if preamble.magic.get(ByteOrder::Little) == raw::MAGIC {
            ByteOrder::Little
        } else if preamble.magic.get(ByteOrder::Big) == raw::MAGIC {
            ByteOrder::Big
        } else {
            return Err(Error::BadMagic { found: zerocopy::transmute!(preamble.magic) });
        };
        if preamble.version != raw::VERSION {
            return Err(Error::BadVersion { found: preamble.version });
        }
        let hdr_len = preamble.hdr_len.get(order) as usize;
        if hdr_len < min_len {
            return Err(Error::ShortHeader { found: hdr_len, allowed: min_len });
        }
        if bytes.len() < hdr_len {
            let available = bytes.len();
            return Err(Error::Truncated { what, offset: 0, needed: hdr_len, available });
        }
        Ok(Self { order, flags: preamble.flags, hdr_len })
    }
}

/// Reads the record at the start of `bytes`, which start at `offset` in the input.
pub(crate) fn read_prefix<'a, T>(
    bytes: &'a [u8],
    what: &'static str,
    offset: usize,
) -> Result<(&'a T, &'a [u8])>
where
    T: FromBytes + zerocopy::Immutable + zerocopy::KnownLayout + zerocopy::Unaligned,
{
    T::ref_from_prefix(bytes).map_err(|_| Error::Truncated {
        what,
        offset,
        needed: size_of::<T>(),
        available: bytes.len(),
    })
}

/// Returns the range of a section in the input, given its offset from the end of the header.
pub(crate) fn section(
    bytes: &[u8],
    hdr_len: usize,
    offset: u32,
    len: u32,
    what: &'static str,
) -> Result<Range<usize>> {
    let start = hdr_len.saturating_add(offset as usize);
    let end = start.saturating_add(len as usize);
    if end > bytes.len() {
        return Err(Error::Truncated {
            what,
            offset: start,
            needed: len as usize,
            available: bytes.len().saturating_sub(start),
        });
    }
    Ok(start..end)
}

/// The header of a BTF, with its sections as ranges of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    order: ByteOrder,
    flags: u8,
    hdr_len: usize,
    types: Range<usize>,
    strings: Range<usize>,
    layout: Range<usize>,
}

impl Header {
    /// Reads the header, and checks that the sections are inside `bytes` and the types end before the
    /// strings start.
    ///
    /// Accepts headers of 24 bytes, of 32 (with a layout table), and longer ones, whose further bytes are
    /// ignored. The checks are those of libbpf's `btf_parse_hdr`. The layout table may start anywhere.
    ///
    /// # Errors
    /// [`Error::BadMagic`], [`Error::BadVersion`], [`Error::ShortHeader`], [`Error::Truncated`],
    /// [`Error::Misaligned`] or [`Error::SectionsOverlap`].
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        const MIN_LEN: usize = size_of::<raw::Preamble>() + size_of::<raw::HeaderSections>();
        const WITH_LAYOUT: usize = MIN_LEN + size_of::<raw::HeaderLayout>();

        let Preamble { order, flags, hdr_len } = Preamble::parse(bytes, "BTF header", MIN_LEN)?;
        let rest = bytes.get(size_of::<raw::Preamble>()..).unwrap_or_default();
        let (sections, rest) = read_prefix::<raw::HeaderSections>(rest, "BTF header", 8)?;
        let word = |word: raw::U32| word.get(order);

        let (type_off, type_len) = (word(sections.type_off), word(sections.type_len));
        let (str_off, str_len) = (word(sections.str_off), word(sections.str_len));
        if !type_off.is_multiple_of(4) {
            return Err(Error::Misaligned { what: "type section", offset: type_off });
        }
        let types_end = u64::from(type_off).saturating_add(u64::from(type_len));
        if types_end > u64::from(str_off) {
            return Err(Error::SectionsOverlap { types_end, strings_start: str_off });
        }
        let layout = if hdr_len >= WITH_LAYOUT {
            let (layout, _) = read_prefix::<raw::HeaderLayout>(rest, "BTF header", MIN_LEN)?;
            let (offset, len) = (word(layout.layout_off), word(layout.layout_len));
            section(bytes, hdr_len, offset, len, "layout table")?
        } else {
            0..0
        };
        Ok(Self {
            order,
            flags,
            hdr_len,
            types: section(bytes, hdr_len, type_off, type_len, "type section")?,
            strings: section(bytes, hdr_len, str_off, str_len, "string section")?,
            layout,
        })
    }

    /// Returns the byte order, which the magic determines.
    #[inline]
    pub fn byte_order(&self) -> ByteOrder {
        self.order
    }

    /// Returns the flags. The format defines none.
    pub fn flags(&self) -> u8 {
        self.flags
    }

    /// Returns the length of the header itself in bytes: `hdr_len`.
    pub fn size(&self) -> usize {
        self.hdr_len
    }

    /// Returns the range of the type section in the input.
    pub fn types(&self) -> Range<usize> {
        self.types.clone()
    }

    /// Returns the range of the string section in the input.
    pub fn strings(&self) -> Range<usize> {
        self.strings.clone()
    }

    /// Returns the range of the layout table in the input, which is empty if there is none.
    pub fn layout(&self) -> Range<usize> {
        self.layout.clone()
    }
}
