//! The outcome of each relocation: libbpf's, or where libbpf is wrong, that of the arithmetic in the case.

use btf_types::ByteOrder;

use super::case::{
    Case, Error, Expected, FIELD_BYTE_SIZE, FIELD_LSHIFT_U64, FIELD_RSHIFT_U64, Poisoned,
    Relocation, Value,
};
use super::insn::{Insn, raw};
use crate::judge::Record;
use crate::judge::libbpf::{Btf, Libbpf, Target, Verdict};

/// libbpf's release, as the vectors name it.
const LIBBPF: &str = "libbpf 1.7";

/// Why big-endian left shifts are not libbpf's.
const SHIFTS: &str =
    "libbpf computes left shifts for the byte order of the machine that it runs on";

/// A case in one byte order.
#[derive(Debug)]
pub(super) struct Vector {
    /// `libbpf 1.7`, or `arithmetic` and why libbpf differs.
    pub(super) judge: String,
    pub(super) code: Vec<u8>,
    pub(super) steps: Vec<Step>,
}

/// A relocation and its outcome.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) record: Record,
    pub(super) access: String,
    pub(super) outcome: Outcome,
}

/// The outcome of a relocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) expected: Expected,
    /// All of the code, after the relocation.
    pub(super) code: Vec<u8>,
}

/// Has libbpf relocate a case whose local types have the given byte order.
///
/// # Errors
/// libbpf does not read the types, its outcome is not the expected one, or it does not differ as the case
/// states.
pub(super) fn vector(
    case: &Case,
    order: ByteOrder,
    local: &[u8],
    target: &[u8],
    modules: &[&[u8]],
) -> Result<Vector, String> {
    let is_big = order == ByteOrder::Big;
    let named: Vec<(&str, &[u8])> = modules.iter().map(|bytes| ("module", *bytes)).collect();
    let target = Target::new(target, &named).map_err(|error| error.to_string())?;
    let mut libbpf = Libbpf::new(local, &target).map_err(|error| error.to_string())?;

    let insns = case.relocations.iter().map(|relocation| relocation.insn_in(is_big));
    let exit = (!case.ends_early).then_some(raw(0x95, 0, 0, 0, 0));
    let before: Vec<u8> = insns.chain(exit).flat_map(|insn| insn.bytes(is_big)).collect();
    let (mut code, mut place) = (before.clone(), 0);
    let (mut steps, mut reasons) = (Vec::new(), Vec::new());
    for relocation in &case.relocations {
        let record = record(libbpf.local(), relocation, place);
        let question = format!("kind {} in {order}", relocation.kind);
        if relocation.kind == FIELD_LSHIFT_U64 && is_big && relocation.big.is_some() {
            let mut other = Libbpf::new(local, &target).map_err(|error| error.to_string())?;
            check_big_endian_shift(&mut other, record, relocation)?;
        }
        let libbpfs = (!relocation.crashes_libbpf).then(|| relocate(&mut libbpf, record, &code));
        let by_hand = by_hand(relocation, is_big, place, &code);
        let outcome = match (libbpfs, relocation.reason(is_big)) {
            (libbpfs, Some(reason)) => {
                let differs = libbpfs != Some(by_hand.clone());
                // A shift may be the same in both byte orders.
                if !differs && reason != SHIFTS {
                    let same = by_hand.expected;
                    return Err(format!("{question}: libbpf does not differ from {same:?}"));
                }
                if differs && !reasons.contains(&reason) {
                    reasons.push(reason);
                }
                by_hand
            }
            (Some(libbpfs), None) if libbpfs.expected == by_hand.expected => libbpfs,
            (libbpfs, None) => {
                let found = libbpfs.map(|libbpfs| libbpfs.expected);
                let expected = by_hand.expected;
                return Err(format!("{question}: expected {expected:?}, libbpf has {found:?}"));
            }
        };
        code.clone_from(&outcome.code);
        steps.push(Step { record, access: relocation.access.clone(), outcome });
        place += relocation.insn_in(is_big).bytes(is_big).len();
    }
    let judge = match &reasons[..] {
        [] => LIBBPF.to_owned(),
        reasons => format!("arithmetic: {}", reasons.join("; ")),
    };
    Ok(Vector { judge, code: before, steps })
}

impl Relocation {
    fn insn_in(&self, is_big: bool) -> Insn {
        self.big.filter(|_| is_big).map_or(self.insn, |(insn, _)| insn)
    }

