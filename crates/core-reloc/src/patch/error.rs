//! The reasons why an instruction is poisoned, or cannot be patched.

use core::fmt;

use thiserror::Error;

/// The reason why an instruction must not be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Poison {
    /// The relocation is unresolved.
    Unresolved,
    /// The field changed its size, and the load or store cannot change with it: only those of pointers and
    /// unsigned integers can.
    Resized {
        /// The size of the local field, in bytes; 0 for a bitfield.
        from: u32,
        /// The size of the target field, in bytes; 0 for a bitfield.
        to: u32,
    },
    /// The field changed its size, and the load is sign-extending.
    SignExtending {
        /// The size of the local field, in bytes.
        from: u32,
        /// The size of the target field, in bytes.
        to: u32,
    },
}

impl fmt::Display for Poison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unresolved => f.write_str("no candidate in the target matches"),
            Self::Resized { from: 0, .. } => f.write_str(
                "a load or store of a bitfield cannot access one that became an ordinary field",
            ),
            Self::Resized { from, to: 0 } => write!(
                f,
                "a {from}-byte load or store cannot access a field that became a bitfield"
            ),
            Self::Resized { from, to } => write!(
                f,
                "a load or store cannot change from {from} to {to} bytes: only those of pointers and unsigned integers can"
            ),
            Self::SignExtending { from, to } => {
                write!(f, "a sign-extending load cannot change from {from} to {to} bytes")
            }
        }
    }
}

/// The reason why an instruction cannot be patched. It is then unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PatchError {
    /// The offset is not a multiple of 8.
    #[error("instruction offset {insn_off} is not a multiple of 8")]
    Misaligned {
        /// The offset.
        insn_off: u32,
    },
    /// The instruction, or its second slot, is outside the code.
    #[error("the instruction at offset {insn_off} is outside the code's {len} bytes")]
    OutOfBounds {
        /// The offset.
        insn_off: u32,
        /// The length of the code in bytes.
        len: usize,
    },
    /// The instruction does not hold the value that the compiler should have written.
    #[error("the instruction holds {found}, expected {expected}")]
    UnexpectedValue {
        /// The value it holds.
        found: i64,
        /// The answer of the local types.
        expected: u64,
    },
    /// The new value does not fit the instruction.
    #[error("the new value {value} does not fit: the largest that does is {allowed}")]
    ValueTooLarge {
        /// The new value.
        value: u64,
        /// The largest that fits.
        allowed: u64,
    },
    /// The load or store does not have the size of the field.
    #[error("the instruction accesses {found} bytes, expected {expected}")]
    UnexpectedSize {
        /// The number of bytes that it accesses.
        found: u32,
        /// The size of the local field.
        expected: u32,
    },
    /// No load or store has the new size.
    #[error("the new size is {to} bytes, only 1, 2, 4 and 8 can be accessed")]
    NoSuchSize {
        /// The size of the target field.
        to: u32,
    },
    /// An ALU operation has a register operand, and thus no immediate to patch.
    #[error("the ALU operation (code {code:#04x}) has a register operand, not an immediate")]
    NoImmediate {
        /// The first byte of the instruction.
        code: u8,
    },
    /// A 64-bit immediate is not a plain value: it refers to a map, for example.
    #[error("the 64-bit immediate is not a plain value")]
    NotPlain,
    /// Instructions with this code cannot be relocated.
    #[error("instructions of code {code:#04x} cannot be relocated")]
    UnknownForm {
        /// The first byte of the instruction.
        code: u8,
    },
    /// The instruction would have to be poisoned, and [`OnUnresolved::Error`](crate::OnUnresolved::Error)
    /// was chosen.
    #[error("{0}")]
    Poison(Poison),
}
