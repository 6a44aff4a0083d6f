//! `.BTF.ext`: function, line and CO-RE relocation records, by ELF section.

use core::{fmt, iter::FusedIterator, marker::PhantomData, ops::Range};

use zerocopy::FromBytes;

use crate::{
    ByteOrder, StrOffset, TypeId,
    error::{Error, Result},
    header::{Preamble, read_prefix, section},
    raw,
};

/// A `.BTF.ext` section, borrowed from the bytes that it was parsed from.
///
/// Parsing checks that every sub-section and every record lies inside. What records refer to, in
/// the `.BTF` beside, is checked when it is followed.
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
    core_reloc_len_at: Option<usize>,
    func_info: Info<'a, FuncInfo>,
    line_info: Info<'a, LineInfo>,
    core_relocs: Info<'a, CoreReloc>,
}

impl<'a> BtfExt<'a> {
    /// Parses the section. Headers without the core_relo part, and longer ones, are accepted.
    ///
    /// # Errors
    /// [`Error::BadMagic`], [`Error::BadVersion`], [`Error::ShortHeader`], [`Error::Truncated`],
    /// [`Error::Misaligned`] or [`Error::BadExt`]. The checks are those of libbpf's
    /// `btf_ext_parse`, but that unknown flags and a sub-section without records are accepted.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        const HEADER: &str = ".BTF.ext header";
        const LEAST: usize = size_of::<raw::Preamble>() + size_of::<raw::ExtSections>();
        const WITH_CORE: usize = LEAST + size_of::<raw::ExtCoreReloc>();
        const LEN_AT: usize = WITH_CORE - size_of::<raw::U32>();

        let Preamble { order, hdr_len, .. } = Preamble::parse(bytes, HEADER, LEAST)?;
        let rest = bytes.get(size_of::<raw::Preamble>()..).unwrap_or_default();
        let (sections, rest) = read_prefix::<raw::ExtSections>(rest, HEADER, 8)?;
        let core = if hdr_len >= WITH_CORE {
            *read_prefix::<raw::ExtCoreReloc>(rest, HEADER, LEAST)?.0
        } else {
            raw::ExtCoreReloc::default()
        };
        let place = |offset: raw::U32, len: raw::U32, what| -> Result<Range<usize>> {
            let (offset, len) = (offset.get(order), len.get(order));
            if !offset.is_multiple_of(4) && len != 0 {
                return Err(Error::Misaligned { what, offset });
            }
            section(bytes, hdr_len, offset, len, what)
        };
        let func_info = place(sections.func_info_off, sections.func_info_len, FuncInfo::WHAT)?;
        let line_info = place(sections.line_info_off, sections.line_info_len, LineInfo::WHAT)?;
        let core_relocs = place(core.core_relo_off, core.core_relo_len, CoreReloc::WHAT)?;
        Ok(Self {
            order,
            core_reloc_len_at: (hdr_len >= WITH_CORE).then_some(LEN_AT),
            func_info: Info::parse(bytes, func_info, order)?,
            line_info: Info::parse(bytes, line_info, order)?,
            core_relocs: Info::parse(bytes, core_relocs, order)?,
        })
    }

    /// The byte order, as the magic tells it.
    pub fn byte_order(&self) -> ByteOrder {
        self.order
    }

    /// Where functions begin.
    pub fn func_info(&self) -> Info<'a, FuncInfo> {
        self.func_info
    }

    /// Where source lines begin.
    pub fn line_info(&self) -> Info<'a, LineInfo> {
        self.line_info
    }

    /// The CO-RE relocations.
    pub fn core_relocs(&self) -> Info<'a, CoreReloc> {
        self.core_relocs
    }

    /// Where the header keeps the length of the core_relo sub-section, in bytes from its start; a
    /// header from before CO-RE has none. Four zero bytes there empty the sub-section.
    pub fn core_reloc_len_offset(&self) -> Option<usize> {
        self.core_reloc_len_at
    }
}

mod sealed {
    pub trait Sealed {}
}

/// A sort of record of `.BTF.ext`. Implemented by this crate's records only.
pub trait Record: sealed::Sealed + Copy + fmt::Debug {
    #[doc(hidden)]
    const WHAT: &'static str;
    #[doc(hidden)]
    const LEAST_SIZE: usize;
    #[doc(hidden)]
    fn read(bytes: &[u8], order: ByteOrder) -> Self;
}

