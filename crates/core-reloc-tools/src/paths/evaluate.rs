//! Arithmetic and conditions on known numbers, as far as the verifier of Linux 5.10 follows them.

use core_reloc::patch::insn::Insn;

use super::value::{Value, Variables};
use crate::insn::{
    ADD, AND, ARSH, CALL, EXIT, JA, JCOND, LSH, MOV, MUL, OR, RSH, SUB, XOR, has_32_bits, holds,
    truncated,
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
/// operation is not followed. `full` is for verifiers that follow multiplication, XOR and shifts of 32 bits.
pub(super) fn number(insn: Insn, left: Value, right: Value, full: bool) -> Option<Value> {
    // Signed divisions and sign-extending moves have an offset.
    if insn.off != 0 {
        return None;
    }
    let is_32_bit = has_32_bits(insn);
    let is_move = insn.operation() == MOV;
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
                let unused = 64_u32.saturating_sub(bits);
                let extended = left.checked_shl(unused)?.cast_signed().checked_shr(unused)?;
                extended.checked_shr(shift?)?.cast_unsigned()
            }
            MUL if full => left.wrapping_mul(right),
            XOR if full => left ^ right,
            _ => return None,
        }
    };
    source.with_number(truncated(insn, value))
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
