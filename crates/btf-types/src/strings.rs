//! The string section: NUL-terminated strings that are referred to by offset.

use core::ffi::CStr;

use crate::{
    Name, StrOffset,
    error::{Error, Result},
    limits::{MAX_NAME_LEN, MAX_STR_OFFSET},
};

/// One BTF's own strings, and the offset at which they begin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Strings<'a> {
    bytes: &'a [u8],
    start: u32,
    end: u32,
}

impl<'a> Strings<'a> {
    /// Checks a section that lies at `offset` of the input and whose strings are numbered from
    /// `start` on. Without a base (`start` 0) its first byte is the empty string.
    pub(crate) fn parse(bytes: &'a [u8], offset: usize, start: u32, split: bool) -> Result<Self> {
        let problem = |problem| Err(Error::BadStrings { offset, problem });
        match (bytes.first(), bytes.last()) {
            (None, _) if !split => return problem("is empty"),
            (Some(first), _) if !split && *first != 0 => {
                return problem(
                    "does not begin with a NUL byte: this may be a split BTF, which is parsed on its base",
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

    /// The offset of the first string of these.
    #[inline]
    pub(crate) fn start(&self) -> u32 {
        self.start
    }

    /// The offset behind the last string.
    #[inline]
    pub(crate) fn end(&self) -> u32 {
        self.end
    }

    /// The bytes of the section.
    #[inline]
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// All bytes from a string's first on, which is not before [`Strings::start`].
    #[inline]
    pub(crate) fn from(&self, offset: StrOffset) -> Option<&'a [u8]> {
        let index = usize::try_from(offset.0.checked_sub(self.start)?).ok()?;
        self.bytes.get(index..).filter(|rest| !rest.is_empty())
    }

    /// The string at an offset that is not before [`Strings::start`].
    pub(crate) fn get(&self, offset: StrOffset) -> Result<Name<'a>> {
        let rest = self.from(offset).ok_or(Error::NoSuchString { offset, end: self.end })?;
        let window = rest.get(..=MAX_NAME_LEN).unwrap_or(rest);
        match CStr::from_bytes_until_nul(window) {
            Ok(name) => Ok(Name::new(name.to_bytes())),
            Err(_) => Err(Error::NameTooLong { offset }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_do_not_run_out() {
        // Only on a base of 2 GiB, so this is asked of the section alone.
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
