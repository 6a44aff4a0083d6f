//! The headers of a tar archive's entries.

use std::ops::Range;

use tar::{EntryType, PaxExtensions};

/// The unit of an archive.
pub(super) const BLOCK_LEN: usize = 512;

/// An entry's header.
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) name: Vec<u8>,
    /// How many bytes follow.
    pub(super) len: u64,
}

/// What an entry is.
pub(super) enum Kind {
    File,
    /// The name of the next entry, from GNU's tar.
    LongName,
    /// What POSIX has to say about the next entry.
    Extensions,
    /// Something about other entries that does not matter here.
    OtherExtension,
    /// A folder, a link, a device.
    Other,
}

impl Header {
    /// Reads a header; there is none in a block of zeros, with which archives end.
    pub(super) fn parse(block: &[u8; BLOCK_LEN]) -> Result<Option<Self>, String> {
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let header = tar::Header::from_byte_slice(block);
        let said = header.cksum().map_err(|_| no_number("checksum", block.get(CHECKSUM)))?;
        let sum = checksum(block);
        if said != sum {
            return Err(format!("its checksum is {said}, but its bytes sum up to {sum}"));
        }
        let kind = match header.entry_type() {
            EntryType::Regular | EntryType::Continuous => Kind::File,
            EntryType::GNULongName => Kind::LongName,
            EntryType::XHeader => Kind::Extensions,
            EntryType::GNULongLink | EntryType::XGlobalHeader => Kind::OtherExtension,
            EntryType::GNUSparse => return Err("is of a sparse file, which is not read".into()),
            _ => Kind::Other,
        };
        let len = header.entry_size().map_err(|_| no_number("size", block.get(SIZE)))?;
        Ok(Some(Self { kind, name: header.path_bytes().into_owned(), len }))
    }
}

/// Where a header has the size of what follows.
const SIZE: Range<usize> = 124..136;

/// Where it has the sum of its own bytes.
const CHECKSUM: Range<usize> = 148..156;

/// What is wrong with a field that is not in digits, as [`tar`] does not say in one line.
fn no_number(what: &str, field: Option<&[u8]>) -> String {
    format!("its {what} is `{}`, which is not a number", displayed(field.unwrap_or_default()))
}

/// The sum of a header's bytes, with spaces in place of the sum itself.
fn checksum(block: &[u8; BLOCK_LEN]) -> u32 {
    let byte = |(at, byte)| if CHECKSUM.contains(&at) { b' ' } else { byte };
    block.iter().copied().enumerate().map(|byte_at| u32::from(byte(byte_at))).sum()
}

/// The name and the length that an extended header gives the next entry.
pub(super) fn extensions(bytes: &[u8]) -> Result<(Option<Vec<u8>>, Option<u64>), String> {
    let (mut name, mut len) = (None, None);
    for extension in PaxExtensions::new(bytes) {
        let extension = extension.map_err(|error| displayed(error.to_string().as_bytes()))?;
        match extension.key_bytes() {
            b"path" => name = Some(extension.value_bytes().to_vec()),
            b"size" => {
                let value = extension.value().ok().and_then(|value| value.parse().ok());
                len = Some(value.ok_or("an extended header's size is not a number")?);
            }
            key if key.starts_with(b"GNU.sparse.") => {
                return Err("is of a sparse file, which is not read".into());
            }
            _ => {}
        }
    }
    Ok((name, len))
}

/// An entry's name for people, on one line of bounded length.
pub(super) fn displayed(name: &[u8]) -> String {
    const MAX_LEN: usize = 255;
    let name = name.strip_prefix(b"./").unwrap_or(name);
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    let mut text = String::new();
    for character in String::from_utf8_lossy(name).chars().take(MAX_LEN) {
        if character.is_control() {
            text.extend(character.escape_default());
        } else {
            text.push(character);
        }
    }
    text
}
