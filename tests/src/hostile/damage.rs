//! Damage to good bytes, the same every time.

use std::ops::Range;

/// A small generator of numbers that look random (SplitMix64).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A generator whose numbers depend on nothing but the seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number of a range that is not empty.
    pub fn within(&mut self, range: Range<usize>) -> usize {
        let len = range.end - range.start;
        range.start + (self.bits() % len as u64) as usize
    }
}

/// The bytes cut short: everywhere if they are few, else at `most` places.
pub fn truncated<'a>(bytes: &'a [u8], most: usize) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let step = bytes.len().div_ceil(most).max(1);
    (0..bytes.len()).step_by(step).map(|len| &bytes[..len])
}

/// The bytes with something else in one to four places, `count` times.
pub fn scrambled(bytes: &[u8], count: usize) -> impl Iterator<Item = Vec<u8>> {
    let mut random = Random::new(bytes.len() as u64);
    (0..if bytes.is_empty() { 0 } else { count }).map(move |_| {
        let mut damaged = bytes.to_vec();
        for _ in 0..random.within(1..5) {
            scramble(&mut damaged, &mut random);
        }
        damaged
    })
}

/// Flips a bit, or puts a number that often means something in place of a byte or of a word.
fn scramble(bytes: &mut [u8], random: &mut Random) {
    const NUMBERS: [u32; 8] = [0, 1, 2, 0x7f, 0xff, 0x00ff_ffff, 0x7fff_ffff, 0xffff_ffff];
    let at = random.within(0..bytes.len());
    let number = NUMBERS[random.within(0..NUMBERS.len())];
    match random.within(0..4) {
        0 => bytes[at] ^= 1 << random.within(0..8),
        1 => bytes[at] = number as u8,
        2 => {
            bytes[at & !3..].iter_mut().zip(number.to_le_bytes()).for_each(|(to, from)| *to = from)
        }
        _ => {
            // A word of another place: a size or an id where one of another sort should be.
            let from = random.within(0..bytes.len()) & !3;
            let word: Vec<u8> = bytes[from..].iter().copied().take(4).collect();
            bytes[at & !3..].iter_mut().zip(word).for_each(|(to, from)| *to = from);
        }
    }
}
