//! Names that are searched for exactly, with their flavor if they have one.

use alloc::{collections::BTreeMap, vec::Vec};

use btf_types::{limits::MAX_NAME_LEN, word};

use super::{bits::Bits, hash};

/// Numbered names that are compared with many strings, of which few are one of them.
pub(crate) struct ExactNames<'n> {
    numbers: BTreeMap<&'n [u8], Vec<usize>>,
    /// The bits of the first eight bytes of a string that all names have: of the shortest name, with its NUL
    /// byte.
    mask: u64,
    /// The first bytes of the names, within the mask.
    first: Bits,
    /// The second eight bytes of the names, since many others may start like one of these.
    second: Bits,
}

/// By how much the sets of bytes are larger than sets of as many hashes elsewhere, since each false positive
/// costs more.
const ROOM: usize = 4;

impl<'n> ExactNames<'n> {
    /// Collects names, of which several may be equal. Empty ones are never found.
    pub(crate) fn new(names: impl Iterator<Item = (usize, &'n str)>) -> Self {
        let mut numbers: BTreeMap<&[u8], Vec<usize>> = BTreeMap::new();
        for (number, name) in names.filter(|(_, name)| !name.is_empty()) {
            numbers.entry(name.as_bytes()).or_default().push(number);
        }
        let shortest = numbers.keys().map(|name| name.len()).min().unwrap_or(0);
        // With the NUL byte, seven others fill a word.
        let unused = u32::try_from(7_usize.saturating_sub(shortest)).unwrap_or(0);
        let mask = u64::MAX.checked_shr(unused.saturating_mul(8)).unwrap_or(0);
        let len = numbers.len().saturating_mul(ROOM);
        let words = |of: fn(&[u8]) -> u64, mask: u64| {
            Bits::new(len, numbers.keys().map(|name| hash::word(of(name) & mask)))
        };
        let (first, second) = (words(first_word, mask), words(second_word, u64::MAX));
        Self { mask, first, second, numbers }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Returns `false` if the string at the start of some bytes starts like none of the names.
    #[inline]
    pub(crate) fn may_have(&self, rest: &[u8]) -> bool {
        self.first.may_have(hash::word(first_word(rest) & self.mask))
    }

    /// Returns the numbers of the string at the start of some bytes; none if it is another name.
    pub(crate) fn find(&self, rest: &[u8]) -> &[usize] {
        if !self.second.may_have(hash::word(second_word(rest))) {
            return &[];
        }
        let window = rest.get(..=MAX_NAME_LEN).unwrap_or(rest);
        let name = word::position(window, 0).and_then(|len| window.get(..len));
        name.and_then(|name| self.numbers.get(name)).map_or(&[], Vec::as_slice)
    }
}

/// The first eight bytes, padded with NUL bytes.
#[inline]
fn first_word(bytes: &[u8]) -> u64 {
    match bytes.first_chunk() {
        Some(word) => u64::from_le_bytes(*word),
        None => bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// The second eight bytes of a name that ends with the bytes, or before a NUL byte; padded with NUL bytes.
fn second_word(bytes: &[u8]) -> u64 {
    if word::equal_bytes(first_word(bytes), 0) != 0 {
        return 0;
    }
    let word = first_word(bytes.get(8..).unwrap_or_default());
    // All bits before the first NUL byte, or all bits.
    let end = word::equal_bytes(word, 0);
    word & (end ^ end.wrapping_sub(1))
}

#[cfg(test)]
mod tests {
    use std::{format, string::String, vec};

    use super::*;

    fn find<'e>(exact: &'e ExactNames<'_>, rest: &[u8]) -> &'e [usize] {
        let found = exact.find(rest);
        assert!(exact.may_have(rest) || found.is_empty());
        found
    }

    #[test]
    fn names_of_every_length_are_found_and_no_others() {
        let names: Vec<String> = (1..40).map(|len| "abcdefg_".repeat(5)[..len].into()).collect();
        let numbered = names.iter().map(String::as_str).enumerate();
        let exact = ExactNames::new(numbered.filter(|(number, _)| number % 2 == 0));
        for (number, name) in names.iter().enumerate() {
            let expected = if number % 2 == 0 { vec![number] } else { vec![] };
            for rest in ["", "b", "next_name\0", "\0\0\0"] {
                let section = format!("{name}\0{rest}");
                assert_eq!(find(&exact, section.as_bytes()), expected, "{section:?}");
            }
            for other in [format!("{name}x"), format!("x{name}"), format!("{name}___flavor")] {
                let section = format!("{other}\0{name}\0");
                assert!(find(&exact, section.as_bytes()).is_empty(), "{other}");
            }
        }
        assert!(find(&exact, b"").is_empty() && find(&exact, b"\0a\0").is_empty());
        // Without a NUL byte there is no name.
        assert!(find(&exact, b"a").is_empty());
    }

    #[test]
    fn equal_names_have_several_numbers_and_empty_ones_none() {
        let exact = ExactNames::new(["a", "", "b", "a"].into_iter().enumerate());
        assert_eq!(find(&exact, b"a\0"), [0, 3]);
        assert!(find(&exact, b"\0").is_empty());
        assert!(!exact.is_empty() && ExactNames::new([(0, "")].into_iter()).is_empty());
    }
}
