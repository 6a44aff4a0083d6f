//! Ranges of numbers, as far as verifiers follow them.

use core_reloc::patch::insn::Insn;

use crate::insn::{
    ADD, AND, JEQ, JGE, JGT, JLE, JLT, JNE, JSET, JSGE, JSGT, JSLE, JSLT, LSH, MOV, MUL, OR, RSH,
    SUB, XOR, has_32_bits,
};

/// The numbers from one to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Range {
    min: u64,
    max: u64,
}

impl Range {
    /// All numbers.
    pub(super) const FULL: Self = Self { min: 0, max: u64::MAX };
    /// All numbers of 32 bits.
    const HALF: Self = Self::of_bits(32);

    pub(super) const fn single(number: u64) -> Self {
        Self { min: number, max: number }
    }

    /// Returns all numbers of at most this many bits.
    pub(super) const fn of_bits(bits: u32) -> Self {
        let unused = 64_u32.saturating_sub(bits);
        let max = match u64::MAX.checked_shr(unused) {
            Some(max) => max,
            None => 0,
        };
        Self { min: 0, max }
    }

    /// Returns the only number in it.
    pub(super) fn known(self) -> Option<u64> {
        (self.min == self.max).then_some(self.min)
    }

    fn fits_32_bits(self) -> bool {
        self.max <= Self::HALF.max
    }

    /// Returns the bits that some number in it may have.
    fn bits(self) -> u64 {
        Self::of_bits(64_u32.saturating_sub(self.max.leading_zeros())).max
    }

    /// Returns a range with all numbers of two. It grows at most 64 times if more and more are added.
    pub(super) fn or(self, other: Self) -> Self {
        if self == other { self } else { Self { min: 0, max: self.bits() | other.bits() } }
    }

    /// Returns the numbers of both ranges; `None` if there are none.
    fn and(self, other: Self) -> Option<Self> {
        let (min, max) = (self.min.max(other.min), self.max.min(other.max));
        (min <= max).then_some(Self { min, max })
    }

    /// Returns the numbers as those of an instruction's width.
    fn truncated(self, insn: Insn) -> Self {
        if has_32_bits(insn) && !self.fits_32_bits() { Self::HALF } else { self }
    }

    /// Returns the range of the same numbers with a sign, if they all have the same.
    fn signed(self, insn: Insn) -> Option<(i64, i64)> {
        let extended = |number: u64| {
            let unused = if has_32_bits(insn) { 32 } else { 0 };
            number.checked_shl(unused).map(u64::cast_signed)
        };
        let (min, max) = (extended(self.min)?, extended(self.max)?);
        ((min < 0) == (max < 0)).then_some((min, max))
    }
}

/// Returns the range of the results of an arithmetic operation without an offset.
pub(super) fn arithmetic(insn: Insn, left: Range, right: Range) -> Range {
    let all = Range::FULL.truncated(insn);
    let (left, right) = (left.truncated(insn), right.truncated(insn));
    wide(insn, left, right).filter(|range| range.max <= all.max).unwrap_or(all)
}

/// Returns the range of results, if they may not overflow 64 bits.
fn wide(insn: Insn, left: Range, right: Range) -> Option<Range> {
    let shift = || {
        let bits = if has_32_bits(insn) { 32 } else { 64 };
        right.known().and_then(|shift| u32::try_from(shift).ok()).filter(|shift| *shift < bits)
    };
    let (min, max) = match insn.operation() {
        MOV => return Some(right),
        ADD => (left.min.checked_add(right.min)?, left.max.checked_add(right.max)?),
        SUB => (left.min.checked_sub(right.max)?, left.max.checked_sub(right.min)?),
        MUL if left.fits_32_bits() && right.fits_32_bits() => {
            (left.min.checked_mul(right.min)?, left.max.checked_mul(right.max)?)
        }
        AND => (0, left.max.min(right.max)),
        OR => (left.min.max(right.min), left.bits() | right.bits()),
        XOR => (0, left.bits() | right.bits()),
        LSH => {
            let shift = shift()?;
            if left.max.leading_zeros() <= shift {
                return None;
            }
            (left.min.checked_shl(shift)?, left.max.checked_shl(shift)?)
        }
        RSH => (left.min.checked_shr(shift()?)?, left.max.checked_shr(shift()?)?),
        _ => return None,
    };
    Some(Range { min, max })
}

/// Returns whether the condition of a jump holds for all numbers of two ranges, or for none; `None` if it may
/// hold or not.
pub(super) fn holds(insn: Insn, left: Range, right: Range) -> Option<bool> {
    let (left, right) = (left.truncated(insn), right.truncated(insn));
    let is_below = |left: Range, right: Range| {
        if left.max < right.min { Some(true) } else { (left.min >= right.max).then_some(false) }
    };
    let is_signed_below = |left: Range, right: Range| {
        let ((min, max), (other_min, other_max)) = (left.signed(insn)?, right.signed(insn)?);
        if max < other_min { Some(true) } else { (min >= other_max).then_some(false) }
    };
    let not = |holds: bool| !holds;
    match insn.operation() {
        JEQ => left.and(right).is_none().then_some(false),
        JNE => left.and(right).is_none().then_some(true),
        JLT => is_below(left, right),
        JGT => is_below(right, left),
        JGE => is_below(left, right).map(not),
        JLE => is_below(right, left).map(not),
        JSLT => is_signed_below(left, right),
        JSGT => is_signed_below(right, left),
        JSGE => is_signed_below(left, right).map(not),
        JSLE => is_signed_below(right, left).map(not),
        JSET => (left.bits() & right.known()? == 0).then_some(false),
        _ => None,
    }
}

