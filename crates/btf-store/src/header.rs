//! The header: the sizes and places of all sections.

use crate::error::{Error, Result, Section};

/// The version of the format that this crate reads and writes.
pub const VERSION: u32 = 1;

/// The first bytes of a store, by which programs recognize one.
pub const MAGIC: &str = "btfstore";
/// The number of sections.
pub(crate) const SECTIONS: usize = 5;
/// The number of kinds, and one more for the end of the last.
pub(crate) const KINDS: usize = 24;
/// The length of the header in bytes: the magic, version and length, three words for each section, one for each
/// kind, and the checksum.
pub(crate) const HEADER_LEN: usize = 8 + 4 + 4 + SECTIONS * 12 + KINDS * 4 + 4;

/// The sections in their order in the header.
pub(crate) const ORDER: [Section; SECTIONS] =
    [Section::Strings, Section::Nodes, Section::Definitions, Section::Modules, Section::Kernels];

/// What the header states about a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Extent {
    /// The number of items.
    pub(crate) items: u32,
    /// The number of pages.
    pub(crate) pages: u32,
    /// The offset of the page directory in the file.
    pub(crate) directory: u32,
}

/// The header of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) sections: [Extent; SECTIONS],
    /// The number of the first definition of each kind.
    pub(crate) kinds: [u32; KINDS],
}

/// Reads a little-endian word.
pub(crate) fn word(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

impl Header {
    /// Reads and checks the header. The time does not depend on the length of the file.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self> {
        if !bytes.starts_with(MAGIC.as_bytes()) {
            let found = bytes.get(..MAGIC.len()).unwrap_or(bytes).to_vec();
            return Err(Error::NotAStore { found });
        }
        let malformed = |offset, what, found, allowed| Error::Malformed {
            section: Section::Header,
            page: 0,
            offset,
            what,
            found,
            allowed,
        };
        let len = bytes.len() as u64;
        let short = || malformed(0, "length of the header", HEADER_LEN as u64, len);
        let version = word(bytes, 8).ok_or_else(short)?;
        if version != VERSION {
            return Err(Error::BadVersion { found: version, known: VERSION });
        }
        let header = bytes.get(..HEADER_LEN).ok_or_else(short)?;
        let (checked, _) = header.split_at(HEADER_LEN.saturating_sub(4));
        let found = word(header, checked.len()).ok_or_else(short)?;
        let computed = crc32fast::hash(checked);
        if found != computed {
            return Err(Error::BadChecksum { section: Section::Header, page: 0, found, computed });
        }
        let stated = word(header, 12).map_or(0, u64::from);
        if stated != len {
            return Err(malformed(12, "length of the file", stated, len));
        }
        let mut offset = 16_usize;
        let mut next = || {
            let word = word(header, offset).ok_or_else(short);
            offset = offset.saturating_add(4);
            word
        };
        let mut sections = [Extent::default(); SECTIONS];
        for extent in &mut sections {
            *extent = Extent { items: next()?, pages: next()?, directory: next()? };
        }
        let mut kinds = [0; KINDS];
        for kind in &mut kinds {
            *kind = next()?;
        }
        let [.., definitions, _, _] = sections;
        let is_sorted = kinds.is_sorted() && kinds.first() == Some(&0);
        if !is_sorted || kinds.last() != Some(&definitions.items) {
            let end = kinds.last().copied().map_or(0, u64::from);
            let allowed = u64::from(definitions.items);
            return Err(malformed(76, "numbers of the first definitions of kinds", end, allowed));
        }
        Ok(Self { sections, kinds })
    }

    /// Returns the header's bytes, for a file of this length.
    #[cfg(feature = "write")]
    pub(crate) fn to_bytes(self, len: u32) -> Vec<u8> {
        let mut bytes = MAGIC.as_bytes().to_vec();
        let sections =
            self.sections.iter().flat_map(|extent| [extent.items, extent.pages, extent.directory]);
        for word in [VERSION, len].into_iter().chain(sections).chain(self.kinds) {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }
}
