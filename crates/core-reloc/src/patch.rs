//! The patcher: applies a resolution to an instruction.
//!
//! Follows libbpf's `bpf_core_patch_insn` (BSD-2-Clause option); where it differs is in the README.

pub(crate) mod insn;
#[cfg(feature = "elf")]
pub(crate) mod operation;

pub(crate) use self::insn::{SLOT, SLOT_OFF};

use core::fmt;

use btf_types::ByteOrder;
use thiserror::Error;

use crate::{Change, Resize, Resolution, Unresolved};

use self::insn::{Class, Insn};

/// What became of an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Patched {
    /// What was done.
    pub status: Status,
    /// The instruction before.
    pub before: Code,
    /// The instruction after; the same as before where nothing was done.
    pub after: Code,
}

/// What was done to an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// It holds the target's value.
    Relocated,
    /// It was made one that the verifier refuses where it can be reached.
    Poisoned(Poison),
    /// It was left as it was, as [`Unresolved::Keep`] asks.
    Kept(Poison),
}

/// Why an instruction is not to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Poison {
    /// The relocation is unresolved.
    Unresolved,
    /// The field changed its size, and a load or store cannot follow: signed, or of another sort.
    Resized {
        /// The size of the local field, in bytes; 0 for a bitfield.
        from: u32,
        /// The size of the target field, in bytes; 0 for a bitfield.
        to: u32,
    },
    /// The field changed its size, and the load extends by the sign.
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
                "a load or store cannot follow a bitfield that became a field of its own",
            ),
            Self::Resized { from, to: 0 } => write!(
                f,
                "a {from}-byte load or store cannot follow a field that became a bitfield"
            ),
            Self::Resized { from, to } => write!(
                f,
                "a load or store cannot follow from {from} to {to} bytes: only pointers and unsigned integers can change size"
            ),
            Self::SignExtending { from, to } => {
                write!(f, "a sign-extending load cannot follow from {from} to {to} bytes")
            }
        }
    }
}

/// The bytes of an instruction: 8, or 16 of a 64-bit immediate.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code {
    bytes: [u8; 2 * SLOT],
    len: u8,
}

impl Code {
    /// The instruction at an offset of some code; none if it is not all inside.
    pub fn at(code: &[u8], insn_off: u32) -> Option<Self> {
        let rest = code.get(usize::try_from(insn_off).ok()?..)?;
        let (first, rest) = rest.split_first_chunk::<SLOT>()?;
        // The code of an instruction is its first byte in both byte orders.
        if Insn::decode(*first, ByteOrder::Little).is_ldimm64() {
            Some(Self::new(*first, Some(*rest.first_chunk()?)))
        } else {
            Some(Self::new(*first, None))
        }
    }

    #[inline]
    fn new(first: [u8; SLOT], second: Option<[u8; SLOT]>) -> Self {
        let mut bytes = [0; 2 * SLOT];
        let (slots, _) = bytes.as_chunks_mut::<SLOT>();
        let len = if second.is_some() { 16 } else { 8 };
        for (slot, bytes) in slots.iter_mut().zip([first, second.unwrap_or_default()]) {
            *slot = bytes;
        }
        Self { bytes, len }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&self.bytes)
    }

    /// Whether the instruction only puts a constant into a register.
    #[cfg(feature = "elf")]
    pub(crate) fn sets_constant(&self) -> bool {
        self.first().is_ldimm64() || self.first().is_move_of_immediate()
    }

    /// Whether the instruction is a jump, a call or an exit.
    #[cfg(feature = "elf")]
    pub(crate) fn is_jump(&self) -> bool {
        self.first().class() == Class::Jump
    }

    /// The first slot, as far as its code goes: that is one byte, the same in both byte orders.
    #[cfg(feature = "elf")]
    fn first(&self) -> Insn {
        let [a, b, c, d, e, f, g, h, ..] = self.bytes;
        Insn::decode([a, b, c, d, e, f, g, h], ByteOrder::Little)
    }
}

