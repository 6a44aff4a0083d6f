//! Instructions as a compiler writes them for a relocation.

/// An instruction that can be relocated, but for the value that it holds.
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
    /// The instruction that holds `value`, or as much of it as there is room for.
    pub(super) fn holding(self, value: u64, is_big_endian: bool) -> Vec<u8> {
        let low = value as u32;
        let slot =
            |code, registers, off: u16, imm: u32| slot(code, registers, off, imm, is_big_endian);
        match self {
            Self::Move => slot(0xb7, (1, 0), 0, low),
            Self::Move32 => slot(0xb4, (1, 0), 0, low),
            Self::Add => slot(0x07, (1, 0), 0, low),
            Self::Immediate64 => {
                [slot(0x18, (1, 0), 0, low), slot(0, (0, 0), 0, (value >> 32) as u32)].concat()
            }
            Self::Load { size } => slot(0x61 | size_bits(size), (1, 2), value as u16, 0),
            Self::SignedLoad { size } => slot(0x81 | size_bits(size), (1, 2), value as u16, 0),
            Self::Store { size } => slot(0x63 | size_bits(size), (1, 2), value as u16, 0),
            Self::StoreImmediate { size } => slot(0x62 | size_bits(size), (1, 0), value as u16, 1),
        }
    }
}

/// The bits of a load or store that give its size; of 4 bytes where there is no such load.
fn size_bits(size: u32) -> u8 {
    match size {
        1 => 0x10,
        2 => 0x08,
        8 => 0x18,
        _ => 0x00,
    }
}

/// One slot of code, with its destination and source registers.
fn slot(code: u8, (dst, src): (u8, u8), off: u16, imm: u32, is_big_endian: bool) -> Vec<u8> {
    let (registers, off, imm) = if is_big_endian {
        (dst << 4 | src, off.to_be_bytes(), imm.to_be_bytes())
    } else {
        (src << 4 | dst, off.to_le_bytes(), imm.to_le_bytes())
    };
    [&[code, registers][..], &off, &imm].concat()
}
