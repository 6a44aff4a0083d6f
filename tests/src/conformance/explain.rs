//! Which accepted difference explains that we and libbpf did not do the same.
//!
//! [`Accepted`] says what each is and why. The conditions here are narrow: where it can be told by
//! arithmetic, libbpf's own numbers must show that it is this and nothing else.

use btf_types::{Btf, StrOffset, Type, TypeId};
use core_reloc::{Cause, PatchError, Poison, RelocKind, Status, resolve::Change, spec::Mismatch};

use super::compare::{Case, Comparer, Ours};
use crate::judge::Record;
use crate::judge::accepted::Accepted;
use crate::judge::libbpf::{Resolution, Stage, Verdict};

/// The accepted difference that a case is, if it is one.
pub(super) fn explain(case: &Case<'_>, comparer: &mut Comparer<'_>) -> Option<Accepted> {
    type Test = fn(&Case<'_>, &mut Comparer<'_>) -> bool;
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
    let explains = |test: Test, comparer: &mut _| test(case, comparer);
    TESTS.iter().find(|(_, test)| explains(*test, comparer)).map(|(accepted, _)| *accepted)
}

fn is_large_unsigned_enumerator(case: &Case<'_>, comparer: &mut Comparer<'_>) -> bool {
    if !case.is(RelocKind::EnumvalValue) {
        return false;
    }
    // What libbpf makes of a number that we see, where an ENUM and not an ENUM64 holds it.
    let extended = |number: u64| if is_large(number) { number | !0 << 32 } else { number };
    let is_it = |ours, theirs| theirs == ours || theirs == extended(ours);
    let theirs = comparer.libbpf.resolution(case.record);
    match (case.ours, theirs) {
        (Ours::Applied { resolution, after, .. }, Ok(theirs)) => {
            let Some(Change { original, value, .. }) = resolution.change else { return false };
            // The halves of a 64-bit immediate: the upper one, in the second slot, may differ.
            let same_code = match case.theirs {
                Some(Verdict::Relocated(patch)) => after.as_bytes()[..8] == patch.after[..8],
                _ => case.failed_at(Stage::Patch),
            };
            same_code
                && (theirs.original, theirs.value) != (original, value)
                && is_it(original, theirs.original)
                && is_it(value, theirs.value)
        }
        // Only one of the candidates' enums is an ENUM64, so that they differ after extending.
        (Ours::Applied { resolution, .. }, Err(failure)) => {
            failure.stage == Stage::Resolution && resolution.value().is_some_and(is_large)
        }
        (Ours::Failed(error), Ok(theirs)) => match &error.cause {
            Cause::Patch(PatchError::UnexpectedValue { expected, .. }) => {
                theirs.original != *expected && theirs.original == extended(*expected)
            }
            Cause::Ambiguous(ambiguity) => {
                let [one, other] = ambiguity.answers.map(|answer| answer.value);
                one != other && extended(one) == extended(other)
            }
            _ => false,
        },
        // The same, but the instruction is wrong as well.
        (Ours::Failed(error), Err(failure)) => {
            matches!(error.cause, Cause::Patch(_))
                && failure.stage == Stage::Resolution
                && comparer.candidates(case.record).into_iter().any(|candidate| {
                    let candidate = comparer.target.candidate(candidate);
                    let candidate = candidate.and_then(Type::skip_modifiers_and_typedefs);
                    candidate.is_ok_and(|it| it.enumerators().iter().any(|it| is_large(it.bits())))
                })
        }
        (Ours::Skipped, _) => false,
    }
}

fn is_signed_char(case: &Case<'_>, comparer: &mut Comparer<'_>) -> bool {
    let Ours::Applied { status: Status::Poisoned(Poison::Resized { .. }), resolution, .. } =
        case.ours
    else {
        return false;
    };
    let Ok(theirs) = comparer.libbpf.resolution(case.record) else { return false };
    let module = resolution.candidate.and_then(|candidate| candidate.module);
    let target = match module {
        None => comparer.target.main(),
        Some(module) => comparer.target.modules()[module as usize].btf,
    };
    let is_one = |btf: &Btf<'_>, id| {
        let encoding = btf.type_by_id(TypeId(id)).ok().and_then(|ty| ty.int());
        encoding.is_some_and(|int| int.is_signed() && (int.is_char() || int.is_bool()))
    };
    !theirs.is_unadjustable
        && (is_one(comparer.local, theirs.original_type) || is_one(target, theirs.type_id))
}