/// In hexadecimal, without spaces.
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why an instruction cannot be patched. It is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PatchError {
    /// The offset is not that of an instruction.
    #[error("instruction offset {insn_off} is not a multiple of 8")]
    Misaligned {
        /// The offset.
        insn_off: u32,
    },
    /// The instruction, or its second slot, is not inside of the code.
    #[error("the instruction at offset {insn_off} is not inside of the code's {len} bytes")]
    OutOfBounds {
        /// The offset.
        insn_off: u32,
        /// Bytes of the code.
        len: usize,
    },
    /// The instruction holds another value than the compiler should have written.
    #[error("the instruction holds {found}, expected {expected}")]
    UnexpectedValue {
        /// What it holds.
        found: i64,
        /// What the local types say.
        expected: u64,
    },
    /// The new value does not fit the instruction.
    #[error("the new value {value} does not fit, at most {allowed} does")]
    ValueTooLarge {
        /// The new value.
        value: u64,
        /// The largest that fits.
        allowed: u64,
    },
    /// The load or store is not of the size that the field has.
    #[error("the instruction accesses {found} bytes, expected {expected}")]
    UnexpectedSize {
        /// What it accesses.
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
    /// An ALU operation takes a register, and so has no immediate to patch.
    #[error("the ALU operation (code {code:#04x}) takes a register, not an immediate")]
    NoImmediate {
        /// The first byte of the instruction.
        code: u8,
    },
    /// A 64-bit immediate is not of the plain form: it refers to a map or the like.
    #[error("the 64-bit immediate is not of the plain form")]
    NotPlain,
    /// Instructions of this sort are not relocated.
    #[error("instructions of code {code:#04x} cannot be relocated")]
    UnknownForm {
        /// The first byte of the instruction.
        code: u8,
    },
    /// The relocation is unresolved, or a load cannot follow, and the caller wants an error.
    #[error("{0}")]
    Poison(Poison),
}

/// Applies a resolution to the instruction at [`Resolution::insn_off`] of the code.
///
/// # Errors
/// See [`PatchError`]. The code is then as it was.
///
/// ```
/// use core_reloc::{patch, Change, RelocKind, Resize, Resolution, Status, Unresolved};
/// use btf_types::ByteOrder;
///
/// let mut code = [0xb7, 1, 0, 0, 8, 0, 0, 0]; // r1 = 8
/// let resolution = Resolution {
///     kind: RelocKind::FieldByteOffset,
///     insn_off: 0,
///     byte_order: ByteOrder::Little,
///     change: Some(Change { original: 8, checked: true, value: 16, resize: Resize::Same }),
///     candidate: None,
///     unmatched: None,
/// };
/// let patched = patch(&mut code, &resolution, Unresolved::Poison)?;
/// assert_eq!(patched.status, Status::Relocated);
/// assert_eq!(code, [0xb7, 1, 0, 0, 16, 0, 0, 0]);
/// # Ok::<(), core_reloc::PatchError>(())
/// ```
pub fn patch(
    code: &mut [u8],
    resolution: &Resolution,
    unresolved: Unresolved,
) -> Result<Patched, PatchError> {
    let mut slots = Slots::at(code, resolution.insn_off, resolution.byte_order)?;
    let before = slots.code();
    let outcome = match resolution.change {
        None => Outcome::Poison(Poison::Unresolved),
        Some(change) => rewrite(&slots, &change)?,
    };
    let status = match (outcome, unresolved) {
        (Outcome::Rewritten(first, second), _) => {
            slots.store(first, second);
            Status::Relocated
        }
        (Outcome::Poison(poison), Unresolved::Poison) => {
            slots.store(Insn::POISON, slots.second.map(|_| Insn::POISON));
            Status::Poisoned(poison)
        }
        (Outcome::Poison(poison), Unresolved::Keep) => Status::Kept(poison),
        (Outcome::Poison(poison), Unresolved::Error) => return Err(PatchError::Poison(poison)),
    };
    Ok(Patched { status, before, after: slots.code() })
}

/// What an instruction is to become.
enum Outcome {
    Rewritten(Insn, Option<Insn>),
    Poison(Poison),
}

/// Gives an instruction its new value.
fn rewrite(slots: &Slots<'_>, change: &Change) -> Result<Outcome, PatchError> {
    let insn = slots.first;
    match insn.class() {
        Class::Alu | Class::Alu64 => rewrite_alu(insn, change),
        Class::Ldx | Class::St | Class::Stx => rewrite_access(insn, change),
        Class::Ld => rewrite_ldimm64(slots, change),
        Class::Jump => Err(PatchError::UnknownForm { code: insn.code }),
    }
}

fn rewrite_alu(insn: Insn, change: &Change) -> Result<Outcome, PatchError> {
    if !insn.takes_immediate() {
        return Err(PatchError::NoImmediate { code: insn.code });
    }
    let sign_extended = i64::from(insn.imm).cast_unsigned();
    let zero_extended = u64::from(insn.imm.cast_unsigned());
    if change.checked && change.original != sign_extended && change.original != zero_extended {
        let (found, expected) = (insn.imm.into(), change.original);
        return Err(PatchError::UnexpectedValue { found, expected });
    }
    let signed = i32::try_from(change.value.cast_signed()).ok();
    let imm = signed.or_else(|| u32::try_from(change.value).ok().map(u32::cast_signed));
    let too_large = PatchError::ValueTooLarge { value: change.value, allowed: u32::MAX.into() };
    Ok(Outcome::Rewritten(Insn { imm: imm.ok_or(too_large)?, ..insn }, None))
}

fn rewrite_access(insn: Insn, change: &Change) -> Result<Outcome, PatchError> {
    if change.checked && i64::from(insn.off).cast_unsigned() != change.original {
        let (found, expected) = (insn.off.into(), change.original);
        return Err(PatchError::UnexpectedValue { found, expected });
    }
    let allowed = i16::MAX.unsigned_abs().into();
    let off = i16::try_from(change.value)
        .map_err(|_| PatchError::ValueTooLarge { value: change.value, allowed })?;
    let insn = Insn { off, ..insn };
    match change.resize {
        Resize::Same => Ok(Outcome::Rewritten(insn, None)),
        Resize::Unsafe { from, to } => Ok(Outcome::Poison(Poison::Resized { from, to })),
        Resize::To { from, to } if insn.is_sign_extending_load() => {
            Ok(Outcome::Poison(Poison::SignExtending { from, to }))
        }
        Resize::To { from, to } => {
            let found = insn.access_size();
            if found != from {
                return Err(PatchError::UnexpectedSize { found, expected: from });
            }
            let resized = insn.with_access_size(to).ok_or(PatchError::NoSuchSize { to })?;
            Ok(Outcome::Rewritten(resized, None))
        }
    }
}

fn rewrite_ldimm64(slots: &Slots<'_>, change: &Change) -> Result<Outcome, PatchError> {
    let first = slots.first;
    let Some(second) = slots.second else {
        return Err(PatchError::UnknownForm { code: first.code });
    };
    let plain = first.src_reg(slots.order) == 0
        && first.off == 0
        && (second.code, second.regs, second.off) == (0, 0, 0);
    if !plain {
        return Err(PatchError::NotPlain);
    }
    let low = u64::from(first.imm.cast_unsigned());
    let found = (u64::from(second.imm.cast_unsigned()) << 32) | low;
    if change.checked && found != change.original {
        let (found, expected) = (found.cast_signed(), change.original);
        return Err(PatchError::UnexpectedValue { found, expected });
    }
    #[expect(clippy::cast_possible_truncation, reason = "each slot holds half of the value")]
    let (low, high) = (change.value as u32, (change.value >> 32) as u32);
    let first = Insn { imm: low.cast_signed(), ..first };
    let second = Insn { imm: high.cast_signed(), ..second };
    Ok(Outcome::Rewritten(first, Some(second)))
}

/// The one or two slots of an instruction, in place.
struct Slots<'c> {
    /// From the instruction's first byte on.
    bytes: &'c mut [u8],
    order: ByteOrder,
    first: Insn,
    second: Option<Insn>,
}