    fn expected_in(&self, is_big: bool) -> Expected {
        self.big.filter(|_| is_big).map_or(self.expected, |(_, expected)| expected)
    }

    /// Why libbpf's outcome is not the expected one.
    fn reason(&self, is_big: bool) -> Option<&'static str> {
        self.unlike_libbpf.or((is_big && self.big.is_some()).then_some(SHIFTS))
    }
}

/// The record of a relocation whose instruction is at `place`.
fn record(local: &Btf, relocation: &Relocation, place: usize) -> Record {
    let Relocation { kind, root, access, insn_off, .. } = relocation;
    let place = u32::try_from(place).expect("the code is short");
    let type_id = match root.strip_prefix('[').and_then(|id| id.strip_suffix(']')) {
        Some(id) => id.parse().expect("an id is a number"),
        None => {
            let is_root =
                |id: &u32| local.name(*id).is_some_and(|name| name.to_bytes() == root.as_bytes());
            let found = (1..local.type_count()).find(is_root);
            found.unwrap_or_else(|| panic!("there is no type {root}"))
        }
    };
    Record {
        insn_off: insn_off.unwrap_or(place),
        type_id,
        access_str_off: string_offset(local, access),
        kind: *kind,
    }
}

/// The offset of a string that the BTF has.
fn string_offset(btf: &Btf, string: &str) -> u32 {
    let mut offset = 0;
    while let Some(found) = btf.string(offset) {
        if found.to_bytes() == string.as_bytes() {
            return offset;
        }
        offset += u32::try_from(found.to_bytes_with_nul().len()).expect("a short string");
    }
    panic!("the BTF has no string {string:?}")
}

fn relocate(libbpf: &mut Libbpf, record: Record, code: &[u8]) -> Outcome {
    let mut code = code.to_vec();
    let expected = match libbpf.relocate(record, &mut code) {
        Verdict::Relocated(patch) => Value(patch.resolution.value),
        Verdict::Poisoned(_) => Poisoned,
        Verdict::Failed(_) => Error,
    };
    Outcome { expected, code }
}

/// The outcome as the case has it, with an instruction that keeps its size.
fn by_hand(relocation: &Relocation, is_big: bool, place: usize, code: &[u8]) -> Outcome {
    let insn = relocation.insn_in(is_big);
    let expected = relocation.expected_in(is_big);
    let mut code = code.to_vec();
    let after = match expected {
        Value(value) => insn.holding(value).bytes(is_big),
        Poisoned => insn.poisoned().bytes(is_big),
        Error => return Outcome { expected, code },
    };
    code[place..place + after.len()].copy_from_slice(&after);
    Outcome { expected, code }
}

/// Checks a big-endian left shift that is written by hand against libbpf's other answers.
fn check_big_endian_shift(
    libbpf: &mut Libbpf,
    record: Record,
    relocation: &Relocation,
) -> Result<(), String> {
    let Value(value) = relocation.expected_in(true) else { return Ok(()) };
    let derived = big_endian_shifts(libbpf, record).ok_or("libbpf has no answer")?;
    let insn = relocation.insn_in(true);
    let is_original = insn.bytes(true) == insn.holding(derived.0).bytes(true);
    if value != derived.1 || !is_original {
        return Err(format!("the shifts should be {derived:?}, not {value} from {insn:?}"));
    }
    Ok(())
}

/// Returns the big-endian left shifts of the local and the target field. libbpf must run on a
/// little-endian machine.
///
/// One shift counts the bits above the field in its load, the other those below. The rest of the 64 bits
/// are outside of the load, or the field's.
pub(super) fn big_endian_shifts(libbpf: &mut Libbpf, record: Record) -> Option<(u64, u64)> {
    assert_eq!(1_u16.to_ne_bytes(), [1, 0], "libbpf has to run on a little-endian machine");
    let mut answers = |kind| {
        let resolution = libbpf.resolution(Record { kind, ..record }).ok()?;
        (!resolution.is_unresolved).then_some((resolution.original, resolution.value))
    };
    let (size, left) = (answers(FIELD_BYTE_SIZE)?, answers(FIELD_LSHIFT_U64)?);
    let right = answers(FIELD_RSHIFT_U64)?;
    let big = |size: u64, left: u64, right: u64| (64 - 8 * size) + right - left;
    Some((big(size.0, left.0, right.0), big(size.1, left.1, right.1)))
}
