//! Compares what we did with a relocation with what libbpf did.

use std::collections::HashSet;
use std::fmt::{self, Write};

use btf_types::{Btf, StrOffset, TypeId};
use core_reloc::{
    Candidate, Cause, Code, Poison, Relocation, Relocator, Status, Target, access_in_c,
    describe::describe_unmatched,
};

use super::case::{Case, Ours, Sides, Theirs, has_narrowed};
use super::explain::explain;
use crate::judge::Record;
use crate::judge::accepted::Accepted;
use crate::judge::libbpf::{Libbpf, Patch, Stage, Verdict, logged};

/// The outcome of a relocation that both sides agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Relocated,
    Poisoned,
    Failed,
    Skipped,
}

/// The result of a comparison.
#[derive(Debug)]
pub(super) enum Compared {
    /// Both did the same.
    Agreed(End),
    /// They differ for an accepted reason.
    Accepted(Accepted),
    /// An earlier difference makes the comparison meaningless: only one side has narrowed the root
    /// type's candidates, or the instruction already differs.
    Incomparable,
    /// They differ for no accepted reason.
    Different(Box<Difference>),
}

impl Compared {
    pub(super) fn is_different(&self) -> bool {
        matches!(self, Self::Different(_))
    }
}

/// An unexplained difference.
#[derive(Debug)]
pub(super) struct Difference {
    /// The kind, field, root type, access string and instruction offset.
    relocation: String,
    /// The instruction before relocation.
    before: String,
    ours: String,
    theirs: String,
    /// libbpf's log; empty unless requested.
    log: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { relocation, before, ours, theirs, log } = self;
        write!(f, "{relocation}\n  code:   {before}\n  ours:   {ours}\n  libbpf: {theirs}")?;
        log.lines().try_for_each(|line| write!(f, "\n    {line}"))
    }
}

/// Compares the relocations of one object with libbpf's.
pub(super) struct Comparer<'a> {
    sides: Sides<'a>,
    /// Whether differences include libbpf's log, which takes time.
    with_log: bool,
    /// The root types whose candidates only one side has narrowed.
    incomparable_roots: HashSet<u32>,
    /// The offsets of instructions that may already differ.
    incomparable_code: HashSet<u32>,
}

impl<'a> Comparer<'a> {
    pub(super) fn new(
        local: &'a Btf<'a>,
        target: &'a Target<'a>,
        libbpf: Libbpf,
        with_log: bool,
    ) -> Self {
        Self {
            sides: Sides::new(local, target, libbpf),
            with_log,
            incomparable_roots: HashSet::new(),
            incomparable_code: HashSet::new(),
        }
    }

    pub(super) fn libbpf(&mut self) -> &mut Libbpf {
        &mut self.sides.libbpf
    }

    /// Relocates an instruction on both sides. Compares the results and the candidates that remain.
    pub(super) fn relocate_both(
        &mut self,
        relocator: &mut Relocator<'_>,
        record: Record,
        [our_code, their_code]: [&mut [u8]; 2],
    ) -> Compared {
        let ours = Ours::relocate(relocator, record, our_code);
        let remaining = relocator.candidates(TypeId(record.type_id));
        let remaining: Vec<_> = remaining.map_or_else(|_| Vec::new(), Iterator::collect);
        self.relocate(record, their_code, &ours, Some(&remaining))
    }

    /// Has libbpf relocate an instruction of `code`, and compares the result with ours.
    ///
    /// `remaining` are our candidates of the root type after that, if known.
    pub(super) fn relocate(
        &mut self,
        record: Record,
        code: &mut [u8],
        ours: &Ours,
        remaining: Option<&[Candidate]>,
    ) -> Compared {
        let before = self.sides.candidates(record).len();
        let mut log = String::new();
        let theirs = Some(if self.with_log {
            let (verdict, logged) = logged(|| self.libbpf().relocate(record, code));
            log = logged;
            verdict
        } else {
            self.libbpf().relocate(record, code)
        });
        let compared = self.compare(record, ours, &theirs, log);

        let one_narrows = ours.has_narrowed() != has_narrowed(&theirs);
        let their_remaining = self.sides.candidates(record);
        let is_apart = remaining.map_or(one_narrows && before > 1, |ours| ours != their_remaining);
        if is_apart && self.incomparable_roots.insert(record.type_id) {
            let is_explained = one_narrows || self.sides.names_member_twice(record);
            if let (Some(remaining), Compared::Agreed(_), false) =
                (remaining, &compared, is_explained)
            {
                return Compared::Different(Box::new(Difference {
                    relocation: self.relocation(record),
                    before: "the same on both sides".to_string(),
                    ours: format!("remaining candidates {remaining:?}"),
                    theirs: format!("remaining candidates {their_remaining:?}"),
                    log: String::new(),
                }));
            }
        }
        if let Compared::Accepted(_) = compared {
            let slots = touched(ours, &theirs) / 8;
            self.incomparable_code.extend((0..slots).map(|slot| record.insn_off + 8 * slot));
        }
        compared
    }

    /// Compares a relocation that libbpf skips because no function covers its instruction.
    pub(super) fn skip(&mut self, record: Record, ours: &Ours) -> Compared {
        self.compare(record, ours, &None, String::new())
    }