impl<'c> Slots<'c> {
    fn at(code: &'c mut [u8], insn_off: u32, order: ByteOrder) -> Result<Self, PatchError> {
        if !insn_off.is_multiple_of(SLOT_OFF) {
            return Err(PatchError::Misaligned { insn_off });
        }
        let out_of_bounds = PatchError::OutOfBounds { insn_off, len: code.len() };
        let bytes = code.get_mut(insn_off as usize..).ok_or(out_of_bounds)?;
        let (first, rest) = bytes.split_first_chunk::<SLOT>().ok_or(out_of_bounds)?;
        let first = Insn::decode(*first, order);
        let second = if first.is_ldimm64() {
            Some(Insn::decode(*rest.first_chunk::<SLOT>().ok_or(out_of_bounds)?, order))
        } else {
            None
        };
        Ok(Self { bytes, order, first, second })
    }

    /// The instruction as it is now.
    #[inline]
    fn code(&self) -> Code {
        match self.bytes.as_chunks() {
            ([first, second, ..], _) if self.second.is_some() => Code::new(*first, Some(*second)),
            ([first, ..], _) => Code::new(*first, None),
            ([], _) => Code::new([0; SLOT], None),
        }
    }

    #[inline]
    fn store(&mut self, first: Insn, second: Option<Insn>) {
        let (slots, _) = self.bytes.as_chunks_mut();
        for (slot, insn) in slots.iter_mut().zip([Some(first), second].into_iter().flatten()) {
            *slot = insn.encode(self.order);
        }
    }
}

#[cfg(all(test, feature = "elf"))]
mod tests {
    use super::*;

    #[test]
    fn constants_and_jumps_are_known_by_the_first_byte() {
        let code = |first: u8| Code::new([first, 0x21, 0, 0, 0, 0, 0, 0], None);
        // rX = imm, of 32 and 64 bits, and a 64-bit immediate.
        for first in [0xb4, 0xb7, 0x18] {
            assert!(code(first).sets_constant() && !code(first).is_jump(), "{first:#x}");
        }
        // Jumps of 64 and 32 bits, one of them with the operation's bits of a move; call; exit.
        for first in [0x05, 0x15, 0xb5, 0x16, 0xb6, 0x85, 0x95] {
            assert!(code(first).is_jump() && !code(first).sets_constant(), "{first:#x}");
        }
        // A move of a register, other operations, loads and stores.
        for first in [0xbc, 0xbf, 0x04, 0x07, 0xa7, 0xd4, 0x61, 0xb1, 0x62, 0x7b, 0x20] {
            assert!(!code(first).is_jump() && !code(first).sets_constant(), "{first:#x}");
        }
    }
}
