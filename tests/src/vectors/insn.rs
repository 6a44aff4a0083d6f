//! Instructions of the vectors, before they are relocated.

use crate::judge::insn;

/// An instruction, which a relocation changes. A 64-bit immediate has a second slot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Insn {
    first: Slot,
    second: Option<Slot>,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    code: u8,
    dst: u8,
    src: u8,
    off: i16,
    imm: i32,
}

/// The opcode of a 64-bit immediate.
const LDIMM64: u8 = 0x18;

/// What the instruction of an unresolved relocation becomes, in each of its slots: `call 0xbad2310`.
const POISON: Slot = Slot { code: 0x85, dst: 0, src: 0, off: 0, imm: 195_896_080 };

/// An instruction of one slot: opcode, destination and source register, offset, immediate.
pub(super) fn raw(code: u8, dst: u8, src: u8, off: i16, imm: i32) -> Insn {
    Insn { first: Slot { code, dst, src, off, imm }, second: None }
}

/// `r1 = imm`
pub(super) fn mov(imm: i32) -> Insn {
    raw(0xb7, 1, 0, 0, imm)
}

/// `r1 = value ll`
pub(super) fn ldimm64(value: u64) -> Insn {
    raw(LDIMM64, 1, 0, 0, 0).and(0, 0, 0, 0).holding(value)
}

/// `r1 = *(uSIZE *)(r2 + off)`
pub(super) fn ldx(size: u32, off: i16) -> Insn {
    raw(0x61 | size_bits(size), 1, 2, off, 0)
}

/// `r1 = *(sSIZE *)(r2 + off)`
pub(super) fn ldsx(size: u32, off: i16) -> Insn {
    raw(0x81 | size_bits(size), 1, 2, off, 0)
}

/// `*(uSIZE *)(r1 + off) = imm`
pub(super) fn st(size: u32, off: i16, imm: i32) -> Insn {
    raw(0x62 | size_bits(size), 1, 0, off, imm)
}

/// `*(uSIZE *)(r1 + off) = r2`
pub(super) fn stx(size: u32, off: i16) -> Insn {
    raw(0x63 | size_bits(size), 1, 2, off, 0)
}

fn size_bits(size: u32) -> u8 {
    match size {
        1 => 0x10,
        2 => 0x08,
        4 => 0x00,
        8 => 0x18,
        _ => panic!("no load has {size} bytes"),
    }
}

impl Insn {
    /// Adds a second slot: opcode, destination and source register, offset.
    pub(super) fn and(self, code: u8, dst: u8, src: u8, off: i16) -> Self {
        Self { second: Some(Slot { code, dst, src, off, imm: 0 }), ..self }
    }

    /// The instruction with another value: the offset of a load or store, the immediate of others.
    pub(super) fn holding(mut self, value: u64) -> Self {
        match (&mut self.second, self.first.code & 7) {
            (Some(second), _) => {
                self.first.imm = value as i32;
                second.imm = (value >> 32) as i32;
            }
            (None, 1..=3) => self.first.off = value as i16,
            (None, _) => self.first.imm = value as i32,
        }
        self
    }

    /// What poison makes of the instruction.
    pub(super) fn poisoned(self) -> Self {
        Self { first: POISON, second: self.second.map(|_| POISON) }
    }

    pub(super) fn bytes(self, is_big_endian: bool) -> Vec<u8> {
        let bytes =
            |slot: Slot| insn(is_big_endian, slot.code, slot.dst, slot.src, slot.off, slot.imm);
        [Some(self.first), self.second].into_iter().flatten().flat_map(bytes).collect()
    }
}
