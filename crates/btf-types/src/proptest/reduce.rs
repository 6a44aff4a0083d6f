//! Making a graph smaller, and keeping track of what moved.

use std::{collections::BTreeMap, string::String, vec, vec::Vec};

use super::{
    CompositeDesc, Graph, MemberDesc, Packing, Shrink, TypeDesc,
    graph::{id, index},
};
use crate::{ByteOrder, DeclTarget, TypeId};

/// A way to make a [`Graph`] smaller.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GraphCut {
    /// Types go, and what cannot be without them; pointers to them become pointers to `void`.
    Remove {
        /// The place of the first among the types.
        from: usize,
        /// How many.
        count: usize,
    },
    /// The graph is no longer split on a base.
    Standalone,
    /// It is written in little endian.
    LittleEndian,
    /// Members, enumerators, parameters or variables go.
    RemoveParts {
        /// Their type.
        of: TypeId,
        /// The first one.
        from: usize,
        /// How many.
        count: usize,
    },
    /// What refers to a typedef, modifier or type tag refers to what that stands for.
    Bypass(TypeId),
    /// What is particular about a type goes: a packing, a flavor, a length, values, `...`, what a
    /// pointer points to.
    Simplify(TypeId),
    /// A bitfield becomes an ordinary member.
    Whole {
        /// The composite.
        of: TypeId,
        /// The member's index.
        member: usize,
    },
    /// A named member becomes of the first INT that there is.
    PlainMember {
        /// The composite.
        of: TypeId,
        /// The member's index.
        member: usize,
    },
}

/// Where types and their parts are after a cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renumbering {
    ids: Vec<Option<TypeId>>,
    /// The new places of the parts of types that lost some.
    parts: BTreeMap<TypeId, Vec<Option<usize>>>,
}

impl Renumbering {
    fn unchanged(graph: &Graph) -> Self {
        Self {
            ids: (0..graph.types.len()).map(|at| Some(id(at))).collect(),
            parts: BTreeMap::new(),
        }
    }

    /// The new id of a type; `None` if it is gone.
    pub fn id(&self, old: TypeId) -> Option<TypeId> {
        match index(old) {
            Some(index) => *self.ids.get(index)?,
            None => Some(old),
        }
    }

    /// The new place of a member, enumerator, parameter or variable; `None` if it is gone. The type
    /// is given by its old id.
    pub fn part(&self, of: TypeId, old: usize) -> Option<usize> {
        match self.parts.get(&of) {
            Some(places) => *places.get(old)?,
            None => Some(old),
        }
    }