/// Returns the numbers of a range for which the condition of a jump holds with a number, or does not; `None`
/// for none, or where verifiers do not follow it.
pub(super) fn refined(insn: Insn, is_taken: bool, range: Range, number: u64) -> Option<Range> {
    let is_32_bit = has_32_bits(insn);
    if is_32_bit && !range.fits_32_bits() {
        return None;
    }
    let all = Range::FULL.truncated(insn);
    let number = Range::single(number).truncated(insn).known().unwrap_or(number & all.max);
    let positive = if is_32_bit { Range::of_bits(31) } else { Range::of_bits(63) };
    let at_least = |min: Option<u64>| Some(Range { min: min?, max: u64::MAX });
    let at_most = |max: Option<u64>| Some(Range { min: 0, max: max? });
    // Numbers with a sign are followed as far as they are positive.
    let is_positive = number <= positive.max;
    let signed = |min: Option<u64>| at_least(min)?.and(positive).filter(|_| is_positive);
    let (above, below) = (number.checked_add(1), number.checked_sub(1));
    let condition = match (insn.operation(), is_taken) {
        (JEQ, true) | (JNE, false) => Some(Range::single(number)),
        (JGT, true) | (JLE, false) => at_least(above),
        (JGE, true) | (JLT, false) => at_least(Some(number)),
        (JLT, true) | (JGE, false) => at_most(below),
        (JLE, true) | (JGT, false) => at_most(Some(number)),
        (JSGT, true) | (JSLE, false) => signed(above),
        (JSGE, true) | (JSLT, false) => signed(Some(number)),
        (JSLT, true) | (JSGE, false) if is_positive && range.max <= positive.max => at_most(below),
        (JSLE, true) | (JSGT, false) if is_positive && range.max <= positive.max => {
            at_most(Some(number))
        }
        _ => None,
    };
    range.and(condition?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers at whose sides operations behave differently.
    const EDGES: [u64; 14] = [
        0,
        1,
        2,
        7,
        8,
        0x7fff_fffe,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_ffff,
        0x1_0000_0000,
        i64::MAX as u64,
        i64::MIN as u64,
        u64::MAX - 1,
        u64::MAX,
    ];

    fn insn(code: u8) -> Insn {
        Insn { code, ..Insn::POISON }
    }

    /// All ranges between two edges, with the edges in them.
    fn ranges() -> impl Iterator<Item = (Range, Vec<u64>)> {
        let bounds = |min: u64| EDGES.into_iter().filter(move |max| *max >= min);
        EDGES.into_iter().flat_map(move |min| bounds(min).map(move |max| (min, max))).map(
            |(min, max)| {
                let inside = EDGES.into_iter().filter(|edge| (min..=max).contains(edge));
                (Range { min, max }, inside.collect())
            },
        )
    }

    /// Calls a function with each operation of 32 and 64 bits on all pairs of ranges, with the numbers in them.
    fn for_pairs(
        operations: &[u8],
        classes: [u8; 2],
        check: impl Fn(Insn, (Range, Range), &mut dyn Iterator<Item = (u64, u64)>),
    ) {
        for operation in operations {
            for class in classes {
                for (left, numbers) in ranges() {
                    for (right, others) in ranges() {
                        let mut pairs = numbers
                            .iter()
                            .flat_map(|number| others.iter().map(|other| (*number, *other)));
                        check(insn(operation | class), (left, right), &mut pairs);
                    }
                }
            }
        }
    }

    fn is_in(range: Range, number: u64) -> bool {
        (range.min..=range.max).contains(&number)
    }

    #[test]
    fn results_are_in_the_range_of_results() {
        let operations = [MOV, ADD, SUB, MUL, AND, OR, XOR, LSH, RSH];
        for_pairs(&operations, [0x07, 0x04], |insn, (left, right), pairs| {
            let range = arithmetic(insn, left, right);
            for (number, other) in pairs {
                let bits = if has_32_bits(insn) { 32 } else { 64 };
                let cut = |number: u64| if bits == 32 { number & 0xffff_ffff } else { number };
                let (number, other) = (cut(number), cut(other));
                let shift = (other % bits) as u32;
                let result = match insn.operation() {
                    MOV => other,
                    ADD => number.wrapping_add(other),
                    SUB => number.wrapping_sub(other),
                    MUL => number.wrapping_mul(other),
                    AND => number & other,
                    OR => number | other,
                    XOR => number ^ other,
                    LSH => number << shift,
                    _ => number >> shift,
                };
                assert!(is_in(range, cut(result)), "{insn:?} {left:?} {right:?} {number} {other}");
            }
        });
    }

    #[test]
    fn conditions_that_are_known_hold_for_all_numbers() {
        let conditions = [JEQ, JNE, JGT, JGE, JLT, JLE, JSET, JSGT, JSGE, JSLT, JSLE];
        for_pairs(&conditions, [0x05, 0x06], |insn, (left, right), pairs| {
            let known = holds(insn, left, right);
            for (number, other) in pairs {
                let holds = crate::insn::holds(insn, number, other).unwrap();
                let what = || format!("{insn:?} {left:?} {right:?} {number} {other}");
                assert!(known.is_none_or(|known| known == holds), "{}", what());
                let range = right.known().and_then(|right| refined(insn, holds, left, right));
                assert!(range.is_none_or(|range| is_in(range, number)), "{}", what());
            }
        });
    }
}
