//! Enums, and values that are at the ends of what they can hold.

use std::{string::String, vec::Vec};

use super::{Generator, names};
use crate::proptest::{Dice, EnumDesc, EnumeratorDesc, TypeDesc};

impl Generator<'_, '_, '_> {
    pub(super) fn enumeration(&mut self, slot: usize, wide: bool) -> TypeDesc {
        let name = if self.dice.chance(15) { String::new() } else { self.type_name(slot) };
        let size = match (wide, self.dice.chance(12)) {
            (true, _) => 8,
            (false, false) => 4,
            (false, true) => self.dice.one_of([1, 2]),
        };
        let signed = self.dice.chance(40);
        let least = usize::from(self.dice.chance(97));
        let mut taken = Vec::new();
        let enumerators = (0..self.parts(least)).map(|at| {
            let name = names::of_enumerator(self.dice, &taken);
            taken.push(name.clone());
            EnumeratorDesc { name, value: value(self.dice, size, signed, at) }
        });
        let enumerators = enumerators.collect();
        TypeDesc::Enum(EnumDesc { name, wide, size, signed, enumerators })
    }
}

/// A value that fits: mostly the next one, sometimes a power of two or an end of the range.
pub(in crate::proptest) fn value(dice: &mut Dice<'_>, size: u32, signed: bool, at: usize) -> i128 {
    let (least, most) = range(size, signed);
    match dice.within(0..=9) {
        0..6 => at as i128,
        6 => least + at as i128,
        7 => most - at as i128,
        8 => (1_i128 << dice.within(0..=63)).min(most),
        _ => i128::from(dice.any()).min(most),
    }
}

/// The least and the greatest value of an enum of a size in bytes.
pub(in crate::proptest) fn range(size: u32, signed: bool) -> (i128, i128) {
    let bits = size * 8;
    if signed {
        (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1)
    } else {
        (0, (1_i128 << bits) - 1)
    }
}
