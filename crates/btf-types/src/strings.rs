//! The string section: NUL-terminated strings, referred to by offset.

use crate::{
    Name, StrOffset,
    error::{Error, Result},
    limits::{MAX_NAME_LEN, MAX_STR_OFFSET},
    word,
};

/// The strings of one BTF, without those of its base.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Strings<'a> {
    bytes: &'a [u8],
    /// The offset of the first string.
    start: u32,
    /// The offset one past the last byte.
    end: u32,
}

impl<'a> Strings<'a> {
    /// Checks a section that starts at `offset` in the input, and whose first string has the string
    /// offset `start`. The section of a BTF without a base must start with the empty string.
    pub(crate) fn parse(bytes: &'a [u8], offset: usize, start: u32, split: bool) -> Result<Self> {
        let problem = |problem| Err(Error::BadStrings { offset, problem });
        match (bytes.first(), bytes.last()) {
            (None, _) if !split => return problem("is empty"),
            (Some(first), _) if !split && *first != 0 => {
                return problem(
                    "does not start with a NUL byte: if this is a split BTF, parse it on its base",
                );
            }
            (_, Some(last)) if *last != 0 => return problem("does not end with a NUL byte"),
            _ => {}
        }
        let end = u64::from(start).saturating_add(bytes.len() as u64);
        match u32::try_from(end) {
            Ok(end) if end <= MAX_STR_OFFSET => Ok(Self { bytes, start, end }),
            _ => {
                Err(Error::TooMany { what: "string offsets", found: end, allowed: MAX_STR_OFFSET })
            }
        }
    }

    /// Returns the offset of the first string.
    #[inline]
    pub(crate) fn start(&self) -> u32 {
        self.start
    }

    /// Returns the offset one past the last byte.
    #[inline]
    pub(crate) fn end(&self) -> u32 {
        self.end
    }

    /// Returns the bytes of the section.
    #[inline]
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the section's bytes from `offset` to its end; `None` if there are none.
    #[inline]
    pub(crate) fn from(&self, offset: StrOffset) -> Option<&'a [u8]> {
        let index = usize::try_from(offset.0.checked_sub(self.start)?).ok()?;
        self.bytes.get(index..).filter(|rest| !rest.is_empty())
    }

    /// Returns the string at `offset`.
    pub(crate) fn get(&self, offset: StrOffset) -> Result<Name<'a>> {
        let rest = self.from(offset).ok_or(Error::NoSuchString { offset, end: self.end })?;
        let window = rest.get(..=MAX_NAME_LEN).unwrap_or(rest);
        let name = word::position(window, 0).and_then(|len| window.get(..len));
        name.map(Name::new).ok_or(Error::NameTooLong { offset })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_end_at_the_limit() {
        // A whole BTF reaches the limit only on a base of 2 GiB.
        let fits = Strings::parse(b"abc\0", 0, MAX_STR_OFFSET - 4, true).unwrap();
        assert_eq!((fits.start(), fits.end()), (MAX_STR_OFFSET - 4, MAX_STR_OFFSET));
        assert_eq!(fits.get(StrOffset(MAX_STR_OFFSET - 4)).unwrap(), "abc");
        let found = u64::from(MAX_STR_OFFSET) + 1;
        let error = Error::TooMany { what: "string offsets", found, allowed: MAX_STR_OFFSET };
        let result = Strings::parse(b"abc\0", 0, MAX_STR_OFFSET - 3, true);
        assert_eq!(result.err(), Some(error));
        assert!(Strings::parse(b"abc\0", 0, u32::MAX, true).is_err());
    }

    #[test]
    fn only_a_split_btf_may_begin_with_a_name_or_be_empty() {
        assert!(Strings::parse(b"abc\0", 0, 9, true).is_ok());
        assert!(Strings::parse(b"", 0, 9, true).is_ok());
        assert!(Strings::parse(b"abc\0", 0, 0, false).is_err());
        assert!(Strings::parse(b"", 0, 0, false).is_err());
        assert!(Strings::parse(b"abc", 0, 9, true).is_err());
    }
}
