//! Arithmetic and conditions on known numbers, as far as the verifier of Linux 5.10 follows them.

use core_reloc::patch::insn::Insn;

use super::{
    range::{self, Range},
    rules::Rules,
    value::{Value, Variables},
};
use crate::insn::{
    ADD, AND, ARSH, CALL, END, EXIT, JA, JCOND, JEQ, JNE, LSH, MOV, MUL, NEG, OR, RSH, SUB, XOR,
    binary, has_32_bits, holds, truncated,
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
    /// If a condition holds.
    If,
}

impl Jump {
    pub(super) fn of(insn: Insn) -> Self {
        match insn.operation() {
            JA if insn.takes_immediate() => Self::Always,
            JA => Self::Indirect,
            CALL => Self::Call,
            EXIT => Self::Exit,
            JCOND => Self::Perhaps,
            _ => Self::If,
        }
    }
}

/// Returns the result of an arithmetic operation on numbers; `None` if an operand may be something else.
pub(super) fn number(insn: Insn, left: Value, right: Value, rules: Rules) -> Option<Value> {
    let source = if insn.operation() == MOV { right } else { left };
    // Only some operations have a second operand.
    let other = if matches!(insn.operation(), MOV | NEG | END) { source } else { right };
    let (left, right) = (source.range()?.0, other.range()?.0);
    let range = match (left.known(), right.known()) {
        (Some(left), Some(right)) => exactly(insn, left, right, rules).map(Range::single),
        _ if insn.off != 0 => None,
        _ if !rules.ranges && [left, right].contains(&Range::FULL) => None,
        _ if is_followed(insn, rules) => Some(range::arithmetic(insn, left, right)),
        _ => None,
    };
    source.joined(other, range.unwrap_or(Range::FULL))
}

/// Returns `true` if the results of an operation on known numbers are known.
fn is_followed(insn: Insn, rules: Rules) -> bool {
    match insn.operation() {
        MOV | ADD | SUB | OR | AND => true,
        LSH | RSH | ARSH => rules.full_arithmetic || !has_32_bits(insn),
        MUL | XOR | NEG => rules.full_arithmetic,
        _ => false,
    }
}

/// Returns the result of an arithmetic operation on known numbers, if it is followed. A move has its operand on
/// both sides.
fn exactly(insn: Insn, left: u64, right: u64, rules: Rules) -> Option<u64> {
    if insn.off != 0 {
        // Others than moves are signed divisions.
        let bits = u32::try_from(insn.off).ok().filter(|bits| matches!(bits, 8 | 16 | 32));
        let bits = bits.filter(|_| insn.operation() == MOV && rules.sign_extension)?;
        return Some(truncated(insn, sign_extended(right, bits)));
    }
    if !is_followed(insn, rules) {
        return None;
    }
    match insn.operation() {
        MOV => Some(truncated(insn, right)),
        NEG => Some(truncated(insn, truncated(insn, left).wrapping_neg())),
        ARSH => {
            let bits = if has_32_bits(insn) { 32 } else { 64 };
            let shift = u32::try_from(truncated(insn, right)).ok().filter(|shift| *shift < bits)?;
            // The sign is that of the lower half in a shift of 32 bits.
            let extended = sign_extended(truncated(insn, left), bits).cast_signed();
            Some(truncated(insn, extended.checked_shr(shift)?.cast_unsigned()))
        }
        _ => binary(insn, left, right),
    }
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
pub(super) fn condition(insn: Insn, left: Value, right: Value, rules: Rules) -> Condition {
    let (Some((left, assumes)), Some((right, others))) = (left.range(), right.range()) else {
        return Condition::Unknown;
    };
    let known = match (left.known(), right.known()) {
        (Some(left), Some(right)) => holds(insn, left, right),
        // Older verifiers compare only with a known number. Other ranges than the full one are of several of
        // those, from paths that were merged.
        _ if !rules.ranges && right == Range::FULL => None,
        _ => range::holds(insn, left, right),
    };
    match known {
        Some(holds) => Condition::Known { holds, assumes: assumes | others },
        None => Condition::Unknown,
    }
}

/// Returns what is known of a number after its comparison with another.
pub(super) fn compared(
    insn: Insn,
    is_taken: bool,
    left: Value,
    right: Value,
    rules: Rules,
) -> Option<Value> {
    let (range, number) = (left.range()?.0, right.known()?.0);
    // A number that is equal to a known one is found by all verifiers.
    let is_equality = matches!(insn.operation(), JEQ | JNE);
    if !rules.ranges && range == Range::FULL && !is_equality {
        return None;
    }
    let range = range::refined(insn, is_taken, range, number)?;
    match left.joined(right, range)? {
        Value::Number { range, assumes, .. } => {
            Some(Value::Number { range, assumes, is_compared: true })
        }
        _ => None,
    }
}
