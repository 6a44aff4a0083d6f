//! One step on a path: what an instruction does to a state.

use btf_types::ByteOrder;
use core_reloc::{
    elf::requirements::Used,
    patch::insn::{Class, Insn},
};

use super::{
    Variable, Walk,
    evaluate::{Condition, Jump, compared, condition, number, sign_extended},
    helper::{Writes, calls_back, returns_number, writes},
    range::Range,
    state::State,
    value::Value,
};
use crate::insn::{ADD, MOV, SUB, atomic, jump_target};

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
    /// At all entries of a table of jumps.
    Table(usize),
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
        self.note_accesses(state);
        let insn = self.insn;
        let rules = self.walk.rules;
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
                // Linux 6.3 took negative immediates for positive ones.
                let is_followed = rules.stored_immediates && insn.imm >= 0;
                let value = Value::number(insn.imm.unsigned_abs().into());
                let value = if is_followed { value } else { Value::Unknown };
                state.store(self.address(state.register(dst)), size(insn), value, rules);
            }
            Class::Stx if insn.is_atomic() => {
                if insn.imm == atomic::STORE_RELEASE {
                    state.note_escape(state.register(src));
                }
                state.store(self.address(state.register(dst)), size(insn), Value::Unknown, rules);
                match insn.imm {
                    atomic::LOAD_ACQUIRE => state.set(dst, Value::Unknown),
                    atomic::STORE_RELEASE => {}
                    atomic::COMPARE_EXCHANGE => state.set(0, Value::ANY_NUMBER),
                    imm if imm & atomic::FETCH != 0 => state.set(src, Value::ANY_NUMBER),
                    _ => {}
                }
            }
            Class::Stx => {
                state.store(
                    self.address(state.register(dst)),
                    size(insn),
                    state.register(src),
                    rules,
                );
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
        let rules = self.walk.rules;
        if let Some(value) = number(insn, left, right, rules) {
            return value;
        }
        match insn.operation() {
            // Also a move from one address space to another.
            MOV if is_64_bit && insn.off == 0 => right,
            MOV if is_64_bit && insn.off == 1 => Value::Unknown,
            // Whatever is added, verifiers check that the address is in the table when it is used.
            ADD | SUB if is_64_bit && matches!(left, Value::JumpTable(_)) => left,
            ADD if is_64_bit && matches!(right, Value::JumpTable(_)) => right,
            ADD if is_64_bit => {
                let address = moved(left, right, 1).or_else(|| moved(right, left, 1));
                address.unwrap_or(unknown(left, right))
            }
            SUB if is_64_bit => moved(left, right, -1).unwrap_or(unknown(left, right)),
            // Verifiers reject other operations on addresses, but take the difference of two for a number.
            SUB => Value::ANY_NUMBER,
            _ => number(insn, left.as_number(), right.as_number(), rules).unwrap_or(Value::Unknown),
        }
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
            Some(Used::JumpTable(table)) => Value::JumpTable(table),
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
    pub(super) fn address(&self, base: Value) -> Value {
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
            Value::JumpTable(table) => Value::JumpTarget(table),
            address => state.load(address, size(insn), self.walk.rules),
        };
        if insn.is_sign_extending_load() && loaded != Value::ZERO {
            let bits = insn.access_size().saturating_mul(8);
            return match loaded.known() {
                Some((value, _)) if self.walk.rules.sign_extension => {
                    loaded.with_number(sign_extended(value, bits)).unwrap_or(Value::Unknown)
                }
                _ => Value::ANY_NUMBER,
            };
        }
        let is_pointer = match insn.access_size() {
            8 => true,
            // Some contexts have pointers in 4 bytes.
            4 => !base.may_be_stack(),
            _ => false,
        };
        if is_pointer || loaded.range().is_some() { loaded } else { self.any_number() }
    }

    /// Returns what is known of a number that was loaded.
    fn any_number(&self) -> Value {
        let bits = self.insn.access_size().saturating_mul(8);
        if self.walk.rules.ranges && !self.insn.is_sign_extending_load() {
            Value::number_in(Range::of_bits(bits))
        } else {
            Value::ANY_NUMBER
        }
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
        assumes.map_or(Value::Unknown, |assumes| Value::assumed(value, assumes))
    }

    /// Returns the assumed value of an undefined symbol.
    fn config(&mut self, symbol: usize) -> Value {
        let assumed = self.walk.paths.assumptions;
        let value = assumed.and_then(|assumptions| assumptions.config.get(&symbol).copied());
        let Some(value) = value else { return Value::Unknown };
        let assumes = self.walk.assume(Variable::Config { symbol, value });
        assumes.map_or(Value::Unknown, |assumes| Value::assumed(value, assumes))
    }

    fn jump(&mut self, state: &mut State, dst: u8, src: u8) -> Next {
        let insn = self.insn;
        match Jump::of(insn) {
            Jump::Always => Next::Jump(jump_target(insn, self.at)),
            Jump::Indirect => match state.register(dst) {
                Value::JumpTarget(table) => Next::Table(table),
                _ => Next::Anywhere,
            },
            // The kernel ends the loop at any time.
            Jump::Perhaps => {
                self.note(true, true);
                let target = jump_target(insn, self.at);
                let taken = Box::new(state.clone());
                state.widen(self.at);
                Next::Branch { target, taken }
            }
            Jump::Call => self.call(state),
            Jump::Exit => Next::Return,
            Jump::If => {
                let rules = self.walk.rules;
                let target = jump_target(insn, self.at);
                let left = state.register(dst);
                let right = if insn.takes_immediate() {
                    Value::number(i64::from(insn.imm).cast_unsigned())
                } else {
                    state.register(src)
                };
                match condition(insn, left, right, rules) {
                    Condition::Known { holds, assumes } => {
                        self.walk.decided_by |= assumes;
                        self.note(holds, !holds);
                        if holds { Next::Jump(target) } else { Next::After(1) }
                    }
                    Condition::Unknown => {
                        self.note(true, true);
                        let mut taken = state.clone();
                        for (is_taken, state) in [(true, &mut taken), (false, &mut *state)] {
                            if let Some(value) = compared(insn, is_taken, left, right, rules) {
                                state.set(dst, value);
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
        let used = paths.used(self.function, self.at);
        let mut result = Value::Unknown;
        match used {
            Some(Used::Function(callee)) if paths.is_global(callee) => {
                self.walk.add_root(callee);
                forget_arguments(state);
                result = Value::ANY_NUMBER;
            }
            Some(Used::Function(callee)) => return Next::Call(callee),
            // A function that the kernel does not have is as bad as poison.
            Some(Used::Extern(symbol)) if paths.missing.contains(&symbol) => return Next::End,
            Some(Used::Helper(helper)) => {
                match writes(helper) {
                    Writes::Nothing => {}
                    Writes::Bytes { at, len } => {
                        let len = state.register(len).known();
                        let len = len.and_then(|(len, _)| i32::try_from(len).ok());
                        state.forget_at(state.register(at), len);
                    }
                    Writes::Unknown => forget_arguments(state),
                }
                if returns_number(helper) {
                    result = Value::ANY_NUMBER;
                }
            }
            Some(Used::NoFunction) => return Next::End,
            _ => forget_arguments(state),
        }
        state.forget_after_call();
        state.set(0, result);
        if comes_around(used) {
            state.widen(self.at);
        }
        Next::After(1)
    }
}

/// Returns `true` for a call that a path may come back to: of a helper that calls a callback again and again,
/// or of a function of the kernel, which may be the iterator of a loop.
fn comes_around(used: Option<Used>) -> bool {
    match used {
        Some(Used::Helper(helper)) => calls_back(helper),
        Some(Used::Function(_)) => false,
        _ => true,
    }
}

/// Forgets what a function may change that gets the registers for arguments.
fn forget_arguments(state: &mut State) {
    for argument in state.arguments() {
        state.forget_at(argument, None);
    }
}

/// Returns what is known of a result that may be an address.
fn unknown(left: Value, right: Value) -> Value {
    if left.may_be_stack() || right.may_be_stack() { Value::SomeStack } else { Value::Unknown }
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
