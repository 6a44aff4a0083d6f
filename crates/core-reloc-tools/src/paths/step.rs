//! One step on a path: what an instruction does to a state.

use btf_types::ByteOrder;
use core_reloc::{
    elf::requirements::Used,
    patch::insn::{Class, Insn},
};

use super::{
    FULL_ARITHMETIC, Variable, Walk,
    evaluate::{Condition, Jump, condition, number},
    helper::{Writes, writes},
    state::State,
    value::Value,
};
use crate::insn::{ADD, JEQ, JNE, MOV, SUB, has_32_bits, jump_target};

/// An instruction that a path reaches.
pub(super) struct Step<'s, 'w> {
    pub(super) walk: &'s mut Walk<'w>,
    pub(super) function: usize,
    pub(super) at: usize,
    pub(super) insn: Insn,
}

/// Where a path goes on.
pub(super) enum Next {
    /// After this number of slots.
    After(usize),
    /// At the instruction of this index.
    Jump(usize),
    /// After the instruction, and in another state at a target.
    Branch { target: usize, taken: Box<State> },
    /// At any instruction of the function.
    Anywhere,
    /// In another function.
    Call(usize),
    /// In the caller.
    Return,
    /// Nowhere: the verifier rejects the program here.
    End,
}

impl Step<'_, '_> {
    /// Changes the state as the instruction does.
    pub(super) fn take(mut self, state: &mut State) -> Next {
        let insn = self.insn;
        let order = self.walk.paths.order;
        let (dst, src) = (insn.dst_reg(order), insn.src_reg(order));
        match insn.class() {
            Class::Alu | Class::Alu64 => {
                let value = self.arithmetic(state.register(dst), state.register(src));
                state.set(dst, value);
            }
            Class::Ld if insn.is_ldimm64() => {
                let value = self.immediate(src);
                state.set(dst, value);
                return Next::After(2);
            }
            // Packet loads change the same registers as calls.
            Class::Ld => state.forget_after_call(),
            Class::Ldx => {
                let value = self.load(state, state.register(src));
                state.set(dst, value);
            }
            Class::St => {
                // Of numbers that are not in a register, 5.10 follows zeros.
                let value = if insn.imm == 0 { Value::ZERO } else { Value::Unknown };
                state.store(self.address(state.register(dst)), size(insn), value);
            }
            Class::Stx if insn.is_atomic() => {
                state.store(self.address(state.register(dst)), size(insn), Value::Unknown);
                // An atomic operation may load the old value into any of these.
                for register in [0, dst, src] {
                    if !state.register(register).may_be_stack() {
                        state.set(register, Value::Unknown);
                    }
                }
            }
            Class::Stx => {
                state.store(self.address(state.register(dst)), size(insn), state.register(src));
            }
            Class::Jump => return self.jump(state, dst, src),
        }
        Next::After(1)
    }

    /// Returns the result of an arithmetic instruction.
    fn arithmetic(&self, left: Value, right: Value) -> Value {
        let insn = self.insn;
        let is_64_bit = insn.class() == Class::Alu64;
        let right = if insn.takes_immediate() {
            Value::number(i64::from(insn.imm).cast_unsigned())
        } else {
            right
        };
        if let Some(value) = number(insn, left, right, self.walk.paths.is_since(FULL_ARITHMETIC)) {
            return value;
        }
        if is_64_bit && insn.off == 0 {
            match insn.operation() {
                MOV => return right,
                ADD => {
                    if let Some(moved) = moved(left, right, 1).or_else(|| moved(right, left, 1)) {
                        return moved;
                    }
                }
                SUB => {
                    if let Some(moved) = moved(left, right, -1) {
                        return moved;
                    }
                }
                _ => {}
            }
        }
        if left.may_be_stack() || right.may_be_stack() { Value::SomeStack } else { Value::Unknown }
    }

    /// Returns the value of a 64-bit immediate.
    fn immediate(&mut self, src: u8) -> Value {
        let paths = self.walk.paths;
        match paths.used(self.function, self.at) {
            Some(Used::Callback(callback)) => {
                // Any function that gets the address may call it, with any arguments.
                self.walk.add_root(callback);
                Value::Unknown
            }
            Some(Used::Extern(symbol)) if paths.missing.contains(&symbol) => Value::ZERO,
            Some(Used::Extern(symbol)) => Value::Extern(symbol),
            Some(Used::Data { section, offset }) => Value::Data { section, offset },
            Some(_) => Value::Unknown,
            None if src != 0 => Value::Unknown,
            None => {
                let second = self.walk.insn(self.function, self.at.saturating_add(1));
                let high = second.map_or(0, |second| second.imm.cast_unsigned());
                let low = self.insn.imm.cast_unsigned();
                Value::number((u64::from(high) << 32) | u64::from(low))
            }
        }
    }

    /// Returns the address that a load or store accesses.
    fn address(&self, base: Value) -> Value {
        let offset = Value::number(i64::from(self.insn.off).cast_unsigned());
        moved(base, offset, 1).unwrap_or(base)
    }

    /// Returns the value of a load.
    fn load(&mut self, state: &State, base: Value) -> Value {
        let insn = self.insn;
        let address = self.address(base);
        let loaded = match address {
            Value::Data { section, offset } => self.data(section, offset),
            Value::Extern(symbol) => self.config(symbol),
            address => state.load(address, size(insn)),
        };
        // Extending the sign of a number is not followed, except that of zero.
        if insn.is_sign_extending_load() && loaded != Value::ZERO {
            return if loaded.may_be_stack() { Value::SomeStack } else { Value::Unknown };
        }
        loaded
    }

