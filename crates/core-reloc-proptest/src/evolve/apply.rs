//! Applying changes to a graph.

use std::mem;

use btf_types::{IntEncoding, TypeId};

use super::{Change, Module, NewType, Reference};
use crate::types::{
    desc::{CompositeDesc, CompositeKind, EnumDesc, MemberDesc, Packing, ProtoDesc, TypeDesc},
    generate::{MAX_SIZE, enum_range},
    graph::{Graph, index},
};

/// A graph to which edits are applied, from the local types to the target's.
#[derive(Clone)]
pub(super) struct Evolving {
    pub(super) graph: Graph,
    /// The module of each type; `None` for the kernel's own types.
    pub(super) modules: Vec<Option<Module>>,
    /// The largest size of a type, in bytes.
    max_size: u64,
}

impl Evolving {
    /// Starts with the local types, all of them in the kernel itself.
    pub(super) fn new(local: &Graph) -> Self {
        let graph = Graph { base_len: 0, ..local.clone() };
        // A real kernel has larger types than those that are generated.
        let layout = graph.layout();
        let sizes = graph.iter().filter_map(|(id, _)| layout.as_ref().ok()?.size(id));
        let max_size = sizes.max().map_or(MAX_SIZE, |size| MAX_SIZE.max(size.into()));
        Self { modules: vec![None; graph.types.len()], graph, max_size }
    }

    /// Applies a change. Returns `false` and changes nothing if it does not apply, or if the result
    /// would not be well-formed.
    pub(super) fn apply(&mut self, of: TypeId, change: &Change) -> bool {
        let before = self.clone();
        let applied = self.try_apply(of, change).is_some() && self.is_well_formed();
        if applied {
            self.modules.resize(self.graph.types.len(), None);
        } else {
            *self = before;
        }
        applied
    }

    fn is_well_formed(&self) -> bool {
        self.graph.layout().is_ok_and(|layout| {
            let mut sizes = self.graph.iter().filter_map(|(id, _)| layout.size(id));
            sizes.all(|size| u64::from(size) <= self.max_size)
        })
    }

    fn try_apply(&mut self, of: TypeId, change: &Change) -> Option<()> {
        match change {
            Change::NestMembers { from, count, kind, name } => {
                self.nest_members(of, *from, *count, *kind, name)
            }
            Change::UnnestMember { member } => self.unnest_member(of, *member),
            Change::AddMember { .. }
            | Change::RemoveMember { .. }
            | Change::MoveMember { .. }
            | Change::RenameMember { .. }
            | Change::SetBits { .. }
            | Change::SetPacking(_)
            | Change::SwapKind => change_composite(self.composite_mut(of)?, change),
            Change::AddEnumerator { .. }
            | Change::RemoveEnumerator { .. }
            | Change::SetValue { .. }
            | Change::RenameEnumerator { .. }
            | Change::SetFlag(_)
            | Change::SetWide(_) => change_enum(self.enum_mut(of)?, change),
            Change::AddParam(param) => {
                self.proto_mut(of)?.params.push(param.clone());
                Some(())
            }
            Change::RemoveParam { param } => remove(&mut self.proto_mut(of)?.params, *param),
            Change::Retype { reference, to } => self.retype(of, *reference, to),
            Change::SetLen(new) => match self.graph.get_mut(of)? {
                TypeDesc::Array { len, .. } => {
                    *len = *new;
                    Some(())
                }
                _ => None,
            },
            Change::Resize(size) => resize(self.graph.get_mut(of)?, *size),
            Change::SetSigned(signed) => set_signed(self.graph.get_mut(of)?, *signed),
            Change::Rename(name) => {
                name.clone_into(self.graph.get_mut(of)?.name_mut()?);
                Some(())
            }
            Change::Remove => self.remove(of),
            Change::Duplicate { name, changes, module } => {
                self.duplicate(of, name, changes, *module)
            }
            Change::NameToTypedef => self.name_to_typedef(of),
            Change::NameFromTypedef => self.name_from_typedef(of),
            Change::MoveToModule(module) => {
                *self.modules.get_mut(index(of)?)? = Some(*module);
                Some(())
            }
        }
    }

    fn nest_members(
        &mut self,
        of: TypeId,
        from: usize,
        count: usize,
        kind: CompositeKind,
        name: &str,
    ) -> Option<()> {
        let composite = self.composite_mut(of)?;
        let range = from..from.checked_add(count)?;
        if count == 0 || range.end > composite.members.len() {
            return None;
        }
        let packing = match composite.packing {
            Packing::Packed => Packing::Packed,
            Packing::Natural | Packing::Aligned(_) => Packing::Natural,
        };
        let members: Vec<MemberDesc> = composite.members.drain(range).collect();
        let nested = CompositeDesc { kind, name: String::new(), packing, members };
        let ty = self.graph.push(TypeDesc::Composite(nested));
        let member = MemberDesc { name: name.into(), ty, bits: None };
        self.composite_mut(of)?.members.insert(from, member);
        Some(())
    }

