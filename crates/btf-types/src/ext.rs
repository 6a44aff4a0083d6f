//! `.BTF.ext`: records of functions, lines and CO-RE relocations, grouped by ELF section.

use core::{fmt, iter::FusedIterator, marker::PhantomData, ops::Range};

use zerocopy::FromBytes;

use crate::{
    Btf, ByteOrder, StrOffset, TypeId,
    error::{Error, Result},
    header::{Preamble, read_prefix, section},
    raw,
};

/// A `.BTF.ext` section, borrowed from the bytes that it was parsed from.
///
/// Parsing checks that every sub-section and every record is inside the section. References to the
/// object's `.BTF` are checked when they are followed.
///
/// ```
/// use btf_types::{Btf, BtfExt};
///
/// fn print_relocations(btf: &[u8], ext: &[u8]) -> btf_types::Result<()> {
///     let (btf, ext) = (Btf::parse(btf)?, BtfExt::parse(ext)?);
///     for section in ext.core_relocs().sections() {
///         println!("{}", btf.string(section.name_off())?);
///         for record in section.records() {
///             let root = btf.type_by_id(record.type_id)?;
///             let access = btf.string(record.access_str_off)?;
///             println!("  {:#x}: {} {access}", record.insn_off, root.name()?);
///         }
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct BtfExt<'a> {
    order: ByteOrder,
    core_reloc_len_offset: Option<usize>,
    func_info: Info<'a, FuncInfo>,
    line_info: Info<'a, LineInfo>,
    core_relocs: Info<'a, CoreReloc>,
}

impl<'a> BtfExt<'a> {
    /// Parses a `.BTF.ext` section. Headers without the core_relo part, and longer ones, are accepted.
    ///
    /// # Errors
    /// [`Error::BadMagic`], [`Error::BadVersion`], [`Error::ShortHeader`], [`Error::Truncated`],
    /// [`Error::Misaligned`] or [`Error::BadExt`]. The checks are those of libbpf's `btf_ext_parse`,
    /// except that unknown flags and a sub-section without records are accepted.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let header = ExtHeader::parse(bytes)?;
        let ExtHeader { order, sections, core, .. } = header;
        let func_info = header.sub_section(
            bytes,
            (sections.func_info_off, sections.func_info_len),
            FuncInfo::WHAT,
        )?;
        let line_info = header.sub_section(
            bytes,
            (sections.line_info_off, sections.line_info_len),
            LineInfo::WHAT,
        )?;
        let core_relocs = header.core_relocs(bytes)?;
        Ok(Self {
            order,
            core_reloc_len_offset: core.map(|_| ExtHeader::CORE_RELOC_LEN_OFFSET),
            func_info: Info::parse(bytes, func_info, order)?,
            line_info: Info::parse(bytes, line_info, order)?,
            core_relocs: Info::parse(bytes, core_relocs, order)?,
        })
    }

    /// Parses the CO-RE relocations alone, for a loader that needs nothing else: damage to the records of
    /// functions and lines does not matter.
    ///
    /// # Errors
    /// As [`BtfExt::parse`], for the header and the core_relo sub-section.
    pub fn parse_core_relocs(bytes: &'a [u8]) -> Result<Info<'a, CoreReloc>> {
        let header = ExtHeader::parse(bytes)?;
        Info::parse(bytes, header.core_relocs(bytes)?, header.order)
    }

    /// Returns the byte order, which the magic determines.
    pub fn byte_order(&self) -> ByteOrder {
        self.order
    }

    /// Returns the records of functions.
    pub fn func_info(&self) -> Info<'a, FuncInfo> {
        self.func_info
    }

    /// Returns the records of source lines.
    pub fn line_info(&self) -> Info<'a, LineInfo> {
        self.line_info
    }

    /// Returns the CO-RE relocations.
    pub fn core_relocs(&self) -> Info<'a, CoreReloc> {
        self.core_relocs
    }

    /// Returns the offset in bytes at which the header stores the length of the core_relo sub-section;
    /// `None` for a header without it. Four zero bytes there make the sub-section empty.
    pub fn core_reloc_len_offset(&self) -> Option<usize> {
        self.core_reloc_len_offset
    }
}

/// The header of `.BTF.ext`.
#[derive(Clone, Copy)]
struct ExtHeader {
    order: ByteOrder,
    len: usize,
    sections: raw::ExtSections,
    /// `None` in a header without the core_relo part.
    core: Option<raw::ExtCoreReloc>,
}

impl ExtHeader {
    const NAME: &str = ".BTF.ext header";
    const MIN_LEN: usize = size_of::<raw::Preamble>() + size_of::<raw::ExtSections>();
    const LEN_WITH_CORE: usize = Self::MIN_LEN + size_of::<raw::ExtCoreReloc>();
    const CORE_RELOC_LEN_OFFSET: usize = Self::LEN_WITH_CORE - size_of::<raw::U32>();

