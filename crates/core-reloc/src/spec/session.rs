//! A session: the searches and comparisons that one object needs in one target, and their kept results.

use alloc::collections::BTreeMap;

use btf_types::{Btf, Type, TypeId};
use indexmap::IndexMap;

use super::{
    enumerator::{EnumeratorIndex, find_enumerator},
    first_member::{FirstMembers, Selection},
    local::LocalSpec,
    member::{FoundMember, MemberSearch},
    member_index::MemberIndex,
    steps::{Steps, TargetType},
};
use crate::{
    budget::Budget,
    candidates::Remaining,
    compare::{compatible, matching},
    error::Cause,
    limits::{INDEXED_AFTER, STEPS_PER_RELOCATION},
    names::hash::IdHasher,
    record::{AccessPath, RelocKind},
    side::Sides,
    target::Target,
};

/// Searches the target's types and compares types with them, within one [`Budget`].
///
/// A type that is searched repeatedly gets an index, and expensive comparisons are remembered. The results
/// are the same as without either.
#[derive(Debug)]
pub struct Session<'a> {
    pub(crate) budget: Budget,
    pub(super) steps: Steps<'a>,
    members: IndexMap<TargetType<'a>, SearchState<MemberIndex>, IdHasher>,
    enumerators: IndexMap<TargetType<'a>, SearchState<EnumeratorIndex>, IdHasher>,
    comparisons: BTreeMap<Comparison<'a>, Result<bool, Cause>>,
    first_members: FirstMembers,
}

/// A comparison of a local root type with a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Comparison<'a> {
    local: TypeId,
    target: TargetType<'a>,
    /// Whether the types must match, rather than only be compatible.
    is_match: bool,
}

/// What is known about a type that was searched.
#[derive(Debug)]
enum SearchState<T> {
    /// The number of steps so far, and the number at which an index is next attempted.
    Counted {
        steps: u64,
        next: u64,
    },
    Indexed(T),
}

impl<'a> Session<'a> {
    /// Creates a session with a budget.
    pub fn new(budget: Budget) -> Self {
        Self {
            budget,
            steps: Steps::default(),
            members: IndexMap::default(),
            enumerators: IndexMap::default(),
            comparisons: BTreeMap::new(),
            first_members: FirstMembers::default(),
        }
    }

    /// Returns the budget that is left.
    pub fn budget(&mut self) -> &mut Budget {
        &mut self.budget
    }

    /// Finds a member by name in a struct or union of the target, through anonymous members, and appends
    /// the indices that lead to it to `path`.
    ///
    /// # Errors
    /// Types that are broken or nested too deeply, and [`Cause::TooComplex`].
    pub fn find_member(
        &mut self,
        within: Type<'a>,
        name: &[u8],
        path: &mut AccessPath,
    ) -> Result<Option<FoundMember>, Cause> {
        self.member(within.btf(), within, &[name, &[0]].concat(), path)
    }

    /// Finds a member as [`Session::find_member`] does, by its name with NUL. All ids and names belong to
    /// `btf`.
    pub(super) fn member(
        &mut self,
        btf: &'a Btf<'a>,
        within: Type<'a>,
        name_with_nul: &[u8],
        path: &mut AccessPath,
    ) -> Result<Option<FoundMember>, Cause> {
        let target = TargetType { btf, type_id: within.id() };
        if let Some(index) = indexed(&self.members, target) {
            let name = name_with_nul.strip_suffix(&[0]).unwrap_or(name_with_nul);
            self.budget.spend(1)?;
            self.budget.spend_name(name)?;
            return index.find(btf, name, path);
        }
        let before = self.budget.remaining();
        let found = MemberSearch::new(btf, name_with_nul, path, &mut self.budget).find(within);
        let steps = before.saturating_sub(self.budget.remaining());
        count(&mut self.members, target, steps, |limit| MemberIndex::new(btf, within, limit));
        found
    }

    /// Selects those of many candidates that may have the first member of a field. Returns `None` if all are
    /// to be searched.
    pub(crate) fn select(
        &mut self,
        local: &LocalSpec<'a>,
        target: &Target<'a>,
        candidates: Remaining<'_>,
    ) -> Result<Option<Selection>, Cause> {
        self.first_members.select(local, target, candidates, &mut self.budget)
    }

    /// Finds the index of the first enumerator with an essential name in an enum of the target.
    ///
    /// # Errors
    /// [`Cause::TooComplex`].
    pub fn find_enumerator(
        &mut self,
        within: Type<'a>,
        essential: &[u8],
    ) -> Result<Option<u32>, Cause> {
        self.enumerator(within.btf(), within, essential)
    }

