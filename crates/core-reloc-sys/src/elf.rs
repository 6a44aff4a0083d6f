//! Finding the `.BTF` section of an ELF file, of either width and byte order.

use std::ops::Range;

use btf_types::PointerSize;
use object::{
    FileKind, ReadCache, ReadCacheOps, ReadRef,
    elf::{FileHeader32, FileHeader64, SHF_COMPRESSED},
    read::elf::{FileHeader, SectionHeader},
};

use crate::error::Problem;

/// The `.BTF` section of an ELF file.
pub(crate) struct BtfSection {
    /// From which byte of the file to which.
    pub(crate) place: Range<u64>,
    /// The size of a pointer, as the file's width tells it.
    pub(crate) pointer_size: PointerSize,
}

/// Finds the `.BTF` section in a file.
///
/// It reads the headers and no more: a kernel with debug information takes a gigabyte.
pub(crate) fn btf_section(file: impl ReadCacheOps) -> Result<BtfSection, Problem> {
    let cache = ReadCache::new(file);
    match FileKind::parse(&cache).map_err(|error| damaged("ELF header", 0, error))? {
        FileKind::Elf32 => in_sections::<FileHeader32<object::Endianness>, _>(&cache),
        FileKind::Elf64 => in_sections::<FileHeader64<object::Endianness>, _>(&cache),
        other => Err(damaged("ELF header", 0, format!("the file is of kind {other:?}"))),
    }
}

fn in_sections<'data, Elf: FileHeader, R: ReadRef<'data>>(file: R) -> Result<BtfSection, Problem> {
    let in_header = |error| damaged("ELF header", 0, error);
    let header = Elf::parse(file).map_err(in_header)?;
    let order = header.endian().map_err(in_header)?;
    let file_len = file.len().map_err(|()| damaged("ELF header", 0, "the file has no length"))?;
    let headers_at = header.e_shoff(order).into();
    let in_headers = |error: object::Error| {
        let reason = format!("{error}, the file ends at offset {file_len:#x}");
        damaged("ELF section headers", headers_at, reason)
    };
    let sections = header.sections(order, file).map_err(in_headers)?;
    let section_named = |name: &[u8]| sections.section_by_name(order, name);

    let (_, section) = section_named(b".BTF").ok_or(Problem::NoSection)?;
    if section_named(b".BTF.base").is_some() {
        return Err(Problem::DistilledBase);
    }
    let start = section.sh_offset(order).into();
    let in_section = |reason: &str| damaged(".BTF section", start, reason);
    let (_, len) =
        section.file_range(order).ok_or_else(|| in_section("has no bytes in the file"))?;
    if section.sh_flags(order).contains(SHF_COMPRESSED) {
        return Err(in_section("is compressed"));
    }
    match start.checked_add(len).filter(|end| *end <= file_len) {
        Some(end) => {
            let wide = header.is_type_64();
            let pointer_size = if wide { PointerSize::Eight } else { PointerSize::Four };
            Ok(BtfSection { place: start..end, pointer_size })
        }
        None => {
            Err(in_section(&format!("has {len} bytes, but the file ends at offset {file_len:#x}")))
        }
    }
}

fn damaged(part: &'static str, offset: u64, reason: impl ToString) -> Problem {
    Problem::Elf { part, offset, reason: reason.to_string() }
}
