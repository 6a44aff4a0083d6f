//! Shrinking graphs, and renumbering what refers to their types.

use std::collections::BTreeMap;

use btf_types::{ByteOrder, DeclTarget, TypeId};

use super::{
    desc::{CompositeDesc, MemberDesc, Packing, TypeDesc},
    graph::{Graph, id, index},
};
use crate::strategy::{Shrink, chunks};

/// A step that makes a [`Graph`] smaller.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GraphCut {
    /// Removes consecutive types and all types and parts that need them. Pointers to them become
    /// pointers to `void`.
    Remove {
        /// The index of the first one.
        from: usize,
        /// The number of types.
        count: usize,
    },
    /// Merges the base into the graph, which is no longer split.
    Standalone,
    /// Changes the byte order to little endian.
    LittleEndian,
    /// Removes consecutive members, enumerators, parameters or variables.
    RemoveParts {
        /// The type that has them.
        of: TypeId,
        /// The index of the first one.
        from: usize,
        /// The number of parts.
        count: usize,
    },
    /// Removes a typedef, modifier or type tag, and redirects references to the type it stands for.
    Bypass(TypeId),
    /// Replaces the packing, flavor, length, values, variable arguments, result type or pointed-to
    /// type of a type by the simplest ones.
    Simplify(TypeId),
    /// Turns a bitfield into an ordinary member.
    ClearBits {
        /// The composite.
        of: TypeId,
        /// The member's index.
        member: usize,
    },
    /// Changes the type of a named member to the first INT of the graph.
    RetypeToInt {
        /// The composite.
        of: TypeId,
        /// The member's index.
        member: usize,
    },
}

/// The new ids of types, and the new indices of their parts, after a cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renumbering {
    ids: Vec<Option<TypeId>>,
    /// The new indices of the parts, for types of which some were removed.
    parts: BTreeMap<TypeId, Vec<Option<usize>>>,
}

impl Renumbering {
    fn unchanged(graph: &Graph) -> Self {
        Self {
            ids: (0..graph.types.len()).map(|at| Some(id(at))).collect(),
            parts: BTreeMap::new(),
        }
    }

    /// Returns the new id of a type; `None` if it was removed.
    pub fn id(&self, old: TypeId) -> Option<TypeId> {
        match index(old) {
            Some(index) => *self.ids.get(index)?,
            None => Some(old),
        }
    }

    /// Returns the new index of a member, enumerator, parameter or variable; `None` if it was
    /// removed. `of` is the old id of its type.
    pub fn part(&self, of: TypeId, old: usize) -> Option<usize> {
        match self.parts.get(&of) {
            Some(indices) => *indices.get(old)?,
            None => Some(old),
        }
    }

    /// Records which parts of a type are kept.
    fn keep(&mut self, of: TypeId, kept: Vec<bool>) {
        if kept.iter().all(|kept| *kept) {
            return;
        }
        let mut next = 0;
        let indices = kept.into_iter().map(|kept| {
            kept.then(|| {
                next += 1;
                next - 1
            })
        });
        self.parts.insert(of, indices.collect());
    }
}

impl Shrink for Graph {
    type Cut = GraphCut;

    fn cuts(&self) -> Vec<GraphCut> {
        let count = self.types.len();
        let mut cuts = Vec::new();
        for (from, count) in chunks(count) {
            cuts.push(GraphCut::Remove { from, count });
        }
        if self.base_len > 0 {
            cuts.push(GraphCut::Standalone);
        }
        if self.byte_order != ByteOrder::Little {
            cuts.push(GraphCut::LittleEndian);
        }
        for (of, ty) in self.iter() {
            let ranges = chunks(ty.part_count());
            cuts.extend(ranges.map(|(from, count)| GraphCut::RemoveParts { of, from, count }));
            if ty.stands_for().is_some() {
                cuts.push(GraphCut::Bypass(of));
            }
            cuts.push(GraphCut::Simplify(of));
            for (member, desc) in ty.members().iter().enumerate() {
                if desc.bits.is_some() {
                    cuts.push(GraphCut::ClearBits { of, member });
                }
                if !matches!(self.get(desc.ty), Some(TypeDesc::Int { .. })) {
                    cuts.push(GraphCut::RetypeToInt { of, member });
                }
            }
        }
        cuts
    }

    fn cut(&self, cut: &GraphCut) -> Option<Self> {
        self.reduced(cut).map(|(graph, _)| graph)
    }
}

impl Graph {
    /// Returns the graph after a cut, and the renumbering of its types and their parts; `None` if
    /// the cut changes nothing. For values that hold a graph and refer to its types.
    pub fn reduced(&self, cut: &GraphCut) -> Option<(Self, Renumbering)> {
        let mut graph = self.clone();
        let mut renumbering = Renumbering::unchanged(self);
        match cut {
            GraphCut::Remove { from, count } => {
                let removed = (0..self.types.len()).map(|at| (*from..from + count).contains(&at));
                return self.without(removed.collect());
            }
            GraphCut::Standalone => graph.base_len = 0,
            GraphCut::LittleEndian => graph.byte_order = ByteOrder::Little,
            GraphCut::RemoveParts { of, from, count } => {
                let gone = *from..from + count;
                let kept = (0..self.get(*of)?.part_count()).map(|at| !gone.contains(&at)).collect();
                graph.retain_parts(*of, kept, &mut renumbering);
            }
            GraphCut::Bypass(bypassed) => {
                let to = self.get(*bypassed)?.stands_for().filter(|to| to != bypassed)?;
                for ty in &mut graph.types {
                    ty.map_references(|old| if old == *bypassed { to } else { old });
                }
                let at = index(*bypassed)?;
                let removed = (0..self.types.len()).map(|index| index == at).collect();
                let (graph, mut renumbering) = graph.without(removed)?;
                renumbering.ids[at] = renumbering.id(to);
                return Some((graph, renumbering));
            }
            GraphCut::Simplify(simplified) => simplify(graph.get_mut(*simplified)?),
            GraphCut::ClearBits { of, member } => graph.member_mut(*of, *member)?.bits = None,
            GraphCut::RetypeToInt { of, member } => {
                let mut ints = self.iter().filter(|(_, ty)| matches!(ty, TypeDesc::Int { .. }));
                let (int, _) = ints.next()?;
                let named = graph.member_mut(*of, *member)?;
                if named.name.is_empty() {
                    return None;
                }
                named.ty = int;
            }
        }
        (graph != *self && graph.layout().is_ok()).then_some((graph, renumbering))
    }

