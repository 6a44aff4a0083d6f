//! The stack of one frame, as far as all verifiers since Linux 5.10 follow it, or those of a known release.
//!
//! All keep values that are stored with 8 bytes, and zeros of any size. A number is lost if it is loaded with
//! another size than it was stored with. A store of fewer bytes than a slot has may end what was known of the
//! others: newer verifiers follow it as one of a register, and forget the rest.

use std::collections::BTreeMap;

use super::{rules::Rules, value::Value};

/// The size of a slot in bytes.
const SLOT: i32 = 8;
/// The size of a stack in bytes.
const SIZE: i32 = 512;

/// What is known of a stack; slots that are not in it are unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Stack(BTreeMap<i32, Slot>);

/// What is known of 8 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Slot {
    /// A value that was stored at the slot's start, with this size in bytes.
    Value(Value, i32),
    /// Zeros: a bit for each byte that is one.
    Zeros(u8),
}

impl Stack {
    /// Stores a value at an offset from the stack's end.
    pub(super) fn store(&mut self, offset: i32, size: i32, value: Value, rules: Rules) {
        let Some(end) = offset.checked_add(size).filter(|end| offset >= -SIZE && *end <= 0) else {
            return;
        };
        let slot = offset.saturating_sub(offset.rem_euclid(SLOT));
        self.forget(slot, end.max(slot.saturating_add(SLOT)));
        let is_short = size < SLOT && rules.short_spills && value.known().is_some();
        if size < SLOT && value == Value::ZERO {
            let zeros = (offset..end).fold(0, |zeros, at| zeros | bit(at));
            self.0.insert(slot, Slot::Zeros(zeros));
        } else if slot == offset && (size == SLOT || is_short) && value != Value::Unknown {
            self.0.insert(slot, Slot::Value(value, size));
        }
    }

    /// Loads a value. `lost` is what is known of bytes that are not followed.
    pub(super) fn load(&self, offset: i32, size: i32, rules: Rules, lost: Value) -> Value {
        let slot = offset.saturating_sub(offset.rem_euclid(SLOT));
        match self.0.get(&slot) {
            Some(Slot::Value(Value::ZERO, SLOT)) if is_in_slot(offset, size) => Value::ZERO,
            Some(Slot::Value(value, stored)) if slot == offset => {
                let is_narrower = size < *stored && rules.narrow_fills;
                if size == SLOT && *stored == SLOT {
                    *value
                } else if let Some((number, _)) = value.known()
                    && (size == *stored || is_narrower)
                {
                    value.with_number(lowest(number, size)).unwrap_or(lost)
                } else {
                    lost
                }
            }
            Some(Slot::Zeros(zeros)) => {
                let mut bytes = offset..offset.saturating_add(size);
                let is_zero = is_in_slot(offset, size) && bytes.all(|at| zeros & bit(at) != 0);
                if is_zero { Value::ZERO } else { lost }
            }
            _ => lost,
        }
    }

