//! The candidates of each local root type, and how they narrow.
//!
//! Follows libbpf's `bpf_core_find_cands` and `bpf_core_add_cands` (BSD-2-Clause option), which
//! scan all types of the target for every root type; here the root types share one pass, or an
//! index.

pub(crate) mod index;

use alloc::{vec, vec::Vec};

use btf_types::{Btf, Type, TypeId};
use indexmap::{IndexMap, map::Entry};
use smallvec::SmallVec;

use crate::{
    error::Cause,
    hash::IdHasher,
    target::{Candidate, Target},
};

use self::index::{Wanted, scan};

/// The candidates of the root types of one object.
#[derive(Debug)]
pub(crate) struct Candidates<'a> {
    local: &'a Btf<'a>,
    target: &'a Target<'a>,
    /// The candidates of each name and kind, which flavors of one name share.
    found: IndexMap<Wanted<'a>, Vec<Candidate>, IdHasher>,
    roots: IndexMap<TypeId, Root, IdHasher>,
}

/// The candidates that one root type still has.
#[derive(Debug)]
enum Root {
    /// All that were found, by their position in [`Candidates::found`].
    All(usize),
    /// Those that matched every relocation which some candidate matched.
    Narrowed(SmallVec<[Candidate; 2]>),
}

impl<'a> Candidates<'a> {
    pub(crate) fn new(local: &'a Btf<'a>, target: &'a Target<'a>) -> Self {
        Self { local, target, found: IndexMap::default(), roots: IndexMap::default() }
    }

    /// Looks for the candidates of many root types at once. Those that are known, or have no name,
    /// are passed over.
    pub(crate) fn find_all(&mut self, roots: impl IntoIterator<Item = TypeId>) {
        let mut wanted = Vec::new();
        for root in roots {
            if self.roots.contains_key(&root) {
                continue;
            }
            let Ok(wants) = self.wanted(root) else { continue };
            let position = match self.found.entry(wants) {
                Entry::Occupied(entry) => entry.index(),
                Entry::Vacant(entry) => {
                    wanted.push(wants);
                    let position = entry.index();
                    entry.insert(Vec::new());
                    position
                }
            };
            self.roots.insert(root, Root::All(position));
        }
        self.search(&wanted);
    }

    /// The candidates of a root type.
    pub(crate) fn of(&mut self, root: TypeId) -> Result<&[Candidate], Cause> {
        let position = match self.roots.get_index_of(&root) {
            Some(position) => position,
            None => {
                self.wanted(root)?;
                self.find_all([root]);
                self.roots.len().saturating_sub(1)
            }
        };
        Ok(match self.roots.get_index(position) {
            Some((_, Root::All(position))) => {
                self.found.get_index(*position).map_or(&[], |(_, found)| found.as_slice())
            }
            Some((_, Root::Narrowed(left))) => left,
            None => &[],
        })
    }

    /// Keeps only these candidates of a root type.
    pub(crate) fn narrow(&mut self, root: TypeId, left: SmallVec<[Candidate; 2]>) {
        self.roots.insert(root, Root::Narrowed(left));
    }

    /// The root types that nothing was found for, in the order in which they were asked for.
    pub(crate) fn roots_without(&self) -> impl Iterator<Item = TypeId> {
        self.roots.iter().filter_map(|(root, candidates)| match candidates {
            Root::All(position) => {
                let (_, found) = self.found.get_index(*position)?;
                found.is_empty().then_some(*root)
            }
            Root::Narrowed(_) => None,
        })
    }

    fn wanted(&self, root: TypeId) -> Result<Wanted<'a>, Cause> {
        let root: Type<'a> = self.local.type_by_id(root).map_err(Cause::Local)?;
        let name = root.name().map_err(Cause::Local)?;
        if name.is_empty() {
            return Err(Cause::AnonymousRoot { kind: root.kind() });
        }
        Ok(Wanted::by(root, name))
    }

    /// Fills in what is wanted: from the main BTF, and what that does not have, from the modules.
    fn search(&mut self, wanted: &[Wanted<'a>]) {
        if wanted.is_empty() {
            return;
        }
        let mut found = vec![Vec::new(); wanted.len()];
        self.search_main(wanted, &mut found);

        let positions: Vec<usize> =
            (0..).zip(&found).filter(|(_, found)| found.is_empty()).map(|(at, _)| at).collect();
        if !positions.is_empty() && !self.target.modules().is_empty() {
            let missing: Vec<Wanted<'a>> =
                positions.iter().filter_map(|position| wanted.get(*position)).copied().collect();
            for (module, module_btf) in (0..).zip(self.target.modules()) {
                scan(module_btf.btf, &missing, |position, type_id| {
                    let list =
                        positions.get(position).and_then(|position| found.get_mut(*position));
                    if let Some(list) = list {
                        list.push(Candidate { type_id, module: Some(module) });
                    }
                });
            }
        }
        for (wanted, found) in wanted.iter().zip(found) {
            self.found.insert(*wanted, found);
        }
    }

    fn search_main(&self, wanted: &[Wanted<'a>], found: &mut [Vec<Candidate>]) {
        let main = self.target.main();
        let candidate = |type_id| Candidate { type_id, module: None };
        let mut scanned = Vec::new();
        let mut positions = Vec::new();
        for ((position, wanted), list) in (0_usize..).zip(wanted).zip(found.iter_mut()) {
            match self.target.index().and_then(|index| index.find(main, *wanted)) {
                Some(ids) => list.extend(ids.map(candidate)),
                None => {
                    scanned.push(*wanted);
                    positions.push(position);
                }
            }
        }
        if !scanned.is_empty() {
            scan(main, &scanned, |position, type_id| {
                let list = positions.get(position).and_then(|position| found.get_mut(*position));
                if let Some(list) = list {
                    list.push(candidate(type_id));
                }
            });
        }
    }
}
