//! Enums, with values at both ends of their range.

use super::{Generator, names};
use crate::{
    strategy::Random,
    types::desc::{EnumDesc, EnumeratorDesc, TypeDesc},
};

impl Generator<'_, '_, '_> {
    pub(super) fn enumeration(&mut self, slot: usize, wide: bool) -> TypeDesc {
        let name = if self.random.chance(15) { String::new() } else { self.type_name(slot) };
        let size = match (wide, self.random.chance(12)) {
            (true, _) => 8,
            (false, false) => 4,
            (false, true) => self.random.one_of([1, 2]),
        };
        let signed = self.random.chance(40);
        let flagged = wide || self.random.chance(75);
        let least = usize::from(self.random.chance(97));
        let mut taken = Vec::new();
        let enumerators = (0..self.part_count(least)).map(|at| {
            let name = names::for_enumerator(self.random, &taken);
            taken.push(name.clone());
            EnumeratorDesc { name, value: value(self.random, size, signed, at) }
        });
        let enumerators = enumerators.collect();
        TypeDesc::Enum(EnumDesc { name, wide, size, signed, flagged, enumerators })
    }
}

/// Returns a value in range: usually the index, sometimes a power of two or one near an end of the
/// range.
pub(crate) fn value(random: &mut Random<'_>, size: u32, signed: bool, at: usize) -> i128 {
    let (least, most) = range(size, signed);
    match random.within(0..=9) {
        0..6 => at as i128,
        6 => least + at as i128,
        7 => most - at as i128,
        8 => (1_i128 << random.within(0..=63)).min(most),
        _ => i128::from(random.any()).min(most),
    }
}

/// Returns the least and the greatest value of an enum with a size in bytes.
pub(crate) fn range(size: u32, signed: bool) -> (i128, i128) {
    let bits = size * 8;
    if signed {
        (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1)
    } else {
        (0, (1_i128 << bits) - 1)
    }
}
