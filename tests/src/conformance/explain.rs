//! Finds the accepted difference that explains why we and libbpf disagree.
//!
//! [`Accepted`] describes each difference. The conditions here are narrow: where arithmetic can
//! decide, libbpf's own numbers must show exactly this difference.

use btf_types::{Btf, ByteOrder, Kind, StrOffset, Type, TypeId};
use core_reloc::{
    Cause, Code, PatchError, Poison, RelocKind, Status, resolve::Change, spec::Mismatch,
};

use super::case::{Case, Ours, Sides};
use crate::judge::Record;
use crate::judge::accepted::Accepted;
use crate::judge::libbpf::{Resolution, Stage, Verdict};

/// Returns the accepted difference that explains a case, if any.
pub(super) fn explain(case: &Case<'_>, sides: &mut Sides<'_>) -> Option<Accepted> {
    type Test = fn(&Case<'_>, &mut Sides<'_>) -> bool;
    const TESTS: [(Accepted, Test); 11] = [
        (Accepted::LargeUnsignedEnumerator, is_large_unsigned_enumerator),
        (Accepted::SignedChar, is_signed_char),
        (Accepted::SignExtendingLoad, is_sign_extending_load),
        (Accepted::ForeignShift, is_foreign_shift),
        (Accepted::LooseAccessString, is_loose_access_string),
        (Accepted::LargeImmediate, is_large_immediate),
        (Accepted::WideValue, is_wide_value),
        (Accepted::WideField, is_wide_field),
        (Accepted::OffsetOverflow, is_offset_overflow),
        (Accepted::MemberTwice, is_member_twice),
        (Accepted::ModulePointerSize, is_module_pointer_size),
    ];
    let explains = |test: Test, sides: &mut _| test(case, sides);
    TESTS.iter().find(|(_, test)| explains(*test, sides)).map(|(accepted, _)| *accepted)
}

fn is_large_unsigned_enumerator(case: &Case<'_>, sides: &mut Sides<'_>) -> bool {
    let local = sides.local.type_by_id(TypeId(case.record.type_id));
    let local = local.and_then(Type::skip_modifiers_and_typedefs);
    case.is(RelocKind::EnumvalValue)
        && match local {
            Ok(local) if local.kind_flag() => false,
            Ok(local) if local.kind() == Kind::Enum => is_large_original(case, sides),
            Ok(local) if local.kind() == Kind::Enum64 => is_large_value(case, sides),
            _ => false,
        }
}

/// Returns `true` if the instruction holds the zero-extended original, which libbpf sign-extends.
fn is_large_original(case: &Case<'_>, sides: &mut Sides<'_>) -> bool {
    let Ours::Applied { status: Status::Relocated, before, after, resolution } = case.ours else {
        return false;
    };
    let Some(Change { original, value, .. }) = resolution.change else { return false };
    let Ok(theirs) = sides.libbpf.resolution(case.record) else { return false };
    let immediate = |code: &Code| immediate64(code.as_bytes(), resolution.byte_order);
    (immediate(before), immediate(after)) == (Some(original), Some(value))
        && case.failed_at(Stage::Patch)
        && is_extended(original, theirs.original)
        && (value == theirs.value || is_extended(value, theirs.value))
}

/// Returns `true` if the local enum has 64 bits, and so is unsigned without the kind_flag, and the
/// target's has 32, which libbpf sign-extends.
fn is_large_value(case: &Case<'_>, sides: &mut Sides<'_>) -> bool {
    let theirs = sides.libbpf.resolution(case.record);
    match (case.ours, theirs) {
        (Ours::Applied { resolution, after, .. }, Ok(theirs)) => {
            let Some(Change { original, value, .. }) = resolution.change else { return false };
            let Some(Verdict::Relocated(patch)) = case.theirs else { return false };
            // Of a 64-bit immediate, the upper half, in the second slot, differs.
            original == theirs.original
                && is_extended(value, theirs.value)
                && after.as_bytes()[..8] == patch.after[..8]
        }
        // One candidate is an ENUM and another an ENUM64, so that libbpf's values disagree, or only ours.
        (Ours::Applied { resolution, .. }, Err(failure)) => {
            failure.stage == Stage::Resolution && resolution.value().is_some_and(is_large)
        }
        (Ours::Failed(error), Ok(_)) => match &error.cause {
            Cause::Ambiguous(ambiguity) => {
                let [one, other] = ambiguity.answers.map(|answer| answer.value);
                is_extended(one, other) || is_extended(other, one)
            }
            _ => false,
        },
        // As above, but the instruction holds a wrong value as well.
        (Ours::Failed(error), Err(failure)) => {
            matches!(error.cause, Cause::Patch(_))
                && failure.stage == Stage::Resolution
                && sides.candidates(case.record).into_iter().any(|candidate| {
                    let candidate = sides.target.candidate(candidate);
                    let candidate = candidate.and_then(Type::skip_modifiers_and_typedefs);
                    candidate.is_ok_and(|it| it.enumerators().iter().any(|it| is_large(it.bits())))
                })
        }
        (Ours::Skipped, _) => false,
    }
}

