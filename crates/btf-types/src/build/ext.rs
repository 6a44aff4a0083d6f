//! Writing `.BTF.ext`.

use alloc::vec::Vec;

use zerocopy::{Immutable, IntoBytes};

use super::{
    Error, HeaderForm, Result,
    finish::{header_bytes, word},
};
use crate::{
    ByteOrder, StrOffset,
    ext::{CoreReloc, FuncInfo, LineInfo, Record},
    raw,
};

/// Writes one `.BTF.ext`. [`Builder::string`](super::Builder::string) stores its strings in the object's
/// `.BTF`.
///
/// ```
/// use btf_types::build::{Builder, ExtBuilder};
/// use btf_types::{BtfExt, ByteOrder, TypeId, ext::FuncInfo};
///
/// let mut btf = Builder::new(ByteOrder::Big);
/// let mut ext = ExtBuilder::new(ByteOrder::Big);
/// ext.func_info(btf.string("xdp"), [FuncInfo { insn_off: 0, type_id: TypeId(1) }]);
///
/// let bytes = ext.finish()?;
/// let section = BtfExt::parse(&bytes)?.func_info().sections().next().expect("there is one");
/// assert_eq!(section.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ExtBuilder<'a> {
    order: ByteOrder,
    func_info: SubSection<FuncInfo>,
    line_info: SubSection<LineInfo>,
    core_relocs: SubSection<CoreReloc>,
    header: HeaderForm<'a>,
}

impl<'a> ExtBuilder<'a> {
    /// Starts a `.BTF.ext` without records.
    pub fn new(order: ByteOrder) -> Self {
        Self {
            order,
            func_info: SubSection::new(),
            line_info: SubSection::new(),
            core_relocs: SubSection::new(),
            header: HeaderForm::Full,
        }
    }

    /// Sets the form of the header.
    pub fn set_header(&mut self, form: HeaderForm<'a>) {
        self.header = form;
    }

    /// Sets the size of func_info records, which is at least 8 bytes. Further bytes are zeros.
    pub fn set_func_info_size(&mut self, bytes: u32) {
        self.func_info.record_size = bytes;
    }

    /// Sets the size of line_info records, which is at least 16 bytes. Further bytes are zeros.
    pub fn set_line_info_size(&mut self, bytes: u32) {
        self.line_info.record_size = bytes;
    }

    /// Sets the size of core_relo records, which is at least 16 bytes. Further bytes are zeros.
    pub fn set_core_reloc_size(&mut self, bytes: u32) {
        self.core_relocs.record_size = bytes;
    }

    /// Adds the func_info of an ELF section, given the offset of its name.
    pub fn func_info(&mut self, section: StrOffset, records: impl IntoIterator<Item = FuncInfo>) {
        self.func_info.add(section, records);
    }

    /// Adds the line_info of an ELF section, given the offset of its name.
    pub fn line_info(&mut self, section: StrOffset, records: impl IntoIterator<Item = LineInfo>) {
        self.line_info.add(section, records);
    }

    /// Adds the CO-RE relocations of an ELF section, given the offset of its name.
    pub fn core_relocs(
        &mut self,
        section: StrOffset,
        records: impl IntoIterator<Item = CoreReloc>,
    ) {
        self.core_relocs.add(section, records);
    }

    /// Returns the bytes of the `.BTF.ext`: header, func_info, line_info and core_relo. A sub-section to
    /// which nothing was added is empty.
    ///
    /// # Errors
    /// [`Error::BadRecordSize`], [`Error::LineTooLarge`], or [`Error::TooMany`] if a sub-section is too
    /// long for the header.
    pub fn finish(self) -> Result<Vec<u8>> {
        let order = self.order;
        let func_info = self.func_info.bytes(order)?;
        let line_info = self.line_info.bytes(order)?;
        let core_relocs = self.core_relocs.bytes(order)?;

        let line_info_off = func_info.len();
        let core_relo_off = line_info_off.saturating_add(line_info.len());
        let sections = raw::ExtSections {
            func_info_off: raw::U32::default(),
            func_info_len: word("bytes of func_info", func_info.len(), order)?,
            line_info_off: word("bytes before line_info", line_info_off, order)?,
            line_info_len: word("bytes of line_info", line_info.len(), order)?,
        };
        let core = raw::ExtCoreReloc {
            core_relo_off: word("bytes before core_relo", core_relo_off, order)?,
            core_relo_len: word("bytes of core_relo", core_relocs.len(), order)?,
        };
        let (with_core, further) = self.header.parts(!core_relocs.is_empty());
        let core = if with_core { core.as_bytes() } else { &[] };
        let header = header_bytes(&[sections.as_bytes(), core, further], order)?;
        Ok([header, func_info, line_info, core_relocs].concat())
    }
}

