//! Where the kernel and its BTF are in an image: by its header, its section, or a search.

use std::ops::Range;

use btf_types::{Btf, Header};
use memchr::memmem;
use object::{
    Endianness, FileKind, ReadRef,
    elf::{FileHeader32, FileHeader64},
    read::elf::{FileHeader, SectionHeader},
};

use crate::{
    Compression,
    limits::{MAX_BTF_CANDIDATES, MAX_SECTIONS},
};

/// Returns the range of the packed kernel if the image's header states it, cut at the image's end.
pub(super) fn payload(image: &[u8]) -> Option<Range<usize>> {
    let (start, len) = x86(image).or_else(|| zboot(image))?;
    let start = usize::try_from(start).ok()?.min(image.len());
    let end = start.saturating_add(usize::try_from(len).ok()?).min(image.len());
    Some(start..end)
}

/// Reads x86's setup header, which Linux's `Documentation/arch/x86/boot.rst` describes.
fn x86(image: &[u8]) -> Option<(u64, u64)> {
    if image.get(0x202..0x206)? != b"HdrS" {
        return None;
    }
    let version = u16::from_le_bytes(*image.get(0x206..)?.first_chunk()?);
    // Older versions of the protocol do not state the payload's offset.
    if version < 0x0208 {
        return None;
    }
    // The payload's offset counts from the protected-mode code, which follows the boot sector and
    // the setup sectors.
    let setup_sectors = match *image.get(0x1f1)? {
        0 => 4,
        sectors => u64::from(sectors),
    };
    let code = setup_sectors.saturating_add(1).saturating_mul(512);
    let (offset, len) = (word(image, 0x248)?, word(image, 0x24c)?);
    (len > 0).then_some((code.saturating_add(offset), len))
}

/// Reads the header of a compressed EFI image (`CONFIG_EFI_ZBOOT`), which Linux's
/// `drivers/firmware/efi/libstub/zboot-header.S` writes.
fn zboot(image: &[u8]) -> Option<(u64, u64)> {
    if image.get(4..8)? != b"zimg" {
        return None;
    }
    Some((word(image, 8)?, word(image, 12)?))
}

fn word(image: &[u8], offset: usize) -> Option<u64> {
    let bytes = image.get(offset..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes).into())
}

/// Returns the range of a kernel, packed or not, that is in a section of an ELF file.
///
/// ppc's boot wrapper (Linux's `arch/powerpc/boot/wrapper`) puts the kernel into the section
/// `.kernel:vmlinux.strip`. Reads only headers and section names; a damaged file has no such
/// section.
pub(crate) fn wrapped_kernel<'data>(elf: impl ReadRef<'data>) -> Option<Range<usize>> {
    match FileKind::parse(elf).ok()? {
        FileKind::Elf32 => kernel_section::<FileHeader32<Endianness>, _>(elf),
        FileKind::Elf64 => kernel_section::<FileHeader64<Endianness>, _>(elf),
        _ => None,
    }
}

fn kernel_section<'data, Elf: FileHeader, R: ReadRef<'data>>(file: R) -> Option<Range<usize>> {
    let file_len = file.len().ok()?;
    let header = Elf::parse(file).ok()?;
    let order = header.endian().ok()?;
    if header.shnum(order, file).ok()? > MAX_SECTIONS {
        return None;
    }
    let sections = header.sections(order, file).ok()?;
    let is_kernel = |section: &Elf::SectionHeader| {
        let name = sections.section_name(order, section);
        name.is_ok_and(|name| name.starts_with(b".kernel:vmlinux"))
    };
    let section = sections.iter().find(|section| is_kernel(section))?;
    let (start, len) = section.file_range(order)?;
    let end = start.checked_add(len)?.min(file_len);
    Some(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
}

/// Finds a kernel's BTF among other bytes: the largest valid BTF that is not split.
///
/// Takes time linear in the number of bytes: of each place with BTF's magic only the header is
/// read, and only the few largest are parsed.
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
    let is_valid = |range: &Range<usize>| {
        let btf = bytes.get(range.clone()).map(Btf::parse);
        btf.is_some_and(|btf| btf.is_ok_and(|btf| btf.validate().is_ok()))
    };
    largest.into_iter().find(is_valid)
}

/// Returns the range of the BTF at `start`, if its header is that of base BTF.
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

/// Returns the offsets at which compressed data may start, in ascending order.
pub(super) fn find_packed(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let mut found: Vec<_> = Compression::ALL
        .map(|compression| {
            let starts = memmem::find_iter(bytes, compression.magic());
            let matches = move |start: &usize| {
                bytes.get(*start..).is_some_and(|bytes| compression.matches(bytes))
            };
            starts.filter(matches).peekable()
        })
        .into();
    // Merged lazily: up to a third of the bytes may be such offsets.
    std::iter::from_fn(move || {
        let first = found.iter_mut().filter_map(|starts| Some((*starts.peek()?, starts)));
        let (_, starts) = first.min_by_key(|(start, _)| *start)?;
        starts.next()
    })
}
