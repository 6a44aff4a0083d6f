//! The pages of a section: found by the directory, checked and unpacked when they are first used.

use alloc::{boxed::Box, vec::Vec};
use core::fmt;

use once_cell::race::OnceBox;

use crate::{
    cursor::Cursor,
    error::{Error, Result, Section},
    header::{Extent, word},
    limits::{BLOCK, MAX_PAGE, MAX_RATIO},
};

/// The length of an entry of a page directory, in bytes.
pub(crate) const ENTRY_LEN: usize = 20;

/// A section of a store.
pub(crate) struct Pages<'a> {
    section: Section,
    file: &'a [u8],
    directory: &'a [u8],
    items: u32,
    /// What is known about each page, once it was used.
    slots: Vec<OnceBox<Checked>>,
}

/// A page whose checksum matches.
enum Checked {
    /// It is not packed.
    InPlace,
    Unpacked(Vec<u8>),
}

/// An entry of the page directory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    /// The number of the first item.
    pub(crate) first: u32,
    /// The offset in the file.
    pub(crate) offset: u32,
    /// The number of bytes in the file.
    pub(crate) stored: u32,
    /// The number of bytes after unpacking; equal if the page is not packed.
    pub(crate) len: u32,
    pub(crate) checksum: u32,
}

impl Entry {
    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            first: word(bytes, 0)?,
            offset: word(bytes, 4)?,
            stored: word(bytes, 8)?,
            len: word(bytes, 12)?,
            checksum: word(bytes, 16)?,
        })
    }

    #[cfg(feature = "write")]
    pub(crate) fn to_bytes(self) -> [u8; ENTRY_LEN] {
        let mut bytes = [0; ENTRY_LEN];
        let words = [self.first, self.offset, self.stored, self.len, self.checksum];
        for (chunk, word) in bytes.chunks_exact_mut(4).zip(words) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// Returns the checksum of a page with these numbers and these bytes.
    pub(crate) fn compute(self, bytes: &[u8]) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        for word in [self.first, self.offset, self.stored, self.len] {
            hasher.update(&word.to_le_bytes());
        }
        hasher.update(bytes);
        hasher.finalize()
    }
}

impl<'a> Pages<'a> {
    pub(crate) fn new(file: &'a [u8], section: Section, extent: Extent) -> Result<Self> {
        let malformed = |what, found, allowed| Error::Malformed {
            section,
            page: 0,
            offset: 0,
            what,
            found,
            allowed,
        };
        let Extent { items, pages, directory } = extent;
        let rest = file.get(directory as usize..).unwrap_or_default();
        let len = (pages as usize).checked_mul(ENTRY_LEN).and_then(|len| rest.get(..len));
        let most = (rest.len() / ENTRY_LEN) as u64;
        let directory = len.ok_or_else(|| malformed("number of pages", pages.into(), most))?;
        // Each page has an item, and an item at least a byte.
        let most = (file.len() as u64).saturating_mul(MAX_RATIO.into());
        if u64::from(items) > most || items < pages {
            return Err(malformed("number of items", items.into(), most));
        }
        let slots = (0..pages).map(|_| OnceBox::new()).collect();
        Ok(Self { section, file, directory, items, slots })
    }

    pub(crate) fn items(&self) -> u32 {
        self.items
    }

    fn entry(&self, page: u32) -> Option<Entry> {
        let start = (page as usize).checked_mul(ENTRY_LEN)?;
        Entry::read(self.directory.get(start..)?.get(..ENTRY_LEN)?)
    }

    fn bad(&self, page: u32, problem: &'static str) -> Error {
        Error::BadPage { section: self.section, page, problem }
    }

    /// Returns the page that has an item, and the numbers of its first item and of the one after its last.
    fn page_of(&self, item: u32) -> Result<(u32, Entry, u32)> {
        let what = "number of an item";
        let none = || Error::Malformed {
            section: self.section,
            page: 0,
            offset: 0,
            what,
            found: item.into(),
            allowed: self.items.saturating_sub(1).into(),
        };
        let (mut from, mut to) = (0_u32, u32::try_from(self.slots.len()).unwrap_or(u32::MAX));
        while to.saturating_sub(from) > 1 {
            let middle = from.midpoint(to);
            if self.entry(middle).ok_or_else(none)?.first <= item {
                from = middle
            } else {
                to = middle
            }
        }
        let entry = self.entry(from).ok_or_else(none)?;
        let next = self.entry(from.saturating_add(1)).map_or(self.items, |entry| entry.first);
        // Pages do not overlap, so that reading all of them takes no more than the file has.
        let before = from.checked_sub(1).and_then(|before| self.entry(before));
        let least = before.map_or(0, |before| before.offset.saturating_add(before.stored));
        if entry.offset < least {
            return Err(self.bad(from, "it starts before the page before it ends"));
        }
        if !(entry.first..next.min(self.items)).contains(&item) {
            return Err(none());
        }
        // Blocks are counted from the start of the section.
        if !entry.first.is_multiple_of(BLOCK) {
            return Err(self.bad(from, "its first item does not start a block"));
        }
        Ok((from, entry, next))
    }

