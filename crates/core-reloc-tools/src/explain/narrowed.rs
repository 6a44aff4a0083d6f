//! The earlier relocation because of which a relocation does not match: candidates narrow.

use std::collections::BTreeMap;

use btf_types::{Btf, TypeId};
use core_reloc::{
    Ambiguity, Candidate, Cause, Options, RelocKind, Relocation, Relocator, Target,
    budget::Budget,
    describe::{candidate_name, relocation_in_c},
    elf::{Object, ObjectRelocation},
    resolve::Unmatched,
    spec::LocalSpec,
};

use super::{
    flavor::{Declared, flavor},
    subject::accessor_name,
    suggestion::{Suggestion, SuggestionKind},
};

/// The number of candidates from which not all are compared. A kernel has a few of one name.
const MAX_CANDIDATES: usize = 16;

/// Finds the relocations that dropped candidates.
#[derive(Debug)]
pub(super) struct Narrowed<'a> {
    local: &'a Btf<'a>,
    target: &'a Target<'a>,
    /// Tries all candidates for every relocation.
    whole: Option<Relocator<'a>>,
    /// What dropped candidates of the object; `None` before it is needed.
    dropped: Option<Dropped>,
}

/// The relocations of an object that dropped candidates, by root type, each with its place.
type Dropped = BTreeMap<TypeId, Vec<(Relocation, String)>>;

impl<'a> Narrowed<'a> {
    pub(super) fn new(local: &'a Btf<'a>, target: &'a Target<'a>) -> Self {
        Self { local, target, whole: None, dropped: None }
    }

    /// Returns the candidate that matches a relocation although it does not remain.
    pub(super) fn matching(
        &mut self,
        at: &ObjectRelocation<'_>,
        relocation: &Relocation,
        unmatched: &Unmatched,
    ) -> Option<Candidate> {
        let whole = self.whole.get_or_insert_with(|| {
            let mut whole = whole(self.local, self.target);
            whole.prepare(roots(at.object()));
            whole
        });
        // Usually all remain.
        let count = whole.candidates(relocation.type_id).ok()?.count();
        if count <= unmatched.ruled_out().len() {
            return None;
        }
        match whole.resolve(relocation) {
            Ok(resolution) => resolution.candidate,
            Err(error) => match error.cause {
                Cause::Ambiguous(ambiguity) => ambiguity.candidates.first().copied(),
                _ => None,
            },
        }
    }

    /// Returns all candidates of a root type, or only those of the ambiguity if there are too many. Asking whether
    /// a member exists is ambiguous, too, if it is at another place in a candidate that does not match otherwise.
    pub(super) fn candidates(
        &mut self,
        root: Option<TypeId>,
        ambiguity: &Ambiguity,
    ) -> Vec<Candidate> {
        let whole = self.whole.get_or_insert_with(|| whole(self.local, self.target));
        let all = root.and_then(|root| whole.candidates(root).ok());
        let all: Vec<Candidate> = all.into_iter().flatten().take(MAX_CANDIDATES).collect();
        if all.len() < MAX_CANDIDATES && ambiguity.candidates.iter().all(|one| all.contains(one)) {
            return all;
        }
        ambiguity.candidates.to_vec()
    }

    /// Describes the relocation of an object that dropped a candidate.
    pub(super) fn reason(
        &mut self,
        object: &Object<'_>,
        root: TypeId,
        candidate: Candidate,
    ) -> String {
        let (local, target) = (self.local, self.target);
        let dropped = self.dropped.get_or_insert_with(|| narrowings(local, target, object));
        let whole = &mut self.whole;
        // The budget of the relocator bounds how often all candidates are tried.
        let mut drops = |relocation: &Relocation| {
            let whole = whole.as_mut()?;
            let mismatches = whole.mismatches(relocation).ok()?;
            Some(mismatches.iter().any(|(dropped, _)| *dropped == candidate))
        };
        let mut of_root = dropped.get(&root).into_iter().flatten();
        let by = of_root.find(|(relocation, _)| drops(relocation).unwrap_or(false));
        let by = by.map(|(relocation, place)| {
            format!(": {} at {place}", relocation_in_c(local, relocation))
        });
        format!(
            "candidate {} matches, but an earlier relocation of the same type dropped it{}",
            candidate_name(target, candidate),
            by.unwrap_or_default()
        )
    }
}

/// Suggests a type of its own for a relocation.
pub(super) fn suggestion(
    spec: Option<&LocalSpec<'_>>,
    relocation: &Relocation,
    budget: &mut Budget,
) -> Suggestion {
    let text = "each type of the program has candidates of its own: use another flavor of the type here \
                than in the relocation that dropped the candidate";
    let code = spec.and_then(|spec| {
        let btf = spec.spec().btf;
        let accessors = spec.accessors().get(1..)?;
        if !accessors.iter().all(|accessor| accessor.name_off.is_some()) {
            return None;
        }
        let ty = btf.type_by_id(accessors.last()?.member_type).ok()?;
        let names = (1..spec.accessors().len()).map(|accessor| accessor_name(spec, accessor));
        let names: Vec<String> = names.collect();
        let path: Vec<&str> = names.iter().map(String::as_str).collect();
        let root = btf.type_by_id(relocation.type_id).ok()?;
        flavor(btf, root, &path, Declared { ty, bits: None }, budget)
    });
    Suggestion { code, ..Suggestion::new(SuggestionKind::Access, text) }
}

/// Creates a relocator that tries all candidates for every relocation.
fn whole<'a>(local: &'a Btf<'a>, target: &'a Target<'a>) -> Relocator<'a> {
    Relocator::with_options(local, target, Options::default().narrow(false))
}

/// Resolves the relocations of an object once more, in order, and returns those that narrow candidates.
fn narrowings<'a>(local: &'a Btf<'a>, target: &'a Target<'a>, object: &Object<'_>) -> Dropped {
    let mut relocator = Relocator::new(local, target);
    relocator.prepare(roots(object));
    let mut by_root = Dropped::new();
    for at in object.relocations() {
        // The others are skipped, and narrow nothing.
        let Ok(relocation) = at.decode() else { continue };
        if at.function_range().is_none() || relocator.resolve(&relocation).is_err() {
            continue;
        }
        let root = relocation.type_id;
        let known = by_root.get(&root).map_or(0, Vec::len);
        if relocator.narrowings(root).len() > known {
            let place = format!("{}+{:#x}", at.section(), at.insn_off());
            by_root.entry(root).or_default().push((relocation, place));
        }
    }
    by_root
}

/// Returns the root types of an object that have candidates.
fn roots(object: &Object<'_>) -> Vec<TypeId> {
    let needs_target =
        |at: &ObjectRelocation<'_>| at.kind().is_some_and(|kind| kind != RelocKind::TypeIdLocal);
    object.relocations().filter(needs_target).map(|at| at.type_id()).collect()
}
