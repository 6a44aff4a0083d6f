//! BPF instructions, as far as relocating them needs (`struct bpf_insn`).

use btf_types::ByteOrder;

/// The class of an instruction: the low three bits of its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Ld,
    Ldx,
    St,
    Stx,
    Alu,
    Alu64,
    /// Jumps, of 64 and 32 bits.
    Jump,
}

/// Bytes of an instruction; of each of the two slots of LDIMM64.
pub(crate) const SLOT: usize = 8;
/// The same, as record offsets count.
pub(crate) const SLOT_OFF: u32 = 8;

/// `BPF_LD | BPF_IMM | BPF_DW`: a 64-bit immediate over two slots.
const LDIMM64: u8 = 0x18;
/// The source of an ALU operation: register rather than immediate.
const SRC_X: u8 = 0x08;
/// The mode bits of loads and stores; sign-extending loads, and atomic operations, among them.
const MODE: u8 = 0xe0;
const MODE_MEMSX: u8 = 0x80;
#[cfg(feature = "elf")]
const MODE_ATOMIC: u8 = 0xc0;
/// The bits of loads and stores that give the size.
const SIZE: u8 = 0x18;

/// One slot of code. `regs` stays as it is stored, since its nibbles change places with the byte
/// order, and relocating needs only to know whether they are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Insn {
    pub(crate) code: u8,
    pub(crate) regs: u8,
    pub(crate) off: i16,
    pub(crate) imm: i32,
}

impl Insn {
    #[inline]
    pub(crate) fn decode(bytes: [u8; SLOT], order: ByteOrder) -> Self {
        let [code, regs, o0, o1, i0, i1, i2, i3] = bytes;
        let (off, imm) = ([o0, o1], [i0, i1, i2, i3]);
        match order {
            ByteOrder::Little => {
                Self { code, regs, off: i16::from_le_bytes(off), imm: i32::from_le_bytes(imm) }
            }
            ByteOrder::Big => {
                Self { code, regs, off: i16::from_be_bytes(off), imm: i32::from_be_bytes(imm) }
            }
        }
    }

    #[inline]
    pub(crate) fn encode(self, order: ByteOrder) -> [u8; SLOT] {
        let (off, imm) = match order {
            ByteOrder::Little => (self.off.to_le_bytes(), self.imm.to_le_bytes()),
            ByteOrder::Big => (self.off.to_be_bytes(), self.imm.to_be_bytes()),
        };
        let ([o0, o1], [i0, i1, i2, i3]) = (off, imm);
        [self.code, self.regs, o0, o1, i0, i1, i2, i3]
    }

    #[inline]
    pub(crate) fn class(self) -> Class {
        match self.code & 0x07 {
            0x00 => Class::Ld,
            0x01 => Class::Ldx,
            0x02 => Class::St,
            0x03 => Class::Stx,
            0x04 => Class::Alu,
            0x07 => Class::Alu64,
            _ => Class::Jump,
        }
    }

    /// Whether this is the first slot of a 64-bit immediate.
    #[inline]
    pub(crate) fn is_ldimm64(self) -> bool {
        self.code == LDIMM64
    }

    /// The register that the instruction reads from, or the sort of a 64-bit immediate.
    #[inline]
    pub(crate) fn src_reg(self, order: ByteOrder) -> u8 {
        match order {
            ByteOrder::Little => self.regs >> 4,
            ByteOrder::Big => self.regs & 0x0f,
        }
    }

    /// The register that the instruction writes to.
    #[cfg(feature = "elf")]
    pub(crate) fn dst_reg(self, order: ByteOrder) -> u8 {
        match order {
            ByteOrder::Little => self.regs & 0x0f,
            ByteOrder::Big => self.regs >> 4,
        }
    }

    /// Whether an ALU operation takes its immediate rather than a register.
    #[inline]
    pub(crate) fn takes_immediate(self) -> bool {
        self.code & SRC_X == 0
    }

    /// Whether a store is an atomic operation.
    #[cfg(feature = "elf")]
    pub(crate) fn is_atomic(self) -> bool {
        self.class() == Class::Stx && self.code & MODE == MODE_ATOMIC
    }

    /// Whether a load extends what it loads by its sign.
    pub(crate) fn is_sign_extending_load(self) -> bool {
        self.class() == Class::Ldx && self.code & MODE == MODE_MEMSX
    }

    /// How many bytes a load or store accesses.
    pub(crate) fn access_size(self) -> u32 {
        match self.code & SIZE {
            0x00 => 4,
            0x08 => 2,
            0x10 => 1,
            _ => 8,
        }
    }

    /// The same load or store of another size, which must be one that there is.
    pub(crate) fn with_access_size(self, bytes: u32) -> Option<Self> {
        let size = match bytes {
            4 => 0x00,
            2 => 0x08,
            1 => 0x10,
            8 => 0x18,
            _ => return None,
        };
        Some(Self { code: (self.code & !SIZE) | size, ..self })
    }

    /// `call 0xbad2310`, which the verifier refuses where it can be reached: "invalid func
    /// unknown#195896080".
    pub(crate) const POISON: Self = Self { code: 0x85, regs: 0, off: 0, imm: 0x0bad_2310 };
}