/// One sub-section of `.BTF.ext`: records of one sort, grouped by ELF section.
#[derive(Clone, Copy)]
pub struct Info<'a, R> {
    order: ByteOrder,
    record_size: usize,
    groups: &'a [u8],
    record: PhantomData<R>,
}

impl<'a, R: Record> Info<'a, R> {
    fn parse(bytes: &'a [u8], place: Range<usize>, order: ByteOrder) -> Result<Self> {
        let start = place.start;
        let section = bytes.get(place).unwrap_or_default();
        if section.is_empty() {
            let record_size = R::LEAST_SIZE;
            return Ok(Self { order, record_size, groups: &[], record: PhantomData });
        }
        let (record_size, groups) = read_prefix::<raw::U32>(section, R::WHAT, start)?;
        let found = record_size.get(order);
        let record_size = found as usize;
        if record_size < R::LEAST_SIZE || !found.is_multiple_of(4) {
            let problem = "the record size is too small, or not a multiple of 4";
            return Err(Error::BadExt { what: R::WHAT, offset: start, problem, found });
        }

        let info = Self { order, record_size, groups, record: PhantomData };
        let end = start.saturating_add(section.len());
        let mut rest = groups;
        while !rest.is_empty() {
            let offset = end.saturating_sub(rest.len());
            let (head, behind) = read_prefix::<raw::ExtInfoSec>(rest, R::WHAT, offset)?;
            let records = info.records_len(head);
            rest = records.and_then(|len| behind.get(len..)).ok_or(Error::BadExt {
                what: R::WHAT,
                offset,
                problem: "the records of an ELF section run past the end",
                found: head.num_info.get(order),
            })?;
        }
        Ok(info)
    }

    /// Bytes of all the records of one ELF section.
    fn records_len(&self, head: &raw::ExtInfoSec) -> Option<usize> {
        self.record_size.checked_mul(head.num_info.get(self.order) as usize)
    }

    /// Bytes from one record to the next; at least what the format's first version has.
    pub fn record_size(&self) -> usize {
        self.record_size
    }

    /// Whether there are no records at all.
    pub fn is_empty(&self) -> bool {
        self.sections().all(|section| section.is_empty())
    }

    /// The ELF sections that have records, in the order in which they are stored.
    pub fn sections(&self) -> impl Iterator<Item = Section<'a, R>> + use<'a, R> {
        let info = *self;
        let mut rest = self.groups;
        core::iter::from_fn(move || {
            let (head, behind) = raw::ExtInfoSec::ref_from_prefix(rest).ok()?;
            let (records, next) = behind.split_at_checked(info.records_len(head)?)?;
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
    /// The name of the ELF section, in the strings of the `.BTF` beside.
    pub fn name_off(&self) -> StrOffset {
        self.name_off
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.records().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// One record, by its number from 0.
    pub fn get(&self, index: usize) -> Option<R> {
        let start = index.checked_mul(self.info.record_size)?;
        let record = self.records.get(start..)?.get(..self.info.record_size)?;
        Some(R::read(record, self.info.order))
    }

    /// The records, in the order in which they are stored.
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

/// A function begins (`struct bpf_func_info`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FuncInfo {
    /// Bytes from the start of the section to the function's first instruction.
    pub insn_off: u32,
    /// The FUNC.
    pub type_id: TypeId,
}

/// A source line begins (`struct bpf_line_info`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LineInfo {
    /// Bytes from the start of the section to the line's first instruction.
    pub insn_off: u32,
    /// The name of the file.
    pub file_name_off: StrOffset,
    /// The text of the line.
    pub line_off: StrOffset,
    /// The number of the line, from 1.
    pub line: u32,
    /// The column, from 1; 0 if it is not known.
    pub column: u32,
}

/// A CO-RE relocation (`struct bpf_core_relo`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CoreReloc {
    /// Bytes from the start of the section to the instruction.
    pub insn_off: u32,
    /// The root type.
    pub type_id: TypeId,
    /// The access string.
    pub access_str_off: StrOffset,
    /// What is asked of the field, type or enumerator: 0 to 12.
    pub kind: u32,
}

/// Implements [`Record`] for the view of a raw record.
macro_rules! record {
    ($view:ident, $what:literal, |$raw:ident: $raw_ty:ty, $get:ident| $read:expr) => {
        impl sealed::Sealed for $view {}

        impl Record for $view {
            const WHAT: &'static str = $what;
            const LEAST_SIZE: usize = size_of::<$raw_ty>();

            #[inline]
            fn read(bytes: &[u8], order: ByteOrder) -> Self {
                // Parsing refused records that are shorter than the raw one.
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
