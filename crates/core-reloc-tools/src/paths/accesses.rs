//! What a program loads from, and writes to, the stacks of its functions.
//!
//! A stack belongs to the function whose frame has it. Programs have no recursion, so that the function
//! identifies the frame.

use std::collections::{BTreeMap, BTreeSet};

use core_reloc::{elf::requirements::Used, patch::insn::Class};

use super::{
    helper::{Writes, writes},
    state::State,
    step::Step,
    value::Value,
};
use crate::insn::CALL;

/// The stack accesses of a program on all of its paths.
#[derive(Debug, Default)]
pub(crate) struct StackAccesses {
    /// By function and index of the instruction.
    places: BTreeMap<(usize, usize), Places>,
    /// What is written to the stack of each function, on any path.
    writes: BTreeMap<usize, BTreeSet<Write>>,
    /// Whether something is written to a stack at a place that is not known.
    pub(crate) writes_anywhere: bool,
}

/// The places that an instruction loads from or stores to.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// Those in stacks.
    pub(crate) in_stack: BTreeSet<Place>,
    /// Whether there are others, or some that are not known.
    pub(crate) elsewhere: bool,
}

/// A place in a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The function whose stack it is.
    pub(crate) function: usize,
    /// The offset from the end of the stack, in bytes.
    pub(crate) offset: i32,
}

/// Bytes of a stack that an instruction writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Write {
    /// The offset of the first byte from the end of the stack.
    pub(crate) start: i32,
    /// The end, exclusive: 0 if the number of bytes is not known.
    pub(crate) end: i32,
    /// Whether a helper copies memory there.
    pub(crate) is_copy: bool,
}

impl StackAccesses {
    /// Returns the places that an instruction accesses.
    pub(crate) fn places(&self, function: usize, insn: usize) -> Option<&Places> {
        self.places.get(&(function, insn))
    }

    /// Returns what is written to the stack of a function.
    pub(crate) fn writes(&self, function: usize) -> impl Iterator<Item = &Write> {
        self.writes.get(&function).into_iter().flatten()
    }

    /// Adds the address that a load or store accesses.
    fn add_place(&mut self, at: (usize, usize), state: &State, address: Value) {
        let places = self.places.entry(at).or_default();
        match place(state, address) {
            Some(place) => {
                places.in_stack.insert(place);
            }
            None => places.elsewhere = true,
        }
    }

    /// Adds a write of some bytes to an address; `None` if their number is not known.
    fn add_write(&mut self, state: &State, address: Value, len: Option<i32>, is_copy: bool) {
        let Some(Place { function, offset }) = place(state, address) else {
            self.writes_anywhere |= address.may_be_stack();
            return;
        };
        let end = len.and_then(|len| offset.checked_add(len)).unwrap_or(0);
        let write = Write { start: offset, end, is_copy };
        self.writes.entry(function).or_default().insert(write);
    }
}

impl Step<'_, '_> {
    /// Notes what an instruction accesses, from the state before it.
    pub(super) fn note_accesses(&mut self, state: &State) {
        let Some(mut accesses) = self.walk.accesses.take() else { return };
        self.add_accesses(state, &mut accesses);
        self.walk.accesses = Some(accesses);
    }

    fn add_accesses(&self, state: &State, accesses: &mut StackAccesses) {
        let (insn, order) = (self.insn, self.walk.paths.order);
        let (base, is_write) = match insn.class() {
            Class::Ldx => (insn.src_reg(order), false),
            Class::St | Class::Stx => (insn.dst_reg(order), true),
            Class::Jump if insn.operation() == CALL => return self.add_call(state, accesses),
            _ => return,
        };
        let address = self.address(state.register(base));
        accesses.add_place((self.function, self.at), state, address);
        if is_write {
            let size = i32::try_from(insn.access_size()).ok();
            accesses.add_write(state, address, size, false);
        }
    }

    /// Adds what a call writes to the addresses that it passes. Static functions are followed.
    fn add_call(&self, state: &State, accesses: &mut StackAccesses) {
        let paths = self.walk.paths;
        let written = match paths.used(self.function, self.at) {
            Some(Used::Function(callee)) if !paths.is_global(callee) => Writes::Nothing,
            Some(Used::Helper(helper)) => writes(helper),
            _ => Writes::Unknown,
        };
        match written {
            Writes::Nothing => {}
            Writes::Bytes { at, len } => {
                let len = state.register(len).known();
                let len = len.and_then(|(len, _)| i32::try_from(len).ok());
                accesses.add_write(state, state.register(at), len, true);
            }
            Writes::Unknown => {
                for argument in state.arguments() {
                    accesses.add_write(state, argument, None, false);
                }
            }
        }
    }
}

fn place(state: &State, address: Value) -> Option<Place> {
    let Value::Stack { frame, offset } = address else { return None };
    Some(Place { function: state.frames.get(frame)?.function, offset })
}
