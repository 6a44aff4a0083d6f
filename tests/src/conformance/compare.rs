//! One relocation, done by us and by libbpf: whether they agree.

use std::collections::HashSet;
use std::fmt::{self, Write};

use btf_types::{Btf, Name, StrOffset, Type, TypeId, ext::CoreReloc};
use core_reloc::{
    Candidate, Cause, Code, Error, Poison, Relocation, Relocator, Resolution, Status, Target,
    access_in_c, describe::describe_unmatched,
};

use super::explain::explain;
use crate::judge::Record;
use crate::judge::accepted::Accepted;
use crate::judge::libbpf::{Libbpf, Patch, Stage, Verdict, logged};

/// What we did about a relocation.
#[derive(Debug, Clone)]
pub(super) enum Ours {
    /// It was decided about, and the decision applied.
    Applied {
        status: Status,
        before: Code,
        after: Code,
        resolution: Resolution,
    },
    Failed(Error),
    /// No function covers the instruction.
    Skipped,
}

/// What libbpf did; none if no function covers the instruction.
pub(super) type Theirs = Option<Verdict>;

/// What became of a relocation, where both agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Relocated,
    Poisoned,
    Failed,
    Skipped,
}

/// How a comparison came out.
#[derive(Debug)]
pub(super) enum Compared {
    /// Both did the same.
    Agreed(End),
    /// They differ, and this is why.
    Accepted(Accepted),
    /// One side has narrowed the root type's candidates and the other has not, or the instruction
    /// has come out differently before: nothing can be said.
    Incomparable,
    /// They differ, and nothing explains it.
    Different(Box<Difference>),
}

impl Compared {
    pub(super) fn is_different(&self) -> bool {
        matches!(self, Self::Different(_))
    }
}

/// A difference that nothing explains.
#[derive(Debug)]
pub(super) struct Difference {
    /// What is asked: kind, field, root type, access string.
    question: String,
    /// The instruction.
    before: String,
    ours: String,
    theirs: String,
    /// libbpf's log; empty unless it was asked for.
    log: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { question, before, ours, theirs, log } = self;
        write!(f, "{question}\n  code:   {before}\n  ours:   {ours}\n  libbpf: {theirs}")?;
        log.lines().try_for_each(|line| write!(f, "\n    {line}"))
    }
}

/// Compares the relocations of one object with libbpf's.
pub(super) struct Comparer<'a> {
    pub(super) local: &'a Btf<'a>,
    pub(super) target: &'a Target<'a>,
    pub(super) libbpf: Libbpf,
    /// Whether differences show libbpf's log, which takes time.
    with_log: bool,
    /// The root types whose candidates only one side has narrowed.
    incomparable_roots: HashSet<u32>,
    /// The offsets of instructions that may have come out differently.
    incomparable_code: HashSet<u32>,
    /// The names that some composite of the target has twice, once they are asked for.
    members_twice: Option<HashSet<Vec<u8>>>,
}

/// A relocation that both have done.
pub(super) struct Case<'c> {
    pub(super) record: Record,
    pub(super) ours: &'c Ours,
    pub(super) theirs: &'c Theirs,
}

impl<'a> Comparer<'a> {
    pub(super) fn new(
        local: &'a Btf<'a>,
        target: &'a Target<'a>,
        libbpf: Libbpf,
        with_log: bool,
    ) -> Self {
        Self {
            local,
            target,
            libbpf,
            with_log,
            incomparable_roots: HashSet::new(),
            incomparable_code: HashSet::new(),
            members_twice: None,
        }
    }