    /// Finds an enumerator as [`Session::find_enumerator`] does. All names belong to `btf`.
    pub(super) fn enumerator(
        &mut self,
        btf: &'a Btf<'a>,
        within: Type<'a>,
        essential: &[u8],
    ) -> Result<Option<u32>, Cause> {
        let target = TargetType { btf, type_id: within.id() };
        if let Some(index) = indexed(&self.enumerators, target) {
            self.budget.spend(1)?;
            self.budget.spend_name(essential)?;
            return Ok(index.find(btf, within, essential));
        }
        let before = self.budget.remaining();
        let found = find_enumerator(btf, within, essential, &mut self.budget);
        let steps = before.saturating_sub(self.budget.remaining());
        count(&mut self.enumerators, target, steps, |limit| {
            EnumeratorIndex::new(btf, within, limit)
        });
        found
    }

    /// Compares a candidate with a local root type: returns `true` if it matches, for type_matches, or is
    /// compatible, for the other type-based kinds.
    pub(super) fn compare(
        &mut self,
        kind: RelocKind,
        sides: Sides<'_>,
        local: TypeId,
        target: TargetType<'a>,
    ) -> Result<bool, Cause> {
        let is_match = kind == RelocKind::TypeMatches;
        let comparison = Comparison { local, target, is_match };
        if let Some(known) = self.comparisons.get(&comparison) {
            return known.clone();
        }
        let before = self.budget.remaining();
        let budget = &mut self.budget;
        let outcome = if is_match {
            matching::types_match(sides, local, target.type_id, budget)
        } else {
            compatible::types_are_compatible(sides, local, target.type_id, budget)
        };
        // A comparison within the steps of one relocation is fast enough to be repeated.
        let steps = before.saturating_sub(self.budget.remaining());
        if steps > STEPS_PER_RELOCATION && outcome != Err(Cause::TooComplex) {
            self.comparisons.insert(comparison, outcome.clone());
        }
        outcome
    }
}

/// Returns the index of a type, if it has one.
fn indexed<'s, 'a, T>(
    searches: &'s IndexMap<TargetType<'a>, SearchState<T>, IdHasher>,
    target: TargetType<'a>,
) -> Option<&'s T> {
    // Most sessions do not search any large type.
    if searches.is_empty() {
        return None;
    }
    match searches.get(&target) {
        Some(SearchState::Indexed(index)) => Some(index),
        _ => None,
    }
}