    fn unnest_member(&mut self, of: TypeId, member: usize) -> Option<()> {
        let ty = self.composite_mut(of)?.members.get(member)?.ty;
        let Some(TypeDesc::Composite(inner)) = self.graph.resolve(ty) else { return None };
        let inner = inner.members.clone();
        let members = &mut self.composite_mut(of)?.members;
        let conflicts = |member: &MemberDesc| {
            !member.name.is_empty() && inner.iter().any(|inner| inner.name == member.name)
        };
        if members.iter().any(conflicts) {
            return None;
        }
        members.splice(member..=member, inner);
        Some(())
    }

    fn retype(&mut self, of: TypeId, reference: Reference, to: &NewType) -> Option<()> {
        let to = match to {
            NewType::Existing(to) => *to,
            NewType::New(ty) => self.graph.push(ty.clone()),
        };
        let id = match (self.graph.get_mut(of)?, reference) {
            (TypeDesc::Composite(composite), Reference::Member(member)) => {
                &mut composite.members.get_mut(member)?.ty
            }
            (TypeDesc::FuncProto(proto), Reference::Param(param)) => {
                &mut proto.params.get_mut(param)?.ty
            }
            (TypeDesc::FuncProto(proto), Reference::Target) => &mut proto.result,
            (TypeDesc::Array { element, .. }, Reference::Target) => element,
            (
                TypeDesc::Ptr(to)
                | TypeDesc::Typedef { of: to, .. }
                | TypeDesc::Modifier(_, to)
                | TypeDesc::TypeTag { of: to, .. },
                Reference::Target,
            ) => to,
            _ => return None,
        };
        *id = to;
        (!self.is_in_cycle(of)).then_some(())
    }

    /// Returns `true` if a type refers to itself other than through a composite, which C cannot
    /// declare.
    fn is_in_cycle(&self, of: TypeId) -> bool {
        let mut seen = vec![false; self.graph.types.len()];
        let mut pending = vec![of];
        while let Some(id) = pending.pop() {
            let ty = match self.graph.get(id) {
                None | Some(TypeDesc::Composite(_)) => continue,
                Some(ty) => ty,
            };
            for next in ty.references() {
                if next == of && !matches!(self.graph.get(of), Some(TypeDesc::Composite(_))) {
                    return true;
                }
                if let Some(seen) = index(next).and_then(|at| seen.get_mut(at))
                    && !mem::replace(seen, true)
                {
                    pending.push(next);
                }
            }
        }
        false
    }

    /// Turns a named composite that only pointers refer to into a forward declaration, and renames
    /// any other named type.
    fn remove(&mut self, of: TypeId) -> Option<()> {
        let needed = self.graph.types.iter().any(|ty| match ty {
            TypeDesc::Ptr(_) => false,
            ty => ty.references().any(|id| id == of),
        });
        let ty = self.graph.get_mut(of)?;
        match ty {
            TypeDesc::Composite(composite) if !needed && !composite.name.is_empty() => {
                let (name, kind) = (mem::take(&mut composite.name), composite.kind);
                *ty = TypeDesc::Fwd { name, kind };
            }
            ty => *ty.name_mut().filter(|name| !name.is_empty())? = "removed".into(),
        }
        Some(())
    }

    fn duplicate(
        &mut self,
        of: TypeId,
        name: &str,
        changes: &[Change],
        module: Option<Module>,
    ) -> Option<()> {
        let mut copy = self.graph.get(of)?.clone();
        name.clone_into(copy.name_mut()?);
        let copy = self.graph.push(copy);
        self.modules.push(module);
        for change in changes {
            self.apply(copy, change);
        }
        Some(())
    }

    fn name_to_typedef(&mut self, of: TypeId) -> Option<()> {
        let name = match self.graph.get_mut(of)? {
            TypeDesc::Composite(CompositeDesc { name, .. })
            | TypeDesc::Enum(EnumDesc { name, .. })
                if !name.is_empty() =>
            {
                mem::take(name)
            }
            _ => return None,
        };
        let typedef = self.graph.push(TypeDesc::Typedef { name, of: TypeId::VOID });
        self.redirect(of, typedef);
        // Set last, since `redirect` would make the typedef refer to itself.
        self.graph.get_mut(typedef)?.map_references(|_| of);
        Some(())
    }

