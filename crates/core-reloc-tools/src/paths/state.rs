//! The state of a program on one path: registers and stacks of all frames.

use std::{collections::BTreeMap, rc::Rc};

use super::{rules::Rules, stack::Stack, value::Value};

/// The number of registers.
const REGISTERS: usize = 11;
/// The register with the address of the stack's end.
const FRAME_POINTER: usize = 10;

/// A function that is being executed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Frame {
    pub(super) function: usize,
    /// Where it goes on after the call that it has made.
    pub(super) return_to: usize,
    registers: [Value; REGISTERS],
    pub(super) stack: Stack,
}

/// A place of a path: the functions with where each goes on, and the next instruction.
pub(super) type Position = (Vec<(usize, usize)>, usize);

/// The frames of a path, the outermost first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub(super) frames: Vec<Frame>,
    /// What was known at each position that loops come back to, after all rounds so far.
    rounds: BTreeMap<Position, Rc<Vec<Frame>>>,
    /// Whether an address in a stack was stored, so that any unknown value may be one.
    pub(super) has_escaped: bool,
}

impl State {
    /// The start of a function that is verified by itself. Of a callback's arguments, some may be addresses
    /// in its caller's stack, which is none of this path's.
    pub(super) fn start(function: usize) -> Self {
        let mut state = Self { frames: Vec::new(), rounds: BTreeMap::new(), has_escaped: false };
        state.push(function, &[Value::Unknown; 5]);
        state
    }

    /// Adds the frame of a function that is called with these arguments.
    pub(super) fn push(&mut self, function: usize, arguments: &[Value; 5]) {
        let frame = self.frames.len();
        let mut registers = [Value::Unknown; REGISTERS];
        for (register, argument) in registers.iter_mut().skip(1).zip(arguments) {
            *register = *argument;
        }
        if let Some(register) = registers.get_mut(FRAME_POINTER) {
            *register = Value::Stack { frame, offset: 0 };
        }
        self.frames.push(Frame { function, return_to: 0, registers, stack: Stack::default() });
    }

    pub(super) fn register(&self, register: u8) -> Value {
        let frame = self.frames.last();
        let value = frame.and_then(|frame| frame.registers.get(usize::from(register)));
        value.copied().unwrap_or(Value::Unknown)
    }

    pub(super) fn set(&mut self, register: u8, value: Value) {
        let Some(frame) = self.frames.last_mut() else { return };
        // Programs that write the frame pointer are rejected.
        if usize::from(register) != FRAME_POINTER
            && let Some(known) = frame.registers.get_mut(usize::from(register))
        {
            *known = value;
        }
    }

    /// Returns the values of the registers for arguments.
    pub(super) fn arguments(&self) -> [Value; 5] {
        [1, 2, 3, 4, 5].map(|register| self.register(register))
    }

    /// Forgets the registers that a call changes.
    pub(super) fn forget_after_call(&mut self) {
        for register in 0..=5 {
            self.set(register, Value::Unknown);
        }
    }

    /// Loads a value of a size from an address. Only stacks hold addresses in stacks that can be used: the
    /// verifier forgets what an address points to when it is stored anywhere else.
    pub(super) fn load(&self, address: Value, size: i32, rules: Rules) -> Value {
        match address {
            Value::Stack { frame, offset } => match self.frames.get(frame) {
                Some(frame) => frame.stack.load(offset, size, rules, self.lost()),
                None => self.lost(),
            },
            Value::SomeStack => self.lost(),
            _ => Value::Unknown,
        }
    }

    /// Returns what is known of a value in a stack that is not followed.
    fn lost(&self) -> Value {
        if self.has_escaped { Value::SomeStack } else { Value::Unknown }
    }

    /// Notes that a value was stored somewhere.
    pub(super) fn note_escape(&mut self, value: Value) {
        self.has_escaped |= value.may_be_stack();
    }

    /// Stores a value of a size at an address.
    pub(super) fn store(&mut self, address: Value, size: i32, value: Value, rules: Rules) {
        self.note_escape(value);
        match address {
            Value::Stack { frame, offset } => {
                if let Some(frame) = self.frames.get_mut(frame) {
                    frame.stack.store(offset, size, value, rules);
                }
            }
            Value::SomeStack => self.forget_stacks(),
            _ => {}
        }
    }

    /// Forgets what a function may change that gets an address: `len` bytes, or all to the stack's end.
    pub(super) fn forget_at(&mut self, address: Value, len: Option<i32>) {
        match address {
            Value::Stack { frame, offset } => {
                let end = len.and_then(|len| offset.checked_add(len)).unwrap_or(0);
                if let Some(frame) = self.frames.get_mut(frame) {
                    frame.stack.forget(offset, end);
                }
            }
            Value::SomeStack => self.forget_stacks(),
            _ => {}
        }
    }

    /// Forgets all stacks.
    pub(super) fn forget_stacks(&mut self) {
        for frame in &mut self.frames {
            frame.stack.clear();
        }
    }

    /// Returns the position of the innermost frame at an instruction.
    pub(super) fn position(&self, at: usize) -> Position {
        let outer = self.frames.split_last().map_or(&[][..], |(_, outer)| outer);
        let mut functions: Vec<_> =
            outer.iter().map(|frame| (frame.function, frame.return_to)).collect();
        functions.extend(self.frames.last().map(|frame| (frame.function, 0)));
        (functions, at)
    }

    /// Returns how many steps it takes to compare or merge it.
    pub(super) fn cost(&self) -> u64 {
        let frames = self.frames.len().saturating_mul(self.rounds.len().saturating_add(1));
        u64::try_from(frames).unwrap_or(u64::MAX)
    }

    /// Forgets what verifiers do where a loop may come around: scalars that differ from those of the rounds
    /// before, also in how they were found.
    pub(super) fn widen(&mut self, at: usize) {
        if let Some(before) = self.rounds.get(&self.position(at)) {
            merge(&mut self.frames, before);
            for frame in &mut self.frames {
                for value in &mut frame.registers {
                    *value = value.kept_by_loop();
                }
                frame.stack.change(Value::kept_by_loop);
            }
        }
        self.rounds.insert(self.position(at), Rc::new(self.frames.clone()));
    }

    /// Keeps what is known of both states, which must have the same position. Returns `true` if something is
    /// forgotten.
    pub(super) fn merge(&mut self, other: &Self) -> bool {
        let mut changed = other.has_escaped && !self.has_escaped;
        self.has_escaped |= other.has_escaped;
        changed |= merge(&mut self.frames, &other.frames);
        for (position, others) in &other.rounds {
            match self.rounds.get_mut(position) {
                Some(known) if known == others => {}
                Some(known) => changed |= merge(Rc::make_mut(known).as_mut_slice(), others),
                None => {
                    self.rounds.insert(position.clone(), Rc::clone(others));
                    changed = true;
                }
            }
        }
        changed
    }
}

/// Keeps what is known of both frames of each pair. Returns `true` if something is forgotten.
fn merge(frames: &mut [Frame], others: &[Frame]) -> bool {
    let mut changed = false;
    for (frame, others) in frames.iter_mut().zip(others) {
        for (value, other) in frame.registers.iter_mut().zip(&others.registers) {
            let merged = value.or(*other);
            changed |= merged != *value;
            *value = merged;
        }
        changed |= frame.stack.merge(&others.stack);
    }
    changed
}