    /// Removes types, and all that need them.
    fn without(&self, mut removed: Vec<bool>) -> Option<(Self, Renumbering)> {
        let gone = |removed: &[bool], of: TypeId| index(of).is_some_and(|at| removed[at]);
        loop {
            let mut changed = false;
            for (at, ty) in self.types.iter().enumerate() {
                let needed: &[TypeId] = match ty {
                    TypeDesc::Array { element, index, .. } => &[*element, *index],
                    TypeDesc::Typedef { of, .. }
                    | TypeDesc::Modifier(_, of)
                    | TypeDesc::TypeTag { of, .. }
                    | TypeDesc::Func { proto: of, .. }
                    | TypeDesc::Var { of, .. }
                    | TypeDesc::DeclTag { on: of, .. } => &[*of],
                    _ => &[],
                };
                if !removed[at] && needed.iter().any(|of| gone(&removed, *of)) {
                    removed[at] = true;
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
        let mut next = 0;
        let ids = removed.iter().map(|removed| {
            (!removed).then(|| {
                next += 1;
                id(next - 1)
            })
        });
        let mut renumbering = Renumbering { ids: ids.collect(), parts: BTreeMap::new() };
        if next == 0 || next == self.types.len() {
            return None;
        }
        let mut graph = self.clone();
        for (of, ty) in self.iter() {
            let alive = |of: TypeId| !gone(&removed, of);
            let kept: Vec<bool> = match ty {
                TypeDesc::Composite(desc) => desc.members.iter().map(|m| alive(m.ty)).collect(),
                TypeDesc::FuncProto(desc) => desc.params.iter().map(|p| alive(p.ty)).collect(),
                TypeDesc::DataSec { variables, .. } => {
                    variables.iter().map(|variable| alive(*variable)).collect()
                }
                TypeDesc::LocProto(params) => params.iter().map(|param| alive(*param)).collect(),
                TypeDesc::LocSec { locs, .. } => {
                    locs.iter().map(|loc| alive(loc.func) && alive(loc.proto)).collect()
                }
                _ => continue,
            };
            graph.retain_parts(of, kept, &mut renumbering);
        }
        let base_len = removed[..self.base_len].iter().filter(|removed| !**removed).count();
        let mut flags = removed.iter();
        graph.types.retain(|_| flags.next() == Some(&false));
        graph.base_len = base_len;
        for ty in &mut graph.types {
            ty.map_references(|old| renumbering.id(old).unwrap_or(TypeId::VOID));
        }
        graph.layout().is_ok().then_some((graph, renumbering))
    }

    fn member_mut(&mut self, of: TypeId, member: usize) -> Option<&mut MemberDesc> {
        match self.get_mut(of)? {
            TypeDesc::Composite(composite) => composite.members.get_mut(member),
            _ => None,
        }
    }

    /// Removes parts of a type. Tags on them become tags on the whole declaration.
    fn retain_parts(&mut self, of: TypeId, kept: Vec<bool>, renumbering: &mut Renumbering) {
        let mut keeps = kept.iter();
        let mut keep = || keeps.next() == Some(&true);
        match self.get_mut(of) {
            Some(TypeDesc::Composite(desc)) => desc.members.retain(|_| keep()),
            Some(TypeDesc::Enum(desc)) => desc.enumerators.retain(|_| keep()),
            Some(TypeDesc::FuncProto(desc)) => desc.params.retain(|_| keep()),
            Some(TypeDesc::DataSec { variables: ids, .. } | TypeDesc::LocProto(ids)) => {
                ids.retain(|_| keep());
            }
            Some(TypeDesc::LocSec { locs, .. }) => locs.retain(|_| keep()),
            _ => {}
        }
        renumbering.keep(of, kept);
        for ty in &mut self.types {
            if let TypeDesc::DeclTag { on, target: target @ DeclTarget::Component(_), .. } = ty
                && *on == of
                && let DeclTarget::Component(component) = *target
            {
                let new = renumbering.part(of, component as usize);
                *target = new
                    .and_then(|new| u32::try_from(new).ok())
                    .map_or(DeclTarget::Declaration, DeclTarget::Component);
            }
        }
    }
}

/// Replaces the particulars of a type by the simplest ones.
fn simplify(ty: &mut TypeDesc) {
    match ty {
        TypeDesc::Composite(CompositeDesc { packing, .. }) => *packing = Packing::Natural,
        TypeDesc::Ptr(to) => *to = TypeId::VOID,
        TypeDesc::Array { len, .. } => *len = (*len).min(1),
        TypeDesc::FuncProto(proto) => {
            proto.variadic = false;
            proto.result = TypeId::VOID;
        }
        TypeDesc::Enum(desc) => {
            for (value, enumerator) in (0..).zip(&mut desc.enumerators) {
                enumerator.value = value;
            }
        }
        _ => {}
    }
    if let Some(name) = ty.name_mut()
        && let Some(at) = name.find("___").filter(|at| *at > 0)
    {
        let plain: String = name[..at].into();
        *name = plain;
    }
}
