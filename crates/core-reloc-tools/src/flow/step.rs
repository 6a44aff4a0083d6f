//! One step through a function: what an instruction does to a state.

use core_reloc::{
    elf::requirements::Used,
    patch::insn::{Class, Insn},
};

use super::{
    Flow, Values,
    state::State,
    value::{KernelPointer, Value, What},
};
use crate::{
    insn::{ADD, CALL, EXIT, JA, JCOND, MOV, SUB, binary, holds, jump_target, truncated},
    paths::{Writes, writes},
};

/// `BPF_LDX | BPF_MEM | BPF_DW`: a load of 8 bytes, such as an address.
const LOAD_ADDRESS: u8 = 0x79;

/// Where a path goes on.
pub(super) enum Next {
    /// After this number of slots.
    After(usize),
    Jump(usize),
    /// After the instruction, and at a target.
    Branch(usize),
    End,
}

impl Values<'_> {
    /// Changes a state as an instruction does. Returns `None` for a jump to an unknown place.
    pub(super) fn step(&self, at: usize, insn: Insn, state: &mut State) -> Option<Next> {
        let order = self.flow.order;
        let (dst, src) = (insn.dst_reg(order), insn.src_reg(order));
        match insn.class() {
            Class::Alu | Class::Alu64 => {
                let value = match self.answer(at) {
                    Some(answer) if insn.is_move_of_immediate() => answer,
                    _ => arithmetic(insn, state.register(dst), state.register(src)),
                };
                state.set(dst, value);
            }
            Class::Ld if insn.is_ldimm64() => {
                let value = self.immediate(at, insn, src);
                state.set(dst, value);
                return Some(Next::After(2));
            }
            Class::Ld => forget_after_call(state, Value::UNKNOWN),
            Class::Ldx => {
                let value = self.load(at, insn, state, state.register(src));
                state.set(dst, value);
            }
            Class::St => {
                store(insn, state, dst, Value::number(i64::from(insn.imm).cast_unsigned()))
            }
            Class::Stx if insn.is_atomic() => {
                store(insn, state, dst, Value::UNKNOWN);
                // An atomic operation may load the old value into either.
                state.set(src, Value::UNKNOWN);
                state.set(0, Value::UNKNOWN);
            }
            Class::Stx => store(insn, state, dst, state.register(src)),
            Class::Jump => return self.jump(at, insn, state),
        }
        Some(Next::After(1))
    }

    /// Returns the answer that a relocation writes into an instruction.
    fn answer(&self, at: usize) -> Option<Value> {
        let relocation = *self.flow.relocations(at).first()?;
        Some(match (self.world.answer)(relocation) {
            Some(number) => Value::number(number),
            None => Value::open(What::Answer(relocation)),
        })
    }

    fn immediate(&self, at: usize, insn: Insn, src: u8) -> Value {
        if let Some(answer) = self.answer(at) {
            return answer;
        }
        match self.flow.used(at) {
            // Whether the kernel has it is a question too.
            Some(Used::Data { .. } | Used::Extern(_)) => Value::open(What::Variable),
            Some(_) => Value::UNKNOWN,
            None if src != 0 => Value::UNKNOWN,
            None => match self.flow.insn(at.saturating_add(1)) {
                Some(second) => Value::number(insn.immediate64(second)),
                None => Value::UNKNOWN,
            },
        }
    }

    fn load(&self, at: usize, insn: Insn, state: &State, base: Value) -> Value {
        let is_relocated = !self.flow.relocations(at).is_empty();
        match base.what {
            What::Stack(offset) if !is_relocated => {
                state.load(offset.saturating_add(insn.off.into()), size(insn))
            }
            What::Variable => Value::open(What::NotInStack),
            What::Context(_) if insn.code == LOAD_ADDRESS && !is_relocated => {
                Value::closed(What::Kernel(KernelPointer::Argument, 0))
            }
            // Only stacks hold addresses in stacks.
            _ => Value::closed(What::in_stack(base.may_be_in_stack())),
        }
    }

    fn jump(&self, at: usize, insn: Insn, state: &mut State) -> Option<Next> {
        let target = jump_target(insn, at);
        Some(match insn.operation() {
            JA if insn.takes_immediate() => Next::Jump(target),
            JA => return None,
            EXIT => Next::End,
            JCOND => Next::Branch(target),
            CALL => {
                let result = self.call(at, state);
                forget_after_call(state, result);
                Next::After(1)
            }
            _ => {
                let (left, right) = self.flow.operands(insn, state);
                let is_known = left.known().zip(right.known());
                let is_taken = is_known.and_then(|(left, right)| holds(insn, left, right));
                match is_taken {
                    Some(true) => Next::Jump(target),
                    Some(false) => Next::After(1),
                    None => Next::Branch(target),
                }
            }
        })
    }

    /// Returns the result of a call.
    fn call(&self, at: usize, state: &mut State) -> Value {
        let used = self.flow.used(at);
        let writes = match used {
            Some(Used::Helper(helper)) => writes(helper),
            _ => Writes::Unknown,
        };
        match writes {
            Writes::Nothing => {}
            Writes::Bytes { at, len } => {
                if let What::Stack(offset) = state.register(at).what {
                    let len = state.register(len).known().and_then(|len| i64::try_from(len).ok());
                    let len = len.unwrap_or(offset.saturating_neg());
                    state.forget(offset, len);
                    state.set_open(offset, len, false);
                }
            }
            // What a function writes may follow from anything.
            Writes::Unknown => {
                for argument in 1..=5 {
                    if let What::Stack(offset) = state.register(argument).what {
                        state.forget(offset, offset.saturating_neg());
                        state.set_open(offset, offset.saturating_neg(), true);
                    }
                }
            }
        }
        match used {
            Some(Used::Helper(helper)) if KernelPointer::is_returned_by(helper) => {
                Value::closed(What::Kernel(KernelPointer::Helper(helper), 0))
            }
            Some(Used::Helper(_)) => Value::closed(What::NotInStack),
            _ => Value::open(What::Unknown),
        }
    }
}

