//! The string section of a builder, which stores each string once.
//!
//! Strings are found by their hashes. Of different strings with one hash, which do not come about by accident, only the
//! first is found again, and the others are stored each time: hostile strings take space, not time.

use alloc::{
    collections::{BTreeMap, btree_map::Entry},
    vec::Vec,
};

use super::{Error, Result};
use crate::{Btf, StrOffset, limits::MAX_STR_OFFSET};

/// A BTF's own strings, and the offsets of its base's.
#[derive(Debug)]
pub(super) struct StringTable<'a> {
    bytes: Vec<u8>,
    /// The offset of the first of `bytes`.
    start: u32,
    /// The offsets of the own strings and those of the bases, by hash.
    known: BTreeMap<u64, StrOffset>,
    base: Option<&'a Btf<'a>>,
}

impl<'a> StringTable<'a> {
    /// Returns the strings of a BTF without a base, which start with the empty string.
    pub(super) fn new() -> Self {
        Self { bytes: [0].into(), start: 0, known: BTreeMap::new(), base: None }
    }

    /// Returns the strings of a split BTF.
    pub(super) fn on(base: &'a Btf<'a>) -> Self {
        let start = base.end_str_offset().0;
        let mut table = Self { bytes: Vec::new(), start, base: Some(base), ..Self::new() };
        let mut next = Some(base);
        while let Some(btf) = next {
            let mut offset = btf.start_str_offset().0;
            for string in btf.string_bytes().split(|byte| *byte == 0) {
                table.known.entry(hash(string)).or_insert(StrOffset(offset));
                let len = u32::try_from(string.len()).unwrap_or(u32::MAX);
                offset = offset.saturating_add(len).saturating_add(1);
            }
            next = btf.base();
        }
        table
    }

    /// Returns the offset of a string, which is added if it is new.
    pub(super) fn insert(&mut self, string: &[u8]) -> Result<StrOffset> {
        if string.is_empty() {
            return Ok(StrOffset::EMPTY);
        }
        let entry = self.known.entry(hash(string));
        if let Entry::Occupied(known) = &entry
            && is_at(*known.get(), string, &self.bytes, self.start, self.base)
        {
            return Ok(*known.get());
        }
        if let Some(at) = string.iter().position(|byte| *byte == 0) {
            return Err(Error::NulInString { string: string.into(), at });
        }
        let offset = u64::from(self.start).saturating_add(self.bytes.len() as u64);
        let end = offset.saturating_add(string.len() as u64).saturating_add(1);
        match u32::try_from(offset) {
            Ok(offset) if end <= MAX_STR_OFFSET.into() => {
                self.bytes.extend_from_slice(string);
                self.bytes.push(0);
                entry.or_insert(StrOffset(offset));
                Ok(StrOffset(offset))
            }
            _ => {
                Err(Error::TooMany { what: "string offsets", found: end, allowed: MAX_STR_OFFSET })
            }
        }
    }

    /// Returns the bytes of the section.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Returns `true` if a string is at an offset: among the own strings, which start at `start`, or those of the bases.
fn is_at(offset: StrOffset, string: &[u8], own: &[u8], start: u32, base: Option<&Btf<'_>>) -> bool {
    match offset.0.checked_sub(start) {
        Some(at) => {
            let rest = own.get(at as usize..).and_then(|own| own.strip_prefix(string));
            rest.is_some_and(|rest| rest.first() == Some(&0))
        }
        None => {
            base.is_some_and(|base| base.string(offset).is_ok_and(|name| name.as_bytes() == string))
        }
    }
}

/// Returns the FNV-1a hash of a string.
fn hash(string: &[u8]) -> u64 {
    string.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        // From the authors' list of test vectors of FNV-1a.
        assert_eq!(hash(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn strings_with_the_hash_of_another_are_stored_each_time() {
        let mut table = StringTable::new();
        let other = table.insert(b"tgid").unwrap();
        table.known.insert(hash(b"pid"), other);
        let first = table.insert(b"pid").unwrap();
        assert_ne!(table.insert(b"pid").unwrap(), first);
        assert_eq!(table.bytes(), b"\0tgid\0pid\0pid\0");
        assert_eq!(table.insert(b"tgid").unwrap(), other);
    }
}
