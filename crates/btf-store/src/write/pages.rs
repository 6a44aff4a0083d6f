//! Writing sections as pages.

use crate::{
    header::Extent,
    limits::{BLOCK, MAX_PAGE},
    pages::{ENTRY_LEN, Entry},
    write::{WriteError, encode::len},
};

/// How pages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    /// The bytes after which a page ends, before packing.
    pub(crate) page: usize,
    pub(crate) is_packed: bool,
}

/// The items of a section, in their order.
#[derive(Debug, Default)]
pub(crate) struct Items {
    bytes: Vec<u8>,
    /// Where each block starts.
    blocks: Vec<usize>,
    count: u32,
}

impl Items {
    /// Starts an item, and returns the bytes to append it to, and whether it starts a block.
    pub(crate) fn next(&mut self) -> (&mut Vec<u8>, bool) {
        let is_start = self.count.is_multiple_of(BLOCK);
        if is_start {
            self.blocks.push(self.bytes.len());
        }
        self.count = self.count.saturating_add(1);
        (&mut self.bytes, is_start)
    }

    /// Returns the bytes of all items.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Appends the pages and then their directory to a file.
    pub(crate) fn write(&self, form: Form, file: &mut Vec<u8>) -> Result<Extent, WriteError> {
        let mut entries = Vec::new();
        let mut first = 0_usize;
        while first < self.blocks.len() {
            let start = self.blocks.get(first).copied().unwrap_or(0);
            let rest = self.blocks.get(first..).unwrap_or_default();
            // The first block that starts after the page is full.
            let end =
                rest.iter().skip(1).position(|block| block.saturating_sub(start) >= form.page);
            let count = end.map_or(rest.len(), |end| end.saturating_add(1));
            let blocks = rest.get(..count).unwrap_or_default();
            let end = rest.get(count).copied().unwrap_or(self.bytes.len());
            let bytes = self.bytes.get(start..end).unwrap_or_default();

            let table = count.saturating_mul(4);
            let mut page = Vec::with_capacity(table.saturating_add(bytes.len()));
            for block in blocks {
                let offset = block.saturating_sub(start).saturating_add(table);
                page.extend(u32::try_from(offset).unwrap_or(u32::MAX).to_le_bytes());
            }
            page.extend_from_slice(bytes);
            let length = len(&page);
            if length > MAX_PAGE {
                let what = "length of a page, which has sixteen items at least";
                return Err(WriteError::TooLarge { what, allowed: MAX_PAGE });
            }
            let packed = if form.is_packed { pack(&page) } else { None };
            let stored = packed.unwrap_or(page);
            let entry = Entry {
                first: u32::try_from(first).unwrap_or(u32::MAX).saturating_mul(BLOCK),
                offset: len(file),
                stored: len(&stored),
                len: length,
                checksum: 0,
            };
            entries.push(Entry { checksum: entry.compute(&stored), ..entry });
            file.extend_from_slice(&stored);
            first = first.saturating_add(count);
        }
        let directory = len(file);
        file.reserve(entries.len().saturating_mul(ENTRY_LEN));
        for entry in &entries {
            file.extend(entry.to_bytes());
        }
        let pages = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        Ok(Extent { items: self.count, pages, directory })
    }
}

/// Packs a page, if that makes it smaller and it may be as much smaller.
#[cfg(feature = "packed")]
fn pack(page: &[u8]) -> Option<Vec<u8>> {
    use std::io::Write;

    use lzma_rust2::{LzmaOptions, LzmaWriter};

    let mut options = LzmaOptions::with_preset(9);
    options.dict_size = len(page).max(4096);
    // What is packed are numbers of some bytes and names, at any offset.
    (options.lc, options.lp, options.pb) = (4, 0, 0);
    let mut packed = vec![options.get_props()];
    let mut writer = LzmaWriter::new_no_header(&mut packed, &options, false).ok()?;
    writer.write_all(page).ok()?;
    writer.finish().ok()?;
    let is_allowed = packed.len() < page.len()
        && page.len() <= packed.len().saturating_mul(crate::limits::MAX_RATIO as usize);
    is_allowed.then_some(packed)
}

#[cfg(not(feature = "packed"))]
fn pack(_: &[u8]) -> Option<Vec<u8>> {
    None
}
