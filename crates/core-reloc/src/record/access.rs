//! Access strings, and the paths of indices that they stand for.

use core::{fmt, ops::Deref, str::FromStr};

use smallvec::SmallVec;
use thiserror::Error;

use super::kind::{RelocKind, Subject};
use crate::limits::MAX_PATH_LEN;

/// A parsed access string: the index of the element, member or enumerator at each step.
///
/// For a field, the first number indexes the root type as an array, as in `p[n]`; members and array
/// elements follow. For a type it is `0`; for an enumerator it is the one index.
///
/// ```
/// use core_reloc::AccessPath;
///
/// let path: AccessPath = "0:1:2".parse()?;
/// assert_eq!(*path, [0, 1, 2]);
/// assert_eq!(path.to_string(), "0:1:2");
/// assert!("0:-1".parse::<AccessPath>().is_err());
/// # Ok::<(), core_reloc::AccessError>(())
/// ```
#[derive(PartialEq, Eq, Hash, Default)]
pub struct AccessPath(SmallVec<[u32; SHORT]>);

impl Clone for AccessPath {
    /// Copies the indices at once; a derived function would push one after the other.
    #[inline]
    fn clone(&self) -> Self {
        Self(SmallVec::from_slice(&self.0))
    }
}

/// The number of indices that need no allocation.
const SHORT: usize = 8;

impl AccessPath {
    /// Returns the access path of type-based relocations: `0`.
    pub fn root() -> Self {
        Self(SmallVec::from_slice(&[0]))
    }

    /// Creates a path of the given indices.
    ///
    /// # Errors
    /// [`AccessError::Empty`], [`AccessError::TooLong`] or [`AccessError::TooLarge`].
    pub fn new(indices: &[u32]) -> Result<Self, AccessError> {
        let mut path = Self::default();
        for index in indices {
            path.push(*index)?;
        }
        if path.is_empty() { Err(AccessError::Empty { at: 0 }) } else { Ok(path) }
    }

    /// Parses an access string: decimal numbers joined by `:`, and nothing else. libbpf, which uses
    /// `sscanf`, also accepts signs and spaces.
    ///
    /// # Errors
    /// See [`AccessError`].
    pub fn parse(text: &[u8]) -> Result<Self, AccessError> {
        // Most paths are short, and clearing more memory takes longer than parsing them.
        match parse_up_to::<SHORT>(text) {
            Ok((indices, len)) => Ok(Self(SmallVec::from_buf_and_len(indices, len.min(SHORT)))),
            Err(AccessError::TooLong) => {
                let (indices, len) = parse_up_to::<MAX_PATH_LEN>(text)?;
                Ok(Self(SmallVec::from_slice(indices.get(..len).unwrap_or(&[]))))
            }
            Err(error) => Err(error),
        }
    }

    /// Parses the access string of a relocation of a kind. That of a type-based one is exactly `0`, so that
    /// `00` is an error, as in libbpf.
    ///
    /// # Errors
    /// See [`AccessError`].
    #[inline]
    pub fn parse_for(kind: RelocKind, text: &[u8]) -> Result<Self, AccessError> {
        let path = Self::parse(text)?;
        // Any other path of a type is an error that needs no text: see `LocalSpec`.
        if text.starts_with(b"00") && kind.subject() == Subject::Type {
            return Err(AccessError::NotZero);
        }
        Ok(path)
    }

    /// Appends an index.
    ///
    /// # Errors
    /// [`AccessError::TooLong`] or [`AccessError::TooLarge`].
    #[inline]
    pub fn push(&mut self, index: u32) -> Result<(), AccessError> {
        if self.len() == MAX_PATH_LEN {
            return Err(AccessError::TooLong);
        }
        let index = self::index(index.into());
        self.0.push(index.ok_or(AccessError::TooLarge { part: self.len() })?);
        Ok(())
    }

    /// Creates a path for its length alone; its indices do not matter.
    pub(crate) fn of_len(len: usize) -> Self {
        Self(SmallVec::from_elem(0, len))
    }

    /// Removes the last index.
    pub(crate) fn pop(&mut self) {
        self.0.pop();
    }
}

/// Parses at most so many numbers, and returns them with their count.
#[inline(always)] // It runs for every record.
fn parse_up_to<const MOST: usize>(text: &[u8]) -> Result<([u32; MOST], usize), AccessError> {
    let mut indices = [0; MOST];
    let (mut len, mut start) = (0_usize, 0_usize);
    loop {
        let (index, end) = number(text, start, len)?;
        *indices.get_mut(len).ok_or(AccessError::TooLong)? = index;
        len = len.saturating_add(1);
        match text.get(end) {
            Some(b':') => start = end.saturating_add(1),
            Some(found) => return Err(AccessError::Unexpected { at: end, found: *found }),
            None => return Ok((indices, len)),
        }
    }
}

