//! The earlier relocation because of which a relocation does not match: candidates narrow.

use std::collections::BTreeMap;

use btf_types::{Btf, TypeId};
use core_reloc::{
    Candidate, Cause, Options, RelocKind, Relocation, Relocator, Target,
    describe::{candidate_name, declaration_in_c, relocation_in_c},
    elf::{Object, ObjectRelocation},
    resolve::{Narrowing, Unmatched},
    spec::{Accessor, LocalSpec},
};

use super::{
    subject::accessor_name,
    suggestion::{Suggestion, SuggestionKind, flavor, nested},
};

/// Finds the relocations that dropped candidates.
#[derive(Debug)]
pub(super) struct Narrowed<'a> {
    local: &'a Btf<'a>,
    target: &'a Target<'a>,
    /// Tries all candidates for every relocation.
    whole: Option<Relocator<'a>>,
    /// The relocations of the object that dropped candidates, by root type, each with its place; `None`
    /// before they are needed.
    by_root: Option<BTreeMap<TypeId, Vec<(String, Narrowing)>>>,
}

impl<'a> Narrowed<'a> {
    pub(super) fn new(local: &'a Btf<'a>, target: &'a Target<'a>) -> Self {
        Self { local, target, whole: None, by_root: None }
    }

    /// Returns the candidate that matches a relocation although it does not remain.
    pub(super) fn matching(
        &mut self,
        at: &ObjectRelocation<'_>,
        relocation: &Relocation,
        unmatched: &Unmatched,
    ) -> Option<Candidate> {
        let whole = self.whole.get_or_insert_with(|| {
            let options = Options::default().narrow(false);
            let mut whole = Relocator::with_options(self.local, self.target, options);
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

    /// Describes the relocation of an object that dropped a candidate.
    pub(super) fn reason(
        &mut self,
        object: &Object<'_>,
        root: TypeId,
        candidate: Candidate,
    ) -> String {
        let (local, target) = (self.local, self.target);
        let by_root = self.by_root.get_or_insert_with(|| narrowings(local, target, object));
        let dropped =
            |narrowing: &Narrowing| narrowing.dropped().any(|(dropped, _)| *dropped == candidate);
        let found = by_root.get(&root).into_iter().flatten();
        let found = found.clone().find(|(_, narrowing)| dropped(narrowing));
        let by = found.map(|(place, narrowing)| {
            format!(": {} at {place}", relocation_in_c(local, &narrowing.relocation))
        });
        format!(
            "candidate {} matches, but does not match an earlier relocation of the same type, and so \
             was dropped{}",
            candidate_name(target, candidate),
            by.unwrap_or_default()
        )
    }
}

/// Suggests a type of its own for a relocation.
pub(super) fn suggestion(spec: Option<&LocalSpec<'_>>, relocation: &Relocation) -> Suggestion {
    let text = "each type of the program has candidates of its own: use another flavor of the type here \
                than in the relocation that dropped the candidate";
    let code = spec.and_then(|spec| {
        let btf = spec.spec().btf;
        let (last, containing) = spec.accessors().get(1..)?.split_last()?;
        let is_member = |accessor: &Accessor| accessor.name_off.is_some();
        if !is_member(last) || !containing.iter().all(is_member) {
            return None;
        }
        let names = (1..spec.accessors().len()).map(|accessor| accessor_name(spec, accessor));
        let path = names.collect::<Vec<_>>().join(".");
        let member = btf.type_by_id(last.member_type).ok()?;
        let name = accessor_name(spec, spec.accessors().len().checked_sub(1)?);
        let root = btf.type_by_id(relocation.type_id).ok()?;
        root.kind()
            .is_composite()
            .then(|| flavor(root, &nested(&path, &declaration_in_c(member, &name))))
    });
    Suggestion { code, ..Suggestion::new(SuggestionKind::Access, text) }
}

/// Relocates an object, as far as candidates are concerned, and returns what narrowed them.
fn narrowings<'a>(
    local: &'a Btf<'a>,
    target: &'a Target<'a>,
    object: &Object<'_>,
) -> BTreeMap<TypeId, Vec<(String, Narrowing)>> {
    let mut relocator = Relocator::new(local, target);
    relocator.prepare(roots(object));
    let mut by_root: BTreeMap<TypeId, Vec<(String, Narrowing)>> = BTreeMap::new();
    for at in object.relocations() {
        // The others are skipped, and narrow nothing.
        let Ok(relocation) = at.decode() else { continue };
        if at.function_range().is_none() || relocator.resolve(&relocation).is_err() {
            continue;
        }
        let narrowings = relocator.narrowings(relocation.type_id);
        let known = by_root.get(&relocation.type_id).map_or(0, Vec::len);
        let new = narrowings.get(known..).unwrap_or_default();
        if !new.is_empty() {
            let place = format!("{}+{:#x}", at.section(), at.insn_off());
            let new = new.iter().map(|narrowing| (place.clone(), narrowing.clone()));
            by_root.entry(relocation.type_id).or_default().extend(new);
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
