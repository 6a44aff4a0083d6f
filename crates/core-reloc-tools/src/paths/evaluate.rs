//! Arithmetic and conditions on known numbers, as far as the verifier of Linux 5.10 follows them.

use core_reloc::patch::insn::{Class, Insn};

use super::value::{Value, Variables};

// The operations of arithmetic instructions.
const ADD: u8 = 0x00;
const SUB: u8 = 0x10;
const OR: u8 = 0x40;
const AND: u8 = 0x50;
const LSH: u8 = 0x60;
const MUL: u8 = 0x20;
const RSH: u8 = 0x70;
const XOR: u8 = 0xa0;
const MOV: u8 = 0xb0;
const ARSH: u8 = 0xc0;

// The operations of jumps.
const JA: u8 = 0x00;
const JEQ: u8 = 0x10;
const JGT: u8 = 0x20;
const JGE: u8 = 0x30;
const JSET: u8 = 0x40;
const JNE: u8 = 0x50;
const JSGT: u8 = 0x60;
const JSGE: u8 = 0x70;
const CALL: u8 = 0x80;
const EXIT: u8 = 0x90;
const JLT: u8 = 0xa0;
const JLE: u8 = 0xb0;
const JSLT: u8 = 0xc0;
const JSLE: u8 = 0xd0;
/// `may_goto`.
const JCOND: u8 = 0xe0;

/// The kind of a jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Jump {
    Always,
    /// To an address in a register.
    Indirect,
    /// Or not, as the kernel decides.
    Perhaps,
    Call,
    Exit,
    /// If a condition holds: the operation.
    If(u8),
}

impl Jump {
    pub(super) fn of(insn: Insn) -> Self {
        match insn.operation() {
            JA if insn.takes_immediate() => Self::Always,
            JA => Self::Indirect,
            CALL => Self::Call,
            EXIT => Self::Exit,
            JCOND => Self::Perhaps,
            operation => Self::If(operation),
        }
    }
}

/// Returns the result of an arithmetic operation on numbers; `None` if an operand is unknown or the
/// operation is not followed. `full` is for verifiers that follow multiplication, XOR and shifts of 32 bits.
pub(super) fn number(insn: Insn, left: Value, right: Value, full: bool) -> Option<Value> {
    // Signed divisions and sign-extending moves have an offset.
    if insn.off != 0 {
        return None;
    }
    let is_32_bit = insn.class() == Class::Alu;
    let (right, assumes) = right.known()?;
    let right = truncated(is_32_bit, right);
    let (value, others) = if insn.operation() == MOV {
        (right, 0)
    } else {
        let (left, others) = left.known()?;
        let left = truncated(is_32_bit, left);
        let bits = if is_32_bit { 32 } else { 64 };
        let shift = u32::try_from(right).ok().filter(|shift| *shift < bits && (full || !is_32_bit));
        let value = match insn.operation() {
            ADD => left.wrapping_add(right),
            SUB => left.wrapping_sub(right),
            OR => left | right,
            AND => left & right,
            LSH => left.checked_shl(shift?)?,
            RSH => left.checked_shr(shift?)?,
            ARSH => {
                // The sign is that of the lower half in a shift of 32 bits.
                let unused = 64_u32.saturating_sub(bits);
                let extended = left.checked_shl(unused)?.cast_signed().checked_shr(unused)?;
                extended.checked_shr(shift?)?.cast_unsigned()
            }
            MUL if full => left.wrapping_mul(right),
            XOR if full => left ^ right,
            _ => return None,
        };
        (value, others)
    };
    Some(Value::Number { value: truncated(is_32_bit, value), assumes: assumes | others })
}

/// Whether the condition of a jump holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// It is known, and follows from these assumptions.
    Known {
        holds: bool,
        assumes: Variables,
    },
    Unknown,
}

/// Returns whether the condition of a jump holds.
pub(super) fn condition(insn: Insn, left: Value, right: Value) -> Condition {
    let (Some((left, assumes)), Some((right, others))) = (left.known(), right.known()) else {
        return Condition::Unknown;
    };
    let is_32_bit = insn.code & 0x07 == 0x06;
    let [left, right] = [left, right].map(|value| truncated(is_32_bit, value));
    let signed = |value: u64| {
        if is_32_bit { value.wrapping_shl(32).cast_signed() } else { value.cast_signed() }
    };
    let holds = match insn.operation() {
        JEQ => left == right,
        JNE => left != right,
        JGT => left > right,
        JGE => left >= right,
        JLT => left < right,
        JLE => left <= right,
        JSET => left & right != 0,
        JSGT => signed(left) > signed(right),
        JSGE => signed(left) >= signed(right),
        JSLT => signed(left) < signed(right),
        JSLE => signed(left) <= signed(right),
        _ => return Condition::Unknown,
    };
    Condition::Known { holds, assumes: assumes | others }
}

/// Returns the index of the instruction that a jump at `at` leads to; `usize::MAX` if it leads out of the
/// function.
pub(super) fn jump_target(jump: Insn, at: usize) -> usize {
    let is_long = jump.code & 0x07 == 0x06 && jump.operation() == JA;
    let offset = if is_long { jump.imm } else { jump.off.into() };
    let target = || {
        let offset = isize::try_from(offset).ok()?;
        at.checked_add(1)?.checked_add_signed(offset)
    };
    target().unwrap_or(usize::MAX)
}

/// Returns the part of a number that an instruction uses.
fn truncated(is_32_bit: bool, value: u64) -> u64 {
    if is_32_bit { value & 0xffff_ffff } else { value }
}
