//! Evaluates instructions on known values: the results of arithmetic, and the conditions of jumps.

use core_reloc::patch::insn::Insn;

use crate::insn::{self, ADD, AND, LSH, MOV, NEG, OR, RSH, SUB, XOR, has_32_bits, truncated};

/// Evaluates an instruction; unknown values are `None`.
pub(super) trait Evaluate {
    /// Returns the second operand: the immediate, or the value of the source register.
    fn operand(self, src: Option<u64>) -> Option<u64>;

    /// Returns the result of an arithmetic operation, if it is known.
    fn result(self, dst: Option<u64>, src: Option<u64>) -> Option<u64>;

    /// Returns whether the condition of a jump holds, if that is known.
    fn holds(self, left: Option<u64>, right: Option<u64>) -> Option<bool>;
}

impl Evaluate for Insn {
    fn operand(self, src: Option<u64>) -> Option<u64> {
        if self.takes_immediate() { Some(i64::from(self.imm).cast_unsigned()) } else { src }
    }

    fn result(self, dst: Option<u64>, src: Option<u64>) -> Option<u64> {
        // Signed divisions and sign-extending moves have an offset.
        if self.off != 0 {
            return None;
        }
        let right = self.operand(src);
        let value = match self.operation() {
            MOV => right?,
            NEG => dst?.wrapping_neg(),
            _ => binary(self, dst?, right?)?,
        };
        Some(truncated(self, value))
    }

    fn holds(self, left: Option<u64>, right: Option<u64>) -> Option<bool> {
        insn::holds(self, left?, right?)
    }
}

/// Returns the result of an operation on two values, if the operation is one that is evaluated.
fn binary(insn: Insn, left: u64, right: u64) -> Option<u64> {
    let [left, right] = [left, right].map(|value| truncated(insn, value));
    let bits = if has_32_bits(insn) { 32 } else { 64 };
    let shift = u32::try_from(right).ok().filter(|shift| *shift < bits);
    match insn.operation() {
        ADD => Some(left.wrapping_add(right)),
        SUB => Some(left.wrapping_sub(right)),
        OR => Some(left | right),
        AND => Some(left & right),
        XOR => Some(left ^ right),
        LSH => left.checked_shl(shift?),
        RSH => left.checked_shr(shift?),
        _ => None,
    }
}
