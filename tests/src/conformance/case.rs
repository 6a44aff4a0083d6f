//! A relocation as we did it and as libbpf did it, and the types of both.

use std::collections::HashSet;

use btf_types::{Btf, Name, Type, TypeId};
use core_reloc::{Candidate, Cause, Code, Error, Relocator, Resolution, Status, Target};

use crate::judge::Record;
use crate::judge::libbpf::{Libbpf, Stage, Verdict};

/// What we did with a relocation.
#[derive(Debug, Clone)]
pub(super) enum Ours {
    /// It resolved, and the instruction was patched or poisoned.
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

/// What libbpf did; `None` if no function covers the instruction.
pub(super) type Theirs = Option<Verdict>;

/// A relocation that both sides have processed.
pub(super) struct Case<'c> {
    pub(super) record: Record,
    pub(super) ours: &'c Ours,
    pub(super) theirs: &'c Theirs,
}

/// The types that both sides relocate with, and libbpf, which remembers the candidates that remain.
pub(super) struct Sides<'a> {
    pub(super) local: &'a Btf<'a>,
    pub(super) target: &'a Target<'a>,
    pub(super) libbpf: Libbpf,
    /// The member names that occur twice in a composite of the target; `None` until needed.
    members_twice: Option<HashSet<Vec<u8>>>,
}

impl<'a> Sides<'a> {
    pub(super) fn new(local: &'a Btf<'a>, target: &'a Target<'a>, libbpf: Libbpf) -> Self {
        Self { local, target, libbpf, members_twice: None }
    }

    /// Returns `true` if a field of the record has a name that occurs twice in a composite of the
    /// target.
    pub(super) fn names_member_twice(&mut self, record: Record) -> bool {
        let target = self.target;
        let twice = self.members_twice.get_or_insert_with(|| members_twice(target));
        !twice.is_empty()
            && self.libbpf.local_spec(record).is_ok_and(|spec| {
                let mut names = spec.accessors.iter().filter_map(|one| one.name.as_deref());
                names.any(|name| twice.contains(name.as_bytes()))
            })
    }

    /// Returns the candidates that remain in libbpf for the root type.
    pub(super) fn candidates(&mut self, record: Record) -> Vec<Candidate> {
        let candidates = self.libbpf.candidates(record.type_id).unwrap_or_default();
        let candidate = |(btf, id): &(usize, u32)| {
            let module =
                btf.checked_sub(1).map(|module| u32::try_from(module).expect("few modules"));
            Candidate { type_id: TypeId(*id), module }
        };
        candidates.iter().map(candidate).collect()
    }
}

impl Ours {
    /// Relocates an instruction of `code` with our relocator.
    pub(super) fn relocate(relocator: &mut Relocator<'_>, record: Record, code: &mut [u8]) -> Self {
        let applied = relocator.decode(&record.into()).and_then(|relocation| {
            let resolution = relocator.resolve(&relocation)?;
            let patched = relocator.apply(code, &relocation, &resolution)?;
            Ok((patched, patched.settle(resolution)))
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

    /// Returns `true` if the relocation resolved, so that only matching candidates remain.
    pub(super) fn has_narrowed(&self) -> bool {
        match self {
            Self::Applied { .. } => true,
            Self::Failed(error) => matches!(error.cause, Cause::Patch(_)),
            Self::Skipped => false,
        }
    }
}

/// Returns the member names that occur twice in a composite of the target. The members of anonymous
/// members count as those of the composite.
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

/// Returns `true` if the relocation resolved in libbpf.
pub(super) fn has_narrowed(theirs: &Theirs) -> bool {
    match theirs {
        Some(Verdict::Relocated(_) | Verdict::Poisoned(_)) => true,
        Some(Verdict::Failed(failure)) => failure.stage == Stage::Patch,
        None => false,
    }
}
