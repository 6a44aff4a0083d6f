//! Searching for a byte eight bytes at a time.
//!
//! The names that are searched are short, and there are hundreds of thousands of them. For these, this is
//! faster than a search that is prepared for long texts.

/// Returns a mask with the highest bit of each byte of `word` that equals `byte`.
///
/// The lowest bit set is always right. A byte after a match may be reported, too, if it differs from `byte`
/// in bit 0 only, because the subtraction borrows.
#[inline]
pub fn equal_bytes(word: u64, byte: u8) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGHEST: u64 = u64::from_ne_bytes([0x80; 8]);
    let zero = word ^ u64::from_ne_bytes([byte; 8]);
    zero.wrapping_sub(ONES) & !zero & HIGHEST
}

/// Returns the index of the first byte of `bytes` that equals `byte`.
#[inline]
pub fn position(bytes: &[u8], byte: u8) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut passed = 0_usize;
    for word in words {
        let equal = equal_bytes(u64::from_le_bytes(*word), byte);
        if equal != 0 {
            return Some(passed.saturating_add(equal.trailing_zeros() as usize / 8));
        }
        passed = passed.saturating_add(8);
    }
    rest.iter().position(|other| *other == byte).map(|at| passed.saturating_add(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_match_is_found_at_every_index() {
        for byte in [0, 1, b'_', 0x7f, 0x80, 0xff] {
            for at in 0..24_usize {
                // Bytes that differ from the one searched for by one bit, or by all.
                for filler in [byte ^ 0x01, byte ^ 0x80, byte ^ 0x7f, !byte] {
                    let mut bytes = [filler; 24];
                    assert_eq!(position(&bytes[..at], byte), None, "{byte:#x} {at} {filler:#x}");
                    bytes[at] = byte;
                    assert_eq!(position(&bytes, byte), Some(at), "{byte:#x} {at} {filler:#x}");
                    bytes[23] = byte;
                    assert_eq!(position(&bytes, byte), Some(at), "{byte:#x} {at} {filler:#x}");
                    // The subtraction borrows from a byte that follows a match and differs by 1.
                    bytes[at..].fill(byte ^ 1);
                    bytes[at] = byte;
                    assert_eq!(position(&bytes, byte), Some(at), "{byte:#x} {at}");
                }
            }
        }
    }

    #[test]
    fn every_equal_byte_is_in_the_mask() {
        let word = u64::from_le_bytes(*b"a__b_c_d");
        assert_eq!(equal_bytes(word, b'_'), 0x0080_0080_0080_8000);
        assert_eq!(equal_bytes(word, b'x'), 0);
    }
}
