//! The format, read from its description alone: where the pages are, and their checksums.

/// The offset of the header's checksum.
const CHECKSUM: usize = 172;

fn word(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

fn put(bytes: &mut [u8], at: usize, word: u32) {
    bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
}

/// A page of a store.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    /// The offset of its directory entry.
    pub(crate) entry: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Whether it is not packed.
    pub(crate) is_plain: bool,
}

/// Returns the pages of all sections, in the order of the sections.
pub(crate) fn pages(bytes: &[u8]) -> Vec<Page> {
    let mut pages = Vec::new();
    for section in 0..5 {
        let (count, directory) = (word(bytes, 20 + section * 12), word(bytes, 24 + section * 12));
        for entry in (0..count).map(|page| directory + page * 20) {
            let (start, stored, len) =
                (word(bytes, entry + 4), word(bytes, entry + 8), word(bytes, entry + 12));
            pages.push(Page { entry, start, end: start + stored, is_plain: stored == len });
        }
    }
    pages
}

/// CRC-32 as in zlib, bit by bit.
fn crc(bytes: impl IntoIterator<Item = u8>) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 * (crc & 1));
        }
    }
    !crc
}

/// Makes the checksum of the header right.
pub(crate) fn seal_header(bytes: &mut [u8]) {
    let sum = crc(bytes[..CHECKSUM].iter().copied());
    put(bytes, CHECKSUM, sum);
}

/// Makes the checksum of a page right.
pub(crate) fn seal(bytes: &mut [u8], page: Page) {
    let numbers = &bytes[page.entry..page.entry + 16];
    let sum = crc(numbers.iter().chain(&bytes[page.start..page.end]).copied());
    put(bytes, page.entry + 16, sum);
}

#[test]
fn the_checksums_are_those_of_the_description() {
    let given = crate::described::kernels();
    for bytes in crate::described::stores(&given) {
        let mut sealed = bytes.clone();
        let pages = pages(&bytes);
        assert!(pages.len() >= 4);
        for page in pages {
            seal(&mut sealed, page);
        }
        seal_header(&mut sealed);
        assert!(sealed == bytes);
    }
}
