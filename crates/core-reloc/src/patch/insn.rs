//! BPF instructions (`struct bpf_insn`), as far as relocation needs them.

use btf_types::ByteOrder;

/// The class of an instruction: the low three bits of its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// `BPF_LD`: 64-bit immediates, and the loads of classic BPF.
    Ld,
    /// `BPF_LDX`: loads.
    Ldx,
    /// `BPF_ST`: stores of an immediate.
    St,
    /// `BPF_STX`: stores of a register, and atomic operations.
    Stx,
    /// `BPF_ALU`: 32-bit arithmetic.
    Alu,
    /// `BPF_ALU64`: 64-bit arithmetic.
    Alu64,
    /// `BPF_JMP` and `BPF_JMP32`: jumps, calls and exits.
    Jump,
}

/// The size of an instruction in bytes; LDIMM64 has two such slots.
pub const SLOT: usize = 8;
/// [`SLOT`] in the type of record offsets.
pub const SLOT_OFF: u32 = 8;

/// `BPF_LD | BPF_IMM | BPF_DW`: a 64-bit immediate over two slots.
const LDIMM64: u8 = 0x18;
/// The source bit of an ALU operation or a jump: a register rather than an immediate.
const SRC_X: u8 = 0x08;
/// The mode bits of loads and stores.
const MODE: u8 = 0xe0;
const MODE_MEMSX: u8 = 0x80;
const MODE_ATOMIC: u8 = 0xc0;
/// The size bits of loads and stores.
const SIZE: u8 = 0x18;
/// The operation bits of arithmetic and jumps.
const OPERATION: u8 = 0xf0;
/// `BPF_MOV`.
const MOV: u8 = 0xb0;

/// One slot of code.
///
/// ```
/// use btf_types::ByteOrder;
/// use core_reloc::patch::{insn::Class, insn::Insn};
///
/// let load = Insn::decode([0x61, 0x10, 8, 0, 0, 0, 0, 0], ByteOrder::Little); // r0 = *(u32 *)(r1 + 8)
/// assert_eq!((load.class(), load.access_size(), load.off), (Class::Ldx, 4, 8));
/// assert_eq!(load.dst_reg(ByteOrder::Little), 0);
/// assert_eq!(load.src_reg(ByteOrder::Little), 1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Insn {
    /// The code: class, operation, and source or size.
    pub code: u8,
    /// The two registers as stored: the order of the nibbles depends on the byte order.
    pub regs: u8,
    /// The offset.
    pub off: i16,
    /// The immediate.
    pub imm: i32,
}

impl Insn {
    /// Decodes a slot.
    #[inline]
    pub fn decode(bytes: [u8; SLOT], order: ByteOrder) -> Self {
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

    /// Encodes a slot.
    #[inline]
    pub fn encode(self, order: ByteOrder) -> [u8; SLOT] {
        let (off, imm) = match order {
            ByteOrder::Little => (self.off.to_le_bytes(), self.imm.to_le_bytes()),
            ByteOrder::Big => (self.off.to_be_bytes(), self.imm.to_be_bytes()),
        };
        let ([o0, o1], [i0, i1, i2, i3]) = (off, imm);
        [self.code, self.regs, o0, o1, i0, i1, i2, i3]
    }

    /// Returns the class.
    #[inline]
    pub fn class(self) -> Class {
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

    /// Returns `true` if this is the first slot of a 64-bit immediate.
    #[inline]
    pub fn is_ldimm64(self) -> bool {
        self.code == LDIMM64
    }

    /// Returns the value of a 64-bit immediate, whose upper half is in the second slot.
    #[inline]
    pub fn immediate64(self, second: Self) -> u64 {
        (u64::from(second.imm.cast_unsigned()) << 32) | u64::from(self.imm.cast_unsigned())
    }

    /// Returns the source register; for a 64-bit immediate, what it refers to.
    #[inline]
    pub fn src_reg(self, order: ByteOrder) -> u8 {
        match order {
            ByteOrder::Little => self.regs >> 4,
            ByteOrder::Big => self.regs & 0x0f,
        }
    }

    /// Returns the destination register.
    pub fn dst_reg(self, order: ByteOrder) -> u8 {
        match order {
            ByteOrder::Little => self.regs & 0x0f,
            ByteOrder::Big => self.regs >> 4,
        }
    }

    /// Returns `true` if the operand of an ALU operation or a jump is its immediate, not a register.
    #[inline]
    pub fn takes_immediate(self) -> bool {
        self.code & SRC_X == 0
    }

    /// Returns the operation of an ALU operation or a jump: the upper four bits of the code.
    #[inline]
    pub fn operation(self) -> u8 {
        self.code & OPERATION
    }

    /// Returns `true` for a move of an immediate into a register, of 32 or 64 bits.
    pub fn is_move_of_immediate(self) -> bool {
        matches!(self.class(), Class::Alu | Class::Alu64)
            && self.takes_immediate()
            && self.operation() == MOV
    }

    /// Returns `true` for an atomic operation.
    pub fn is_atomic(self) -> bool {
        self.class() == Class::Stx && self.code & MODE == MODE_ATOMIC
    }

    /// Returns `true` for a sign-extending load.
    pub fn is_sign_extending_load(self) -> bool {
        self.class() == Class::Ldx && self.code & MODE == MODE_MEMSX
    }

    /// Returns the number of bytes that a load or store accesses.
    pub fn access_size(self) -> u32 {
        match self.code & SIZE {
            0x00 => 4,
            0x08 => 2,
            0x10 => 1,
            _ => 8,
        }
    }

    /// Returns the load or store with another size; `None` unless that is 1, 2, 4 or 8 bytes.
    pub fn with_access_size(self, bytes: u32) -> Option<Self> {
        let size = match bytes {
            4 => 0x00,
            2 => 0x08,
            1 => 0x10,
            8 => 0x18,
            _ => return None,
        };
        Some(Self { code: (self.code & !SIZE) | size, ..self })
    }

    /// `call 0xbad2310`, which the verifier rejects if it is reachable, with the message "invalid func
    /// unknown#195896080".
    pub const POISON: Self = Self { code: 0x85, regs: 0, off: 0, imm: 0x0bad_2310 };
}
