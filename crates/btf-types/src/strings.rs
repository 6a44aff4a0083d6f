//! The string section: NUL-terminated strings that are referred to by offset.

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
        let name = len(window).and_then(|len| window.get(..len));
        name.map(Name::new).ok_or(Error::NameTooLong { offset })
    }
}

/// How many bytes come before the first NUL byte.
///
/// Names are short, and looked at by the hundred thousand: eight bytes at a time, without the
/// preparations that pay for long texts.
#[inline]
fn len(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGHEST: u64 = u64::from_ne_bytes([0x80; 8]);
    let (words, rest) = bytes.as_chunks::<8>();
    let mut before = 0_usize;
    for word in words {
        let word = u64::from_le_bytes(*word);
        // The highest bit of the first byte that is 0, and maybe of some behind it.
        let zeros = word.wrapping_sub(ONES) & !word & HIGHEST;
        if zeros != 0 {
            return Some(before.saturating_add(zeros.trailing_zeros() as usize / 8));
        }
        before = before.saturating_add(8);
    }
    rest.iter().position(|byte| *byte == 0).map(|at| before.saturating_add(at))
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
    fn the_first_nul_ends_a_string_wherever_it_is() {
        for at in 0..24_usize {
            for filler in [1, 0x7f, 0x80, 0x81, 0xff] {
                let mut bytes = [filler; 24];
                assert_eq!(len(&bytes[..at]), None, "{at} {filler:#x}");
                bytes[at] = 0;
                assert_eq!(len(&bytes), Some(at), "{at} {filler:#x}");
                bytes[23] = 0;
                assert_eq!(len(&bytes), Some(at), "{at} {filler:#x}");
                // A 1 behind a 0 borrows from it.
                bytes[at..].fill(1);
                bytes[at] = 0;
                assert_eq!(len(&bytes), Some(at), "{at}");
            }
        }
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
