//! Makes programs.
//!
//! Apart from the poison, the verifier accepts them: registers and stack slots are set before they are read,
//! and jumps lead forward, except those of loops that end.

use crate::judge::kernel::asm::{
    Insn, STACK_END, Size, add, call, copy, exit, insn, load, set, set32, set64, store,
    store_register,
};

use super::{
    code::{Code, Function, Role, address_of_function, call_function, poison},
    random::Random,
};

/// What a kernel knows besides what all do since Linux 5.10.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Features {
    /// The helper `bpf_loop`.
    pub callbacks: bool,
    /// Loads and moves that extend the sign.
    pub sign_extension: bool,
    /// `may_goto`.
    pub may_goto: bool,
}

/// The helper `get_prandom_u32`, whose result is unknown.
const GET_PRANDOM_U32: i32 = 7;
/// The helper `probe_read_kernel`.
const PROBE_READ_KERNEL: i32 = 113;
/// The helper `loop`.
const LOOP: i32 = 181;

/// The registers that keep their values over calls.
const KEPT: [u8; 4] = [6, 7, 8, 9];
/// The bytes of stack that a function uses.
const STACK: i16 = 32;
/// The most functions of a program.
const FUNCTIONS: usize = 4;

/// The operations that are generated: `+`, `-`, `|`, `&`, `<<`, `>>`, `^`, `*`, `s>>`.
const OPERATIONS: [u8; 9] = [0x00, 0x10, 0x40, 0x50, 0x60, 0x70, 0xa0, 0x20, 0xc0];
/// `/` and `%`, whose results are not followed.
const DIVISIONS: [u8; 2] = [0x30, 0x90];
/// The conditions of jumps, all there are.
const CONDITIONS: [u8; 11] = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0];

/// Makes a program.
pub fn generate(seed: u64, features: Features) -> Code {
    let mut random = Random::new(seed);
    let count = 1 + random.below(FUNCTIONS);
    let roles: Vec<Role> = (0..count)
        .map(|index| match random.below(6) {
            _ if index == 0 => Role::Static,
            0 | 1 => Role::Global,
            2 if features.callbacks => Role::Callback { has_context: random.below(2) == 0 },
            _ => Role::Static,
        })
        .collect();
    let write = |index| {
        let function = Function { role: roles[index], ..Function::default() };
        let mut writer = Writer { random: &mut random, features, roles: &roles, index, function };
        writer.write();
        writer.function
    };
    Code { functions: (0..count).map(write).collect() }
}

/// Writes a function.
struct Writer<'r> {
    random: &'r mut Random,
    features: Features,
    /// The roles of all functions.
    roles: &'r [Role],
    /// The index of this one.
    index: usize,
    function: Function,
}

