//! Evaluates instructions on known values: the results of arithmetic, and the conditions of jumps.

use core_reloc::patch::insn::Insn;

// The operations of arithmetic instructions.
const ADD: u8 = 0x00;
const SUB: u8 = 0x10;
const OR: u8 = 0x40;
const AND: u8 = 0x50;
const LSH: u8 = 0x60;
const RSH: u8 = 0x70;
const NEG: u8 = 0x80;
const XOR: u8 = 0xa0;
const MOV: u8 = 0xb0;

// The operations of jumps.
pub(super) const JA: u8 = 0x00;
pub(super) const JEQ: u8 = 0x10;
const JGT: u8 = 0x20;
const JGE: u8 = 0x30;
const JSET: u8 = 0x40;
pub(super) const JNE: u8 = 0x50;
const JSGT: u8 = 0x60;
const JSGE: u8 = 0x70;
pub(super) const CALL: u8 = 0x80;
pub(super) const EXIT: u8 = 0x90;
const JLT: u8 = 0xa0;
const JLE: u8 = 0xb0;
const JSLT: u8 = 0xc0;
const JSLE: u8 = 0xd0;

/// Evaluates an instruction; unknown values are `None`.
pub(super) trait Evaluate {
    /// Returns `true` for a 32-bit operation or jump.
    fn has_32_bits(&self) -> bool;

    /// Returns the second operand: the immediate, or the value of the source register.
    fn operand(self, src: Option<u64>) -> Option<u64>;

    /// Returns the result of an arithmetic operation, if it is known.
    fn result(self, dst: Option<u64>, src: Option<u64>) -> Option<u64>;

    /// Returns whether the condition of a jump holds, if that is known.
    fn holds(self, left: Option<u64>, right: Option<u64>) -> Option<bool>;
}

impl Evaluate for Insn {
    fn has_32_bits(&self) -> bool {
        matches!(self.code & 0x07, 0x04 | 0x06)
    }

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
        let [left, right] = [truncated(self, left?), truncated(self, right?)];
        let signed = |value: u64| {
            let value = if self.has_32_bits() { value << 32 } else { value };
            value.cast_signed()
        };
        let [left_signed, right_signed] = [left, right].map(signed);
        Some(match self.operation() {
            JEQ => left == right,
            JNE => left != right,
            JGT => left > right,
            JGE => left >= right,
            JLT => left < right,
            JLE => left <= right,
            JSET => left & right != 0,
            JSGT => left_signed > right_signed,
            JSGE => left_signed >= right_signed,
            JSLT => left_signed < right_signed,
            JSLE => left_signed <= right_signed,
            _ => return None,
        })
    }
}

/// Returns the result of an operation on two values, if the operation is one that is evaluated.
fn binary(insn: Insn, left: u64, right: u64) -> Option<u64> {
    let [left, right] = [left, right].map(|value| truncated(insn, value));
    let bits = if insn.has_32_bits() { 32 } else { 64 };
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

/// Returns the part of a value that an instruction uses.
fn truncated(insn: Insn, value: u64) -> u64 {
    if insn.has_32_bits() { value & 0xffff_ffff } else { value }
}
