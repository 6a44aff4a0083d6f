//! Searches a candidate for the fields and enumerators that relocations want, and keeps them.

use std::collections::{BTreeMap, BTreeSet};

use btf_types::{Type, TypeId};
use core_reloc::{
    AccessPath, Cause, budget::Budget, essential_name, limits::MAX_PATH_LEN, spec::Session,
};

use super::{
    kept::{KeptSide, strip},
    wanted::{NodeId, Wanted},
};

/// The search of one candidate for what is wanted.
pub(super) struct Walk<'k, 'a, 'l> {
    session: &'k mut Session<'a>,
    side: KeptSide<'k, 'a>,
    wanted: &'k Wanted<'l>,
    /// The types that were searched, each for what a node wants.
    seen: BTreeSet<(NodeId, TypeId)>,
    open: Vec<(NodeId, Type<'a>)>,
}

impl<'k, 'a, 'l> Walk<'k, 'a, 'l> {
    pub(super) fn new(
        session: &'k mut Session<'a>,
        side: KeptSide<'k, 'a>,
        wanted: &'k Wanted<'l>,
    ) -> Self {
        Self { session, side, wanted, seen: BTreeSet::new(), open: Vec::new() }
    }

    /// Keeps what is wanted of a candidate, whose modifiers and typedefs are stripped. When no steps are
    /// left, what was found is kept.
    pub(super) fn keep(mut self, ty: Type<'a>) -> Result<(), Cause> {
        self.keep_enumerators(ty)?;
        self.keep_fields(ty)
    }

    /// Keeps the enumerators that are wanted: the first of each essential name.
    fn keep_enumerators(&mut self, ty: Type<'a>) -> Result<(), Cause> {
        let wanted = &self.wanted.enumerators;
        if wanted.len() <= ty.enumerators().len() {
            for name in wanted {
                if let Some(index) = self.session.find_enumerator(ty, name)? {
                    self.side.entry(ty, index);
                }
            }
            return Ok(());
        }
        let mut found = BTreeSet::new();
        for (index, enumerator) in (0..).zip(ty.enumerators()) {
            self.session.budget().spend(1)?;
            let Ok(name) = enumerator.name() else { continue };
            self.session.budget().spend_name(&name)?;
            let name = essential_name(name.as_bytes());
            if wanted.contains(name) && found.insert(name) {
                self.side.entry(ty, index);
            }
        }
        Ok(())
    }

    /// Keeps the members that are wanted, of a type and of the types that they lead to.
    fn keep_fields(&mut self, ty: Type<'a>) -> Result<(), Cause> {
        self.open.push((NodeId::ROOT, ty));
        while let Some((at, ty)) = self.open.pop() {
            self.session.budget().spend(1)?;
            let Some(node) = self.wanted.node(at) else { continue };
            if !self.seen.insert((at, ty.id())) {
                continue;
            }
            let element = ty.array().and_then(|array| ty.btf().type_by_id(array.element).ok());
            if let (Some(at), Some(element)) = (node.element, element.and_then(strip)) {
                self.open.push((at, element));
            }
            // The smaller one is searched in the other.
            if node.members.len() <= ty.members().len() {
                for (name, at) in &node.members {
                    let mut path = AccessPath::default();
                    match self.session.find_member(ty, name, &mut path) {
                        Ok(Some(_)) => self.keep_member(ty, &path, *at),
                        Ok(None) => {}
                        Err(Cause::TooComplex) => return Err(Cause::TooComplex),
                        // Other fields may be found before the error.
                        Err(_) => {}
                    }
                }
            } else if !node.members.is_empty() {
                let mut visit = Visit {
                    wanted: &node.members,
                    budget: self.session.budget(),
                    path: Vec::new(),
                    entered: BTreeSet::from([ty.id()]),
                    found: BTreeMap::new(),
                };
                let visited = visit.members(ty);
                let found = visit.found;
                found.into_iter().for_each(|(at, path)| self.keep_member(ty, &path, at));
                if visited == Err(Cause::TooComplex) {
                    return visited;
                }
            }
        }
        Ok(())
    }

    /// Keeps the members on a path, and searches the type of the last one for what its node wants.
    fn keep_member(&mut self, within: Type<'a>, path: &[u32], at: NodeId) {
        let mut owner = Some(within);
        let mut last = None;
        for index in path {
            let Some(within) = owner else { return };
            self.side.entry(within, *index);
            last = Some((within, *index));
            let member = within.members().get(*index as usize);
            owner = member.and_then(|member| strip(member.ty().ok()?));
        }
        let (Some(ty), Some((within, index))) = (owner, last) else { return };
        // An array without elements is flexible if it is the last member. It must not become the last one.
        let is_indexed = self.wanted.node(at).is_some_and(|node| node.element.is_some());
        if is_indexed
            && ty.array().is_some_and(|array| array.len == 0)
            && let Some(next) = index.checked_add(1).filter(|next| *next < within.vlen())
        {
            self.side.entry(within, next);
        }
        self.open.push((at, ty));
    }
}

/// A search for many members at once, which visits members in the order of a search for one.
struct Visit<'v, 'l> {
    wanted: &'v BTreeMap<&'l [u8], NodeId>,
    budget: &'v mut Budget,
    path: Vec<u32>,
    /// The structs and unions that were entered. Entered again, they have no new names.
    entered: BTreeSet<TypeId>,
    /// The path to the first member of each name.
    found: BTreeMap<NodeId, Vec<u32>>,
}

impl Visit<'_, '_> {
    fn members(&mut self, ty: Type<'_>) -> Result<(), Cause> {
        for (index, member) in (0..).zip(ty.members()) {
            self.budget.spend(1)?;
            if self.path.len() >= MAX_PATH_LEN {
                return Err(Cause::TooDeep);
            }
            self.path.push(index);
            let name = member.name().unwrap_or_default();
            if name.is_empty() {
                let ty = member.ty().and_then(Type::skip_modifiers_and_typedefs);
                let ty = ty.map_err(Cause::Target)?;
                if self.entered.insert(ty.id()) {
                    self.members(ty)?;
                }
            } else {
                self.budget.spend_name(&name)?;
                if let Some(at) = self.wanted.get(name.as_bytes()) {
                    self.found.entry(*at).or_insert_with(|| self.path.clone());
                }
            }
            self.path.pop();
        }
        Ok(())
    }
}
