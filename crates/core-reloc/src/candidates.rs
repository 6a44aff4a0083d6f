//! The candidates of each local root type, and how they narrow.
//!
//! Follows libbpf's `bpf_core_find_cands` and `bpf_core_add_cands` (BSD-2-Clause option), which scan all
//! types of the target for every root type. Here the root types share one pass, or an index.

mod candidate;
mod enumerators;
mod index;
mod key;
mod scan;
mod scope;

use alloc::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    vec,
    vec::Vec,
};
use core::ops::Range;

use btf_types::{Btf, Type, TypeId};
use indexmap::IndexMap;

pub use self::candidate::Candidate;
pub(crate) use self::{enumerators::EnumeratorNames, index::NameIndex, key::NameKey, scope::Scope};
use crate::{
    budget::Budget, error::Cause, limits::STEPS_PER_KEPT_CANDIDATE, names::hash::IdHasher,
    shared::Shared,
};

/// The candidates of the root types of one object.
#[derive(Debug)]
pub(crate) struct Candidates<'a> {
    local: &'a Btf<'a>,
    /// The modules are searched if the main BTF has no candidate.
    main: Scope<'a>,
    modules: Scope<'a>,
    /// The number of each key that was searched for. Flavors of one name share a key.
    numbers: BTreeMap<NameKey<'a>, u32>,
    /// The candidates of each number, as a range of `found`.
    groups: Vec<Range<u32>>,
    found: Vec<Candidate>,
    /// The number of each root type.
    roots: IndexMap<TypeId, u32, IdHasher>,
    /// The latest root type with its number; the next relocation usually has the same.
    last: Option<(TypeId, u32)>,
    /// The positions of the remaining candidates of a root type, if not all remain.
    narrowed: IndexMap<TypeId, Shared<[u32]>, IdHasher>,
    /// The lists in `narrowed`: flavors of one name usually narrow to the same candidates.
    lists: BTreeSet<Shared<[u32]>>,
}

/// The remaining candidates of a root type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Remaining<'c> {
    /// The number of the group.
    group: u32,
    found: &'c [Candidate],
    narrowed: Option<&'c Shared<[u32]>>,
}

impl<'a> Candidates<'a> {
    pub(crate) fn new(local: &'a Btf<'a>, main: Scope<'a>, modules: Scope<'a>) -> Self {
        Self {
            local,
            main,
            modules,
            numbers: BTreeMap::new(),
            groups: Vec::new(),
            found: Vec::new(),
            roots: IndexMap::default(),
            last: None,
            narrowed: IndexMap::default(),
            lists: BTreeSet::new(),
        }
    }

