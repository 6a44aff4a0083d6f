//! Writing numbers, front-coded strings and bodies.

use btf_types::{Info, Kind};

use crate::record::{Record, Role};

/// Writes a number in LEB128.
pub(crate) fn number(into: &mut Vec<u8>, mut value: u32) {
    loop {
        let [byte, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            into.push(byte & 0x7f);
            return;
        }
        into.push(byte | 0x80);
    }
}

/// Writes a length and bytes.
pub(crate) fn part(into: &mut Vec<u8>, bytes: &[u8]) {
    number(into, len(bytes));
    into.extend_from_slice(bytes);
}

/// Returns a length that the model keeps below 2³².
pub(crate) fn len(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// Writes what a string has after its start, which it shares with the one before, and returns the length of
/// that start.
pub(crate) fn suffix<'b>(before: &[u8], string: &'b [u8]) -> (u32, &'b [u8]) {
    let shared = before.iter().zip(string).take_while(|(one, other)| one == other).count();
    let (start, suffix) = string.split_at(shared);
    (len(start), suffix)
}

/// Writes the words of a type: its info word, and what follows in the order of its record.
pub(crate) fn body(
    into: &mut Vec<u8>,
    kind: Kind,
    words: &[u32],
    mut name: impl FnMut(u32) -> u32,
    mut reference: impl FnMut(u32) -> u32,
) {
    let Some((info, rest)) = words.split_first() else { return };
    let info = Info(*info);
    number(into, (info.vlen() << 1) | u32::from(info.kind_flag()));
    let Some(record) = Record::of(kind) else { return };
    let mut before = [0_u32; 3];
    for ((role, index), word) in record.roles(info.vlen()).zip(rest) {
        let written = match role {
            Role::Name => name(*word),
            Role::Type => reference(*word),
            Role::Number => *word,
            Role::Delta => {
                let Some(before) = before.get_mut(index) else { return };
                let delta = word.wrapping_sub(*before);
                *before = *word;
                // The sign in the lowest bit, so that small differences in either direction are short.
                (delta << 1) ^ 0_u32.wrapping_sub(delta >> 31)
            }
        };
        number(into, written);
    }
}

/// Writes sorted numbers: their count, the first, and the distances between them, less one.
pub(crate) fn difference(into: &mut Vec<u8>, numbers: &[u32]) {
    number(into, u32::try_from(numbers.len()).unwrap_or(u32::MAX));
    let mut least = 0_u32;
    for one in numbers {
        number(into, one.wrapping_sub(least));
        least = one.wrapping_add(1);
    }
}