    /// Forgets the bytes in a range.
    pub(super) fn forget(&mut self, start: i32, end: i32) {
        let (start, end) = (start.max(-SIZE), end.min(0));
        let mut at = start;
        while at < end {
            let slot = at.saturating_sub(at.rem_euclid(SLOT));
            let next = slot.saturating_add(SLOT);
            if let Some(Slot::Zeros(zeros)) = self.0.get_mut(&slot) {
                for byte in at..end.min(next) {
                    *zeros &= !bit(byte);
                }
            } else {
                self.0.remove(&slot);
            }
            at = next;
        }
        self.0.retain(|_, slot| *slot != Slot::Zeros(0));
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Changes all values.
    pub(super) fn change(&mut self, change: impl Fn(Value) -> Value) {
        self.0.retain(|_, slot| match slot {
            Slot::Value(value, _) => {
                *value = change(*value);
                *value != Value::Unknown
            }
            Slot::Zeros(_) => true,
        });
    }

    /// Keeps what is known of both stacks. Returns `true` if something is forgotten.
    pub(super) fn merge(&mut self, other: &Self) -> bool {
        let before = self.clone();
        self.0.retain(|at, slot| match (&mut *slot, other.0.get(at)) {
            (Slot::Value(value, size), Some(Slot::Value(others, other))) if *size == *other => {
                *value = value.or(*others);
                *value != Value::Unknown
            }
            (Slot::Zeros(zeros), Some(Slot::Zeros(others))) => {
                *zeros &= others;
                *zeros != 0
            }
            _ => false,
        });
        *self != before
    }
}

/// Returns `true` if a load does not go past the end of its slot.
fn is_in_slot(offset: i32, size: i32) -> bool {
    offset.rem_euclid(SLOT).saturating_add(size) <= SLOT
}

/// Returns the lowest bytes of a number.
fn lowest(number: u64, size: i32) -> u64 {
    let bits = SLOT.saturating_sub(size).saturating_mul(8).unsigned_abs();
    let mask = u64::MAX.checked_shr(bits).unwrap_or(0);
    number & mask
}

/// Returns the bit of a byte in its slot.
fn bit(at: i32) -> u8 {
    1_u8.checked_shl(at.rem_euclid(SLOT).unsigned_abs()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOST: Value = Value::Unknown;
    const OLD: Rules = Rules::OLDEST;

    #[test]
    fn a_value_of_8_bytes_is_kept_and_lost_with_another_size() {
        let mut stack = Stack::default();
        stack.store(-8, 8, Value::number(1), OLD);
        assert_eq!(stack.load(-8, 8, OLD, LOST), Value::number(1));
        assert_eq!(stack.load(-8, 4, OLD, LOST), LOST);
        assert_eq!(stack.load(-4, 4, OLD, LOST), LOST);
        assert_eq!(stack.load(-16, 8, OLD, LOST), LOST);
        // A store of 4 bytes is not followed, and ends what was there.
        stack.store(-4, 4, Value::number(2), OLD);
        assert_eq!(stack.load(-8, 8, OLD, LOST), LOST);
        assert_eq!(stack.load(-4, 4, OLD, LOST), LOST);
    }

    #[test]
    fn zeros_are_kept_for_loads_of_any_size_until_a_part_is_stored() {
        let mut stack = Stack::default();
        stack.store(-8, 8, Value::ZERO, OLD);
        assert_eq!(stack.load(-8, 8, OLD, LOST), Value::ZERO);
        assert_eq!(stack.load(-7, 1, OLD, LOST), Value::ZERO);
        assert_eq!(stack.load(-4, 8, OLD, LOST), LOST);
        stack.store(-6, 2, Value::ZERO, OLD);
        assert_eq!(
            [-8, -6, -5].map(|at| stack.load(at, 1, OLD, LOST) == Value::ZERO),
            [false, true, true]
        );
        stack.store(-8, 1, LOST, OLD);
        assert_eq!(stack.load(-6, 2, OLD, LOST), LOST);
    }

    #[test]
    fn newer_verifiers_keep_short_values_and_the_start_of_longer_ones() {
        let rules = Rules { short_spills: true, narrow_fills: true, ..OLD };
        let mut stack = Stack::default();
        let number = Value::number(0x1_0000_0002);
        stack.store(-8, 4, number, rules);
        assert_eq!(stack.load(-8, 4, rules, LOST), Value::number(2));
        assert_eq!(stack.load(-8, 8, rules, LOST), LOST);
        // Not in the second half of a slot.
        stack.store(-4, 4, number, rules);
        assert_eq!([-8, -4].map(|at| stack.load(at, 4, rules, LOST)), [LOST; 2]);
        stack.store(-8, 8, number, rules);
        assert_eq!(stack.load(-8, 4, rules, LOST), Value::number(2));
        assert_eq!(stack.load(-8, 4, Rules { narrow_fills: false, ..rules }, LOST), LOST);
        assert_eq!(stack.load(-4, 4, rules, LOST), LOST);
    }

    #[test]
    fn a_range_is_forgotten() {
        let mut stack = Stack::default();
        for offset in [-32, -24, -16, -8] {
            stack.store(offset, 8, Value::number(7), OLD);
        }
        stack.forget(-20, -8);
        let known = [-32, -24, -16, -8].map(|at| stack.load(at, 8, OLD, LOST) == Value::number(7));
        assert_eq!(known, [true, false, false, true]);
        // Outside of the stack.
        stack.store(-8, 16, Value::ZERO, OLD);
        stack.store(-520, 8, Value::ZERO, OLD);
        assert_eq!(stack.load(-8, 8, OLD, LOST), Value::number(7));
    }
}
