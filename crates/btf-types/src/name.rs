//! Names, which are the strings of BTF.

use core::{fmt, ops::Deref, str::Utf8Error};

/// A string of BTF without its NUL byte. Anonymous types and members have the empty name.
///
/// Compilers write identifiers, but the format does not require UTF-8. Compare bytes, and print with
/// `Display`, which escapes invalid UTF-8 and all characters that are not [plain](is_plain).
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
        let is_escaped = |character: char| !is_plain(character);
        for chunk in self.0.utf8_chunks() {
            // Plain characters are written at once: most names have no others.
            for part in chunk.valid().split_inclusive(is_escaped) {
                let mut plain = part.chars();
                match plain.next_back().filter(|last| is_escaped(*last)) {
                    Some(last) => write!(f, "{}{}", plain.as_str(), last.escape_default())?,
                    None => f.write_str(part)?,
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Returns `true` if printing a character shows it, and nothing else: `false` for control characters, for
/// those that end a line, and for those that are invisible or change the direction of the text.
///
/// Text from files, such as names, may contain any character. Without escaping these, it could look like
/// other text, or control the terminal.
///
/// ```
/// use btf_types::is_plain;
///
/// assert!("Größe 数".chars().all(is_plain));
/// assert!(!"\x1b\n\u{2028}\u{202e}\u{feff}".chars().any(is_plain));
/// ```
pub fn is_plain(character: char) -> bool {
    // Most are ASCII.
    if character.is_ascii() {
        return !character.is_ascii_control();
    }
    // Besides control characters (Cc), Unicode's categories Zl, Zp and Cf.
    !character.is_control()
        && !matches!(
            character,
            '\u{ad}'
                | '\u{600}'..='\u{605}'
                | '\u{61c}'
                | '\u{6dd}'
                | '\u{70f}'
                | '\u{890}'..='\u{891}'
                | '\u{8e2}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{110bd}'
                | '\u{110cd}'
                | '\u{13430}'..='\u{1343f}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e007f}'
        )
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
        // A file name that reads `exe.btf` from right to left, and one with a line of its own.
        let hidden = Name::new("ftb.\u{202e}exe\u{2028}\u{200b}".as_bytes());
        assert_eq!(hidden.to_string(), r"ftb.\u{202e}exe\u{2028}\u{200b}");
    }
}