    /// Returns the bytes of a page.
    fn bytes(&self, page: u32, entry: Entry) -> Result<&[u8]> {
        let slot =
            self.slots.get(page as usize).ok_or_else(|| self.bad(page, "there is no such page"))?;
        let end = entry.offset.saturating_add(entry.stored) as usize;
        let stored = self.file.get(entry.offset as usize..end);
        let stored = stored.ok_or_else(|| self.bad(page, "it ends after the end of the file"))?;
        let checked = slot.get_or_try_init(|| self.check(page, entry, stored).map(Box::new))?;
        Ok(match checked {
            Checked::InPlace => stored,
            Checked::Unpacked(bytes) => bytes,
        })
    }

    fn check(&self, page: u32, entry: Entry, stored: &[u8]) -> Result<Checked> {
        let computed = entry.compute(stored);
        if computed != entry.checksum {
            let (section, found) = (self.section, entry.checksum);
            return Err(Error::BadChecksum { section, page, found, computed });
        }
        let most = entry.stored.saturating_mul(MAX_RATIO).min(MAX_PAGE);
        if entry.len > most || entry.len < entry.stored {
            return Err(self.bad(page, "its length after unpacking is out of range"));
        }
        if entry.len == entry.stored {
            return Ok(Checked::InPlace);
        }
        unpack(stored, entry.len as usize)
            .map(Checked::Unpacked)
            .map_err(|problem| self.bad(page, problem))
    }

    /// Returns a cursor at the start of the block that has an item, and the numbers of the block's first item
    /// and of the one after its last.
    pub(crate) fn block(&self, item: u32) -> Result<Block<'_>> {
        let (page, entry, next) = self.page_of(item)?;
        let bytes = self.bytes(page, entry)?;
        let index = item.saturating_sub(entry.first) / BLOCK;
        let first = entry.first.saturating_add(index.saturating_mul(BLOCK));
        let end = first.saturating_add(BLOCK).min(next).min(self.items);
        // The offsets of the blocks are at the start of the page. A block ends where the next one starts.
        let blocks = next.min(self.items).saturating_sub(entry.first).div_ceil(BLOCK);
        let bound = |index: u32| word(bytes, (index as usize).saturating_mul(4));
        let start = bound(index).ok_or_else(|| self.bad(page, "it has too few blocks"))?;
        let limit = match index.saturating_add(1) {
            next if next < blocks => bound(next),
            _ => Some(entry.len),
        };
        let block = limit.and_then(|limit| bytes.get(..limit as usize));
        let block = block.filter(|block| start as usize <= block.len());
        let block = block.ok_or_else(|| self.bad(page, "its blocks are out of order"))?;
        let cursor = Cursor::new(block, start as usize, self.section, page);
        Ok(Block { cursor, first, end })
    }
}

/// Items that follow each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block<'p> {
    pub(crate) cursor: Cursor<'p>,
    pub(crate) first: u32,
    pub(crate) end: u32,
}

impl fmt::Debug for Pages<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { section, items, .. } = self;
        f.debug_struct("Pages")
            .field("section", section)
            .field("items", items)
            .finish_non_exhaustive()
    }
}

/// Unpacks a page: a byte of properties, and raw LZMA of a known length.
#[cfg(feature = "packed")]
fn unpack(stored: &[u8], len: usize) -> Result<Vec<u8>, &'static str> {
    use lzma_rust2::{Action, LzmaStream, Status};

    let (props, mut rest) = stored.split_first().ok_or("it is empty")?;
    let dictionary = u32::try_from(len).unwrap_or(u32::MAX).max(4096);
    let stream = LzmaStream::new_with_props(len as u64, *props, dictionary, None);
    let mut stream = stream.map_err(|_| "its LZMA properties are unknown")?;
    let mut bytes = alloc::vec![0; len];
    let mut free = bytes.as_mut_slice();
    loop {
        let result =
            stream.process(rest, free, Action::Finish).map_err(|_| "its LZMA is corrupt")?;
        rest = rest.get(result.bytes_consumed..).unwrap_or_default();
        free = core::mem::take(&mut free).get_mut(result.bytes_produced..).unwrap_or_default();
        if result.status == Status::StreamEnd {
            break;
        }
        if result.bytes_consumed == 0 && result.bytes_produced == 0 {
            return Err("its LZMA is too short");
        }
    }
    if free.is_empty() && rest.is_empty() { Ok(bytes) } else { Err("its LZMA has another length") }
}

#[cfg(not(feature = "packed"))]
fn unpack(_: &[u8], _: usize) -> Result<Vec<u8>, &'static str> {
    Err("it is packed, and the feature `packed` of btf-store is off")
}