/// Returns `true` if their number is ours, sign-extended from 32 bits.
fn is_extended(ours: u64, theirs: u64) -> bool {
    is_large(ours) && theirs == ours | !0 << 32
}

fn is_signed_char(case: &Case<'_>, sides: &mut Sides<'_>) -> bool {
    let Ours::Applied { status: Status::Poisoned(Poison::Resized { .. }), resolution, .. } =
        case.ours
    else {
        return false;
    };
    let Ok(theirs) = sides.libbpf.resolution(case.record) else { return false };
    let module = resolution.candidate.and_then(|candidate| candidate.module);
    let target = match module {
        None => sides.target.main(),
        Some(module) => sides.target.modules()[module as usize].btf,
    };
    let is_one = |btf: &Btf<'_>, id| {
        let encoding = btf.type_by_id(TypeId(id)).ok().and_then(|ty| ty.int());
        encoding.is_some_and(|int| int.is_signed() && (int.is_char() || int.is_bool()))
    };
    !theirs.is_unadjustable
        && (is_one(sides.local, theirs.original_type) || is_one(target, theirs.type_id))
}

fn is_sign_extending_load(case: &Case<'_>, _: &mut Sides<'_>) -> bool {
    /// `BPF_LDX | BPF_MEMSX`, without the size.
    const LDX_MEMSX: u8 = 0x81;
    const NOT_SIZE: u8 = 0xe7;
    match case.ours {
        Ours::Applied {
            status: Status::Poisoned(Poison::SignExtending { .. }), before, ..
        } => before.as_bytes().first().is_some_and(|code| code & NOT_SIZE == LDX_MEMSX),
        _ => false,
    }
}

fn is_foreign_shift(case: &Case<'_>, sides: &mut Sides<'_>) -> bool {
    if !case.is(RelocKind::FieldLshiftU64) || !sides.libbpf.local().is_foreign() {
        return false;
    }
    let theirs = sides.libbpf.resolution(case.record);
    match (case.ours, theirs) {
        (Ours::Applied { resolution, .. }, Ok(theirs)) => {
            let Some(Change { original, value, .. }) = resolution.change else { return false };
            let mut resolve = |kind| sides.libbpf.resolution(with_kind(case.record, kind));
            let (Ok(size), Ok(rshift)) =
                (resolve(RelocKind::FieldByteSize), resolve(RelocKind::FieldRshiftU64))
            else {
                return false;
            };
            // One shift discards the bits above the field in the load, the other those below.
            let bits_around = |size: u64, rshift: u64| (64 + rshift).checked_sub(8 * size);
            original.checked_add(theirs.original) == bits_around(size.original, rshift.original)
                && value.checked_add(theirs.value) == bits_around(size.value, rshift.value)
        }
        // Candidates that agree on the bits above the field may disagree on those below.
        (Ours::Applied { .. }, Err(failure)) => failure.stage == Stage::Resolution,
        (Ours::Failed(error), Ok(_)) => matches!(error.cause, Cause::Ambiguous(_)),
        (Ours::Failed(error), Err(failure)) => {
            matches!(error.cause, Cause::Patch(_)) && failure.stage == Stage::Resolution
        }
        (Ours::Skipped, _) => false,
    }
}

fn is_loose_access_string(case: &Case<'_>, sides: &mut Sides<'_>) -> bool {
    let refused =
        matches!(case.ours, Ours::Failed(error) if matches!(error.cause, Cause::Access(_)));
    let string = sides.local.string(StrOffset(case.record.access_str_off));
    let is_number = |part: &[u8]| {
        let digits = !part.is_empty() && part.iter().all(u8::is_ascii_digit);
        let number = std::str::from_utf8(part).ok().and_then(|part| part.parse::<i32>().ok());
        digits && number.is_some()
    };
    refused
        && string.is_ok_and(|string| !string.as_bytes().split(|byte| *byte == b':').all(is_number))
}

