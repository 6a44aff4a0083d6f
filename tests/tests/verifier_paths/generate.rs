//! Generated programs: random control flow over numbers, with poisoned instructions.
//!
//! Apart from the poison, the verifier accepts the programs: registers and stack slots are set before they
//! are read, and only forward jumps and loops with a counter are made.

use std::collections::{BTreeMap, BTreeSet};

use core_reloc_tests::judge::kernel::asm::{
    Insn, STACK_END, Size, add, call, copy, exit, insn, load, set, set32, set64, store,
    store_register,
};

use super::random::Random;

/// A program: functions, of which the first is the entry.
pub(crate) struct Code {
    pub(crate) functions: Vec<Function>,
}

/// A function, with its calls of others.
#[derive(Default)]
pub(crate) struct Function {
    pub(crate) insns: Vec<Insn>,
    /// The indices of calls, and of the functions that they call.
    pub(crate) calls: Vec<(usize, usize)>,
}

impl Code {
    /// Returns the code as the kernel takes it: the functions that are called, one after the other.
    pub(crate) fn linked(&self) -> Vec<u8> {
        let mut starts = BTreeMap::new();
        let mut insns: Vec<Insn> = Vec::new();
        let called = self.called();
        for index in &called {
            starts.insert(*index, insns.len());
            insns.extend(&self.functions[*index].insns);
        }
        for index in &called {
            let start = starts[index];
            for (at, callee) in &self.functions[*index].calls {
                let offset = starts[callee] as i32 - (start + at + 1) as i32;
                insns[start + at] = call_function(offset);
            }
        }
        insns.concat()
    }

    /// Returns `true` if a function that is called has a poisoned instruction.
    pub(crate) fn has_poison(&self) -> bool {
        self.called().iter().any(|index| self.functions[*index].insns.contains(&poison()))
    }

    /// Returns the functions that are called from the first. Calls lead to later functions.
    fn called(&self) -> BTreeSet<usize> {
        let mut called = BTreeSet::from([0]);
        for (index, function) in self.functions.iter().enumerate() {
            if called.contains(&index) {
                called.extend(function.calls.iter().map(|(_, callee)| *callee));
            }
        }
        called
    }
}

impl Function {
    /// Returns the code, in which calls have an immediate for a linker.
    pub(crate) fn bytes(&self, call: i32) -> Vec<u8> {
        let mut insns = self.insns.clone();
        for (at, _) in &self.calls {
            insns[*at] = call_function(call);
        }
        insns.concat()
    }
}

/// Call of a function of the program, at an offset in instructions.
fn call_function(offset: i32) -> Insn {
    insn(0x85, 0, 1, 0, offset)
}

/// `call 0xbad2310`
pub(crate) fn poison() -> Insn {
    insn(0x85, 0, 0, 0, 0x0bad_2310)
}

/// The helper `get_prandom_u32`, whose result is unknown.
const GET_PRANDOM_U32: i32 = 7;
/// The helper `probe_read_kernel`.
const PROBE_READ_KERNEL: i32 = 113;

/// The registers that keep their values over calls.
const KEPT: [u8; 4] = [6, 7, 8, 9];
/// The bytes of stack that a function uses.
const STACK: i16 = 32;

/// The operations that are generated: `+`, `-`, `|`, `&`, `<<`, `>>`, `^`, `*`, `s>>`.
const OPERATIONS: [u8; 9] = [0x00, 0x10, 0x40, 0x50, 0x60, 0x70, 0xa0, 0x20, 0xc0];
/// The conditions of jumps, all there are.
const CONDITIONS: [u8; 11] = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0];

/// Makes a program.
pub(crate) fn generate(seed: u64) -> Code {
    let mut random = Random::new(seed);
    let count = 1 + random.below(3);
    let functions = (0..count)
        .map(|index| {
            let mut writer = Writer { random: &mut random, function: Function::default() };
            writer.write(index, count);
            writer.function
        })
        .collect();
    Code { functions }
}

struct Writer<'r> {
    random: &'r mut Random,
    function: Function,
}

