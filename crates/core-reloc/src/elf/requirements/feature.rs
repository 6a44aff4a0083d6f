//! Instructions that not every kernel knows.

use core::fmt;

use crate::patch::insn::{Class, Insn};

/// A group of instructions that came into the kernel together.
///
/// The releases are those in which the verifier first accepted them. A just-in-time compiler of an
/// architecture may have followed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Feature {
    /// Jumps that compare 32 bits.
    Jump32,
    /// Atomic operations besides addition, and those that fetch the old value.
    Atomics,
    /// Loads and moves that extend the sign.
    SignExtension,
    /// Jumps with an offset of 32 bits (`gotol`).
    LongJump,
    /// Signed division and remainder.
    SignedDivision,
    /// Byte swaps regardless of the byte order.
    ByteSwap,
    /// Conversions of pointers between address spaces, for arenas.
    AddressSpaceCast,
    /// Loops that the kernel ends after a number of rounds (`may_goto`).
    MayGoto,
    /// Loads and stores that order others (acquire and release).
    AcquireRelease,
    /// Jumps to an address in a register (`gotox`), through a table.
    IndirectJump,
}

impl Feature {
    /// Returns the first release of Linux that accepts the instructions: its major and minor version.
    pub fn since(self) -> (u32, u32) {
        match self {
            Self::Jump32 => (5, 1),
            Self::Atomics => (5, 12),
            Self::SignExtension | Self::LongJump | Self::SignedDivision | Self::ByteSwap => (6, 6),
            Self::AddressSpaceCast | Self::MayGoto => (6, 9),
            Self::AcquireRelease => (6, 15),
            Self::IndirectJump => (6, 19),
        }
    }

    /// Returns the feature that an instruction needs.
    pub fn of(insn: Insn) -> Option<Self> {
        match insn.class() {
            Class::Stx if insn.is_atomic() => match insn.imm {
                ADD => None,
                LOAD_ACQUIRE | STORE_RELEASE => Some(Self::AcquireRelease),
                _ => Some(Self::Atomics),
            },
            Class::Ldx => insn.is_sign_extending_load().then_some(Self::SignExtension),
            Class::Alu | Class::Alu64 => Self::of_arithmetic(insn),
            Class::Jump => match insn.code {
                GOTOL => Some(Self::LongJump),
                GOTOX => Some(Self::IndirectJump),
                MAY_GOTO => Some(Self::MayGoto),
                code if code & 0x07 == JUMP_32 => Some(Self::Jump32),
                _ => None,
            },
            Class::Ld | Class::St | Class::Stx => None,
        }
    }

    fn of_arithmetic(insn: Insn) -> Option<Self> {
        match (insn.operation(), insn.off) {
            (DIV | MOD, 1) => Some(Self::SignedDivision),
            (MOV, 8 | 16 | 32) if !insn.takes_immediate() => Some(Self::SignExtension),
            (MOV, 1) if !insn.takes_immediate() => Some(Self::AddressSpaceCast),
            (END, _) if insn.class() == Class::Alu64 => Some(Self::ByteSwap),
            _ => None,
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jump32 => "32-bit jumps",
            Self::Atomics => "atomic operations that fetch",
            Self::SignExtension => "sign-extending loads and moves",
            Self::LongJump => "gotol",
            Self::SignedDivision => "signed division",
            Self::ByteSwap => "bswap",
            Self::AddressSpaceCast => "address space casts",
            Self::MayGoto => "may_goto",
            Self::AcquireRelease => "load-acquire and store-release",
            Self::IndirectJump => "gotox",
        })
    }
}

// The operations of arithmetic.
const DIV: u8 = 0x30;
const MOD: u8 = 0x90;
const MOV: u8 = 0xb0;
const END: u8 = 0xd0;

// The operations of atomic instructions, in their immediates.
const ADD: i32 = 0x00;
const LOAD_ACQUIRE: i32 = 0x100;
const STORE_RELEASE: i32 = 0x110;

// The codes of jumps.
const JUMP_32: u8 = 0x06;
const GOTOL: u8 = 0x06;
const GOTOX: u8 = 0x0d;
const MAY_GOTO: u8 = 0xe5;
