//! The candidates of each local root type, and how they narrow.
//!
//! Follows libbpf's `bpf_core_find_cands` and `bpf_core_add_cands` (BSD-2-Clause option), which
//! scan all types of the target for every root type; here the root types share one pass, or an
//! index.

mod buckets;
pub(crate) mod index;
mod scan;
mod tier;
mod wanted;

use alloc::{
    boxed::Box,
    collections::{BTreeMap, btree_map::Entry},
    vec,
    vec::Vec,
};
use core::ops::Range;

use btf_types::{Btf, Type, TypeId};
use indexmap::IndexMap;

use self::{tier::Tier, wanted::Wanted};
use crate::{
    error::Cause,
    hash::IdHasher,
    target::{Candidate, Target},
};

/// The candidates of the root types of one object.
#[derive(Debug)]
pub(crate) struct Candidates<'a> {
    local: &'a Btf<'a>,
    /// Where candidates are looked for: if the main BTF has none, in the modules.
    main: Tier<'a>,
    modules: Tier<'a>,
    /// The number of each name and kind that was looked for; flavors of one name share it.
    numbers: BTreeMap<Wanted<'a>, u32>,
    /// The candidates of each number, as a range of `found`.
    groups: Vec<Range<u32>>,
    found: Vec<Candidate>,
    /// The number of each root type.
    roots: IndexMap<TypeId, u32, IdHasher>,
    /// The root type that was asked for last, and its number: it is most likely the next one too.
    last: Option<(TypeId, u32)>,
    /// Of the root types that have fewer candidates left than their number: which of those.
    narrowed: IndexMap<TypeId, Box<[u32]>, IdHasher>,
}

/// The candidates that a root type still has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Left<'c> {
    found: &'c [Candidate],
    narrowed: Option<&'c [u32]>,
}

impl<'a> Candidates<'a> {
    pub(crate) fn new(local: &'a Btf<'a>, target: &'a Target<'a>) -> Self {
        Self {
            local,
            main: Tier::new([target.main()].into(), target.index()),
            modules: Tier::new(target.modules().iter().map(|module| module.btf).collect(), None),
            numbers: BTreeMap::new(),
            groups: Vec::new(),
            found: Vec::new(),
            roots: IndexMap::default(),
            last: None,
            narrowed: IndexMap::default(),
        }
    }

