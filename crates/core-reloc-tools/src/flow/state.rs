//! What is known of registers and the stack at one place of a function.

use std::collections::BTreeMap;

use super::value::{Value, What};

/// The number of registers.
const REGISTERS: usize = 11;
/// The register with the address of the stack's end.
const FRAME_POINTER: usize = 10;
/// The size of a stack in bytes.
const STACK: i64 = 512;
/// The size of a slot in bytes.
const SLOT: i64 = 8;

/// What is known at one place of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    registers: [Value; REGISTERS],
    /// The values of 8 bytes that were stored whole, by their offsets.
    slots: BTreeMap<i64, Value>,
    /// A bit for each byte of the stack that is open, from its start.
    open: [u64; 8],
}

impl State {
    /// The start of a function.
    pub(super) fn start(is_program: bool) -> Self {
        let mut registers = [Value::UNKNOWN; REGISTERS];
        for (register, value) in registers.iter_mut().enumerate() {
            match register {
                // Arguments may follow from anything.
                1 if is_program => *value = Value::closed(What::Context(0)),
                1..=5 => *value = Value::open(What::Unknown),
                FRAME_POINTER => *value = Value::closed(What::Stack(0)),
                _ => {}
            }
        }
        Self { registers, slots: BTreeMap::new(), open: [0; 8] }
    }

    pub(crate) fn register(&self, register: u8) -> Value {
        self.registers.get(usize::from(register)).copied().unwrap_or(Value::UNKNOWN)
    }

    pub(super) fn set(&mut self, register: u8, value: Value) {
        if usize::from(register) != FRAME_POINTER
            && let Some(known) = self.registers.get_mut(usize::from(register))
        {
            *known = value;
        }
    }

    /// Returns what is known in both states; `None` if that is all of this one.
    pub(super) fn merged(&self, other: &Self) -> Option<Self> {
        let mut merged = self.clone();
        for (value, other) in merged.registers.iter_mut().zip(&other.registers) {
            *value = value.or(*other);
        }
        for (open, other) in merged.open.iter_mut().zip(&other.open) {
            *open |= other;
        }
        for (offset, value) in &self.slots {
            match other.slots.get(offset) {
                Some(other) => {
                    merged.slots.insert(*offset, value.or(*other));
                }
                None => {
                    merged.slots.remove(offset);
                    merged.set_open(*offset, SLOT, value.or(Value::UNKNOWN).is_open);
                }
            }
        }
        (merged != *self).then_some(merged)
    }

    /// Stores a value of a size at an offset from the stack's end.
    pub(super) fn store(&mut self, offset: i64, size: i64, value: Value) {
        self.forget(offset, size);
        self.set_open(offset, size, value.is_open);
        if size == SLOT && offset.rem_euclid(SLOT) == 0 && (-STACK..0).contains(&offset) {
            self.slots.insert(offset, value);
        }
    }

    /// Loads a value of a size.
    pub(super) fn load(&self, offset: i64, size: i64) -> Value {
        match self.slots.get(&offset) {
            Some(value) if size == SLOT => *value,
            _ => Value { what: What::Unknown, is_open: self.is_open(offset, size) },
        }
    }

    /// Forgets the values of a number of bytes.
    pub(super) fn forget(&mut self, offset: i64, size: i64) {
        let end = offset.saturating_add(size);
        self.slots.retain(|at, _| at.saturating_add(SLOT) <= offset || *at >= end);
    }

    /// Sets whether bytes are open.
    pub(super) fn set_open(&mut self, offset: i64, size: i64, is_open: bool) {
        for_each_bit(offset, size, |word, bit| {
            if let Some(word) = self.open.get_mut(word) {
                if is_open {
                    *word |= bit;
                } else {
                    *word &= !bit;
                }
            }
        });
    }

    fn is_open(&self, offset: i64, size: i64) -> bool {
        let mut is_open = false;
        for_each_bit(offset, size, |word, bit| {
            is_open |= self.open.get(word).is_some_and(|word| word & bit != 0);
        });
        is_open
    }
}

/// Calls a function for the word and bit of each byte in the stack.
fn for_each_bit(offset: i64, size: i64, mut call: impl FnMut(usize, u64)) {
    let end = offset.saturating_add(size).clamp(-STACK, 0);
    for at in offset.clamp(-STACK, 0)..end {
        let index = at.saturating_add(STACK).unsigned_abs();
        let word = usize::try_from(index / 64).unwrap_or(usize::MAX);
        call(word, 1_u64.wrapping_shl(u32::try_from(index % 64).unwrap_or(0)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Value = Value::open(What::Unknown);

    #[test]
    fn whole_slots_keep_their_values() {
        let mut state = State::start(true);
        state.store(-8, 8, Value::number(7));
        assert_eq!(state.load(-8, 8), Value::number(7));
        assert_eq!(state.load(-8, 4), Value::UNKNOWN);
        // A part of it is stored.
        state.store(-4, 1, Value::number(1));
        assert_eq!(state.load(-8, 8), Value::UNKNOWN);
        // Outside of the stack.
        state.store(0, 8, Value::number(1));
        state.store(-520, 8, Value::number(1));
        assert_eq!([0, -520].map(|at| state.load(at, 8)), [Value::UNKNOWN; 2]);
    }

    #[test]
    fn bytes_stay_open_until_others_are_stored() {
        let mut state = State::start(true);
        state.store(-12, 4, OPEN);
        let is_open = |state: &State, at, size| state.load(at, size).is_open;
        assert!(is_open(&state, -12, 4) && is_open(&state, -9, 1) && is_open(&state, -16, 8));
        assert!(!is_open(&state, -8, 8) && !is_open(&state, -16, 4));
        state.store(-12, 4, Value::UNKNOWN);
        assert!(!is_open(&state, -16, 8));
        state.set_open(-512, 512, true);
        assert!(is_open(&state, -512, 1) && is_open(&state, -1, 1));
    }

    #[test]
    fn what_the_path_decides_is_open() {
        let (mut one, mut other) = (State::start(true), State::start(true));
        for (state, number) in [(&mut one, 0), (&mut other, 1)] {
            state.set(6, Value::number(number));
            state.set(7, Value::number(5));
            state.store(-8, 8, Value::number(number));
        }
        other.store(-16, 8, Value::number(1));
        let merged = one.merged(&other).unwrap();
        let decided = Value::open(What::NotInStack);
        assert_eq!([6, 7].map(|at| merged.register(at)), [decided, Value::number(5)]);
        assert_eq!(merged.load(-8, 8), decided);
        assert_eq!(merged.merged(&other), None);
        // A slot that only one of them knows.
        assert_eq!(other.merged(&one).unwrap().load(-16, 8), OPEN);
    }
}
