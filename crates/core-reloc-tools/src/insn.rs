//! Operations and conditions of BPF instructions, as far as following paths needs them.

use core_reloc::patch::insn::Insn;

// The operations of arithmetic instructions.
pub(crate) const ADD: u8 = 0x00;
pub(crate) const SUB: u8 = 0x10;
pub(crate) const MUL: u8 = 0x20;
pub(crate) const OR: u8 = 0x40;
pub(crate) const AND: u8 = 0x50;
pub(crate) const LSH: u8 = 0x60;
pub(crate) const RSH: u8 = 0x70;
pub(crate) const NEG: u8 = 0x80;
pub(crate) const XOR: u8 = 0xa0;
pub(crate) const MOV: u8 = 0xb0;
pub(crate) const ARSH: u8 = 0xc0;
pub(crate) const END: u8 = 0xd0;

// The operations of jumps.
pub(crate) const JA: u8 = 0x00;
pub(crate) const JEQ: u8 = 0x10;
pub(crate) const JGT: u8 = 0x20;
pub(crate) const JGE: u8 = 0x30;
pub(crate) const JSET: u8 = 0x40;
pub(crate) const JNE: u8 = 0x50;
pub(crate) const JSGT: u8 = 0x60;
pub(crate) const JSGE: u8 = 0x70;
pub(crate) const CALL: u8 = 0x80;
pub(crate) const EXIT: u8 = 0x90;
pub(crate) const JLT: u8 = 0xa0;
pub(crate) const JLE: u8 = 0xb0;
pub(crate) const JSLT: u8 = 0xc0;
pub(crate) const JSLE: u8 = 0xd0;
/// `may_goto`.
pub(crate) const JCOND: u8 = 0xe0;

/// The immediates of atomic instructions.
pub(crate) mod atomic {
    /// The bit of those that load the old value into the source register.
    pub(crate) const FETCH: i32 = 0x01;
    /// Loads the old value into register 0.
    pub(crate) const COMPARE_EXCHANGE: i32 = 0xf1;
    pub(crate) const LOAD_ACQUIRE: i32 = 0x100;
    pub(crate) const STORE_RELEASE: i32 = 0x110;
}

/// Returns `true` for a 32-bit operation or jump.
pub(crate) fn has_32_bits(insn: Insn) -> bool {
    matches!(insn.code & 0x07, 0x04 | 0x06)
}

/// Returns the part of a value that an instruction uses.
pub(crate) fn truncated(insn: Insn, value: u64) -> u64 {
    if has_32_bits(insn) { value & 0xffff_ffff } else { value }
}

/// Returns the result of an arithmetic operation on two numbers; `None` for other operations, and for shifts by
/// too many bits.
pub(crate) fn binary(insn: Insn, left: u64, right: u64) -> Option<u64> {
    let [left, right] = [left, right].map(|value| truncated(insn, value));
    let bits = if has_32_bits(insn) { 32 } else { 64 };
    let shift = u32::try_from(right).ok().filter(|shift| *shift < bits);
    let value = match insn.operation() {
        ADD => left.wrapping_add(right),
        SUB => left.wrapping_sub(right),
        MUL => left.wrapping_mul(right),
        OR => left | right,
        AND => left & right,
        XOR => left ^ right,
        LSH => left.checked_shl(shift?)?,
        RSH => left.checked_shr(shift?)?,
        _ => return None,
    };
    Some(truncated(insn, value))
}

/// Returns whether the condition of a jump holds; `None` for a jump without one.
pub(crate) fn holds(insn: Insn, left: u64, right: u64) -> Option<bool> {
    let [left, right] = [left, right].map(|value| truncated(insn, value));
    let signed = |value: u64| {
        let value = if has_32_bits(insn) { value << 32 } else { value };
        value.cast_signed()
    };
    let [left_signed, right_signed] = [left, right].map(signed);
    Some(match insn.operation() {
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

/// Returns the index of the instruction that a jump at `at` leads to; `usize::MAX` if it leads out of the
/// code.
pub(crate) fn jump_target(jump: Insn, at: usize) -> usize {
    let is_long = has_32_bits(jump) && jump.operation() == JA;
    let offset = if is_long { jump.imm } else { jump.off.into() };
    let offset = isize::try_from(offset).ok();
    offset.and_then(|offset| at.checked_add(1)?.checked_add_signed(offset)).unwrap_or(usize::MAX)
}
