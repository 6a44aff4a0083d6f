//! Names, which are the strings of BTF.

use core::{fmt, ops::Deref, str::Utf8Error};

/// A string of BTF without its NUL byte. Anonymous types and members have the empty name.
///
/// Compilers write identifiers, but the format does not require UTF-8. Compare bytes, and print with
/// `Display`, which escapes control characters and invalid UTF-8.
///
/// ```
/// use btf_types::Name;
///
/// let name = Name::new(b"task_struct");
/// assert_eq!(name, "task_struct");
/// assert_eq!(name.to_string(), "task_struct");
/// assert_eq!(Name::new(b"a\xff\n").to_string(), r"a\xff\n");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Name<'a>(&'a [u8]);

impl<'a> Name<'a> {
    /// Returns the name with these bytes.
    #[inline]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    #[inline]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// Returns the name as text.
    ///
    /// # Errors
    /// [`Utf8Error`] if the bytes are not UTF-8.
    pub const fn to_str(self) -> Result<&'a str, Utf8Error> {
        core::str::from_utf8(self.0)
    }
}

impl Deref for Name<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.0
    }
}

impl AsRef<[u8]> for Name<'_> {
    fn as_ref(&self) -> &[u8] {
        self.0
    }
}

impl PartialEq<str> for Name<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for Name<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl<'a> From<&'a str> for Name<'a> {
    fn from(text: &'a str) -> Self {
        Self(text.as_bytes())
    }
}

impl<'a> From<&'a [u8]> for Name<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                if character.is_control() {
                    write!(f, "{}", character.escape_default())?;
                } else {
                    fmt::Write::write_char(f, character)?;
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use std::{format, string::ToString};

    use super::*;

    #[test]
    fn a_name_is_its_bytes() {
        let name = Name::new(b"abc");
        assert_eq!(name.as_bytes(), b"abc");
        assert_eq!(name.as_ref(), b"abc");
        assert_eq!((name.len(), name.first()), (3, Some(&b'a')));
        assert_eq!(name, Name::from("abc"));
        assert_eq!(name, Name::from(&b"abc"[..]));
        assert!(name == *"abc" && name == "abc" && name != "abcd" && name != *"ab");
        assert!(Name::default().is_empty());
    }

    #[test]
    fn a_name_need_not_be_text() {
        assert_eq!(Name::new("größe".as_bytes()).to_str(), Ok("größe"));
        assert!(Name::new(b"\xff").to_str().is_err());
    }

    #[test]
    fn printing_escapes_what_is_not_text() {
        assert_eq!(Name::new("größe".as_bytes()).to_string(), "größe");
        assert_eq!(Name::new(b"a\x1b[31m\t\xc3").to_string(), r"a\u{1b}[31m\t\xc3");
        assert_eq!(format!("{:?}", Name::new(b"a\xff")), r#""a\xff""#);
    }
}
