//! What arithmetic instructions compute, and when the conditions of jumps hold.

use super::insn::{Class, Insn};

// Operations of arithmetic instructions, in the high bits of their code.
const ADD: u8 = 0x00;
const SUB: u8 = 0x10;
const OR: u8 = 0x40;
const AND: u8 = 0x50;
const LSH: u8 = 0x60;
const RSH: u8 = 0x70;
const NEG: u8 = 0x80;
const XOR: u8 = 0xa0;
const MOV: u8 = 0xb0;

// Those of jumps.
pub(crate) const JA: u8 = 0x00;
pub(crate) const JEQ: u8 = 0x10;
const JGT: u8 = 0x20;
const JGE: u8 = 0x30;
const JSET: u8 = 0x40;
pub(crate) const JNE: u8 = 0x50;
const JSGT: u8 = 0x60;
const JSGE: u8 = 0x70;
pub(crate) const CALL: u8 = 0x80;
pub(crate) const EXIT: u8 = 0x90;
const JLT: u8 = 0xa0;
const JLE: u8 = 0xb0;
const JSLT: u8 = 0xc0;
const JSLE: u8 = 0xd0;

impl Insn {
    /// Which operation of its class.
    pub(crate) fn operation(self) -> u8 {
        self.code & 0xf0
    }

    /// Whether a jump or operation is one of 32 bits.
    pub(crate) fn is_32(self) -> bool {
        matches!(self.code & 0x07, 0x04 | 0x06)
    }

    /// Whether this is `rX = imm`, of 32 or 64 bits.
    pub(crate) fn is_move_of_immediate(self) -> bool {
        matches!(self.class(), Class::Alu | Class::Alu64)
            && self.takes_immediate()
            && self.operation() == MOV
    }

    /// The immediate, or what the source register holds.
    pub(crate) fn operand(self, src: Option<u64>) -> Option<u64> {
        if self.takes_immediate() { Some(i64::from(self.imm).cast_unsigned()) } else { src }
    }

    /// What an arithmetic operation leaves in its destination, if that is known.
    pub(crate) fn computed(self, dst: Option<u64>, src: Option<u64>) -> Option<u64> {
        // Signed divisions and moves that extend the sign.
        if self.off != 0 {
            return None;
        }
        let right = self.operand(src);
        let value = match self.operation() {
            MOV => right?,
            NEG => dst?.wrapping_neg(),
            _ => self.compute(dst?, right?)?,
        };
        Some(self.seen(value))
    }

    /// What becomes of two values.
    fn compute(self, left: u64, right: u64) -> Option<u64> {
        let [left, right] = [left, right].map(|value| self.seen(value));
        let bits = if self.is_32() { 32 } else { 64 };
        let shift = u32::try_from(right).ok().filter(|shift| *shift < bits);
        match self.operation() {
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

    /// Whether the condition of a jump holds, if that is known.
    pub(crate) fn holds(self, left: Option<u64>, right: Option<u64>) -> Option<bool> {
        let [left, right] = [self.seen(left?), self.seen(right?)];
        let signed = |value: u64| {
            let value = if self.is_32() { value << 32 } else { value };
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

    /// What the instruction sees of a value: one of 32 bits sees no more of it.
    fn seen(self, value: u64) -> u64 {
        if self.is_32() { value & 0xffff_ffff } else { value }
    }
}
