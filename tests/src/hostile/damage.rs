//! Reproducible damage to well-formed bytes.

/// A pseudo-random number generator (SplitMix64) with its seed.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `end`, which must not be 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }
}

/// Returns the bytes truncated at up to `most` lengths.
pub fn truncated<'a>(bytes: &'a [u8], most: usize) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let step = bytes.len().div_ceil(most).max(1);
    (0..bytes.len()).step_by(step).map(|len| &bytes[..len])
}

/// Returns `count` copies of the bytes, each modified in one to four places.
pub fn scrambled(bytes: &[u8], count: usize) -> impl Iterator<Item = Vec<u8>> {
    let mut random = Random(bytes.len() as u64);
    (0..if bytes.is_empty() { 0 } else { count }).map(move |_| {
        let mut damaged = bytes.to_vec();
        for _ in 0..1 + random.below(4) {
            scramble(&mut damaged, &mut random);
        }
        damaged
    })
}

/// Flips a bit, or replaces a byte or word by a boundary value or by another word of the bytes.
fn scramble(bytes: &mut [u8], random: &mut Random) {
    const NUMBERS: [u32; 8] = [0, 1, 2, 0x7f, 0xff, 0x00ff_ffff, 0x7fff_ffff, 0xffff_ffff];
    let at = random.below(bytes.len());
    let number = NUMBERS[random.below(NUMBERS.len())];
    match random.below(4) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes[at] = number as u8,
        2 => {
            bytes[at & !3..].iter_mut().zip(number.to_le_bytes()).for_each(|(to, from)| *to = from)
        }
        _ => {
            let from = random.below(bytes.len()) & !3;
            let word: Vec<u8> = bytes[from..].iter().copied().take(4).collect();
            bytes[at & !3..].iter_mut().zip(word).for_each(|(to, from)| *to = from);
        }
    }
}
