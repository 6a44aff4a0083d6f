//! ELF relocations: the places of an object that a loader fills in with the address of a symbol.
//!
//! They have nothing to do with CO-RE. This module calls them *links*, to tell them apart.

use alloc::vec::Vec;

use object::{elf, pod};

use super::{
    error::ObjectError,
    file::{Elf64, Endian, Section},
};

/// One link. libbpf distinguishes them by what they point into and by the instruction, not by their type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Link {
    /// The offset of the place in its section, in bytes.
    pub(super) offset: u64,
    /// The number of the symbol.
    pub(super) symbol: u32,
}

/// The links of one section, sorted by offset.
#[derive(Debug, Clone, Default)]
pub(super) struct Links(Vec<Link>);

impl Links {
    /// Reads the links in a section of type `SHT_REL`, the only one that BPF has.
    pub(super) fn parse(file: &Elf64<'_>, section: &Section<'_>) -> Result<Self, ObjectError> {
        let bytes = file.data(section, elf::SHT_REL)?;
        let count = bytes.len().checked_div(size_of::<elf::Rel64<Endian>>()).unwrap_or_default();
        let (raw, _) =
            pod::slice_from_bytes::<elf::Rel64<Endian>>(bytes, count).unwrap_or_default();
        let endian = file.endian();
        let link = |raw: &elf::Rel64<Endian>| Link {
            offset: raw.r_offset.get(endian),
            symbol: raw.r_sym(endian),
        };
        let mut links: Vec<Link> = raw.iter().map(link).collect();
        links.sort_unstable();
        Ok(Self(links))
    }

    /// Adds the links of another section for the same place.
    pub(super) fn append(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
        self.0.sort_unstable();
    }

    /// Returns the first link at an offset.
    pub(super) fn at(&self, offset: u64) -> Option<Link> {
        self.range(offset, offset.saturating_add(1)).first().copied()
    }

    /// Returns the links in a range of offsets.
    pub(super) fn range(&self, start: u64, end: u64) -> &[Link] {
        let from = self.0.partition_point(|link| link.offset < start);
        let to = self.0.partition_point(|link| link.offset < end);
        self.0.get(from..to).unwrap_or_default()
    }
}