fn is_sign_extending_load(case: &Case<'_>, _: &mut Comparer<'_>) -> bool {
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

fn is_foreign_shift(case: &Case<'_>, comparer: &mut Comparer<'_>) -> bool {
    if !case.is(RelocKind::FieldLshiftU64) || !comparer.libbpf.local().is_foreign() {
        return false;
    }
    let theirs = comparer.libbpf.resolution(case.record);
    match (case.ours, theirs) {
        (Ours::Applied { resolution, .. }, Ok(theirs)) => {
            let Some(Change { original, value, .. }) = resolution.change else { return false };
            let mut ask = |kind| comparer.libbpf.resolution(asking(case.record, kind));
            let (Ok(size), Ok(rshift)) =
                (ask(RelocKind::FieldByteSize), ask(RelocKind::FieldRshiftU64))
            else {
                return false;
            };
            // One shift counts the bits above the field in the load, the other those below.
            let bits_around = |size: u64, rshift: u64| (64 + rshift).checked_sub(8 * size);
            original.checked_add(theirs.original) == bits_around(size.original, rshift.original)
                && value.checked_add(theirs.value) == bits_around(size.value, rshift.value)
        }
        // Candidates that agree about the bits above the field need not agree about those below.
        (Ours::Applied { .. }, Err(failure)) => failure.stage == Stage::Resolution,
        (Ours::Failed(error), Ok(_)) => matches!(error.cause, Cause::Ambiguous(_)),
        (Ours::Failed(error), Err(failure)) => {
            matches!(error.cause, Cause::Patch(_)) && failure.stage == Stage::Resolution
        }
        (Ours::Skipped, _) => false,
    }
}

fn is_loose_access_string(case: &Case<'_>, comparer: &mut Comparer<'_>) -> bool {
    let refused =
        matches!(case.ours, Ours::Failed(error) if matches!(error.cause, Cause::Access(_)));
    let string = comparer.local.string(StrOffset(case.record.access_str_off));
    let is_number = |part: &[u8]| {
        let digits = !part.is_empty() && part.iter().all(u8::is_ascii_digit);
        let number = std::str::from_utf8(part).ok().and_then(|part| part.parse::<i32>().ok());
        digits && number.is_some()
    };
    refused
        && string.is_ok_and(|string| !string.as_bytes().split(|byte| *byte == b':').all(is_number))
}

fn is_large_immediate(case: &Case<'_>, comparer: &mut Comparer<'_>) -> bool {
    let Ours::Applied { status: Status::Relocated, before, resolution, .. } = case.ours else {
        return false;
    };
    let original = resolution.change.map(|change| change.original);
    is_alu(before.as_bytes())
        && case.failed_at(Stage::Patch)
        && original.is_some_and(is_large)
        && comparer.libbpf.resolution(case.record).ok().map(|theirs| theirs.original) == original
}

fn is_wide_value(case: &Case<'_>, _: &mut Comparer<'_>) -> bool {
    let refused = matches!(case.ours, Ours::Failed(error)
        if matches!(error.cause, Cause::Patch(PatchError::ValueTooLarge { .. })));
    let Some(Verdict::Relocated(patch)) = case.theirs else { return false };
    let Resolution { value, .. } = patch.resolution;
    refused
        && is_alu(&patch.before)
        && u32::try_from(value).is_err()
        && i32::try_from(value.cast_signed()).is_err()
}

fn is_wide_field(case: &Case<'_>, comparer: &mut Comparer<'_>) -> bool {
    let Ours::Failed(error) = case.ours else { return false };
    let (Cause::ShiftOfSize { size } | Cause::BitfieldType { size, .. }) = error.cause else {
        return false;
    };
    if (1..=8).contains(&size) {
        return false;
    }
    match comparer.libbpf.resolution(asking(case.record, RelocKind::FieldByteSize)) {
        Ok(theirs) => [theirs.original, theirs.value].contains(&size.into()),
        // It is the size of one of the candidates' fields.
        Err(failure) => {
            failure.stage == Stage::Resolution && comparer.candidates(case.record).len() > 1
        }
    }
}

/// libbpf's numbers do not show it any more: they have wrapped.
fn is_offset_overflow(case: &Case<'_>, _: &mut Comparer<'_>) -> bool {
    matches!(case.ours, Ours::Failed(error) if error.cause == Cause::OffsetOverflow)
}

fn is_member_twice(case: &Case<'_>, comparer: &mut Comparer<'_>) -> bool {
    let incompatible = |resolution: &core_reloc::Resolution| {
        let mut ruled_out = resolution.unmatched.iter().flat_map(|unmatched| unmatched.ruled_out());
        ruled_out.any(|(_, why)| matches!(why, Mismatch::Incompatible { .. }))
    };
    let possible = match case.ours {
        Ours::Applied { resolution, .. } if incompatible(resolution) => true,
        // Or it found one more that matches, and that disagrees.
        ours => ours.has_narrowed() && case.failed_at(Stage::Resolution),
    };
    possible && comparer.asks_for_member_twice(case.record)
}

fn is_module_pointer_size(case: &Case<'_>, comparer: &mut Comparer<'_>) -> bool {
    let main = comparer.target.main().pointer_size();
    comparer.candidates(case.record).into_iter().any(|candidate| {
        let candidate = comparer.target.candidate(candidate);
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

/// The record that asks something else of the same field.
fn asking(record: Record, kind: RelocKind) -> Record {
    Record { kind: kind.to_raw(), ..record }
}

/// Whether a number needs the highest of 32 bits, and no more.
fn is_large(number: u64) -> bool {
    number >> 31 == 1
}

/// Whether an instruction is an ALU operation, of 32 or 64 bits.
fn is_alu(code: &[u8]) -> bool {
    code.first().is_some_and(|code| matches!(code & 0x07, 0x04 | 0x07))
}