    fn compare(&mut self, record: Record, ours: &Ours, theirs: &Theirs, log: String) -> Compared {
        if self.incomparable_roots.contains(&record.type_id)
            || self.incomparable_code.contains(&record.insn_off)
        {
            return Compared::Incomparable;
        }
        if let Some(end) = agreed(ours, theirs) {
            return Compared::Agreed(end);
        }
        let case = Case { record, ours, theirs };
        if let Some(accepted) = explain(&case, &mut self.sides) {
            return Compared::Accepted(accepted);
        }
        Compared::Different(Box::new(Difference {
            relocation: self.relocation(record),
            before: match (ours, theirs) {
                (Ours::Applied { before, .. }, _) => before.to_string(),
                (_, Some(Verdict::Relocated(patch) | Verdict::Poisoned(patch))) => {
                    hex(&patch.before)
                }
                _ => "unchanged by both".to_string(),
            },
            ours: self.describe_ours(record, ours),
            theirs: describe_theirs(theirs),
            log,
        }))
    }

    fn relocation(&self, record: Record) -> String {
        let local = self.sides.local;
        let access = local.string(StrOffset(record.access_str_off));
        let access = access.map_or_else(|error| error.to_string(), |access| access.to_string());
        let Record { insn_off, type_id, kind, .. } = record;
        let what = match Relocation::from_record(local, &record.into()) {
            Ok(relocation) => {
                format!("{} of {}", relocation.kind, access_in_c(local, &relocation))
            }
            Err(cause) => format!("kind {kind}: {cause}"),
        };
        format!("{what} (type {type_id}, access string \"{access}\", instruction at {insn_off:#x})")
    }

    fn describe_ours(&self, record: Record, ours: &Ours) -> String {
        let (status, after, resolution) = match ours {
            Ours::Failed(error) => return format!("failed: {error}"),
            Ours::Skipped => return "skipped".to_string(),
            Ours::Applied { status, after, resolution, .. } => (status, after, resolution),
        };
        let mut text = format!("{status:?} {after}, {:?}", resolution.change);
        let Sides { local, target, .. } = self.sides;
        let relocation = Relocation::from_record(local, &record.into());
        if let (Some(unmatched), Ok(relocation)) = (&resolution.unmatched, relocation) {
            let reason = describe_unmatched(local, target, &relocation, unmatched);
            write!(text, ", {reason}").expect("strings take everything");
        }
        text
    }
}

/// Returns the outcome if both sides agree: the same bytes and numbers, and the same reason where
/// both give one.
fn agreed(ours: &Ours, theirs: &Theirs) -> Option<End> {
    match (ours, theirs) {
        (Ours::Skipped, None) => Some(End::Skipped),
        (Ours::Failed(error), Some(Verdict::Failed(failure))) => {
            let is_patch = matches!(error.cause, Cause::Patch(_));
            let agrees = match failure.stage {
                // We check the instruction last.
                Stage::Instruction => true,
                Stage::Candidates | Stage::Resolution => !is_patch,
                Stage::Patch => is_patch,
            };
            agrees.then_some(End::Failed)
        }
        (
            Ours::Applied { status: Status::Relocated, before, after, resolution },
            Some(Verdict::Relocated(patch)),
        ) => {
            let same_numbers = resolution.change.is_some_and(|change| {
                (change.original, change.value, change.checked)
                    == (
                        patch.resolution.original,
                        patch.resolution.value,
                        patch.resolution.is_checked,
                    )
            });
            (same_code(before, after, patch) && same_numbers).then_some(End::Relocated)
        }
        (
            Ours::Applied { status: Status::Poisoned(poison), before, after, .. },
            Some(Verdict::Poisoned(patch)),
        ) => {
            let same_reason = (*poison == Poison::Unresolved) == patch.resolution.is_unresolved;
            (same_code(before, after, patch) && same_reason).then_some(End::Poisoned)
        }
        _ => None,
    }
}

/// Returns the number of bytes of code that at least one side has changed.
fn touched(ours: &Ours, theirs: &Theirs) -> u32 {
    let ours = match ours {
        Ours::Applied { before, .. } => before.as_bytes().len(),
        Ours::Failed(_) | Ours::Skipped => 0,
    };
    let theirs = match theirs {
        Some(Verdict::Relocated(patch) | Verdict::Poisoned(patch)) => patch.before.len(),
        Some(Verdict::Failed(_)) | None => 0,
    };
    u32::try_from(ours.max(theirs)).expect("an instruction has up to 16 bytes")
}

fn same_code(before: &Code, after: &Code, patch: &Patch) -> bool {
    before.as_bytes() == patch.before && after.as_bytes() == patch.after
}

fn describe_theirs(theirs: &Theirs) -> String {
    match theirs {
        None => "skipped".to_string(),
        Some(Verdict::Failed(failure)) => format!("failed: {failure}"),
        Some(Verdict::Relocated(patch)) => {
            format!("Relocated {}, {:?}", hex(&patch.after), patch.resolution)
        }
        Some(Verdict::Poisoned(patch)) => {
            format!("Poisoned {}, {:?}", hex(&patch.after), patch.resolution)
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
