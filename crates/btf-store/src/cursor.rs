//! Reading numbers and bytes one after the other.

use crate::error::{Error, Result, Section};

/// A position in a page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    section: Section,
    page: u32,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8], at: usize, section: Section, page: u32) -> Self {
        Self { bytes, at, section, page }
    }

    /// Returns an error about the number at an offset.
    pub(crate) fn malformed(
        &self,
        offset: usize,
        what: &'static str,
        found: impl Into<u64>,
        allowed: impl Into<u64>,
    ) -> Error {
        let (section, page) = (self.section, self.page);
        Error::Malformed {
            section,
            page,
            offset,
            what,
            found: found.into(),
            allowed: allowed.into(),
        }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    pub(crate) fn bytes(&mut self, len: u32, what: &'static str) -> Result<&'a [u8]> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let found = rest.get(..len as usize);
        let found = found.ok_or_else(|| self.malformed(self.at, what, len, rest.len() as u64))?;
        self.at = self.at.saturating_add(found.len());
        Ok(found)
    }

    /// Reads a number in LEB128: seven bits in each byte, the lowest first, bit 7 set in all but the last.
    #[inline]
    pub(crate) fn number(&mut self, what: &'static str) -> Result<u32> {
        let mut value = 0_u64;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        for (count, byte) in rest.iter().take(5).enumerate() {
            let shift = u32::try_from(count).unwrap_or(0).wrapping_mul(7);
            value |= u64::from(byte & 0x7f).wrapping_shl(shift);
            if byte & 0x80 == 0 {
                let found = u32::try_from(value);
                let found = found.map_err(|_| self.malformed(self.at, what, value, u32::MAX))?;
                // One number has one spelling, so that equal contents are equal bytes.
                if *byte == 0 && count > 0 {
                    return Err(self.malformed(self.at, "last byte of a number", 0_u32, 0_u32));
                }
                self.at = self.at.saturating_add(count).saturating_add(1);
                return Ok(found);
            }
        }
        Err(self.malformed(self.at, what, u64::MAX, u32::MAX))
    }

    /// Reads a number that is at most `allowed`.
    pub(crate) fn number_to(&mut self, allowed: u32, what: &'static str) -> Result<u32> {
        let start = self.at;
        let found = self.number(what)?;
        if found > allowed {
            return Err(self.malformed(start, what, found, allowed));
        }
        Ok(found)
    }

    /// Reads the length of a part, and returns a cursor over that part alone.
    pub(crate) fn part(&mut self, what: &'static str) -> Result<Self> {
        let len = self.number(what)?;
        let start = self.at;
        self.bytes(len, what)?;
        let bytes = self.bytes.get(..self.at).unwrap_or_default();
        Ok(Self { bytes, at: start, ..*self })
    }

    /// Returns an error unless all bytes have been read.
    pub(crate) fn end(&self, what: &'static str) -> Result<()> {
        if self.left() == 0 {
            return Ok(());
        }
        Err(self.malformed(self.at, what, self.bytes.len() as u64, self.at as u64))
    }
}
