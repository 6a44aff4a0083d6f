//! Essential names: names without their flavor.

use btf_types::{limits::MAX_NAME_LEN, word};

use super::hash::{self, NameState};

/// Returns the name without its flavor: without everything from the last `___` that has a
/// non-underscore on both sides. libbpf's `bpf_core_essential_name_len`.
///
/// ```
/// use core_reloc::essential_name;
///
/// assert_eq!(essential_name(b"task_struct___v2"), b"task_struct");
/// assert_eq!(essential_name(b"a___b___c"), b"a___b");
/// assert_eq!(essential_name(b"___x"), b"___x");
/// assert_eq!(essential_name(b"foo____bar"), b"foo____bar");
/// ```
#[inline]
pub fn essential_name(name: &[u8]) -> &[u8] {
    let is_other = |byte: &u8| *byte != b'_';
    let mut rest = name;
    // Goes from one run of underscores to the one before it; most names have few.
    while let Some(last) = rest.iter().rposition(|byte| *byte == b'_') {
        let before = rest.get(..last).unwrap_or_default();
        let start = before.iter().rposition(is_other).map_or(0, |other| other.saturating_add(1));
        let is_inside = start > 0 && last.saturating_add(1) < name.len();
        if is_inside && last.wrapping_sub(start) == 2 {
            return name.get(..start).unwrap_or(name);
        }
        rest = name.get(..start).unwrap_or_default();
    }
    name
}

/// A name with its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HashedName<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) hash: u32,
}

impl<'a> HashedName<'a> {
    /// Hashes a whole name, with its flavor if it has one.
    pub(crate) fn whole(name: &'a [u8]) -> Self {
        Self { name, hash: hash::name(name) }
    }

    /// Hashes the essential part of a name.
    pub(crate) fn essential(name: &'a [u8]) -> Self {
        Self::whole(essential_name(name))
    }

    /// Reads the string at the start of some bytes and hashes its essential part; `None` if the string
    /// is too long for a name.
    ///
    /// Each word of eight bytes is hashed and searched for the end and for a flavor, which few names have.
    #[inline]
    pub(crate) fn read_essential(rest: &'a [u8]) -> Option<Self> {
        let window = rest.get(..=MAX_NAME_LEN).unwrap_or(rest);
        let (words, tail) = window.as_chunks::<8>();
        let mut state = NameState::default();
        let (mut len, mut underscores, mut separators) = (0_usize, 0, 0);
        for bytes in words {
            let word = u64::from_le_bytes(*bytes);
            let before = underscores;
            underscores = word::equal_bytes(word, b'_');
            separators |= underscores
                & (underscores << 8 | before >> 56)
                & (underscores << 16 | before >> 48);
            let end = word::equal_bytes(word, 0);
            if end == 0 {
                state.mix(word);
                len = len.saturating_add(8);
                continue;
            }
            // The lowest bit of `end` is exact; those above it may be false.
            let bits = end.trailing_zeros() & !7;
            let word = word & 1_u64.checked_shl(bits).unwrap_or(0).wrapping_sub(1);
            if word != 0 {
                state.mix(word);
            }
            let name = window.get(..len.saturating_add(bits as usize / 8))?;
            let has_no_flavor = separators == 0;
            return Some(if has_no_flavor {
                Self { name, hash: state.finish() }
            } else {
                Self::essential(name)
            });
        }
        let last = word::position(tail, 0)?;
        window.get(..len.saturating_add(last)).map(Self::essential)
    }
}

#[cfg(test)]
mod tests {
    use std::{string::String, vec::Vec};

    use super::*;

    #[test]
    fn the_last_separator_between_other_characters_counts() {
        for (name, expected) in [
            ("foo", "foo"),
            ("foo___v2", "foo"),
            ("a___b", "a"),
            ("a___b___c", "a___b"),
            ("a___b____c", "a"),
            ("___x", "___x"),
            ("foo____bar", "foo____bar"),
            ("foo___", "foo___"),
            ("foo__bar", "foo__bar"),
            ("", ""),
        ] {
            assert_eq!(essential_name(name.as_bytes()), expected.as_bytes(), "{name}");
        }
    }

    /// Reads the string at the start of some bytes, then finds its essential name, then hashes that.
    fn in_three_passes(bytes: &[u8]) -> HashedName<'_> {
        let name = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        let name = essential_name(name);
        HashedName { name, hash: hash::name(name) }
    }

    #[test]
    fn a_string_is_read_to_its_end() {
        let letters = ["", "f", "fo", "foo", "foo_bar", "foo_bar_baz", "a_b__c_d__e"];
        for (len, trailing) in (0..20).flat_map(|len| (0..12).map(move |end| (len, end))) {
            for name in letters {
                // Flavors, and underscores that are not flavors, at every byte of a word.
                for flavor in ["", "___x", "___", "__x", "____flavor_1", "___a___b"] {
                    let name: String = ["y"].repeat(len).concat() + name + flavor;
                    for filler in [b"\x01_x\0", b"____", b"\0\0_x"] {
                        let mut bytes = name.clone().into_bytes();
                        bytes.push(0);
                        bytes.extend(filler.iter().cycle().take(trailing));
                        assert_eq!(
                            HashedName::read_essential(&bytes),
                            Some(in_three_passes(&bytes)),
                            "{bytes:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn every_byte_counts() {
        for byte in 1..=u8::MAX {
            let bytes: Vec<u8> = [b"___a", &[byte; 3][..], b"___\xff", &[byte], b"\0____"].concat();
            assert_eq!(HashedName::read_essential(&bytes), Some(in_three_passes(&bytes)), "{byte}");
        }
    }

    #[test]
    fn strings_that_are_too_long_are_not_read() {
        let mut bytes = [b'a'; MAX_NAME_LEN + 2];
        assert_eq!(HashedName::read_essential(&bytes), None);
        assert_eq!(HashedName::read_essential(&bytes[..13]), None);
        assert_eq!(HashedName::read_essential(&[]), None);
        bytes[MAX_NAME_LEN + 1] = 0;
        assert_eq!(HashedName::read_essential(&bytes), None);
        bytes[MAX_NAME_LEN] = 0;
        assert_eq!(
            HashedName::read_essential(&bytes).map(|read| read.name.len()),
            Some(MAX_NAME_LEN)
        );
    }
}