/// Reads the number that starts at `start`, and returns it with the position of its end.
#[inline(always)] // It runs for every number of every record.
fn number(text: &[u8], start: usize, part: usize) -> Result<(u32, usize), AccessError> {
    let mut number = match text.get(start) {
        Some(digit @ b'0'..=b'9') => u32::from(digit.wrapping_sub(b'0')),
        Some(found) if *found != b':' => {
            return Err(AccessError::Unexpected { at: start, found: *found });
        }
        _ => return Err(AccessError::Empty { at: start }),
    };
    let mut at = start.saturating_add(1);
    // Most numbers have one digit.
    while let Some(digit @ b'0'..=b'9') = text.get(at) {
        // Ten times a `u32` plus a digit fits.
        let digit = u64::from(digit.wrapping_sub(b'0'));
        let value = u64::from(number).wrapping_mul(10).wrapping_add(digit);
        number = index(value).ok_or(AccessError::TooLarge { part })?;
        at = at.saturating_add(1);
    }
    Ok((number, at))
}

/// Returns the number if it is in the range of an index.
#[inline]
fn index(number: u64) -> Option<u32> {
    u32::try_from(number).ok().filter(|index| *index <= i32::MAX.cast_unsigned())
}

impl Deref for AccessPath {
    type Target = [u32];

    #[inline]
    fn deref(&self) -> &[u32] {
        &self.0
    }
}

impl FromStr for AccessPath {
    type Err = AccessError;

    fn from_str(text: &str) -> Result<Self, AccessError> {
        Self::parse(text.as_bytes())
    }
}

impl fmt::Display for AccessPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, index) in self.iter().enumerate() {
            if position > 0 {
                f.write_str(":")?;
            }
            write!(f, "{index}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for AccessPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// The reason why an access string is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AccessError {
    /// A number is missing.
    #[error("access string has no number at byte {at}")]
    Empty {
        /// The offset in the string, in bytes.
        at: usize,
    },
    /// A byte is neither a digit nor a colon.
    #[error("access string has {:?} at byte {at}, only digits and ':' are allowed", *found as char)]
    Unexpected {
        /// The offset in the string, in bytes.
        at: usize,
        /// The byte found.
        found: u8,
    },
    /// A number is above `i32::MAX`.
    #[error("number {part} of the access string is above {}", i32::MAX)]
    TooLarge {
        /// The position of the number, from 0.
        part: usize,
    },
    /// A number in the access string of a type-based relocation begins with zeros.
    #[error("the access string of a type-based relocation must be \"0\"")]
    NotZero,
    /// There are too many numbers.
    #[error("access string has more than {MAX_PATH_LEN} numbers")]
    TooLong,
}

#[cfg(test)]
mod tests {
    use std::{string::ToString, vec};

    use super::*;

    #[test]
    fn numbers_joined_by_colons_are_a_path() {
        for (text, expected) in [
            ("0", vec![0]),
            ("0:1:2", vec![0, 1, 2]),
            ("2147483647", vec![i32::MAX as u32]),
            ("007:10", vec![7, 10]),
        ] {
            assert_eq!(*AccessPath::parse(text.as_bytes()).unwrap(), *expected, "{text}");
        }
        let longest = vec!["1"; MAX_PATH_LEN].join(":");
        assert_eq!(AccessPath::parse(longest.as_bytes()).unwrap().to_string(), longest);
    }

    #[test]
    fn anything_else_is_rejected_with_its_position() {
        for (text, expected) in [
            ("", AccessError::Empty { at: 0 }),
            (":", AccessError::Empty { at: 0 }),
            ("0:", AccessError::Empty { at: 2 }),
            ("0::1", AccessError::Empty { at: 2 }),
            ("-1", AccessError::Unexpected { at: 0, found: b'-' }),
            ("0:+1", AccessError::Unexpected { at: 2, found: b'+' }),
            ("0: 1", AccessError::Unexpected { at: 2, found: b' ' }),
            ("0x1", AccessError::Unexpected { at: 1, found: b'x' }),
            ("0:2147483648", AccessError::TooLarge { part: 1 }),
            ("99999999999", AccessError::TooLarge { part: 0 }),
        ] {
            assert_eq!(AccessPath::parse(text.as_bytes()), Err(expected), "{text}");
        }
        let too_long = vec!["1"; MAX_PATH_LEN + 1].join(":");
        assert_eq!(AccessPath::parse(too_long.as_bytes()), Err(AccessError::TooLong));
        assert!(AccessPath::new(&[1; MAX_PATH_LEN]).is_ok());
        assert_eq!(AccessPath::new(&[1; MAX_PATH_LEN + 1]), Err(AccessError::TooLong));
        let above = i32::MAX.cast_unsigned() + 1;
        assert_eq!(AccessPath::new(&[0, above]), Err(AccessError::TooLarge { part: 1 }));
    }
}
