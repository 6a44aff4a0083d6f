//! Instructions that a compiler emits for a relocation.

use crate::judge::insn;

/// The form of an instruction that can be relocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `r1 = value`
    Move,
    /// `w1 = value`
    Move32,
    /// `r1 += value`
    Add,
    /// `r1 = value ll`
    Immediate64,
    /// `r1 = *(uSIZE *)(r2 + value)`
    Load { size: u32 },
    /// `r1 = *(sSIZE *)(r2 + value)`
    SignedLoad { size: u32 },
    /// `*(uSIZE *)(r1 + value) = r2`
    Store { size: u32 },
    /// `*(uSIZE *)(r1 + value) = 1`
    StoreImmediate { size: u32 },
}

impl Form {
    /// Returns the instruction that holds `value`, truncated to the size of its field.
    pub(super) fn holding(self, value: u64, is_big_endian: bool) -> Vec<u8> {
        let insn = |code, dst, src, off, imm| insn(is_big_endian, code, dst, src, off, imm);
        let (off, imm) = (value as i16, value as i32);
        let slot = match self {
            Self::Move => insn(0xb7, 1, 0, 0, imm),
            Self::Move32 => insn(0xb4, 1, 0, 0, imm),
            Self::Add => insn(0x07, 1, 0, 0, imm),
            Self::Immediate64 => {
                let upper = insn(0, 0, 0, 0, (value >> 32) as i32);
                return [insn(0x18, 1, 0, 0, imm), upper].concat();
            }
            Self::Load { size } => insn(0x61 | size_bits(size), 1, 2, off, 0),
            Self::SignedLoad { size } => insn(0x81 | size_bits(size), 1, 2, off, 0),
            Self::Store { size } => insn(0x63 | size_bits(size), 1, 2, off, 0),
            Self::StoreImmediate { size } => insn(0x62 | size_bits(size), 1, 0, off, 1),
        };
        slot.to_vec()
    }
}

/// Returns the size bits of a load or store; those of 4 bytes for a size that no load has.
fn size_bits(size: u32) -> u8 {
    match size {
        1 => 0x10,
        2 => 0x08,
        8 => 0x18,
        _ => 0x00,
    }
}
