//! The patcher: applies a resolution to an instruction.
//!
//! Follows libbpf's `bpf_core_patch_insn` (BSD-2-Clause option); the README lists the differences.

mod code;
mod error;
pub mod insn;

use btf_types::ByteOrder;

use self::insn::{Class, Insn, SLOT, SLOT_OFF};
pub use self::{
    code::Code,
    error::{PatchError, Poison},
};
use crate::resolve::{Change, Extension, OnUnresolved, Resize, Resolution};

/// An instruction before and after patching.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Patched {
    /// What was done.
    pub status: Status,
    /// The instruction before.
    pub before: Code,
    /// The instruction after; the same as before if nothing was done.
    pub after: Code,
}

impl Patched {
    /// Returns the resolution that was applied, with the values that the instruction held and received.
    ///
    /// They differ from those before only for an enumerator that the instruction shows to be unsigned; see
    /// [`Extension`].
    #[inline]
    #[must_use]
    pub fn settle(&self, resolution: Resolution) -> Resolution {
        match resolution.change {
            Some(change) if change.extension != Extension::Stated => Resolution {
                change: Some(settle(change, &self.before, resolution.byte_order)),
                ..resolution
            },
            _ => resolution,
        }
    }
}

#[cold]
fn settle(change: Change, before: &Code, order: ByteOrder) -> Change {
    let (first, second) = before.slots();
    match second {
        Some(second) => {
            let [first, second] = [first, second].map(|slot| Insn::decode(slot, order));
            change.settle(first.immediate64(second))
        }
        None => Change { extension: Extension::Stated, ..change },
    }
}

/// What was done to an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// It holds the target's value.
    Relocated,
    /// It was replaced by one that the verifier rejects if it is reachable.
    Poisoned(Poison),
    /// It is unchanged, because [`OnUnresolved::Keep`] was chosen.
    Kept(Poison),
}

/// Applies a resolution to the instruction at [`Resolution::insn_off`] of the code.
///
/// # Errors
/// See [`PatchError`]. The code is then unchanged.
///
/// ```
/// use btf_types::ByteOrder;
/// use core_reloc::resolve::{Change, Extension, Resize};
/// use core_reloc::{OnUnresolved, RelocKind, Resolution, Status, patch};
///
/// let mut code = [0xb7, 1, 0, 0, 8, 0, 0, 0]; // r1 = 8
/// let resolution = Resolution {
///     kind: RelocKind::FieldByteOffset,
///     insn_off: 0,
///     byte_order: ByteOrder::Little,
///     change: Some(Change {
///         original: 8,
///         checked: true,
///         value: 16,
///         resize: Resize::Same,
///         extension: Extension::Stated,
///     }),
///     candidate: None,
///     unmatched: None,
/// };
/// let patched = patch(&mut code, &resolution, OnUnresolved::Poison)?;
/// assert_eq!(patched.status, Status::Relocated);
/// assert_eq!(code, [0xb7, 1, 0, 0, 16, 0, 0, 0]);
/// # Ok::<(), core_reloc::PatchError>(())
/// ```
#[inline]
pub fn patch(
    code: &mut [u8],
    resolution: &Resolution,
    on_unresolved: OnUnresolved,
) -> Result<Patched, PatchError> {
    patch_at(code, resolution.insn_off, resolution, on_unresolved)
}

/// Applies a resolution to one instruction, for a loader that keeps instructions in its own structs.
/// [`Resolution::insn_off`] does not matter.
///
/// # Errors
/// See [`PatchError`].
///
/// ```
/// use btf_types::ByteOrder;
/// use core_reloc::{Code, OnUnresolved, RelocKind, Resolution, patch::patch_insn};
/// # use core_reloc::resolve::{Change, Extension, Resize};
///
/// # let resolution = Resolution {
/// #     kind: RelocKind::FieldByteOffset,
/// #     insn_off: 0,
/// #     byte_order: ByteOrder::Little,
/// #     change: Some(Change {
/// #         original: 8,
/// #         checked: true,
/// #         value: 16,
/// #         resize: Resize::Same,
/// #         extension: Extension::Stated,
/// #     }),
/// #     candidate: None,
/// #     unmatched: None,
/// # };
/// let load = Code::from([0x61, 0x10, 8, 0, 0, 0, 0, 0]); // r0 = *(u32 *)(r1 + 8)
/// let patched = patch_insn(load, &resolution, OnUnresolved::Poison)?;
/// assert_eq!(patched.after.slots().0, [0x61, 0x10, 16, 0, 0, 0, 0, 0]);
/// # Ok::<(), core_reloc::PatchError>(())
/// ```
pub fn patch_insn(
    insn: Code,
    resolution: &Resolution,
    on_unresolved: OnUnresolved,
) -> Result<Patched, PatchError> {
    let mut insn = insn;
    patch_at(insn.as_bytes_mut(), 0, resolution, on_unresolved)
}

/// Applies a resolution to the instruction at an offset in bytes.
fn patch_at(
    code: &mut [u8],
    insn_off: u32,
    resolution: &Resolution,
    on_unresolved: OnUnresolved,
) -> Result<Patched, PatchError> {
    let mut slots = Slots::at(code, insn_off, resolution.byte_order)?;
    let before = slots.code();
    let outcome = match resolution.change {
        None => Outcome::Poison(Poison::Unresolved),
        Some(change) => rewrite(&slots, &change)?,
    };
    let status = match (outcome, on_unresolved) {
        (Outcome::Rewritten(first, second), _) => {
            slots.store(first, second);
            Status::Relocated
        }
        (Outcome::Poison(poison), OnUnresolved::Poison) => {
            slots.store(Insn::POISON, slots.second.map(|_| Insn::POISON));
            Status::Poisoned(poison)
        }
        (Outcome::Poison(poison), OnUnresolved::Keep) => Status::Kept(poison),
        (Outcome::Poison(poison), OnUnresolved::Error) => return Err(PatchError::Poison(poison)),
    };
    Ok(Patched { status, before, after: slots.code() })
}

/// What happens to an instruction.
enum Outcome {
    Rewritten(Insn, Option<Insn>),
    Poison(Poison),
}

/// Writes the new value into an instruction.
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
    let found = first.immediate64(second);
    let change = change.settle(found);
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
    /// The code from the instruction's first byte.
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

    /// Returns the current bytes of the instruction.
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