    /// Looks for the candidates of many root types at once. Those that are known, or have no name,
    /// are passed over.
    pub(crate) fn find_all(&mut self, roots: impl IntoIterator<Item = TypeId>) {
        let mut new = Vec::new();
        for root in roots {
            if self.roots.contains_key(&root) {
                continue;
            }
            let Ok(wants) = self.wanted(root) else { continue };
            // The number follows; the place among the root types is that of this moment.
            let (place, _) = self.roots.insert_full(root, u32::MAX);
            new.push((wants, place));
        }
        // In this order each is found, or put in, next to the one before.
        new.sort_unstable();
        let mut wanted = Vec::new();
        for (wants, place) in new {
            let number = match self.numbers.entry(wants) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => {
                    let number = self.groups.len().saturating_add(wanted.len());
                    wanted.push(wants);
                    *new.insert(u32::try_from(number).unwrap_or(u32::MAX))
                }
            };
            if let Some((_, slot)) = self.roots.get_index_mut(place) {
                *slot = number;
            }
        }
        self.search(&wanted);
    }

    /// The candidates of a root type.
    pub(crate) fn of(&mut self, root: TypeId) -> Result<Left<'_>, Cause> {
        let number = match self.last {
            Some((last, number)) if last == root => number,
            _ => self.number(root)?,
        };
        // Most objects narrow nothing.
        let narrowed = if self.narrowed.is_empty() {
            None
        } else {
            self.narrowed.get(&root).map(|left| &**left)
        };
        Ok(Left { found: self.group(number), narrowed })
    }

    /// The number of a root type, whose candidates are looked for if they are not known.
    fn number(&mut self, root: TypeId) -> Result<u32, Cause> {
        let number = match self.roots.get(&root) {
            Some(number) => *number,
            None => {
                self.wanted(root)?;
                self.find_all([root]);
                self.roots.get(&root).copied().unwrap_or(u32::MAX)
            }
        };
        self.last = Some((root, number));
        Ok(number)
    }

    /// Keeps only the candidates at these positions of a root type.
    pub(crate) fn narrow(&mut self, root: TypeId, left: Box<[u32]>) {
        self.narrowed.insert(root, left);
    }

    /// The root types that nothing was found for, in the order in which they were asked for.
    pub(crate) fn roots_without(&self) -> impl Iterator<Item = TypeId> {
        let without = self.roots.iter().filter(|(_, number)| self.group(**number).is_empty());
        without.map(|(root, _)| *root)
    }

    fn group(&self, number: u32) -> &[Candidate] {
        let range = self.groups.get(number as usize).cloned().unwrap_or_default();
        self.found.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    fn wanted(&self, root: TypeId) -> Result<Wanted<'a>, Cause> {
        let root: Type<'a> = self.local.type_by_id(root).map_err(Cause::Local)?;
        let name = root.name().map_err(Cause::Local)?;
        if name.is_empty() {
            return Err(Cause::AnonymousRoot { kind: root.kind() });
        }
        Ok(Wanted::by(root, name))
    }

    /// Looks for what is wanted in the main BTF, and for what that does not have in the modules.
    /// Each becomes the next group. What is wanted comes sorted.
    fn search(&mut self, wanted: &[Wanted<'a>]) {
        let positions = 0..u32::try_from(wanted.len()).unwrap_or(u32::MAX);
        let mut found = Found { by_position: Vec::new(), counts: vec![0; wanted.len()] };
        self.main.find(wanted, positions.clone(), |position, _, type_id| {
            found.add(position, Candidate { type_id, module: None });
        });
        if !self.modules.is_empty() {
            let missing: Vec<u32> =
                positions.filter(|position| found.count(*position) == 0).collect();
            self.modules.find(wanted, missing.into_iter(), |position, place, type_id| {
                found.add(position, Candidate { type_id, module: u32::try_from(place).ok() });
            });
        }
        found.append_to(&mut self.found, &mut self.groups);
    }
}

/// What was found of some names, whose positions come in any order.
struct Found {
    by_position: Vec<(u32, Candidate)>,
    /// How many there are of each position.
    counts: Vec<u32>,
}

impl Found {
    fn add(&mut self, position: u32, candidate: Candidate) {
        if let Some(count) = self.counts.get_mut(position as usize) {
            *count = count.saturating_add(1);
            self.by_position.push((position, candidate));
        }
    }

    fn count(&self, position: u32) -> u32 {
        self.counts.get(position as usize).copied().unwrap_or(0)
    }

    /// Makes a group of each position's, in the order in which they were found.
    fn append_to(self, all: &mut Vec<Candidate>, groups: &mut Vec<Range<u32>>) {
        let first = all.len();
        let place = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        let mut end = place(first);
        // Where the next of each position goes.
        let mut next = self.counts;
        for count in &mut next {
            let start = end;
            end = end.saturating_add(*count);
            groups.push(start..end);
            *count = start;
        }
        let nothing = Candidate { type_id: TypeId::VOID, module: None };
        all.resize(first.saturating_add(self.by_position.len()), nothing);
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

impl<'c> Left<'c> {
    /// How many there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.narrowed.map_or(self.found.len(), <[u32]>::len)
    }

    /// The candidate at an index, with its position among all that there were at first.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<(u32, Candidate)> {
        let position = match self.narrowed {
            None => u32::try_from(index).ok()?,
            Some(narrowed) => *narrowed.get(index)?,
        };
        Some((position, *self.found.get(position as usize)?))
    }

    /// The candidates in their order, each with its position among all that there were at first.
    #[inline]
    pub(crate) fn iter(self) -> impl Iterator<Item = (u32, Candidate)> + 'c {
        (0..self.len()).map_while(move |index| self.get(index))
    }

    /// The candidate, if there is just one.
    #[inline]
    pub(crate) fn only(&self) -> Option<Candidate> {
        (self.len() == 1).then(|| self.get(0))?.map(|(_, candidate)| candidate)
    }
}
