//! The work of one session: what it may still do, and what it keeps of what it did.

use alloc::collections::BTreeMap;

use btf_types::{Btf, Name, Type, TypeId};
use indexmap::IndexMap;

use crate::{
    AccessPath, RelocKind,
    budget::Budget,
    compare::{Sides, types_are_compatible, types_match},
    error::Cause,
    hash::IdHasher,
    limits::{INDEXED_AFTER, STEPS_PER_RELOCATION},
    spec::{
        enumerator::{EnumeratorIndex, find_enumerator},
        member::{Found, MemberSearch, index::MemberIndex},
    },
};

/// Searches in types of the target, and tests of them, that get quicker where they are repeated.
///
/// What comes of them is the same as if every one were done by itself.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) budget: Budget,
    members: IndexMap<Place, Searches<MemberIndex>, IdHasher>,
    enumerators: IndexMap<Place, Searches<EnumeratorIndex>, IdHasher>,
    tests: BTreeMap<Test, Result<bool, Cause>>,
}

/// A type of the target: through which module's BTF it is looked at, if not through the main one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) module: Option<u32>,
    pub(crate) type_id: TypeId,
}

/// A test of a local root type and a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Test {
    local: TypeId,
    target: Place,
    /// Whether they are to match, and not only to be compatible.
    is_match: bool,
}

/// How often a type was searched, or its index.
#[derive(Debug)]
enum Searches<T> {
    /// The steps so far, and at how many an index is tried next.
    Counted {
        steps: u64,
        next: u64,
    },
    Indexed(T),
}

impl Work {
    pub(crate) fn new(budget: Budget) -> Self {
        Self {
            budget,
            members: IndexMap::default(),
            enumerators: IndexMap::default(),
            tests: BTreeMap::new(),
        }
    }

    /// Looks for a member by its name with NUL. If it is found, the path leads to it.
    pub(crate) fn member<'a>(
        &mut self,
        module: Option<u32>,
        btf: &'a Btf<'a>,
        within: Type<'a>,
        name: &[u8],
        path: &mut AccessPath,
    ) -> Result<Option<Found>, Cause> {
        let place = Place { module, type_id: within.id() };
        if let Some(index) = indexed(&self.members, place) {
            let name = Name::new(name.strip_suffix(&[0]).unwrap_or(name));
            self.budget.spend(1)?;
            self.budget.spend_name(name)?;
            return index.find(btf, name, path);
        }
        let before = self.budget.left();
        let found = MemberSearch::new(btf, name, path, &mut self.budget).find(within);
        let steps = before.saturating_sub(self.budget.left());
        count(&mut self.members, place, steps, |most| MemberIndex::new(btf, within, most));
        found
    }

    /// Looks for an enumerator by its essential name; its index.
    pub(crate) fn enumerator<'a>(
        &mut self,
        module: Option<u32>,
        btf: &'a Btf<'a>,
        within: Type<'a>,
        essential: &[u8],
    ) -> Result<Option<u32>, Cause> {
        let place = Place { module, type_id: within.id() };
        if let Some(index) = indexed(&self.enumerators, place) {
            self.budget.spend(1)?;
            self.budget.spend_name(Name::new(essential))?;
            return Ok(index.find(btf, within, essential));
        }
        let before = self.budget.left();
        let found = find_enumerator(btf, within, essential, &mut self.budget);
        let steps = before.saturating_sub(self.budget.left());
        count(&mut self.enumerators, place, steps, |most| EnumeratorIndex::new(btf, within, most));
        found
    }

    /// Tests whether a candidate matches a local root type, or, for the other type-based kinds,
    /// whether it is compatible.
    pub(crate) fn test(
        &mut self,
        kind: RelocKind,
        sides: Sides<'_>,
        local: TypeId,
        target: Place,
    ) -> Result<bool, Cause> {
        let is_match = kind == RelocKind::TypeMatches;
        let test = Test { local, target, is_match };
        if let Some(known) = self.tests.get(&test) {
            return known.clone();
        }
        let before = self.budget.left();
        let budget = &mut self.budget;
        let outcome = if is_match {
            types_match(sides, local, target.type_id, budget)
        } else {
            types_are_compatible(sides, local, target.type_id, budget)
        };
        // What takes no more than a relocation may is quick enough to be done again.
        let steps = before.saturating_sub(self.budget.left());
        if steps > STEPS_PER_RELOCATION && outcome != Err(Cause::TooComplex) {
            self.tests.insert(test, outcome.clone());
        }
        outcome
    }
}

/// The index of a type, if it has one by now.
fn indexed<T>(searches: &IndexMap<Place, Searches<T>, IdHasher>, place: Place) -> Option<&T> {
    // Most sessions search nothing that is large.
    if searches.is_empty() {
        return None;
    }
    match searches.get(&place) {
        Some(Searches::Indexed(index)) => Some(index),
        _ => None,
    }
}

/// Counts the steps of a search. When they are many for each member that the type may have, an index
/// is made, unless it turns out to be larger.
fn count<T>(
    searches: &mut IndexMap<Place, Searches<T>, IdHasher>,
    place: Place,
    steps: u64,
    index: impl FnOnce(usize) -> Option<T>,
) {
    /// Searches of fewer steps are left alone.
    const LEAST: u64 = 64;
    if steps < LEAST {
        return;
    }
    let searches = searches
        .entry(place)
        .or_insert(Searches::Counted { steps: 0, next: LEAST.saturating_mul(INDEXED_AFTER) });
    if let Searches::Counted { steps: all, next } = searches {
        *all = all.saturating_add(steps);
        if *all >= *next {
            *next = all.saturating_mul(2);
            let most = usize::try_from(all.checked_div(INDEXED_AFTER).unwrap_or(0));
            if let Some(index) = index(most.unwrap_or(usize::MAX)) {
                *searches = Searches::Indexed(index);
            }
        }
    }
}