    /// Notes which parts of a type stay.
    fn keep(&mut self, of: TypeId, kept: Vec<bool>) {
        if kept.iter().all(|kept| *kept) {
            return;
        }
        let mut next = 0;
        let places = kept.into_iter().map(|kept| {
            kept.then(|| {
                next += 1;
                next - 1
            })
        });
        self.parts.insert(of, places.collect());
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
            let parts = chunks(parts(ty));
            cuts.extend(parts.map(|(from, count)| GraphCut::RemoveParts { of, from, count }));
            if stands_for(ty).is_some() {
                cuts.push(GraphCut::Bypass(of));
            }
            cuts.push(GraphCut::Simplify(of));
            for (member, desc) in ty.members().iter().enumerate() {
                if desc.bits.is_some() {
                    cuts.push(GraphCut::Whole { of, member });
                }
                if !matches!(self.get(desc.ty), Some(TypeDesc::Int { .. })) {
                    cuts.push(GraphCut::PlainMember { of, member });
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
    /// The graph after a cut, and where everything is then; `None` if the cut changes nothing. For
    /// values that hold a graph and refer to its types.
    pub fn reduced(&self, cut: &GraphCut) -> Option<(Self, Renumbering)> {
        let mut graph = self.clone();
        let mut moved = Renumbering::unchanged(self);
        match cut {
            GraphCut::Remove { from, count } => {
                let doomed = (0..self.types.len()).map(|at| (*from..from + count).contains(&at));
                return self.without(doomed.collect());
            }
            GraphCut::Standalone => graph.base_len = 0,
            GraphCut::LittleEndian => graph.byte_order = ByteOrder::Little,
            GraphCut::RemoveParts { of, from, count } => {
                let gone = *from..from + count;
                let kept = (0..parts(self.get(*of)?)).map(|at| !gone.contains(&at)).collect();
                graph.retain_parts(*of, kept, &mut moved);
            }
            GraphCut::Bypass(bypassed) => {
                let to = stands_for(self.get(*bypassed)?).filter(|to| to != bypassed)?;
                for ty in &mut graph.types {
                    ty.map_references(|old| if old == *bypassed { to } else { old });
                }
                let at = index(*bypassed)?;
                let doomed = (0..self.types.len()).map(|index| index == at).collect();
                let (graph, mut moved) = graph.without(doomed)?;
                moved.ids[at] = moved.id(to);
                return Some((graph, moved));
            }
            GraphCut::Simplify(simplified) => simplify(graph.get_mut(*simplified)?),
            GraphCut::Whole { of, member } => graph.member_mut(*of, *member)?.bits = None,
            GraphCut::PlainMember { of, member } => {
                let mut ints = self.iter().filter(|(_, ty)| matches!(ty, TypeDesc::Int { .. }));
                let (int, _) = ints.next()?;
                let named = graph.member_mut(*of, *member)?;
                if named.name.is_empty() {
                    return None;
                }
                named.ty = int;
            }
        }
        (graph != *self && graph.layout().is_ok()).then_some((graph, moved))
    }

    /// The graph without some types.
    fn without(&self, mut doomed: Vec<bool>) -> Option<(Self, Renumbering)> {
        let gone = |doomed: &[bool], of: TypeId| index(of).is_some_and(|at| doomed[at]);
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
                if !doomed[at] && needed.iter().any(|of| gone(&doomed, *of)) {
                    doomed[at] = true;
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
        let mut next = 0;
        let ids = doomed.iter().map(|doomed| {
            (!doomed).then(|| {
                next += 1;
                id(next - 1)
            })
        });
        let mut moved = Renumbering { ids: ids.collect(), parts: BTreeMap::new() };
        if next == 0 || next == self.types.len() {
            return None;
        }
        let mut graph = self.clone();
        for (of, ty) in self.iter() {
            let alive = |of: TypeId| !gone(&doomed, of);
            let kept: Vec<bool> = match ty {
                TypeDesc::Composite(desc) => desc.members.iter().map(|m| alive(m.ty)).collect(),
                TypeDesc::FuncProto(desc) => desc.params.iter().map(|p| alive(p.ty)).collect(),
                TypeDesc::DataSec { variables, .. } => {
                    variables.iter().map(|variable| alive(*variable)).collect()
                }
                _ => continue,
            };
            graph.retain_parts(of, kept, &mut moved);
        }
        let base_left = doomed[..self.base_len].iter().filter(|doomed| !**doomed).count();
        let mut places = doomed.iter();
        graph.types.retain(|_| places.next() == Some(&false));
        graph.base_len = base_left;
        for ty in &mut graph.types {
            ty.map_references(|old| moved.id(old).unwrap_or(TypeId::VOID));
        }
        graph.layout().is_ok().then_some((graph, moved))
    }

    fn member_mut(&mut self, of: TypeId, member: usize) -> Option<&mut MemberDesc> {
        match self.get_mut(of)? {
            TypeDesc::Composite(composite) => composite.members.get_mut(member),
            _ => None,
        }
    }

    /// Keeps some of the parts of a type; tags on the others go to the whole.
    fn retain_parts(&mut self, of: TypeId, kept: Vec<bool>, moved: &mut Renumbering) {
        let mut keeps = kept.iter();
        let mut keep = || keeps.next() == Some(&true);
        match self.get_mut(of) {
            Some(TypeDesc::Composite(desc)) => desc.members.retain(|_| keep()),
            Some(TypeDesc::Enum(desc)) => desc.enumerators.retain(|_| keep()),
            Some(TypeDesc::FuncProto(desc)) => desc.params.retain(|_| keep()),
            Some(TypeDesc::DataSec { variables, .. }) => variables.retain(|_| keep()),
            _ => {}
        }
        moved.keep(of, kept);
        for ty in &mut self.types {
            if let TypeDesc::DeclTag { on, target: target @ DeclTarget::Component(_), .. } = ty
                && *on == of
                && let DeclTarget::Component(component) = *target
            {
                let place = moved.part(of, component as usize);
                *target = place
                    .and_then(|place| u32::try_from(place).ok())
                    .map_or(DeclTarget::Declaration, DeclTarget::Component);
            }
        }
    }
}

/// How many members, enumerators, parameters or variables a type has.
fn parts(ty: &TypeDesc) -> usize {
    match ty {
        TypeDesc::Composite(desc) => desc.members.len(),
        TypeDesc::Enum(desc) => desc.enumerators.len(),
        TypeDesc::FuncProto(desc) => desc.params.len(),
        TypeDesc::DataSec { variables, .. } => variables.len(),
        _ => 0,
    }
}

/// What a typedef, modifier or type tag stands for.
fn stands_for(ty: &TypeDesc) -> Option<TypeId> {
    match ty {
        TypeDesc::Typedef { of, .. } | TypeDesc::Modifier(_, of) | TypeDesc::TypeTag { of, .. } => {
            Some(*of)
        }
        _ => None,
    }
}

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

/// The parts of a list to try to do without, each as its first index and its length: the large ones
/// first, and the last ones before the first ones, since what was added later is needed less.
pub fn chunks(len: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut sizes = vec![];
    let mut size = len;
    while size > 0 {
        sizes.push(size);
        size /= 2;
    }
    sizes.into_iter().flat_map(move |size| {
        (0..len.div_ceil(size)).rev().map(move |chunk| {
            let from = chunk * size;
            (from, size.min(len - from))
        })
    })
}