impl Flow<'_> {
    /// Returns the values that a jump compares.
    fn operands(&self, insn: Insn, state: &State) -> (Value, Value) {
        let right = if insn.takes_immediate() {
            Value::number(i64::from(insn.imm).cast_unsigned())
        } else {
            state.register(insn.src_reg(self.order))
        };
        (state.register(insn.dst_reg(self.order)), right)
    }

    /// Returns `true` for a jump whose condition is not known and open.
    pub(super) fn is_open_branch(&self, insn: Insn, state: &State) -> bool {
        if insn.class() != Class::Jump || matches!(insn.operation(), JA | EXIT | CALL | JCOND) {
            return false;
        }
        let (left, right) = self.operands(insn, state);
        let is_known = left.known().is_some() && right.known().is_some();
        !is_known && (left.is_open || right.is_open)
    }
}

fn forget_after_call(state: &mut State, result: Value) {
    for register in 1..=5 {
        state.set(register, Value::UNKNOWN);
    }
    state.set(0, result);
}

fn store(insn: Insn, state: &mut State, base: u8, value: Value) {
    if let What::Stack(offset) = state.register(base).what {
        state.store(offset.saturating_add(insn.off.into()), size(insn), value);
    }
}

/// Returns the number of bytes that a load or store accesses.
fn size(insn: Insn) -> i64 {
    insn.access_size().into()
}

/// Returns the result of an arithmetic instruction.
fn arithmetic(insn: Insn, left: Value, right: Value) -> Value {
    let right = if insn.takes_immediate() {
        Value::number(i64::from(insn.imm).cast_unsigned())
    } else {
        right
    };
    let is_move = insn.operation() == MOV;
    let is_open = right.is_open || left.is_open && !is_move;
    let what = (|| {
        // Signed divisions and sign-extending moves have an offset.
        if insn.off != 0 {
            return None;
        }
        let is_64_bit = insn.class() == Class::Alu64;
        match (insn.operation(), left.known(), right.known()) {
            (MOV, _, Some(right)) => Some(What::Number(truncated(insn, right))),
            (MOV, _, None) => {
                // A move of 32 bits keeps an answer, which is small.
                let is_kept = is_64_bit || matches!(right.what, What::Answer(_));
                is_kept.then_some(right.what)
            }
            (_, Some(left), Some(right)) => binary(insn, left, right).map(What::Number),
            (ADD, ..) if is_64_bit => sum(left, right).or_else(|| sum(right, left)),
            (SUB, _, Some(right)) if is_64_bit => {
                let by = right.cast_signed().checked_neg()?;
                left.moved(by).map(|moved| moved.what)
            }
            _ => None,
        }
    })();
    let may_be_in_stack = left.may_be_in_stack() && !is_move || right.may_be_in_stack();
    Value { what: what.unwrap_or(What::in_stack(may_be_in_stack)), is_open }
}

/// Returns an address moved by a number or by an answer.
fn sum(address: Value, by: Value) -> Option<What> {
    match (address.what, by.what) {
        (_, What::Number(by)) => address.moved(by.cast_signed()).map(|moved| moved.what),
        // The offset of a field from an offset, such as that of another field, has two answers.
        (What::Answer(_) | What::Number(_), _) => None,
        (_, What::Answer(relocation)) => {
            let may_be_in_stack = address.may_be_in_stack();
            Some(What::Field { relocation, after: 0, may_be_in_stack })
        }
        _ => None,
    }
}