/// Counts the steps of a search in a type, and at times attempts to build an index. That succeeds if there
/// were at least [`INDEXED_AFTER`] steps for each of the type's members.
fn count<'a, T>(
    searches: &mut IndexMap<TargetType<'a>, SearchState<T>, IdHasher>,
    target: TargetType<'a>,
    steps: u64,
    index: impl FnOnce(usize) -> Option<T>,
) {
    /// The number of steps below which a search is not counted.
    const LEAST: u64 = 64;
    if steps < LEAST {
        return;
    }
    let search = searches
        .entry(target)
        .or_insert(SearchState::Counted { steps: 0, next: LEAST.saturating_mul(INDEXED_AFTER) });
    if let SearchState::Counted { steps: all, next } = search {
        *all = all.saturating_add(steps);
        if *all >= *next {
            *next = all.saturating_mul(2);
            let limit = usize::try_from(all.checked_div(INDEXED_AFTER).unwrap_or(0));
            if let Some(index) = index(limit.unwrap_or(usize::MAX)) {
                *search = SearchState::Indexed(index);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{format, vec::Vec};

    use btf_types::{ByteOrder, IntEncoding, Kind, build::Builder};

    use super::*;

    /// Returns `struct s` and `enum s` with members and enumerators `m0`, `m1`, …
    fn many(count: u32) -> Vec<u8> {
        let mut btf = Builder::new(ByteOrder::Little);
        let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
        let mut composite = btf.structure("s", 4 * count);
        for position in 0..count {
            composite = composite.member(format!("m{position}"), int, 32 * position);
        }
        composite.finish();
        let mut enumeration = btf.enumeration("s", 4);
        for value in 0..count {
            enumeration = enumeration.enumerator(format!("m{value}"), value);
        }
        enumeration.finish();
        btf.finish().unwrap()
    }

    /// Returns the steps of each of 90 searches for the last member, and for the last enumerator; and the
    /// number of types whose searches were counted.
    fn search(count: u32) -> ([Vec<u64>; 2], [usize; 2]) {
        let bytes = many(count);
        let btf = Btf::parse(&bytes).unwrap();
        let mut session = Session::new(Budget::for_input(0));
        let name = format!("m{}\0", count - 1);
        let composite = btf.find("s", Kind::Struct).unwrap();
        let enumeration = btf.find("s", Kind::Enum).unwrap();
        let mut steps = [Vec::new(), Vec::new()];
        for _ in 0..90 {
            let mut path = AccessPath::default();
            let before = session.budget.remaining();
            let found = session.member(&btf, composite, name.as_bytes(), &mut path).unwrap();
            steps[0].push(before - session.budget.remaining());
            assert_eq!((found.unwrap().index, &*path), (count - 1, &[count - 1][..]));

            let before = session.budget.remaining();
            let essential = name.trim_end_matches('\0').as_bytes();
            let found = session.find_enumerator(enumeration, essential).unwrap();
            steps[1].push(before - session.budget.remaining());
            assert_eq!(found, Some(count - 1));
        }
        (steps, [session.members.len(), session.enumerators.len()])
    }

    #[test]
    fn a_type_that_is_searched_repeatedly_gets_an_index() {
        // An index is attempted after 64 · 64 steps, which is after 41 searches of 100 steps, and again
        // after twice as many: then there are 64 for each of the 100 members.
        let (steps, counted) = search(100);
        let expected = [[100; 82].as_slice(), &[1; 8]].concat();
        assert_eq!(steps, [expected.clone(), expected]);
        assert_eq!(counted, [1, 1]);

        // Searches of fewer than 64 steps are not counted.
        assert_eq!(search(64).1, [1, 1]);
        let (steps, counted) = search(63);
        assert_eq!(steps, [[63; 90], [63; 90]]);
        assert_eq!(counted, [0, 0]);
    }

    /// Returns a typedef of a prototype with `params` parameters.
    fn prototype(params: u32) -> Vec<u8> {
        let mut btf = Builder::new(ByteOrder::Little);
        let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
        let mut prototype = btf.func_proto(int);
        for position in 0..params {
            prototype = prototype.param(format!("p{position}"), int);
        }
        let prototype = prototype.finish();
        btf.typedef("t", prototype);
        btf.finish().unwrap()
    }

    /// Compares a type with itself with a number of steps left. Returns the outcome and the steps taken.
    fn test<'a>(
        session: &mut Session<'a>,
        btf: &'a Btf<'a>,
        kind: RelocKind,
        left: usize,
    ) -> (Result<bool, Cause>, u64) {
        session.budget = Budget::for_input(0);
        let all = usize::try_from(session.budget.remaining()).unwrap();
        session.budget.spend(all - left).unwrap();
        let type_id = btf.find("t", Kind::Typedef).unwrap().id();
        let sides = Sides { local: btf, target: btf };
        let outcome = session.compare(kind, sides, type_id, TargetType { btf, type_id });
        (outcome, left as u64 - session.budget.remaining())
    }

    #[test]
    fn comparisons_that_exceed_the_steps_of_a_relocation_are_remembered() {
        let mut remembered = 0;
        for params in 1000..1040 {
            let bytes = prototype(params);
            let btf = Btf::parse(&bytes).unwrap();
            let mut session = Session::new(Budget::for_input(0));
            let (outcome, steps) = test(&mut session, &btf, RelocKind::TypeExists, 10_000);
            assert_eq!(outcome, Ok(true));
            // Each parameter is a step, and there are a few more.
            assert!((u64::from(params)..u64::from(params) + 10).contains(&steps));
            let again = if steps > 1024 { 0 } else { steps };
            assert_eq!(test(&mut session, &btf, RelocKind::TypeExists, 10_000), (Ok(true), again));
            remembered += usize::from(again == 0);
            // The other comparison is remembered separately.
            assert_ne!(test(&mut session, &btf, RelocKind::TypeMatches, 10_000).1, 0);
        }
        assert!((1..40).contains(&remembered));
    }

    #[test]
    fn running_out_of_steps_is_not_remembered() {
        let bytes = prototype(5000);
        let btf = Btf::parse(&bytes).unwrap();
        let mut session = Session::new(Budget::for_input(0));
        let complex = (Err(Cause::TooComplex), 2000);
        assert_eq!(test(&mut session, &btf, RelocKind::TypeExists, 2000), complex);
        assert_eq!(test(&mut session, &btf, RelocKind::TypeExists, 10_000).0, Ok(true));
    }
}
