//! Finding the `.BTF` section of an ELF file, and a module's `.BTF.base` and `.modinfo`.

use std::{mem::size_of, ops::Range};

use btf_types::PointerSize;
use object::{
    FileKind, ReadCache, ReadCacheOps, ReadRef,
    elf::{FileHeader32, FileHeader64, SHF_COMPRESSED},
    read::elf::{FileHeader, SectionHeader},
};

use crate::{error::FileProblem, read::check_len};

/// The most bytes that the table of section headers may have: 128 Ki sections of a 64-bit file.
const MAX_HEADERS_LEN: u64 = 8 << 20;

/// The most bytes of `.modinfo` that are read. A module has a few hundred.
const MAX_MODINFO_LEN: u64 = 64 << 10;

/// The `.BTF` section of an ELF file.
#[derive(Clone)]
pub(crate) struct BtfSection {
    /// The section's bytes in the file.
    pub(crate) range: Range<u64>,
    /// The size of a pointer, by the file's width.
    pub(crate) pointer_size: PointerSize,
    /// The bytes of `.BTF.base` in the file: the distilled base that `.BTF` continues.
    pub(crate) base: Option<Range<u64>>,
    /// The bytes of `.modinfo` in the file, if there are some, and not too many.
    pub(crate) modinfo: Option<Range<u64>>,
}

/// Finds the `.BTF` section of a file.
///
/// Reads only headers and section names: a kernel with debug information has a gigabyte.
pub(crate) fn btf_section(file: impl ReadCacheOps) -> Result<BtfSection, FileProblem> {
    let cache = ReadCache::new(file);
    match FileKind::parse(&cache).map_err(|error| damaged("ELF header", 0, error))? {
        FileKind::Elf32 => in_sections::<FileHeader32<object::Endianness>, _>(&cache),
        FileKind::Elf64 => in_sections::<FileHeader64<object::Endianness>, _>(&cache),
        other => Err(damaged("ELF header", 0, format!("the file is of kind {other:?}"))),
    }
}

fn in_sections<'data, Elf: FileHeader, R: ReadRef<'data>>(
    file: R,
) -> Result<BtfSection, FileProblem> {
    let in_header = |error| damaged("ELF header", 0, error);
    let header = Elf::parse(file).map_err(in_header)?;
    let order = header.endian().map_err(in_header)?;
    let file_len = file.len().map_err(|()| damaged("ELF header", 0, "the file has no length"))?;
    let headers_at = header.e_shoff(order).into();
    let in_headers = |error: object::Error| {
        let reason = format!("{error}, the file ends at offset {file_len:#x}");
        damaged("ELF section headers", headers_at, reason)
    };
    let count: u64 = header.shnum(order, file).map_err(in_headers)?.into();
    let headers_len = count.saturating_mul(size_of::<Elf::SectionHeader>() as u64);
    check_len("the table of ELF section headers", headers_len, MAX_HEADERS_LEN)?;
    let sections = header.sections(order, file).map_err(in_headers)?;
    let section_named = |name: &[u8]| sections.section_by_name(order, name);

    let (_, section) = section_named(b".BTF").ok_or(FileProblem::NoSection)?;
    let range = |part: &'static str, section: &Elf::SectionHeader| {
        let start = section.sh_offset(order).into();
        let in_section = |reason: &str| damaged(part, start, reason);
        let (_, len) =
            section.file_range(order).ok_or_else(|| in_section("has no bytes in the file"))?;
        if section.sh_flags(order).contains(SHF_COMPRESSED) {
            return Err(in_section("is compressed"));
        }
        let end = start.checked_add(len).filter(|end| *end <= file_len);
        end.map(|end| start..end).ok_or_else(|| {
            in_section(&format!("has {len} bytes, but the file ends at offset {file_len:#x}"))
        })
    };
    let base = section_named(b".BTF.base");
    let base = base.map(|(_, section)| range(".BTF.base section", section)).transpose()?;
    let modinfo = section_named(b".modinfo")
        .and_then(|(_, section)| section.file_range(order))
        .filter(|(_, len)| *len <= MAX_MODINFO_LEN)
        .map(|(start, len)| start..start.saturating_add(len))
        .filter(|range| range.end <= file_len);
    let pointer_size = if header.is_type_64() { PointerSize::Eight } else { PointerSize::Four };
    Ok(BtfSection { range: range(".BTF section", section)?, base, modinfo, pointer_size })
}

fn damaged(part: &'static str, offset: u64, reason: impl ToString) -> FileProblem {
    FileProblem::Elf { part, offset, reason: reason.to_string() }
}