    fn parse(bytes: &[u8]) -> Result<Self> {
        let Preamble { order, hdr_len, .. } = Preamble::parse(bytes, Self::NAME, Self::MIN_LEN)?;
        let rest = bytes.get(size_of::<raw::Preamble>()..).unwrap_or_default();
        let (sections, rest) = read_prefix::<raw::ExtSections>(rest, Self::NAME, 8)?;
        let core = if hdr_len >= Self::LEN_WITH_CORE {
            Some(*read_prefix::<raw::ExtCoreReloc>(rest, Self::NAME, Self::MIN_LEN)?.0)
        } else {
            None
        };
        Ok(Self { order, len: hdr_len, sections: *sections, core })
    }

    /// Returns the range of the core_relo sub-section.
    fn core_relocs(&self, bytes: &[u8]) -> Result<Range<usize>> {
        let core = self.core.unwrap_or_default();
        self.sub_section(bytes, (core.core_relo_off, core.core_relo_len), CoreReloc::WHAT)
    }

    /// Checks the offset and length of a sub-section, and returns its range.
    fn sub_section(
        &self,
        bytes: &[u8],
        (offset, len): (raw::U32, raw::U32),
        what: &'static str,
    ) -> Result<Range<usize>> {
        let (offset, len) = (offset.get(self.order), len.get(self.order));
        if !offset.is_multiple_of(4) && len != 0 {
            return Err(Error::Misaligned { what, offset });
        }
        section(bytes, self.len, offset, len, what)
    }
}

mod sealed {
    pub trait Sealed {}
}

/// A record of `.BTF.ext`. Only this crate's records implement it.
pub trait Record: sealed::Sealed + Copy + fmt::Debug {
    #[doc(hidden)]
    const WHAT: &'static str;
    #[doc(hidden)]
    const MIN_SIZE: usize;
    #[doc(hidden)]
    fn read(bytes: &[u8], order: ByteOrder) -> Self;
}

/// A sub-section of `.BTF.ext`: records of one type, grouped by ELF section.
#[derive(Clone, Copy)]
pub struct Info<'a, R> {
    order: ByteOrder,
    record_size: usize,
    sections: &'a [u8],
    record: PhantomData<R>,
}

impl<'a, R: Record> Info<'a, R> {
    fn parse(bytes: &'a [u8], range: Range<usize>, order: ByteOrder) -> Result<Self> {
        let start = range.start;
        let sub_section = bytes.get(range).unwrap_or_default();
        if sub_section.is_empty() {
            let record_size = R::MIN_SIZE;
            return Ok(Self { order, record_size, sections: &[], record: PhantomData });
        }
        let (record_size, sections) = read_prefix::<raw::U32>(sub_section, R::WHAT, start)?;
        let found = record_size.get(order);
        let record_size = found as usize;
        if record_size < R::MIN_SIZE || !found.is_multiple_of(4) {
            let problem = "the record size is too small, or not a multiple of 4";
            return Err(Error::BadExt { what: R::WHAT, offset: start, problem, found });
        }

        let info = Self { order, record_size, sections, record: PhantomData };
        let end = start.saturating_add(sub_section.len());
        let mut rest = sections;
        while !rest.is_empty() {
            let offset = end.saturating_sub(rest.len());
            let (head, following) = read_prefix::<raw::ExtInfoSec>(rest, R::WHAT, offset)?;
            let records = info.records_len(head);
            rest = records.and_then(|len| following.get(len..)).ok_or(Error::BadExt {
                what: R::WHAT,
                offset,
                problem: "the records of an ELF section run past the end",
                found: head.num_info.get(order),
            })?;
        }
        Ok(info)
    }

    /// Returns the length of an ELF section's records in bytes.
    fn records_len(&self, head: &raw::ExtInfoSec) -> Option<usize> {
        self.record_size.checked_mul(head.num_info.get(self.order) as usize)
    }

    /// Returns the size of a record in bytes, which may exceed the fields that this crate reads.
    pub fn record_size(&self) -> usize {
        self.record_size
    }

    /// Returns `true` if the sub-section has no records.
    pub fn is_empty(&self) -> bool {
        self.sections().all(|section| section.is_empty())
    }