    /// Returns the assumed value of read-only data.
    fn data(&mut self, section: u32, offset: u64) -> Value {
        let paths = self.walk.paths;
        if !paths.assumptions.is_some_and(|assumptions| assumptions.data) {
            return Value::Unknown;
        }
        let size = self.insn.access_size();
        let read = || {
            let data = paths.requirements.data.iter().find(|data| data.index == section)?;
            let start = usize::try_from(offset).ok()?;
            let end = start.checked_add(usize::try_from(size).ok()?)?;
            let bytes = data.bytes.get(start..end)?;
            let join = |value: u64, byte: &u8| value.wrapping_shl(8) | u64::from(*byte);
            Some(match paths.order {
                ByteOrder::Big => bytes.iter().fold(0, join),
                ByteOrder::Little => bytes.iter().rev().fold(0, join),
            })
        };
        let Some(value) = read() else { return Value::Unknown };
        let assumes = self.walk.assume(Variable::Data { section, offset, size, value });
        assumes.map_or(Value::Unknown, |assumes| Value::Number { value, assumes })
    }

    /// Returns the assumed value of an undefined symbol.
    fn config(&mut self, symbol: usize) -> Value {
        let assumed = self.walk.paths.assumptions;
        let value = assumed.and_then(|assumptions| assumptions.config.get(&symbol).copied());
        let Some(value) = value else { return Value::Unknown };
        let assumes = self.walk.assume(Variable::Config { symbol, value });
        assumes.map_or(Value::Unknown, |assumes| Value::Number { value, assumes })
    }

    fn jump(&mut self, state: &mut State, dst: u8, src: u8) -> Next {
        let insn = self.insn;
        match Jump::of(insn) {
            Jump::Always => Next::Jump(jump_target(insn, self.at)),
            Jump::Indirect => Next::Anywhere,
            // The kernel ends the loop at any time.
            Jump::Perhaps => {
                self.note(true, true);
                let target = jump_target(insn, self.at);
                Next::Branch { target, taken: Box::new(state.clone()) }
            }
            Jump::Call => self.call(state),
            Jump::Exit => Next::Return,
            Jump::If(condition_kind) => {
                let target = jump_target(insn, self.at);
                let left = state.register(dst);
                let right = if insn.takes_immediate() {
                    Value::number(i64::from(insn.imm).cast_unsigned())
                } else {
                    state.register(src)
                };
                match condition(insn, left, right) {
                    Condition::Known { holds, assumes } => {
                        self.walk.decided_by |= assumes;
                        self.note(holds, !holds);
                        if holds { Next::Jump(target) } else { Next::After(1) }
                    }
                    Condition::Unknown => {
                        self.note(true, true);
                        let mut taken = state.clone();
                        // If the operands are equal, the first has the value of the second.
                        if let (Value::Unknown, Value::Number { .. }) = (left, right) {
                            match condition_kind {
                                JEQ if !has_32_bits(insn) => taken.set(dst, right),
                                JNE if !has_32_bits(insn) => state.set(dst, right),
                                _ => {}
                            }
                        }
                        Next::Branch { target, taken: Box::new(taken) }
                    }
                }
            }
        }
    }

    /// Notes the ways that a path goes on after the conditional jump.
    fn note(&mut self, jumps: bool, falls_through: bool) {
        self.walk.mark(self.function, self.at, |mark| {
            mark.jumps |= jumps;
            mark.falls_through |= falls_through;
        });
    }

    fn call(&mut self, state: &mut State) -> Next {
        let paths = self.walk.paths;
        if self.insn.imm == Insn::POISON.imm && self.insn.code == Insn::POISON.code {
            return Next::End;
        }
        match paths.used(self.function, self.at) {
            Some(Used::Function(callee)) if paths.is_global(callee) => {
                self.walk.add_root(callee);
                forget_arguments(state);
            }
            Some(Used::Function(callee)) => return Next::Call(callee),
            // A function that the kernel does not have is as bad as poison.
            Some(Used::Extern(symbol)) if paths.missing.contains(&symbol) => return Next::End,
            Some(Used::Helper(helper)) => match writes(helper) {
                Writes::Nothing => {}
                Writes::Bytes { at, len } => {
                    let len = state.register(len).known();
                    let len = len.and_then(|(len, _)| i32::try_from(len).ok());
                    state.forget_at(state.register(at), len);
                }
                Writes::Unknown => forget_arguments(state),
            },
            Some(Used::NoFunction) => return Next::End,
            _ => forget_arguments(state),
        }
        state.forget_after_call();
        Next::After(1)
    }
}

/// Forgets what a function may change that gets the registers for arguments.
fn forget_arguments(state: &mut State) {
    for argument in state.arguments() {
        state.forget_at(argument, None);
    }
}

/// Returns an address moved by a number, in a direction.
fn moved(address: Value, by: Value, direction: i64) -> Option<Value> {
    let (by, _) = by.known()?;
    let by = by.cast_signed().checked_mul(direction)?;
    match address {
        Value::Stack { frame, offset } => {
            let offset = i64::from(offset).checked_add(by)?;
            Some(Value::Stack { frame, offset: i32::try_from(offset).ok()? })
        }
        Value::Data { section, offset } => {
            Some(Value::Data { section, offset: offset.checked_add_signed(by)? })
        }
        Value::Extern(symbol) if by == 0 => Some(Value::Extern(symbol)),
        _ => None,
    }
}

/// Returns the number of bytes that a load or store accesses.
fn size(insn: Insn) -> i32 {
    i32::try_from(insn.access_size()).unwrap_or(8)
}
