//! The instructions that relocations patch.

use btf_types::ByteOrder;

/// The form of a relocation's instruction. Its value and access size follow from the types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InsnForm {
    /// An ALU operation with an immediate operand.
    Alu {
        /// The operation: the high four bits of the opcode, 11 for `mov`.
        op: u8,
        /// `true` for a 64-bit operation, `false` for a 32-bit one.
        wide: bool,
    },
    /// A 64-bit immediate, in two slots.
    LdImm64,
    /// A load into a register.
    Load {
        /// Whether the loaded value is sign-extended. Loads of 8 bytes never are.
        sign_extending: bool,
    },
    /// A store of an immediate value.
    StoreImmediate,
    /// A store of a register.
    StoreRegister,
}

impl InsnForm {
    /// Returns `true` for loads and stores, which hold a 16-bit value.
    pub fn is_access(self) -> bool {
        matches!(self, Self::Load { .. } | Self::StoreImmediate | Self::StoreRegister)
    }
}

/// `BPF_ALU` and `BPF_ALU64`.
const ALU: u8 = 0x04;
const ALU64: u8 = 0x07;
/// `BPF_LDX | BPF_MEM`, `BPF_LDX | BPF_MEMSX`, `BPF_ST | BPF_MEM`, `BPF_STX | BPF_MEM`.
const LOAD: u8 = 0x61;
const LOAD_SIGNED: u8 = 0x81;
const STORE_IMMEDIATE: u8 = 0x62;
const STORE_REGISTER: u8 = 0x63;

/// One 8-byte slot of code.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Slot {
    pub(super) code: u8,
    pub(super) dst: u8,
    pub(super) src: u8,
    pub(super) off: i16,
    pub(super) imm: i32,
}

impl Slot {
    pub(super) fn bytes(self, order: ByteOrder) -> [u8; 8] {
        let (registers, off, imm) = match order {
            ByteOrder::Little => {
                (self.src << 4 | self.dst, self.off.to_le_bytes(), self.imm.to_le_bytes())
            }
            ByteOrder::Big => {
                (self.dst << 4 | self.src, self.off.to_be_bytes(), self.imm.to_be_bytes())
            }
        };
        let ([o0, o1], [i0, i1, i2, i3]) = (off, imm);
        [self.code, registers, o0, o1, i0, i1, i2, i3]
    }
}

/// Returns the slots of an instruction that holds `value`, truncated if it does not fit, and
/// accesses `size` bytes.
pub(super) fn slots(form: InsnForm, value: u64, size: u32) -> (Slot, Option<Slot>) {
    let [b0, b1, b2, b3, b4, b5, b6, b7] = value.to_le_bytes();
    let low = i32::from_le_bytes([b0, b1, b2, b3]);
    let high = i32::from_le_bytes([b4, b5, b6, b7]);
    let off = i16::from_le_bytes([b0, b1]);
    let access = |code: u8| Slot { code: code | size_bits(size), dst: 1, src: 2, off, imm: 0 };
    let first = match form {
        InsnForm::Alu { op, wide } => {
            let class = if wide { ALU64 } else { ALU };
            Slot { code: op << 4 | class, dst: 1, imm: low, ..Slot::default() }
        }
        InsnForm::LdImm64 => {
            let first = Slot { code: 0x18, dst: 1, imm: low, ..Slot::default() };
            return (first, Some(Slot { imm: high, ..Slot::default() }));
        }
        InsnForm::Load { sign_extending: true } if size < 8 => access(LOAD_SIGNED),
        InsnForm::Load { .. } => access(LOAD),
        InsnForm::StoreImmediate => Slot { src: 0, imm: 7, ..access(STORE_IMMEDIATE) },
        InsnForm::StoreRegister => access(STORE_REGISTER),
    };
    (first, None)
}

/// Returns the opcode bits for the size of a load or store.
fn size_bits(size: u32) -> u8 {
    match size {
        1 => 0x10,
        2 => 0x08,
        4 => 0x00,
        _ => 0x18,
    }
}
