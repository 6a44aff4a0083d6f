//! Arithmetic and conditions on known numbers, as far as the verifier of Linux 5.10 follows them.

use core_reloc::patch::insn::Insn;

use super::{
    rules::Rules,
    value::{Value, Variables},
};
use crate::insn::{
    ADD, AND, ARSH, CALL, EXIT, JA, JCOND, LSH, MOV, MUL, NEG, OR, RSH, SUB, XOR, has_32_bits,
    holds, truncated,
};

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
/// operation is not followed.
pub(super) fn number(insn: Insn, left: Value, right: Value, rules: Rules) -> Option<Value> {
    let full = rules.full_arithmetic;
    let is_32_bit = has_32_bits(insn);
    let is_move = insn.operation() == MOV;
    if insn.off != 0 {
        // Others than moves are signed divisions.
        let bits = u32::try_from(insn.off).ok().filter(|bits| matches!(bits, 8 | 16 | 32));
        let bits = bits.filter(|_| is_move && rules.sign_extension)?;
        let value = sign_extended(right.known()?.0, bits);
        return right.with_number(truncated(insn, value));
    }
    if insn.operation() == NEG {
        let value = left.known().filter(|_| full)?.0;
        return left.with_number(truncated(insn, value.wrapping_neg()));
    }
    let source = if is_move { right } else { right.joined(left)? };
    let right = truncated(insn, right.known()?.0);
    let value = if is_move {
        right
    } else {
        let left = truncated(insn, left.known()?.0);
        let bits = if is_32_bit { 32 } else { 64 };
        let shift = u32::try_from(right).ok().filter(|shift| *shift < bits && (full || !is_32_bit));
        match insn.operation() {
            ADD => left.wrapping_add(right),
            SUB => left.wrapping_sub(right),
            OR => left | right,
            AND => left & right,
            LSH => left.checked_shl(shift?)?,
            RSH => left.checked_shr(shift?)?,
            ARSH => {
                // The sign is that of the lower half in a shift of 32 bits.
                sign_extended(left, bits).cast_signed().checked_shr(shift?)?.cast_unsigned()
            }
            MUL if full => left.wrapping_mul(right),
            XOR if full => left ^ right,
            _ => return None,
        }
    };
    source.with_number(truncated(insn, value))
}

/// Returns a number whose sign is that of its lowest bits.
pub(super) fn sign_extended(value: u64, bits: u32) -> u64 {
    let unused = 64_u32.saturating_sub(bits);
    let shifted = value.checked_shl(unused).map(u64::cast_signed);
    shifted.and_then(|it| it.checked_shr(unused)).map_or(value, i64::cast_unsigned)
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
    match holds(insn, left, right) {
        Some(holds) => Condition::Known { holds, assumes: assumes | others },
        None => Condition::Unknown,
    }
}