    /// Finds the candidates of many root types at once. Root types that are known or have no name are
    /// skipped.
    pub(crate) fn find_all(&mut self, roots: impl IntoIterator<Item = TypeId>) {
        let mut new = Vec::new();
        for root in roots {
            if self.roots.contains_key(&root) {
                continue;
            }
            let Ok(key) = self.key(root) else { continue };
            // The number is set below.
            let (position, _) = self.roots.insert_full(root, u32::MAX);
            new.push((key, position));
        }
        // In this order each key is found, or inserted, next to the one before.
        new.sort_unstable();
        let mut keys = Vec::new();
        for (key, position) in new {
            let number = match self.numbers.entry(key) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => {
                    let number = self.groups.len().saturating_add(keys.len());
                    keys.push(key);
                    *new.insert(u32::try_from(number).unwrap_or(u32::MAX))
                }
            };
            if let Some((_, slot)) = self.roots.get_index_mut(position) {
                *slot = number;
            }
        }
        self.search(&keys);
    }

    /// Returns the candidates of a root type.
    pub(crate) fn of(&mut self, root: TypeId) -> Result<Remaining<'_>, Cause> {
        let number = match self.last {
            Some((last, number)) if last == root => number,
            _ => self.number(root)?,
        };
        // Most objects narrow no candidates.
        let narrowed = if self.narrowed.is_empty() { None } else { self.narrowed.get(&root) };
        Ok(Remaining { group: number, found: self.group(number), narrowed })
    }

    /// Returns the number of a root type, and finds its candidates first if they are not known.
    fn number(&mut self, root: TypeId) -> Result<u32, Cause> {
        let number = match self.roots.get(&root) {
            Some(number) => *number,
            None => {
                self.key(root)?;
                self.find_all([root]);
                self.roots.get(&root).copied().unwrap_or(u32::MAX)
            }
        };
        self.last = Some((root, number));
        Ok(number)
    }

    /// Keeps only the candidates of a root type at the given positions. Charges the budget for a list that
    /// no other root type has.
    pub(crate) fn narrow(
        &mut self,
        root: TypeId,
        remaining: &[u32],
        budget: &mut Budget,
    ) -> Result<(), Cause> {
        let list = match self.lists.get(remaining) {
            Some(known) => known.clone(),
            None => {
                budget.spend(remaining.len().saturating_mul(STEPS_PER_KEPT_CANDIDATE))?;
                let list: Shared<[u32]> = remaining.into();
                self.lists.insert(list.clone());
                list
            }
        };
        self.narrowed.insert(root, list);
        Ok(())
    }

    /// Adds a module, and searches it for the candidates of the root types that have none.
    pub(crate) fn add_module(&mut self, btf: &'a Btf<'a>) {
        self.modules.add(btf);
        let numbers = self.numbers.iter().filter(|(_, number)| self.group(**number).is_empty());
        let missing: Vec<(NameKey<'a>, u32)> =
            numbers.map(|(key, number)| (*key, *number)).collect();
        let keys: Vec<NameKey<'a>> = missing.iter().map(|(key, _)| *key).collect();
        let mut found = Found::new(keys.len());
        self.search_modules(&keys, 0..u32::try_from(keys.len()).unwrap_or(u32::MAX), &mut found);
        let mut groups = Vec::with_capacity(keys.len());
        found.append_to(&mut self.found, &mut groups);
        for ((_, number), group) in missing.into_iter().zip(groups) {
            if let Some(slot) = self.groups.get_mut(number as usize) {
                *slot = group;
            }
        }
    }

    /// Returns the root types without candidates, in the order in which they were searched for.
    pub(crate) fn roots_without(&self) -> impl Iterator<Item = TypeId> {
        let without = self.roots.iter().filter(|(_, number)| self.group(**number).is_empty());
        without.map(|(root, _)| *root)
    }

    fn group(&self, number: u32) -> &[Candidate] {
        let range = self.groups.get(number as usize).cloned().unwrap_or_default();
        self.found.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    fn key(&self, root: TypeId) -> Result<NameKey<'a>, Cause> {
        if root == TypeId::VOID {
            return Err(Cause::NoRoot);
        }
        let root: Type<'a> = self.local.type_by_id(root).map_err(Cause::Local)?;
        let name = root.name().map_err(Cause::Local)?;
        if name.is_empty() {
            return Err(Cause::AnonymousRoot { kind: root.kind() });
        }
        Ok(NameKey::of_root(root, name))
    }

    /// Searches the main BTF for keys, and the modules for those that it lacks. Appends a group with the
    /// candidates of each key.
    fn search(&mut self, keys: &[NameKey<'a>]) {
        let positions = 0..u32::try_from(keys.len()).unwrap_or(u32::MAX);
        let mut found = Found::new(keys.len());
        self.main.find(keys, positions.clone(), |position, _, type_id| {
            found.add(position, Candidate { type_id, module: None });
        });
        if !self.modules.is_empty() {
            self.search_modules(keys, positions, &mut found);
        }
        found.append_to(&mut self.found, &mut self.groups);
    }

    /// Searches the modules for those of the keys at some positions that were not found yet.
    fn search_modules(&mut self, keys: &[NameKey<'a>], positions: Range<u32>, found: &mut Found) {
        let missing: Vec<u32> = positions.filter(|position| found.count(*position) == 0).collect();
        self.modules.find(keys, missing.into_iter(), |position, module, type_id| {
            found.add(position, Candidate { type_id, module: u32::try_from(module).ok() });
        });
    }
}

/// The candidates found for some keys, whose positions come in any order.
struct Found {
    by_position: Vec<(u32, Candidate)>,
    /// The number of candidates of each position.
    counts: Vec<u32>,
}

impl Found {
    /// Creates an empty result for a number of keys.
    fn new(keys: usize) -> Self {
        Self { by_position: Vec::new(), counts: vec![0; keys] }
    }

    fn add(&mut self, position: u32, candidate: Candidate) {
        if let Some(count) = self.counts.get_mut(position as usize) {
            *count = count.saturating_add(1);
            self.by_position.push((position, candidate));
        }
    }

    fn count(&self, position: u32) -> u32 {
        self.counts.get(position as usize).copied().unwrap_or(0)
    }

    /// Appends each position's candidates as a group, in the order in which they were found.
    fn append_to(self, all: &mut Vec<Candidate>, groups: &mut Vec<Range<u32>>) {
        let first = all.len();
        let mut end = u32::try_from(first).unwrap_or(u32::MAX);
        // The index of the next candidate of each position.
        let mut next = self.counts;
        for count in &mut next {
            let start = end;
            end = end.saturating_add(*count);
            groups.push(start..end);
            *count = start;
        }
        let unset = Candidate { type_id: TypeId::VOID, module: None };
        all.resize(first.saturating_add(self.by_position.len()), unset);
        for (position, candidate) in self.by_position {
            if let Some(next) = next.get_mut(position as usize) {
                if let Some(slot) = all.get_mut(*next as usize) {
                    *slot = candidate;
                }
                *next = next.saturating_add(1);
            }
        }
    }
}

impl<'c> Remaining<'c> {
    /// Returns the number of candidates.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.narrowed.map_or(self.found.len(), |narrowed| narrowed.len())
    }

    /// Returns the candidate at an index, with its position among the original candidates.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<(u32, Candidate)> {
        let position = match self.narrowed {
            None => u32::try_from(index).ok()?,
            Some(narrowed) => *narrowed.get(index)?,
        };
        Some((position, *self.found.get(position as usize)?))
    }

    /// Returns the candidate at an index, with its position among the original candidates: of all that
    /// remain, or only of those at some positions.
    #[inline]
    pub(crate) fn nth(&self, index: usize, positions: Option<&[u32]>) -> Option<(u32, Candidate)> {
        let Some(positions) = positions else { return self.get(index) };
        let position = *positions.get(index)?;
        Some((position, *self.found.get(position as usize)?))
    }

    /// Returns the original candidates.
    pub(crate) fn original(&self) -> &'c [Candidate] {
        self.found
    }

    /// Returns the positions that remain among the original candidates; `None` if all remain.
    pub(crate) fn positions(&self) -> Option<&'c Shared<[u32]>> {
        self.narrowed
    }

    /// Returns the number of the group of root types whose original candidates these are.
    pub(crate) fn group(&self) -> u32 {
        self.group
    }

    /// Iterates over the candidates, each with its position among the original candidates.
    #[inline]
    pub(crate) fn iter(self) -> impl Iterator<Item = (u32, Candidate)> + 'c {
        (0..self.len()).map_while(move |index| self.get(index))
    }

    /// Returns the candidate if there is exactly one.
    #[inline]
    pub(crate) fn only(&self) -> Option<Candidate> {
        (self.len() == 1).then(|| self.get(0))?.map(|(_, candidate)| candidate)
    }
}