impl Writer<'_> {
    fn write(&mut self) {
        let role = self.roles[self.index];
        let context = Role::Callback { has_context: true };
        // Where a callback has no context, its second argument is the number that its caller gave.
        let arguments: u8 = match role {
            _ if self.index == 0 => 0,
            role if role == context => 1,
            _ => 2,
        };
        for (position, register) in (1..).zip(KEPT) {
            if position <= arguments {
                self.push(copy(register, position));
            } else if position == 2 && role == context {
                // The context, and what is left there.
                self.push(load(Size::Double, register, 2, 0));
                let value = self.number();
                self.push(store(Size::Double, 2, 0, value));
            } else {
                let value = self.number();
                self.push(set(register, value));
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
        self.block(3);
        let result = self.kept();
        if role.is_callback() {
            // Callbacks return 0 to go on, or 1.
            let value = self.random.below(2) as i32;
            self.push(set(0, value));
        } else if self.random.below(3) == 0 {
            let value = self.number();
            self.push(set(0, value));
        } else {
            self.push(copy(0, result));
        }
        self.push(exit());
    }

    /// Writes some statements, nested at most this deep.
    fn block(&mut self, depth: usize) {
        for _ in 0..2 + self.random.below(6) {
            match self.random.below(20) {
                0..=2 if depth > 0 => self.branch(depth),
                3 if depth > 1 => self.repeat(depth),
                4 | 5 if self.index + 1 < self.roles.len() => self.call(),
                6 if depth < 3 => self.push(poison()),
                7 => {
                    self.push(call(GET_PRANDOM_U32));
                    let register = self.kept();
                    self.push(copy(register, 0));
                }
                8 => self.read(),
                9..=11 => self.memory(),
                12 if depth > 1 && self.features.may_goto && self.random.below(8) == 0 => {
                    self.repeat_perhaps(depth);
                }
                _ => self.arithmetic(),
            }
        }
    }

    /// A branch, with or without another.
    fn branch(&mut self, depth: usize) {
        let jump = self.jump();
        self.block(depth - 1);
        if self.random.below(2) == 0 {
            self.land(jump);
            return;
        }
        let end = self.function.insns.len();
        self.push(insn(0x05, 0, 0, 0, 0));
        self.land(jump);
        self.block(depth - 1);
        self.land(end);
    }

    /// A loop of a few rounds, counted on the stack's last slot of the function.
    fn repeat(&mut self, depth: usize) {
        let slot = -STACK - 8 * depth as i16;
        self.push(set(1, 0));
        self.push(store_register(Size::Double, STACK_END, slot, 1));
        let start = self.function.insns.len();
        self.block(depth - 2);
        self.push(load(Size::Double, 1, STACK_END, slot));
        self.push(add(1, 1));
        self.push(store_register(Size::Double, STACK_END, slot, 1));
        let rounds = 1 + self.random.below(3) as i32;
        let back = start as i16 - (self.function.insns.len() + 1) as i16;
        self.push(insn(0xa5, 1, 0, back, rounds));
    }

    /// A loop that the kernel ends.
    fn repeat_perhaps(&mut self, depth: usize) {
        let start = self.function.insns.len();
        self.push(insn(0xe5, 0, 0, 0, 0));
        self.block(depth - 2);
        let back = start as i16 - (self.function.insns.len() + 1) as i16;
        self.push(insn(0x05, 0, 0, back, 0));
        self.land(start);
    }

    fn call(&mut self) {
        let other = self.index + 1 + self.random.below(self.roles.len() - self.index - 1);
        let link = |writer: &mut Self| {
            writer.function.links.push((writer.function.insns.len(), other));
        };
        if let Role::Callback { has_context } = self.roles[other] {
            // Of no rounds, newer verifiers do not follow the callback.
            let rounds = 1 + self.random.below(3) as i32;
            self.push(set(1, rounds));
            link(self);
            address_of_function(2).into_iter().for_each(|insn| self.push(insn));
            if has_context {
                let slot = 1 + self.random.below((STACK / 8) as usize) as i32;
                self.push(copy(3, STACK_END));
                self.push(add(3, -8 * slot));
            } else {
                self.push(set(3, 0));
            }
            self.push(set(4, 0));
            self.push(call(LOOP));
        } else {
            for argument in [1, 2] {
                let register = self.kept();
                self.push(copy(argument, register));
            }
            link(self);
            self.push(call_function());
        }
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
        match self.random.below(9) {
            0..=2 => self.push(load(size, register, STACK_END, offset)),
            3..=5 => self.push(store_register(size, STACK_END, offset, register)),
            6 => {
                let value = self.number();
                self.push(store(size, STACK_END, offset, value));
            }
            7 if self.features.sign_extension && size != Size::Double => {
                // The mode of loads that extend the sign is 0x80 instead of 0x60.
                let [_, rest @ ..] = load(size, register, STACK_END, offset);
                let [r, o0, o1, i @ ..] = rest;
                let [i0, i1, i2, i3] = i;
                self.push([0x81 | size as u8, r, o0, o1, i0, i1, i2, i3]);
            }
            _ => {
                // `lock *(u64 *)(r10 + offset) += register`; fetching is newer than Linux 5.10.
                let fetch = i32::from(self.features.callbacks && self.random.below(2) == 0);
                self.push(insn(0xdb, STACK_END, register, offset & !7, fetch));
            }
        }
    }

    fn arithmetic(&mut self) {
        let (dst, src, value) = (self.kept(), self.kept(), self.number());
        match self.random.below(10) {
            0 | 1 => self.push(set(dst, value)),
            2 => self.push(set32(dst, value)),
            3 => set64(dst, value as u64).into_iter().for_each(|insn| self.push(insn)),
            4 => self.push(copy(dst, src)),
            5 => {
                let bits = self.random.choose(&[0, 8, 16]);
                let bits = if self.features.sign_extension { bits } else { 0 };
                self.push(insn(0xbc, dst, src, bits, 0));
            }
            6 => {
                let class = self.random.choose(&[0x07, 0x04]);
                match self.random.below(8) {
                    0..=3 => self.push(insn(0x80 | class, dst, 0, 0, 0)),
                    4..=6 => {
                        let divisor = 1 + self.random.below(8) as i32;
                        let operation = self.random.choose(&DIVISIONS);
                        self.push(insn(operation | class, dst, 0, 0, divisor));
                    }
                    _ => {
                        // `dst = be16 dst` and its like.
                        let bits = self.random.choose(&[16, 32, 64]);
                        let order = self.random.choose(&[0, 8]);
                        self.push(insn(0xd4 | order, dst, 0, 0, bits));
                    }
                }
            }
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
