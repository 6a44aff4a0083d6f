//! Instructions in the host's byte order, for programs that the kernel runs.

use crate::judge;

/// One slot of code.
pub type Insn = [u8; 8];

/// The helper `get_current_pid_tgid`: the thread id in the lower half, the process id in the upper
/// half.
pub const GET_CURRENT_PID_TGID: i32 = 14;
/// The helper `get_current_task`: the address of the current `task_struct`, as an integer.
pub const GET_CURRENT_TASK: i32 = 35;
/// The helper `probe_read_kernel`.
pub const PROBE_READ_KERNEL: i32 = 113;
/// The helper `get_current_task_btf`: a pointer whose loads the verifier checks with BTF.
pub const GET_CURRENT_TASK_BTF: i32 = 158;

/// The register that holds the end of the stack.
pub const STACK_END: u8 = 10;

/// The size of a load or store, with the bits of the opcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Size {
    /// 4 bytes.
    Word = 0x00,
    /// 2 bytes.
    Half = 0x08,
    /// 1 byte.
    Byte = 0x10,
    /// 8 bytes.
    Double = 0x18,
}

impl Size {
    /// All sizes, in ascending order.
    pub const ALL: [Self; 4] = [Self::Byte, Self::Half, Self::Word, Self::Double];

    /// Returns the number of bytes.
    pub const fn bytes(self) -> u32 {
        match self {
            Self::Byte => 1,
            Self::Half => 2,
            Self::Word => 4,
            Self::Double => 8,
        }
    }
}

/// Returns an instruction: opcode, destination and source register, offset, immediate.
pub fn insn(code: u8, dst: u8, src: u8, off: i16, imm: i32) -> Insn {
    judge::insn(cfg!(target_endian = "big"), code, dst, src, off, imm)
}

/// Call of a helper, by its number.
pub fn call(helper: i32) -> Insn {
    insn(0x85, 0, 0, 0, helper)
}

/// `register = value`, in 64 bits.
pub fn set(register: u8, value: i32) -> Insn {
    insn(0xb7, register, 0, 0, value)
}

/// `register = value`, in 32 bits.
pub fn set32(register: u8, value: i32) -> Insn {
    insn(0xb4, register, 0, 0, value)
}

/// `register = value ll`
pub fn set64(register: u8, value: u64) -> [Insn; 2] {
    let [low, high] = [value as u32, (value >> 32) as u32].map(u32::cast_signed);
    [insn(0x18, register, 0, 0, low), insn(0x00, 0, 0, 0, high)]
}

/// `register = other`
pub fn copy(register: u8, other: u8) -> Insn {
    insn(0xbf, register, other, 0, 0)
}

/// `register += value`
pub fn add(register: u8, value: i32) -> Insn {
    insn(0x07, register, 0, 0, value)
}

/// `register = *(SIZE *)(base + offset)`
pub fn load(size: Size, register: u8, base: u8, offset: i16) -> Insn {
    insn(0x61 | size as u8, register, base, offset, 0)
}

/// `*(SIZE *)(base + offset) = value`
pub fn store(size: Size, base: u8, offset: i16, value: i32) -> Insn {
    insn(0x62 | size as u8, base, 0, offset, value)
}

/// `*(SIZE *)(base + offset) = register`
pub fn store_register(size: Size, base: u8, offset: i16, register: u8) -> Insn {
    insn(0x63 | size as u8, base, register, offset, 0)
}

/// `return r0`
pub fn exit() -> Insn {
    insn(0x95, 0, 0, 0, 0)
}
