//! Tar headers.

use std::ops::Range;

use btf_types::is_plain;
use tar::{EntryType, GnuHeader, PaxExtensions};

/// The block size of an archive, in bytes.
pub(super) const BLOCK_LEN: usize = 512;

/// The header of an entry.
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) name: Vec<u8>,
    /// The number of bytes that follow.
    pub(super) len: u64,
}

/// The kind of an entry.
pub(super) enum Kind {
    File,
    /// A file with holes, in GNU's old format. More blocks with its map may come before the content.
    Sparse {
        continues: bool,
    },
    /// The name of the next entry, in GNU's format.
    LongName,
    /// The extended header of the next entry, in POSIX's format.
    Extensions,
    /// A header of other entries that is not needed.
    OtherExtension,
    /// A folder, a link, a device.
    Other,
}

impl Header {
    /// Reads a header; returns `None` for a block of zeros, which ends an archive.
    pub(super) fn parse(block: &[u8; BLOCK_LEN]) -> Result<Option<Self>, String> {
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let header = tar::Header::from_byte_slice(block);
        let stated = header.cksum().map_err(|_| not_a_number("checksum", block.get(CHECKSUM)))?;
        let sum = checksum(block);
        if stated != sum {
            return Err(format!("checksum is {stated}, but the bytes sum up to {sum}"));
        }
        let kind = match header.entry_type() {
            EntryType::Regular | EntryType::Continuous => Kind::File,
            EntryType::GNULongName => Kind::LongName,
            EntryType::XHeader => Kind::Extensions,
            EntryType::GNULongLink | EntryType::XGlobalHeader => Kind::OtherExtension,
            EntryType::GNUSparse => {
                Kind::Sparse { continues: header.as_gnu().is_some_and(GnuHeader::is_extended) }
            }
            _ => Kind::Other,
        };
        let len = header.entry_size().map_err(|_| not_a_number("size", block.get(SIZE)))?;
        Ok(Some(Self { kind, name: header.path_bytes().into_owned(), len }))
    }
}

/// The bytes of a header that state the size of the entry.
const SIZE: Range<usize> = 124..136;

/// The bytes of a header that state the sum of its bytes.
const CHECKSUM: Range<usize> = 148..156;

/// Returns the message for a field that is not a number; the one of [`tar`] has several lines.
fn not_a_number(what: &str, field: Option<&[u8]>) -> String {
    format!("{what} `{}` is not a number", displayed(field.unwrap_or_default()))
}

/// Sums up a header's bytes, with spaces in place of the sum itself.
fn checksum(block: &[u8; BLOCK_LEN]) -> u32 {
    let byte = |(at, byte)| if CHECKSUM.contains(&at) { b' ' } else { byte };
    block.iter().copied().enumerate().map(|byte_at| u32::from(byte(byte_at))).sum()
}

/// Returns `true` if the map of a sparse file continues after this block of it.
pub(super) fn sparse_map_continues(block: &[u8; BLOCK_LEN]) -> bool {
    /// The offset of the flag, after 21 pairs of numbers with 12 digits each.
    const IS_EXTENDED: usize = 504;
    block.get(IS_EXTENDED).is_some_and(|flag| *flag != 0)
}

/// What an extended header says of the next entry.
#[derive(Default)]
pub(super) struct Extensions {
    pub(super) name: Option<Vec<u8>>,
    pub(super) len: Option<u64>,
    pub(super) is_sparse: bool,
}

/// Reads an extended header.
pub(super) fn extensions(bytes: &[u8]) -> Result<Extensions, String> {
    let mut found = Extensions::default();
    for extension in PaxExtensions::new(bytes) {
        let extension = extension.map_err(|error| displayed(error.to_string().as_bytes()))?;
        match extension.key_bytes() {
            b"path" => found.name = Some(extension.value_bytes().to_vec()),
            b"size" => {
                let value = extension.value().ok().and_then(|value| value.parse().ok());
                found.len = Some(value.ok_or("the size in the extended header is not a number")?);
            }
            // The header's own name is of a temporary file.
            b"GNU.sparse.name" => {
                found.name = Some(extension.value_bytes().to_vec());
                found.is_sparse = true;
            }
            key if key.starts_with(b"GNU.sparse.") => found.is_sparse = true,
            _ => {}
        }
    }
    Ok(found)
}

/// Returns an entry's name for messages, on one line of bounded length.
pub(super) fn displayed(name: &[u8]) -> String {
    const MAX_LEN: usize = 255;
    let name = name.strip_prefix(b"./").unwrap_or(name);
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    let mut text = String::new();
    for character in String::from_utf8_lossy(name).chars().take(MAX_LEN) {
        if is_plain(character) {
            text.push(character);
        } else {
            text.extend(character.escape_default());
        }
    }
    text
}