    /// Returns the records of the first ELF section of a name, which is in the strings of the object's
    /// `.BTF`.
    pub fn section(&self, btf: &Btf<'_>, name: &str) -> Option<Section<'a, R>> {
        self.sections().find(|section| btf.string(section.name_off).is_ok_and(|one| one == name))
    }

    /// Returns all records, each with its ELF section.
    pub fn records(&self) -> impl Iterator<Item = (Section<'a, R>, R)> + use<'a, R> {
        self.sections().flat_map(|section| section.records().map(move |record| (section, record)))
    }

    /// Returns the records of each ELF section, in the order in which they are stored.
    pub fn sections(&self) -> impl Iterator<Item = Section<'a, R>> + use<'a, R> {
        let info = *self;
        let mut rest = self.sections;
        core::iter::from_fn(move || {
            let (head, following) = raw::ExtInfoSec::ref_from_prefix(rest).ok()?;
            let (records, next) = following.split_at_checked(info.records_len(head)?)?;
            rest = next;
            Some(Section { name_off: StrOffset(head.sec_name_off.get(info.order)), records, info })
        })
    }
}

impl<R: Record> fmt::Debug for Info<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.sections()).finish()
    }
}

/// The records of one ELF section.
#[derive(Clone, Copy)]
pub struct Section<'a, R> {
    name_off: StrOffset,
    records: &'a [u8],
    info: Info<'a, R>,
}

impl<'a, R: Record> Section<'a, R> {
    /// Returns the offset of the ELF section's name in the strings of the object's `.BTF`.
    pub fn name_off(&self) -> StrOffset {
        self.name_off
    }

    /// Returns the number of records.
    pub fn len(&self) -> usize {
        self.records().len()
    }

    /// Returns `true` if there are no records.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Returns the record at an index.
    pub fn get(&self, index: usize) -> Option<R> {
        let start = index.checked_mul(self.info.record_size)?;
        let record = self.records.get(start..)?.get(..self.info.record_size)?;
        Some(R::read(record, self.info.order))
    }

    /// Returns the records in the order in which they are stored.
    pub fn records(
        &self,
    ) -> impl ExactSizeIterator<Item = R> + DoubleEndedIterator + FusedIterator + use<'a, R> {
        let order = self.info.order;
        self.records
            .chunks_exact(self.info.record_size.max(1))
            .map(move |record| R::read(record, order))
    }
}

impl<R: Record> fmt::Debug for Section<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Section")
            .field("name_off", &self.name_off)
            .field("records", &self.len())
            .finish()
    }
}

/// The start of a function (`struct bpf_func_info`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FuncInfo {
    /// The offset of the function's first instruction, in bytes from the start of the section.
    pub insn_off: u32,
    /// The FUNC.
    pub type_id: TypeId,
}

/// The start of a source line (`struct bpf_line_info`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LineInfo {
    /// The offset of the line's first instruction, in bytes from the start of the section.
    pub insn_off: u32,
    /// The name of the file.
    pub file_name_off: StrOffset,
    /// The text of the line.
    pub line_off: StrOffset,
    /// The number of the line, from 1.
    pub line: u32,
    /// The column, from 1; 0 if it is unknown.
    pub column: u32,
}

/// A CO-RE relocation (`struct bpf_core_relo`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CoreReloc {
    /// The offset of the instruction, in bytes from the start of the section.
    pub insn_off: u32,
    /// The root type.
    pub type_id: TypeId,
    /// The access string.
    pub access_str_off: StrOffset,
    /// The relocation kind (`enum bpf_core_relo_kind`): 0 to 12.
    pub kind: u32,
}

/// Implements [`Record`] by decoding a raw record.
macro_rules! record {
    ($view:ident, $what:literal, |$raw:ident: $raw_ty:ty, $get:ident| $read:expr) => {
        impl sealed::Sealed for $view {}

        impl Record for $view {
            const WHAT: &'static str = $what;
            const MIN_SIZE: usize = size_of::<$raw_ty>();

            #[inline]
            fn read(bytes: &[u8], order: ByteOrder) -> Self {
                // Parsing rejects shorter records, so this default is never used.
                let none = <$raw_ty>::default();
                let $raw = <$raw_ty>::ref_from_prefix(bytes).map_or(&none, |(raw, _)| raw);
                let $get = |word: raw::U32| word.get(order);
                $read
            }
        }
    };
}

record!(FuncInfo, "func_info", |raw: raw::FuncInfo, get| Self {
    insn_off: get(raw.insn_off),
    type_id: TypeId(get(raw.type_id)),
});

record!(LineInfo, "line_info", |raw: raw::LineInfo, get| Self {
    insn_off: get(raw.insn_off),
    file_name_off: StrOffset(get(raw.file_name_off)),
    line_off: StrOffset(get(raw.line_off)),
    line: get(raw.line_col) >> 10,
    column: get(raw.line_col) & 0x3ff,
});

record!(CoreReloc, "core_relo", |raw: raw::CoreReloc, get| Self {
    insn_off: get(raw.insn_off),
    type_id: TypeId(get(raw.type_id)),
    access_str_off: StrOffset(get(raw.access_str_off)),
    kind: get(raw.kind),
});