    /// Has libbpf relocate an instruction of `code`, and compares with what we did about it.
    ///
    /// `left` are the candidates that we have left of the root type then, if they are known.
    pub(super) fn relocate(
        &mut self,
        record: Record,
        code: &mut [u8],
        ours: &Ours,
        left: Option<&[Candidate]>,
    ) -> Compared {
        let before = self.candidates(record).len();
        let mut log = String::new();
        let verdict = if self.with_log {
            let (verdict, said) = logged(|| self.libbpf.relocate(record, code));
            log = said;
            verdict
        } else {
            self.libbpf.relocate(record, code)
        };
        let theirs = Some(verdict);
        let compared = self.compare(record, ours, &theirs, log);

        let one_narrows = ours.has_narrowed() != has_narrowed(&theirs);
        let theirs_left = self.candidates(record);
        let is_apart = left.map_or(one_narrows && before > 1, |left| left != theirs_left);
        if is_apart && self.incomparable_roots.insert(record.type_id) {
            let is_explained = one_narrows || self.asks_for_member_twice(record);
            if let (Some(left), Compared::Agreed(_), false) = (left, &compared, is_explained) {
                return Compared::Different(Box::new(Difference {
                    question: self.question(record),
                    before: "the same on both sides".to_string(),
                    ours: format!("left candidates {left:?}"),
                    theirs: format!("left candidates {theirs_left:?}"),
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

    /// Whether a field of the record's has a name that some composite of the target has twice: see
    /// [`Accepted::MemberTwice`].
    pub(super) fn asks_for_member_twice(&mut self, record: Record) -> bool {
        let target = self.target;
        let twice = self.members_twice.get_or_insert_with(|| members_twice(target));
        !twice.is_empty()
            && self.libbpf.local_spec(record).is_ok_and(|spec| {
                let mut names = spec.accessors.iter().filter_map(|step| step.name.as_deref());
                names.any(|name| twice.contains(name.as_bytes()))
            })
    }

    /// The candidates that libbpf has left; none for a root type that has none.
    pub(super) fn candidates(&mut self, record: Record) -> Vec<Candidate> {
        let candidates = self.libbpf.candidates(record.type_id).unwrap_or_default();
        let candidate = |(btf, id): &(usize, u32)| {
            let module =
                btf.checked_sub(1).map(|module| u32::try_from(module).expect("few modules"));
            Candidate { type_id: TypeId(*id), module }
        };
        candidates.iter().map(candidate).collect()
    }

    /// Compares a relocation whose instruction libbpf finds no function for.
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
        if let Some(accepted) = explain(&case, self) {
            return Compared::Accepted(accepted);
        }
        Compared::Different(Box::new(Difference {
            question: self.question(record),
            before: match (ours, theirs) {
                (Ours::Applied { before, .. }, _) => before.to_string(),
                (_, Some(Verdict::Relocated(patch) | Verdict::Poisoned(patch))) => {
                    hex(&patch.before)
                }
                _ => "unchanged by both".to_string(),
            },
            ours: self.say_ours(record, ours),
            theirs: say_theirs(theirs),
            log,
        }))
    }

    fn question(&self, record: Record) -> String {
        let access = self.local.string(StrOffset(record.access_str_off));
        let access = access.map_or_else(|error| error.to_string(), |access| access.to_string());
        let Record { insn_off, type_id, kind, .. } = record;
        let asked = match Relocation::from_record(self.local, &core_reloc(record)) {
            Ok(relocation) => {
                format!("{} of {}", relocation.kind, access_in_c(self.local, &relocation))
            }
            Err(cause) => format!("kind {kind}: {cause}"),
        };
        format!(
            "{asked} (type {type_id}, access string \"{access}\", instruction at {insn_off:#x})"
        )
    }

    fn say_ours(&self, record: Record, ours: &Ours) -> String {
        let (status, after, resolution) = match ours {
            Ours::Failed(error) => return format!("failed: {error}"),
            Ours::Skipped => return "skipped".to_string(),
            Ours::Applied { status, after, resolution, .. } => (status, after, resolution),
        };
        let mut said = format!("{status:?} {after}, {:?}", resolution.change);
        let relocation = Relocation::from_record(self.local, &core_reloc(record));
        if let (Some(unmatched), Ok(relocation)) = (&resolution.unmatched, relocation) {
            let reason = describe_unmatched(self.local, self.target, &relocation, unmatched);
            write!(said, ", {reason}").expect("strings take everything");
        }
        said
    }
}

impl Ours {
    /// What our relocator makes of a record and an instruction of `code`.
    pub(super) fn relocate(relocator: &mut Relocator<'_>, record: Record, code: &mut [u8]) -> Self {
        let applied = relocator.decode(&core_reloc(record)).and_then(|relocation| {
            let resolution = relocator.resolve(&relocation)?;
            let patched = relocator.apply(code, &relocation, &resolution)?;
            Ok((patched, resolution))
        });
        match applied {
            Ok((patched, resolution)) => Self::Applied {
                status: patched.status,
                before: patched.before,
                after: patched.after,
                resolution,
            },
            Err(error) => Self::Failed(error),
        }
    }

    /// Whether it was decided about: where candidates matched, only these are left.
    pub(super) fn has_narrowed(&self) -> bool {
        match self {
            Self::Applied { .. } => true,
            Self::Failed(error) => matches!(error.cause, Cause::Patch(_)),
            Self::Skipped => false,
        }
    }
}

/// The candidates that our relocator has left; none for a root type that has none.
pub(super) fn candidates_left(relocator: &mut Relocator<'_>, record: Record) -> Vec<Candidate> {
    let left = relocator.candidates(TypeId(record.type_id));
    left.map_or_else(|_| Vec::new(), Iterator::collect)
}

/// The record as our reader would have read it.
fn core_reloc(record: Record) -> CoreReloc {
    let Record { insn_off, type_id, access_str_off, kind } = record;
    let (type_id, access_str_off) = (TypeId(type_id), StrOffset(access_str_off));
    CoreReloc { insn_off, type_id, access_str_off, kind }
}

/// The names that some composite of a target has twice, counting the members of anonymous ones.
fn members_twice(target: &Target<'_>) -> HashSet<Vec<u8>> {
    fn collect<'a>(ty: Type<'a>, found: &mut Vec<Name<'a>>) {
        for member in ty.members() {
            let Ok(name) = member.name() else { continue };
            if name.is_empty() {
                let below = member.ty().and_then(Type::skip_modifiers_and_typedefs);
                below.into_iter().for_each(|below| collect(below, found));
            } else {
                found.push(name);
            }
        }
    }
    let mut twice = HashSet::new();
    let modules = target.modules().iter().map(|module| module.btf);
    for ty in modules.chain([target.main()]).flat_map(Btf::own_types) {
        let mut names = Vec::new();
        collect(ty, &mut names);
        names.sort_unstable_by_key(|name| name.as_bytes());
        let pairs = names.windows(2).filter(|pair| pair[0] == pair[1]);
        twice.extend(pairs.map(|pair| pair[0].as_bytes().to_vec()));
    }
    twice
}

/// Whether libbpf decided about it.
fn has_narrowed(theirs: &Theirs) -> bool {
    match theirs {
        Some(Verdict::Relocated(_) | Verdict::Poisoned(_)) => true,
        Some(Verdict::Failed(failure)) => failure.stage == Stage::Patch,
        None => false,
    }
}

/// What became of it, if both did the same: the same bytes, for the same reason as far as both tell
/// one, and from the same numbers.
fn agreed(ours: &Ours, theirs: &Theirs) -> Option<End> {
    match (ours, theirs) {
        (Ours::Skipped, None) => Some(End::Skipped),
        (Ours::Failed(error), Some(Verdict::Failed(failure))) => {
            let is_patch = matches!(error.cause, Cause::Patch(_));
            let agrees = match failure.stage {
                // We look at the instruction last.
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

/// How many bytes of code one side has changed, or both.
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

fn say_theirs(theirs: &Theirs) -> String {
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
