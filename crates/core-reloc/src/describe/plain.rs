//! Names that are written as they are.

use crate::limits::MAX_QUOTE;

/// Returns the string at the start of `bytes`, which ends before a NUL byte, if it is written as it is: it has
/// [`MAX_QUOTE`] bytes at most, all of them graphic ASCII, as nearly all names. Looks at each byte once.
pub(super) fn plain(bytes: &[u8]) -> Option<&[u8]> {
    let window = bytes.get(..=MAX_QUOTE).unwrap_or(bytes);
    match window.split_at_checked(graphic_len(window)) {
        Some((name, [0, ..])) => Some(name),
        _ => None,
    }
}

/// Returns the number of bytes before the first that is not graphic ASCII.
fn graphic_len(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut len = 0_usize;
    for word in words {
        let others = others(u64::from_le_bytes(*word));
        if others != 0 {
            return len.saturating_add(others.trailing_zeros() as usize / 8);
        }
        len = len.saturating_add(8);
    }
    let graphic = rest.iter().take_while(|byte| byte.is_ascii_graphic());
    len.saturating_add(graphic.count())
}

/// Returns a mask with the highest bit of each byte that is not graphic ASCII, `!` to `~`.
fn others(word: u64) -> u64 {
    const fn all(byte: u8) -> u64 {
        u64::from_ne_bytes([byte; 8])
    }
    // Without the highest bits, no sum carries into the next byte.
    let low = word & all(0x7f);
    let from_first = low.wrapping_add(all(0x80 - b'!'));
    let after_last = low.wrapping_add(all(0x7f - b'~'));
    (!from_first | after_last | word) & all(0x80)
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    #[test]
    fn only_graphic_ascii_is_plain_at_every_position() {
        for byte in 0..=u8::MAX {
            for at in 0..20 {
                let mut name = [b'n'; 21];
                name[20] = 0;
                name[at] = byte;
                let expected = match byte {
                    b'!'..=b'~' => Some(&name[..20]),
                    0 => Some(&name[..at]),
                    _ => None,
                };
                assert_eq!(plain(&name), expected, "{byte:#x} at {at}");
            }
        }
    }

    #[test]
    fn a_name_that_is_too_long_or_has_no_end_is_not_plain() {
        let mut name = vec![b'n'; MAX_QUOTE + 2];
        assert_eq!(plain(&name[..MAX_QUOTE]), None);
        name[MAX_QUOTE + 1] = 0;
        assert_eq!(plain(&name), None);
        name[MAX_QUOTE] = 0;
        assert_eq!(plain(&name), Some(&[b'n'; MAX_QUOTE][..]));
        assert_eq!(plain(&[]), None);
        assert_eq!(plain(&[0]), Some(&[][..]));
    }
}
