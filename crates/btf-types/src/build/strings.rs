//! The string section of a builder, which stores each string once.

use alloc::{collections::BTreeMap, vec::Vec};

use super::{Error, Result};
use crate::{Btf, StrOffset, limits::MAX_STR_OFFSET};

/// A BTF's own strings, and the offsets of its base's.
#[derive(Debug)]
pub(super) struct StringTable<'a> {
    bytes: Vec<u8>,
    /// The offset of the first of `bytes`.
    start: u32,
    own: BTreeMap<Vec<u8>, StrOffset>,
    base: BTreeMap<&'a [u8], StrOffset>,
}

impl<'a> StringTable<'a> {
    /// Returns the strings of a BTF without a base, which start with the empty string.
    pub(super) fn new() -> Self {
        Self { bytes: [0].into(), start: 0, own: BTreeMap::new(), base: BTreeMap::new() }
    }

    /// Returns the strings of a split BTF.
    pub(super) fn on(base: &'a Btf<'a>) -> Self {
        let mut table = Self { bytes: Vec::new(), start: base.end_str_offset().0, ..Self::new() };
        let mut next = Some(base);
        while let Some(btf) = next {
            let mut offset = btf.start_str_offset().0;
            for string in btf.string_bytes().split(|byte| *byte == 0) {
                table.base.entry(string).or_insert(StrOffset(offset));
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
        if let Some(known) = self.own.get(string).or_else(|| self.base.get(string)) {
            return Ok(*known);
        }
        if let Some(at) = string.iter().position(|byte| *byte == 0) {
            return Err(Error::NulInString { string: string.into(), at });
        }
        let offset = self.end();
        let end = offset.saturating_add(string.len() as u64).saturating_add(1);
        match u32::try_from(offset) {
            Ok(offset) if end <= MAX_STR_OFFSET.into() => {
                self.bytes.extend_from_slice(string);
                self.bytes.push(0);
                self.own.insert(string.into(), StrOffset(offset));
                Ok(StrOffset(offset))
            }
            _ => {
                Err(Error::TooMany { what: "string offsets", found: end, allowed: MAX_STR_OFFSET })
            }
        }
    }

    /// Returns the offset one past the last string.
    fn end(&self) -> u64 {
        u64::from(self.start).saturating_add(self.bytes.len() as u64)
    }

    /// Returns the bytes of the section.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
