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
        step::Steps,
    },
};

/// Searches in types of the target, and tests of them, that get quicker where they are repeated.
///
/// What comes of them is the same as if every one were done by itself.
#[derive(Debug)]
pub(crate) struct Work<'a> {
    pub(crate) budget: Budget,
    pub(crate) steps: Steps<'a>,
    members: IndexMap<TargetType, Searches<MemberIndex>, IdHasher>,
    enumerators: IndexMap<TargetType, Searches<EnumeratorIndex>, IdHasher>,
    tests: BTreeMap<Test, Result<bool, Cause>>,
}

/// A type of the target: through which module's BTF it is looked at, if not through the main one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TargetType {
    pub(crate) module: Option<u32>,
    pub(crate) type_id: TypeId,
}

/// A test of a local root type and a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Test {
    local: TypeId,
    target: TargetType,
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

impl<'a> Work<'a> {
    pub(crate) fn new(budget: Budget) -> Self {
        Self {
            budget,
            steps: Steps::default(),
            members: IndexMap::default(),
            enumerators: IndexMap::default(),
            tests: BTreeMap::new(),
        }
    }

    /// Looks for a member by its name with NUL. If it is found, the path leads to it.
    pub(crate) fn member<'b>(
        &mut self,
        module: Option<u32>,
        btf: &'b Btf<'b>,
        within: Type<'b>,
        name: &[u8],
        path: &mut AccessPath,
    ) -> Result<Option<Found>, Cause> {
        let target = TargetType { module, type_id: within.id() };
        if let Some(index) = indexed(&self.members, target) {
            let name = Name::new(name.strip_suffix(&[0]).unwrap_or(name));
            self.budget.spend(1)?;
            self.budget.spend_name(name)?;
            return index.find(btf, name, path);
        }
        let before = self.budget.left();
        let found = MemberSearch::new(btf, name, path, &mut self.budget).find(within);
        let steps = before.saturating_sub(self.budget.left());
        count(&mut self.members, target, steps, |most| MemberIndex::new(btf, within, most));
        found
    }

    /// Looks for an enumerator by its essential name; its index.
    pub(crate) fn enumerator<'b>(
        &mut self,
        module: Option<u32>,
        btf: &'b Btf<'b>,
        within: Type<'b>,
        essential: &[u8],
    ) -> Result<Option<u32>, Cause> {
        let target = TargetType { module, type_id: within.id() };
        if let Some(index) = indexed(&self.enumerators, target) {
            self.budget.spend(1)?;
            self.budget.spend_name(Name::new(essential))?;
            return Ok(index.find(btf, within, essential));
        }
        let before = self.budget.left();
        let found = find_enumerator(btf, within, essential, &mut self.budget);
        let steps = before.saturating_sub(self.budget.left());
        count(&mut self.enumerators, target, steps, |most| EnumeratorIndex::new(btf, within, most));
        found
    }

    /// Tests whether a candidate matches a local root type, or, for the other type-based kinds,
    /// whether it is compatible.
    pub(crate) fn test(
        &mut self,
        kind: RelocKind,
        sides: Sides<'_>,
        local: TypeId,
        target: TargetType,
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
fn indexed<T>(
    searches: &IndexMap<TargetType, Searches<T>, IdHasher>,
    target: TargetType,
) -> Option<&T> {
    // Most sessions search nothing that is large.
    if searches.is_empty() {
        return None;
    }
    match searches.get(&target) {
        Some(Searches::Indexed(index)) => Some(index),
        _ => None,
    }
}

/// Counts the steps of a search. When they are many for each member that the type may have, an index
/// is made, unless it turns out to be larger.
fn count<T>(
    searches: &mut IndexMap<TargetType, Searches<T>, IdHasher>,
    target: TargetType,
    steps: u64,
    index: impl FnOnce(usize) -> Option<T>,
) {
    /// Searches of fewer steps are left alone.
    const LEAST: u64 = 64;
    if steps < LEAST {
        return;
    }
    let searches = searches
        .entry(target)
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

#[cfg(test)]
mod tests {
    use std::{format, vec::Vec};

    use btf_types::{ByteOrder, IntEncoding, Kind, build::Builder};

    use super::*;

    /// `struct s` and `enum s` of so many members and enumerators `m0`, `m1`, …
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

    /// The steps that each of 90 searches for the last member takes, and then for the last
    /// enumerator; and whether they were counted.
    fn search(count: u32) -> ([Vec<u64>; 2], [usize; 2]) {
        let bytes = many(count);
        let btf = Btf::parse(&bytes).unwrap();
        let mut work = Work::new(Budget::for_input(0));
        let name = format!("m{}\0", count - 1);
        let composite = btf.find("s", Kind::Struct).unwrap();
        let enumeration = btf.find("s", Kind::Enum).unwrap();
        let mut steps = [Vec::new(), Vec::new()];
        for _ in 0..90 {
            let mut path = AccessPath::default();
            let before = work.budget.left();
            let found = work.member(None, &btf, composite, name.as_bytes(), &mut path).unwrap();
            steps[0].push(before - work.budget.left());
            assert_eq!((found.unwrap().index, &*path), (count - 1, &[count - 1][..]));

            let before = work.budget.left();
            let essential = name.trim_end_matches('\0').as_bytes();
            let found = work.enumerator(None, &btf, enumeration, essential).unwrap();
            steps[1].push(before - work.budget.left());
            assert_eq!(found, Some(count - 1));
        }
        (steps, [work.members.len(), work.enumerators.len()])
    }

    #[test]
    fn what_is_searched_again_and_again_gets_an_index() {
        // An index is tried after 64 · 64 steps, which are 41 searches of 100 each, and twice as
        // many: then there are 64 for each of the 100.
        let (steps, counted) = search(100);
        let expected = [[100; 82].as_slice(), &[1; 8]].concat();
        assert_eq!(steps, [expected.clone(), expected]);
        assert_eq!(counted, [1, 1]);

        // Searches of fewer than 64 steps are left alone.
        assert_eq!(search(64).1, [1, 1]);
        let (steps, counted) = search(63);
        assert_eq!(steps, [[63; 90], [63; 90]]);
        assert_eq!(counted, [0, 0]);
    }

    /// A typedef of a prototype of so many parameters.
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

    /// What comes of testing a type against itself with so many steps left, and how many it takes.
    fn test(
        work: &mut Work<'_>,
        btf: &Btf<'_>,
        kind: RelocKind,
        left: usize,
    ) -> (Result<bool, Cause>, u64) {
        work.budget = Budget::for_input(0);
        let all = usize::try_from(work.budget.left()).unwrap();
        work.budget.spend(all - left).unwrap();
        let type_id = btf.find("t", Kind::Typedef).unwrap().id();
        let sides = Sides { local: btf, target: btf };
        let outcome = work.test(kind, sides, type_id, TargetType { module: None, type_id });
        (outcome, left as u64 - work.budget.left())
    }

    #[test]
    fn what_takes_more_than_a_relocation_may_is_remembered() {
        let mut remembered = 0;
        for params in 1000..1040 {
            let bytes = prototype(params);
            let btf = Btf::parse(&bytes).unwrap();
            let mut work = Work::new(Budget::for_input(0));
            let (outcome, steps) = test(&mut work, &btf, RelocKind::TypeExists, 10_000);
            assert_eq!(outcome, Ok(true));
            // A parameter is a step, and there are a few more.
            assert!((u64::from(params)..u64::from(params) + 10).contains(&steps));
            let again = if steps > 1024 { 0 } else { steps };
            assert_eq!(test(&mut work, &btf, RelocKind::TypeExists, 10_000), (Ok(true), again));
            remembered += usize::from(again == 0);
            // The other test is another one.
            assert_ne!(test(&mut work, &btf, RelocKind::TypeMatches, 10_000).1, 0);
        }
        assert!((1..40).contains(&remembered));
    }

    #[test]
    fn running_out_of_steps_is_not_remembered() {
        let bytes = prototype(5000);
        let btf = Btf::parse(&bytes).unwrap();
        let mut work = Work::new(Budget::for_input(0));
        let complex = (Err(Cause::TooComplex), 2000);
        assert_eq!(test(&mut work, &btf, RelocKind::TypeExists, 2000), complex);
        assert_eq!(test(&mut work, &btf, RelocKind::TypeExists, 10_000).0, Ok(true));
    }
}