impl Writer<'_> {
    fn write(&mut self, index: usize, count: usize) {
        for (position, register) in KEPT.into_iter().enumerate() {
            if index == 0 || position > 1 {
                let value = self.number();
                self.push(set(register, value));
            } else {
                // The arguments.
                self.push(copy(register, position as u8 + 1));
            }
        }
        for offset in (1..=STACK / 8).map(|slot| -8 * slot) {
            if self.random.below(2) == 0 {
                self.push(store(Size::Double, STACK_END, offset, 0));
            } else {
                let register = self.kept();
                self.push(store_register(Size::Double, STACK_END, offset, register));
            }
        }
        self.block(index, count, 3);
        let result = self.kept();
        if self.random.below(3) == 0 {
            let value = self.number();
            self.push(set(0, value));
        } else {
            self.push(copy(0, result));
        }
        self.push(exit());
    }

    /// Writes some statements, nested at most this deep.
    fn block(&mut self, index: usize, count: usize, depth: usize) {
        for _ in 0..2 + self.random.below(6) {
            match self.random.below(16) {
                0 | 1 if depth > 0 => self.branch(index, count, depth),
                2 if depth > 1 => self.repeat(index, count, depth),
                3 if index + 1 < count => self.call(index, count),
                4 if depth < 3 => self.push(poison()),
                5 => {
                    self.push(call(GET_PRANDOM_U32));
                    let register = self.kept();
                    self.push(copy(register, 0));
                }
                6 => self.read(),
                7..=9 => self.memory(),
                _ => self.arithmetic(),
            }
        }
    }

    /// A branch, with or without another.
    fn branch(&mut self, index: usize, count: usize, depth: usize) {
        let jump = self.jump();
        self.block(index, count, depth - 1);
        if self.random.below(2) == 0 {
            self.land(jump);
            return;
        }
        let end = self.function.insns.len();
        self.push(insn(0x05, 0, 0, 0, 0));
        self.land(jump);
        self.block(index, count, depth - 1);
        self.land(end);
    }

    /// A loop of a few rounds, counted on the stack's last slot of the function.
    fn repeat(&mut self, index: usize, count: usize, depth: usize) {
        let slot = -STACK - 8 * depth as i16;
        self.push(set(1, 0));
        self.push(store_register(Size::Double, STACK_END, slot, 1));
        let start = self.function.insns.len();
        self.block(index, count, depth - 2);
        self.push(load(Size::Double, 1, STACK_END, slot));
        self.push(add(1, 1));
        self.push(store_register(Size::Double, STACK_END, slot, 1));
        let rounds = 1 + self.random.below(3) as i32;
        let back = start as i16 - (self.function.insns.len() + 1) as i16;
        self.push(insn(0xa5, 1, 0, back, rounds));
    }

    fn call(&mut self, index: usize, count: usize) {
        for argument in [1, 2] {
            let register = self.kept();
            self.push(copy(argument, register));
        }
        let callee = index + 1 + self.random.below(count - index - 1);
        self.function.calls.push((self.function.insns.len(), callee));
        self.push(call_function(0));
        let register = self.kept();
        self.push(copy(register, 0));
    }

    /// A helper that writes to the stack.
    fn read(&mut self) {
        let (offset, size) = self.place();
        self.push(copy(1, STACK_END));
        self.push(add(1, offset.into()));
        self.push(set(2, size.bytes() as i32));
        self.push(set(3, 0));
        self.push(call(PROBE_READ_KERNEL));
    }

    /// A load or store, or an atomic addition, on the stack.
    fn memory(&mut self) {
        let (offset, size) = self.place();
        let register = self.kept();
        match self.random.below(8) {
            0..=2 => self.push(load(size, register, STACK_END, offset)),
            3..=5 => self.push(store_register(size, STACK_END, offset, register)),
            6 => {
                let value = self.number();
                self.push(store(size, STACK_END, offset, value));
            }
            _ => {
                // `lock *(u64 *)(r10 + offset) += register`
                let fetch = self.random.below(2) as i32;
                self.push(insn(0xdb, STACK_END, register, offset & !7, fetch));
            }
        }
    }

    fn arithmetic(&mut self) {
        let (dst, src, value) = (self.kept(), self.kept(), self.number());
        match self.random.below(8) {
            0 | 1 => self.push(set(dst, value)),
            2 => self.push(set32(dst, value)),
            3 => set64(dst, value as u64).into_iter().for_each(|insn| self.push(insn)),
            4 => self.push(copy(dst, src)),
            5 => self.push(insn(0xbc, dst, src, 0, 0)),
            _ => {
                let operation = self.random.choose(&OPERATIONS);
                let class = self.random.choose(&[0x07, 0x04]);
                let is_shift = matches!(operation, 0x60 | 0x70 | 0xc0);
                if is_shift || self.random.below(2) == 0 {
                    let limit = if class == 0x07 { 64 } else { 32 };
                    let value = if is_shift { self.random.below(limit) as i32 } else { value };
                    self.push(insn(operation | class, dst, 0, 0, value));
                } else {
                    self.push(insn(operation | class | 0x08, dst, src, 0, 0));
                }
            }
        }
    }

    /// A conditional jump, and where it is. [`Writer::land`] sets where it leads.
    fn jump(&mut self) -> usize {
        let condition = self.random.choose(&CONDITIONS);
        let class = self.random.choose(&[0x05, 0x05, 0x06]);
        let (left, right, value) = (self.kept(), self.kept(), self.number());
        let at = self.function.insns.len();
        if self.random.below(4) == 0 {
            self.push(insn(condition | class | 0x08, left, right, 0, 0));
        } else {
            self.push(insn(condition | class, left, 0, 0, value));
        }
        at
    }

    fn land(&mut self, jump: usize) {
        let offset = (self.function.insns.len() - jump - 1) as i16;
        let [code, registers, _, _, imm @ ..] = self.function.insns[jump];
        let [o0, o1] = offset.to_ne_bytes();
        let [i0, i1, i2, i3] = imm;
        self.function.insns[jump] = [code, registers, o0, o1, i0, i1, i2, i3];
    }

    /// Returns an aligned place on the stack.
    fn place(&mut self) -> (i16, Size) {
        let size =
            self.random.choose(&[Size::Double, Size::Double, Size::Word, Size::Half, Size::Byte]);
        let bytes = size.bytes() as i16;
        let places = (STACK / bytes) as usize;
        (-bytes * (1 + self.random.below(places) as i16), size)
    }

    fn kept(&mut self) -> u8 {
        self.random.choose(&KEPT)
    }

    /// Returns a number such as programs compare: mostly an answer, 0 or 1.
    fn number(&mut self) -> i32 {
        match self.random.below(8) {
            0..=2 => 0,
            3..=5 => 1,
            6 => self.random.choose(&[-1, 2, 8, i32::MAX, i32::MIN]),
            _ => self.random.below(256) as i32,
        }
    }

    fn push(&mut self, insn: Insn) {
        self.function.insns.push(insn);
    }
}
