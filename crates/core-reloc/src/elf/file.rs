//! The header and the sections of an ELF file of either class and byte order.
//!
//! Everything is borrowed from the file; every offset and size is checked when it is followed.

use alloc::{boxed::Box, format, string::ToString};
use core::ffi::CStr;

use btf_types::{ByteOrder, Name, limits::MAX_NAME_LEN};
use object::{
    Endianness, elf, pod,
    read::elf::{FileHeader, SectionHeader},
};

use super::error::ObjectError;

/// Returns `true` if the bytes start with the ELF magic. Raw BTF starts with its own, `9f eb` or `eb 9f`.
pub fn is_elf(bytes: &[u8]) -> bool {
    bytes.starts_with(&elf::ELFMAG)
}

/// The magics of LLVM bitcode: that of the bits, and that of the wrapper around them.
const BITCODE: [&[u8]; 2] = [b"BC\xc0\xde", b"\xde\xc0\x17\x0b"];

/// The class of an ELF file: the width of its addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Elf32,
    Elf64,
}

/// Checks the identification, which both classes start with, and returns the class.
pub(super) fn class(bytes: &[u8]) -> Result<Class, ObjectError> {
    if BITCODE.iter().any(|magic| bytes.starts_with(magic)) {
        return Err(ObjectError::Bitcode);
    }
    if !is_elf(bytes) {
        let found = bytes.get(..elf::ELFMAG.len()).unwrap_or(bytes);
        return Err(ObjectError::NotElf { found: found.into() });
    }
    let ident = bytes.first_chunk::<{ size_of::<elf::Ident>() }>();
    let Some([_, _, _, _, class, data, version, ..]) = ident.copied() else {
        return Err(truncated("ELF identification", 0, size_of::<elf::Ident>() as u64, bytes));
    };
    let unknown = |field, offset, found: u8, allowed| {
        Err(ObjectError::Header { field, offset, found: found.into(), allowed })
    };
    if !matches!(elf::DataEncoding(data), elf::ELFDATA2LSB | elf::ELFDATA2MSB) {
        return unknown("data encoding", 5, data, "1 (little endian) or 2 (big endian)");
    }
    if elf::FileVersion(version) != elf::EV_CURRENT {
        return unknown("ELF version", 6, version, "1");
    }
    match elf::FileClass(class) {
        elf::ELFCLASS32 => Ok(Class::Elf32),
        elf::ELFCLASS64 => Ok(Class::Elf64),
        _ => unknown("ELF class", 4, class, "1 (32 bits) or 2 (64 bits)"),
    }
}

fn truncated(what: &'static str, offset: u64, needed: u64, bytes: &[u8]) -> ObjectError {
    ObjectError::Truncated { what, offset, needed, len: bytes.len() }
}

/// The byte order of an ELF file's words.
pub(super) type Endian = Endianness;
/// A 64-bit ELF file, such as a BPF object.
pub(super) type Elf64<'a> = ElfFile<'a, elf::FileHeader64<Endian>>;
/// A 32-bit ELF file.
pub(super) type Elf32<'a> = ElfFile<'a, elf::FileHeader32<Endian>>;

/// An ELF file with the header type `H`, which must be that of the file's [`class`].
pub(super) struct ElfFile<'a, H: FileHeader<Endian = Endianness>> {
    bytes: &'a [u8],
    endian: Endianness,
    header: &'a H,
    sections: &'a [H::SectionHeader],
    /// The string table of the sections' names.
    names: &'a [u8],
}

/// One section.
#[derive(Debug, Clone, Copy)]
pub(super) struct Section<'a> {
    pub(super) index: u32,
    pub(super) name: Name<'a>,
    pub(super) sh_type: elf::SectionType,
    pub(super) flags: elf::SectionFlags,
    pub(super) offset: u64,
    pub(super) size: u64,
    pub(super) link: u32,
    /// What else it refers to: for links, the section that they are for.
    pub(super) info: u32,
}