fn is_large_immediate(case: &Case<'_>, sides: &mut Sides<'_>) -> bool {
    let Ours::Applied { status: Status::Relocated, before, resolution, .. } = case.ours else {
        return false;
    };
    let original = resolution.change.map(|change| change.original);
    is_alu(before.as_bytes())
        && case.failed_at(Stage::Patch)
        && original.is_some_and(is_large)
        && sides.libbpf.resolution(case.record).ok().map(|theirs| theirs.original) == original
}

fn is_wide_value(case: &Case<'_>, _: &mut Sides<'_>) -> bool {
    let refused = matches!(case.ours, Ours::Failed(error)
        if matches!(error.cause, Cause::Patch(PatchError::ValueTooLarge { .. })));
    let Some(Verdict::Relocated(patch)) = case.theirs else { return false };
    let Resolution { value, .. } = patch.resolution;
    refused
        && is_alu(&patch.before)
        && u32::try_from(value).is_err()
        && i32::try_from(value.cast_signed()).is_err()
}

fn is_wide_field(case: &Case<'_>, sides: &mut Sides<'_>) -> bool {
    let Ours::Failed(error) = case.ours else { return false };
    let (Cause::ShiftOfSize { size } | Cause::BitfieldType { size, .. }) = error.cause else {
        return false;
    };
    if (1..=8).contains(&size) {
        return false;
    }
    match sides.libbpf.resolution(with_kind(case.record, RelocKind::FieldByteSize)) {
        Ok(theirs) => [theirs.original, theirs.value].contains(&size.into()),
        // It is the size of a field of one of the candidates.
        Err(failure) => {
            failure.stage == Stage::Resolution && sides.candidates(case.record).len() > 1
        }
    }
}

/// libbpf's numbers cannot show it, since they have wrapped.
fn is_offset_overflow(case: &Case<'_>, _: &mut Sides<'_>) -> bool {
    matches!(case.ours, Ours::Failed(error) if error.cause == Cause::OffsetOverflow)
}

fn is_member_twice(case: &Case<'_>, sides: &mut Sides<'_>) -> bool {
    let incompatible = |resolution: &core_reloc::Resolution| {
        let mut ruled_out = resolution.unmatched.iter().flat_map(|unmatched| unmatched.ruled_out());
        ruled_out.any(|(_, why)| matches!(why, Mismatch::Incompatible { .. }))
    };
    let possible = match case.ours {
        Ours::Applied { resolution, .. } if incompatible(resolution) => true,
        // Or libbpf found one more matching candidate, which disagrees.
        ours => ours.has_narrowed() && case.failed_at(Stage::Resolution),
    };
    possible && sides.names_member_twice(case.record)
}

fn is_module_pointer_size(case: &Case<'_>, sides: &mut Sides<'_>) -> bool {
    let main = sides.target.main().pointer_size();
    sides.candidates(case.record).into_iter().any(|candidate| {
        let candidate = sides.target.candidate(candidate);
        candidate.is_ok_and(|candidate| candidate.btf().pointer_size() != main)
    })
}

impl Case<'_> {
    fn is(&self, kind: RelocKind) -> bool {
        self.record.kind == kind.to_raw()
    }

    fn failed_at(&self, stage: Stage) -> bool {
        matches!(self.theirs, Some(Verdict::Failed(failure)) if failure.stage == stage)
    }
}

/// Returns the record with another kind.
fn with_kind(record: Record, kind: RelocKind) -> Record {
    Record { kind: kind.to_raw(), ..record }
}

/// Returns `true` if bit 31 is the highest bit set.
fn is_large(number: u64) -> bool {
    number >> 31 == 1
}

/// Returns the value of a 64-bit immediate, from both slots.
fn immediate64(code: &[u8], order: ByteOrder) -> Option<u64> {
    const LDIMM64: u8 = 0x18;
    let word = |at: usize| {
        let bytes = code.get(at..at + 4)?.try_into().ok()?;
        Some(u64::from(match order {
            ByteOrder::Little => u32::from_le_bytes(bytes),
            ByteOrder::Big => u32::from_be_bytes(bytes),
        }))
    };
    (*code.first()? == LDIMM64).then_some(word(12)? << 32 | word(4)?)
}

/// Returns `true` for an ALU operation of 32 or 64 bits.
fn is_alu(code: &[u8]) -> bool {
    code.first().is_some_and(|code| matches!(code & 0x07, 0x04 | 0x07))
}