    fn name_from_typedef(&mut self, typedef: TypeId) -> Option<()> {
        let TypeDesc::Typedef { name, of } = self.graph.get(typedef)? else { return None };
        let (name, of) = (name.clone(), *of);
        match self.graph.get_mut(of)? {
            TypeDesc::Composite(CompositeDesc { name: anonymous, .. })
            | TypeDesc::Enum(EnumDesc { name: anonymous, .. })
                if anonymous.is_empty() =>
            {
                *anonymous = name;
            }
            _ => return None,
        }
        self.redirect(typedef, of);
        Some(())
    }

    /// Redirects all references from one type to another, except for those of declaration tags.
    fn redirect(&mut self, from: TypeId, to: TypeId) {
        for ty in &mut self.graph.types {
            if !matches!(ty, TypeDesc::DeclTag { .. }) {
                ty.map_references(|id| if id == from { to } else { id });
            }
        }
    }

    fn composite_mut(&mut self, of: TypeId) -> Option<&mut CompositeDesc> {
        match self.graph.get_mut(of)? {
            TypeDesc::Composite(composite) => Some(composite),
            _ => None,
        }
    }

    fn enum_mut(&mut self, of: TypeId) -> Option<&mut EnumDesc> {
        match self.graph.get_mut(of)? {
            TypeDesc::Enum(desc) => Some(desc),
            _ => None,
        }
    }

    fn proto_mut(&mut self, of: TypeId) -> Option<&mut ProtoDesc> {
        match self.graph.get_mut(of)? {
            TypeDesc::FuncProto(proto) => Some(proto),
            _ => None,
        }
    }
}

fn change_composite(composite: &mut CompositeDesc, change: &Change) -> Option<()> {
    let members = &mut composite.members;
    match change {
        Change::AddMember { at, member } => {
            members.insert((*at).min(members.len()), member.clone());
        }
        Change::RemoveMember { member } => remove(members, *member)?,
        Change::MoveMember { member, to } if *member < members.len() => {
            let moved = members.remove(*member);
            members.insert((*to).min(members.len()), moved);
        }
        Change::RenameMember { member, name } => {
            name.clone_into(&mut named(members, *member)?.name);
        }
        Change::SetBits { member, bits } => named(members, *member)?.bits = *bits,
        Change::SetPacking(packing) => composite.packing = *packing,
        Change::SwapKind => {
            composite.kind = match composite.kind {
                CompositeKind::Struct => CompositeKind::Union,
                CompositeKind::Union => CompositeKind::Struct,
            };
        }
        _ => return None,
    }
    Some(())
}

fn change_enum(desc: &mut EnumDesc, change: &Change) -> Option<()> {
    let enumerators = &mut desc.enumerators;
    match change {
        Change::AddEnumerator { at, enumerator } => {
            enumerators.insert((*at).min(enumerators.len()), enumerator.clone());
        }
        Change::RemoveEnumerator { enumerator } => remove(enumerators, *enumerator)?,
        Change::SetValue { enumerator, value } => enumerators.get_mut(*enumerator)?.value = *value,
        Change::RenameEnumerator { enumerator, name } => {
            name.clone_into(&mut enumerators.get_mut(*enumerator)?.name);
        }
        Change::SetFlag(flagged) => desc.flagged = *flagged,
        Change::SetWide(wide) if *wide != desc.wide => {
            desc.wide = *wide;
            desc.size = if *wide { 8 } else { 4 };
        }
        _ => return None,
    }
    fit_values(desc);
    Some(())
}

/// Returns the member with an index; `None` if it is anonymous.
fn named(members: &mut [MemberDesc], member: usize) -> Option<&mut MemberDesc> {
    members.get_mut(member).filter(|member| !member.name.is_empty())
}

fn remove<T>(items: &mut Vec<T>, at: usize) -> Option<()> {
    (at < items.len()).then(|| drop(items.remove(at)))
}

/// Clamps all values to the range of the enum.
fn fit_values(desc: &mut EnumDesc) {
    let (least, most) = enum_range(desc.size, desc.signed);
    for enumerator in &mut desc.enumerators {
        enumerator.value = enumerator.value.clamp(least, most);
    }
}

fn resize(ty: &mut TypeDesc, new: u32) -> Option<()> {
    match ty {
        TypeDesc::Int { size, .. } | TypeDesc::Float { size, .. } => *size = new,
        TypeDesc::Enum(desc) if desc.wide == (new == 8) => {
            desc.size = new;
            fit_values(desc);
        }
        _ => return None,
    }
    Some(())
}

fn set_signed(ty: &mut TypeDesc, new: bool) -> Option<()> {
    match ty {
        TypeDesc::Int { flags, .. } if *flags & IntEncoding::BOOL == 0 => {
            *flags = if new { IntEncoding::SIGNED } else { 0 };
        }
        TypeDesc::Enum(desc) => {
            desc.signed = new;
            fit_values(desc);
        }
        _ => return None,
    }
    Some(())
}