impl<'a, H: FileHeader<Endian = Endianness>> ElfFile<'a, H> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, ObjectError> {
        let header_len = size_of::<H>() as u64;
        let header = pod::from_bytes::<H>(bytes);
        let (header, _) = header.map_err(|()| truncated("ELF header", 0, header_len, bytes))?;
        let endian = if header.is_big_endian() { Endianness::Big } else { Endianness::Little };
        let mut file = Self { bytes, endian, header, sections: &[], names: &[] };
        file.sections = file.section_headers()?;
        if !file.sections.is_empty() {
            file.names = file.section_names()?;
        }
        Ok(file)
    }

    fn section_headers(&self) -> Result<&'a [H::SectionHeader], ObjectError> {
        let Self { bytes, endian, header, .. } = *self;
        let entry_len = size_of::<H::SectionHeader>() as u64;
        let offset = header.e_shoff(endian).into();
        let found = header.e_shentsize(endian).into();
        if offset != 0 && found != entry_len {
            // The first of the last three fields of the header.
            let (offset, allowed) = if H::is_type_64_sized() { (0x3a, "64") } else { (0x2e, "40") };
            return Err(ObjectError::Header { field: "e_shentsize", offset, found, allowed });
        }
        let count = header
            .shnum(endian, bytes)
            .map_err(|_| truncated("section header 0", offset, entry_len, bytes))?;
        let needed = u64::from(count).saturating_mul(entry_len);
        header
            .section_headers(endian, bytes)
            .map_err(|_| truncated("section header table", offset, needed, bytes))
    }

    fn section_names(&self) -> Result<&'a [u8], ObjectError> {
        let index = self.header.shstrndx(self.endian, self.bytes);
        let header = index.ok().and_then(|index| self.sections.get(index as usize));
        let Some((index, header)) = index.ok().zip(header) else {
            return Err(ObjectError::Header {
                field: "e_shstrndx",
                offset: if H::is_type_64_sized() { 0x3e } else { 0x32 },
                found: self.header.e_shstrndx(self.endian).0.into(),
                allowed: "the number of a section",
            });
        };
        self.data(&self.describe(index, Name::default(), header), elf::SHT_STRTAB)
    }

    /// Returns the header.
    pub(super) fn header(&self) -> &'a H {
        self.header
    }

    pub(super) fn endian(&self) -> Endianness {
        self.endian
    }

    pub(super) fn byte_order(&self) -> ByteOrder {
        match self.endian {
            Endianness::Little => ByteOrder::Little,
            Endianness::Big => ByteOrder::Big,
        }
    }

    /// Returns all sections but the first, which is empty by definition.
    pub(super) fn sections(&self) -> impl Iterator<Item = Result<Section<'a>, ObjectError>> {
        (0..).zip(self.sections).skip(1).map(|(index, header)| {
            let name_off = header.sh_name(self.endian);
            let name = string_at(self.names, name_off);
            let len = self.names.len();
            let name = name.ok_or(ObjectError::SectionName { section: index, name_off, len })?;
            Ok(self.describe(index, name, header))
        })
    }

    /// Returns the string table that a section refers to.
    pub(super) fn linked_strings(&self, section: &Section<'a>) -> Result<&'a [u8], ObjectError> {
        let index = section.link;
        let header = self.sections.get(index as usize).filter(|_| index != 0);
        let header = header.ok_or_else(|| ObjectError::NoSuchSection {
            section: section.label(),
            found: index,
            count: self.sections.len(),
        })?;
        self.data(&self.describe(index, Name::default(), header), elf::SHT_STRTAB)
    }

    /// Returns the bytes of a section that must have a given type.
    pub(super) fn data(
        &self,
        section: &Section<'a>,
        expected: elf::SectionType,
    ) -> Result<&'a [u8], ObjectError> {
        if section.sh_type != expected {
            let (found, expected) = (section.sh_type.0, expected.0);
            return Err(ObjectError::SectionType { section: section.label(), found, expected });
        }
        if section.flags.contains(elf::SHF_COMPRESSED) {
            return Err(ObjectError::Compressed { section: section.label() });
        }
        let start = usize::try_from(section.offset).ok();
        let rest = start.and_then(|start| self.bytes.get(start..));
        let data = rest.zip(usize::try_from(section.size).ok());
        data.and_then(|(rest, size)| rest.get(..size)).ok_or_else(|| {
            ObjectError::SectionOutOfBounds {
                section: section.label(),
                offset: section.offset,
                size: section.size,
                len: self.bytes.len(),
            }
        })
    }

    fn describe(&self, index: u32, name: Name<'a>, header: &H::SectionHeader) -> Section<'a> {
        Section {
            index,
            name,
            sh_type: header.sh_type(self.endian),
            flags: header.sh_flags(self.endian),
            offset: header.sh_offset(self.endian).into(),
            size: header.sh_size(self.endian).into(),
            link: header.sh_link(self.endian),
            info: header.sh_info(self.endian),
        }
    }
}

impl Section<'_> {
    /// Returns `true` if libbpf treats the section as code.
    pub(super) fn is_code(&self) -> bool {
        self.sh_type == elf::SHT_PROGBITS
            && self.flags.contains(elf::SHF_EXECINSTR)
            && self.size > 0
    }

    /// Returns the name, or the number if it has none, for an error.
    pub(super) fn label(&self) -> Box<str> {
        if self.name.is_empty() {
            format!("#{}", self.index).into()
        } else {
            self.name.to_string().into()
        }
    }
}

/// Returns the string at an offset of a string table, if it has an end and is not too long for a name.
pub(super) fn string_at(table: &[u8], offset: u32) -> Option<Name<'_>> {
    let rest = table.get(offset as usize..)?;
    let window = rest.get(..=MAX_NAME_LEN).unwrap_or(rest);
    Some(Name::new(CStr::from_bytes_until_nul(window).ok()?.to_bytes()))
}