/// A record that can be encoded.
trait Encode: Record {
    type Raw: IntoBytes + Immutable;

    fn encode(self, order: ByteOrder) -> Result<Self::Raw>;
}

/// The records of a sub-section.
#[derive(Debug)]
struct SubSection<R> {
    record_size: u32,
    /// The offset of each ELF section's name, and the section's records.
    sections: Vec<(StrOffset, Vec<R>)>,
}

impl<R: Encode> SubSection<R> {
    #[expect(clippy::cast_possible_truncation, reason = "the records of the format are short")]
    fn new() -> Self {
        Self { record_size: R::MIN_SIZE as u32, sections: Vec::new() }
    }

    fn add(&mut self, section: StrOffset, records: impl IntoIterator<Item = R>) {
        self.sections.push((section, records.into_iter().collect()));
    }

    /// Returns the record size and the sections; nothing if there are no sections.
    fn bytes(self, order: ByteOrder) -> Result<Vec<u8>> {
        let record_size = self.record_size as usize;
        let Some(padding) = record_size.checked_sub(R::MIN_SIZE).filter(|len| len % 4 == 0) else {
            let (what, found) = (R::WHAT, self.record_size);
            return Err(Error::BadRecordSize { what, found, least: R::MIN_SIZE });
        };
        let mut bytes = Vec::new();
        if self.sections.is_empty() {
            return Ok(bytes);
        }
        bytes.extend_from_slice(raw::U32::new(self.record_size, order).as_bytes());
        for (name_off, records) in self.sections {
            let head = raw::ExtInfoSec {
                sec_name_off: raw::U32::new(name_off.0, order),
                num_info: word("records of an ELF section", records.len(), order)?,
            };
            bytes.extend_from_slice(head.as_bytes());
            for record in records {
                bytes.extend_from_slice(record.encode(order)?.as_bytes());
                bytes.resize(bytes.len().saturating_add(padding), 0);
            }
        }
        Ok(bytes)
    }
}

impl Encode for FuncInfo {
    type Raw = raw::FuncInfo;

    fn encode(self, order: ByteOrder) -> Result<raw::FuncInfo> {
        let word = |value| raw::U32::new(value, order);
        Ok(raw::FuncInfo { insn_off: word(self.insn_off), type_id: word(self.type_id.0) })
    }
}

impl Encode for LineInfo {
    type Raw = raw::LineInfo;

    fn encode(self, order: ByteOrder) -> Result<raw::LineInfo> {
        let Self { line, column, .. } = self;
        if line >= 1 << 22 || column >= 1 << 10 {
            return Err(Error::LineTooLarge { line, column });
        }
        let word = |value| raw::U32::new(value, order);
        Ok(raw::LineInfo {
            insn_off: word(self.insn_off),
            file_name_off: word(self.file_name_off.0),
            line_off: word(self.line_off.0),
            line_col: word(line << 10 | column),
        })
    }
}

impl Encode for CoreReloc {
    type Raw = raw::CoreReloc;

    fn encode(self, order: ByteOrder) -> Result<raw::CoreReloc> {
        let word = |value| raw::U32::new(value, order);
        Ok(raw::CoreReloc {
            insn_off: word(self.insn_off),
            type_id: word(self.type_id.0),
            access_str_off: word(self.access_str_off.0),
            kind: word(self.kind),
        })
    }
}
