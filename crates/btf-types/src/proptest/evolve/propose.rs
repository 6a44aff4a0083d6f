//! Random edits, of the sort that kernels see.

use std::{format, string::String, vec::Vec};

use super::{Change, Edit, Module, NewType, Place, apply::Evolving};
use crate::{
    IntEncoding, TypeId,
    proptest::{
        CompositeDesc, CompositeKind, Dice, EnumDesc, EnumeratorDesc, Graph, MemberDesc, Packing,
        ParamDesc, Profile, TypeDesc,
        generate::{bits, enum_value, names},
        graph::id,
    },
};

/// Random edits of a graph, most of them around the types in `focus`. All can be applied.
pub(super) fn edits(
    local: &Graph,
    focus: &[TypeId],
    profile: &Profile,
    dice: &mut Dice<'_>,
) -> Vec<Edit> {
    let mut evolving = Evolving::new(local);
    let count = dice.within(profile.edits.clone());
    let mut edits = Vec::with_capacity(count);
    for _ in 0..count {
        let focused = if dice.chance(85) { dice.pick(focus).copied() } else { None };
        let ty = focused.unwrap_or_else(|| any_type(local, dice));
        let mut proposer = Proposer { evolving: &evolving, existing: local.types.len(), dice };
        let Some(change) = proposer.change(ty) else { continue };
        if evolving.apply(ty, &change) {
            edits.push(Edit { ty, change });
        }
    }
    edits
}

/// Any type, but rather one with parts.
fn any_type(graph: &Graph, dice: &mut Dice<'_>) -> TypeId {
    let any: [TypeId; 3] = core::array::from_fn(|_| id(dice.within(0..=graph.types.len() - 1)));
    let has_parts =
        |id: &TypeId| matches!(graph.get(*id), Some(TypeDesc::Composite(_) | TypeDesc::Enum(_)));
    any.into_iter().find(has_parts).unwrap_or(any[0])
}

/// Makes up changes for the state that the graph is in.
struct Proposer<'e, 'd, 'r> {
    evolving: &'e Evolving,
    /// How many types changes may refer to: the local ones.
    existing: usize,
    dice: &'d mut Dice<'r>,
}

/// The sorts of change that any named type can see.
#[derive(Clone, Copy)]
enum General {
    Rename,
    Remove,
    Duplicate,
    BehindTypedef,
    ToModule,
}

impl Proposer<'_, '_, '_> {
    fn change(&mut self, of: TypeId) -> Option<Change> {
        let graph = &self.evolving.graph;
        let ty = graph.get(of)?;
        let general = !ty.name().is_empty() && self.dice.chance(30);
        if general {
            return self.general(of, ty);
        }
        match ty {
            TypeDesc::Int { .. } => Some(if self.dice.chance(50) {
                Change::Resize(self.dice.one_of([1, 2, 4, 8]))
            } else {
                Change::SetSigned(self.dice.chance(50))
            }),
            TypeDesc::Float { .. } => Some(Change::Resize(self.dice.one_of([4, 8]))),
            TypeDesc::Array { .. } if self.dice.chance(70) => {
                Some(Change::SetLen(self.dice.one_of([0, 1, 2, 3, 4, 8, 16, 100])))
            }
            TypeDesc::Typedef { .. } if self.dice.chance(40) => Some(Change::OutOfTypedef),
            TypeDesc::Ptr(to) | TypeDesc::Modifier(_, to) | TypeDesc::TypeTag { of: to, .. } => {
                let to = self.replacement(*to, false);
                Some(Change::Retype { place: Place::Target, to })
            }
            TypeDesc::Array { element: of, .. } | TypeDesc::Typedef { of, .. } => {
                let to = self.replacement(*of, true);
                Some(Change::Retype { place: Place::Target, to })
            }
            TypeDesc::Composite(composite) => self.composite(composite),
            TypeDesc::Enum(desc) => Some(self.enumeration(desc)),
            TypeDesc::FuncProto(proto) => Some(match self.dice.within(0..=3) {
                0 => Change::AddParam(ParamDesc { name: String::new(), ty: self.sized() }),
                1 => Change::RemoveParam { param: self.place(proto.params.len()) },
                2 => Change::Retype {
                    place: Place::Target,
                    to: self.replacement(proto.result, true),
                },
                _ => {
                    let param = self.place(proto.params.len());
                    let old = proto.params.get(param)?.ty;
                    Change::Retype { place: Place::Param(param), to: self.replacement(old, true) }
                }
            }),
            ty => self.general(of, ty),
        }
    }

    fn general(&mut self, of: TypeId, ty: &TypeDesc) -> Option<Change> {
        let general = self.dice.weighted(&[
            (5, General::Rename),
            (3, General::Remove),
            (12, General::Duplicate),
            (3, General::BehindTypedef),
            (5, General::ToModule),
        ])?;
        Some(match general {
            General::Rename => Change::Rename(self.new_name(ty)),
            General::Remove => Change::Remove,
            General::Duplicate => self.duplicate(of, ty)?,
            General::BehindTypedef => Change::BehindTypedef,
            General::ToModule => Change::ToModule(self.module()),
        })
    }

    fn module(&mut self) -> Module {
        self.dice.one_of([Module::First, Module::First, Module::Second])
    }

    /// A name with another flavor or none, that of another type, or a new one.
    fn new_name(&mut self, ty: &TypeDesc) -> String {
        let name = ty.name();
        match self.dice.within(0..=3) {
            0 => match name.rfind("___").filter(|at| *at > 0) {
                Some(at) => name[..at].into(),
                None => names::flavor(self.dice, name),
            },
            1 => names::flavor(self.dice, name),
            2 => {
                let others = self.evolving.graph.types.iter().map(TypeDesc::name);
                let others: Vec<&str> = others.filter(|other| !other.is_empty()).collect();
                self.dice.pick(&others).map_or_else(String::new, |other| (*other).into())
            }
            _ => format!("new_{name}"),
        }
    }

    fn duplicate(&mut self, of: TypeId, ty: &TypeDesc) -> Option<Change> {
        let name = ty.name();
        let name = match self.dice.within(0..=9) {
            0..6 => name.into(),
            6..9 => names::flavor(self.dice, name),
            _ => self.new_name(ty),
        };
        let mut copied = self.evolving.clone();
        copied.apply(
            of,
            &Change::Duplicate { name: name.clone(), changes: Vec::new(), module: None },
        );
        let copy = id(copied.graph.types.len() - 1);
        let mut changes = Vec::new();
        for _ in 0..self.dice.within(0..=3) {
            let mut proposer =
                Proposer { evolving: &copied, existing: self.existing, dice: self.dice };
            // Of a copy only the contents change.
            let change = match copied.graph.get(copy)? {
                TypeDesc::Composite(composite) => proposer.composite(composite),
                TypeDesc::Enum(desc) => Some(proposer.enumeration(desc)),
                TypeDesc::Int { .. } => Some(Change::SetSigned(proposer.dice.chance(50))),
                TypeDesc::Typedef { of, .. } => {
                    let to = proposer.replacement(*of, true);
                    Some(Change::Retype { place: Place::Target, to })
                }
                _ => None,
            };
            let Some(change) = change else { continue };
            if copied.apply(copy, &change) {
                changes.push(change);
            }
        }
        let module = if self.dice.chance(25) { Some(self.module()) } else { None };
        Some(Change::Duplicate { name, changes, module })
    }

    fn composite(&mut self, composite: &CompositeDesc) -> Option<Change> {
        let members = &composite.members;
        let member = self.place(members.len());
        let kind = self.dice.one_of([CompositeKind::Struct, CompositeKind::Union]);
        Some(match self.dice.within(0..=99) {
            0..16 => {
                let taken: Vec<String> = members.iter().map(|member| member.name.clone()).collect();
                let name = names::of_member(self.dice, &taken, 5);
                let member = MemberDesc { name, ty: self.sized(), bits: None };
                Change::AddMember { at: self.place(members.len() + 1), member }
            }
            16..26 => Change::RemoveMember { member },
            26..38 => Change::MoveMember { member, to: self.place(members.len()) },
            38..46 => Change::RenameMember { member, name: self.member_name(composite, member)? },
            46..56 => {
                let count = 1 + self.place(members.len() - member.min(members.len()));
                let named = self.dice.chance(15);
                let name = if named { names::of_member(self.dice, &[], 0) } else { String::new() };
                Change::NestMembers { from: member, count, kind, name }
            }
            56..62 => {
                let nested = (0..members.len()).filter(|at| {
                    let resolved = self.evolving.graph.resolve(members[*at].ty);
                    matches!(resolved, Some(TypeDesc::Composite(_)))
                });
                let nested: Vec<usize> = nested.collect();
                Change::UnnestMember { member: *self.dice.pick(&nested)? }
            }
            62..71 => {
                let desc = members.get(member)?;
                let bits = match desc.bits {
                    Some(_) if self.dice.chance(50) => None,
                    _ => bits(self.dice, self.evolving.graph.resolve(desc.ty)?),
                };
                Change::SetBits { member, bits }
            }
            71..75 => Change::SetPacking(self.dice.one_of([
                Packing::Natural,
                Packing::Packed,
                Packing::Aligned(16),
            ])),
            75..77 => Change::SwapKind,
            _ => {
                let old = members.get(member)?.ty;
                Change::Retype { place: Place::Member(member), to: self.replacement(old, true) }
            }
        })
    }

    fn member_name(&mut self, composite: &CompositeDesc, member: usize) -> Option<String> {
        let name = &composite.members.get(member)?.name;
        Some(match self.dice.within(0..=2) {
            0 => names::flavor(self.dice, name),
            1 => names::of_member(self.dice, &[], 0),
            _ => format!("{name}_new"),
        })
    }

    fn enumeration(&mut self, desc: &EnumDesc) -> Change {
        let enumerator = self.place(desc.enumerators.len());
        let value = enum_value(self.dice, desc.size, desc.signed, enumerator);
        let taken = || desc.enumerators.iter().map(|enumerator| enumerator.name.clone()).collect();
        match self.dice.within(0..=9) {
            0..2 => {
                let taken: Vec<String> = taken();
                let name = names::of_enumerator(self.dice, &taken);
                Change::AddEnumerator { at: enumerator, enumerator: EnumeratorDesc { name, value } }
            }
            2 => Change::RemoveEnumerator { enumerator },
            3..6 => Change::Renumber { enumerator, value },
            6 => {
                let old = desc.enumerators.get(enumerator).map_or("X", |old| old.name.as_str());
                let name = if self.dice.chance(60) {
                    names::flavor(self.dice, old)
                } else {
                    format!("{old}_NEW")
                };
                Change::RenameEnumerator { enumerator, name }
            }
            7 => Change::SetWide(!desc.wide),
            8 => Change::SetSigned(!desc.signed),
            _ => Change::Resize(self.dice.one_of([1, 2, 4, 8])),
        }
    }

    /// What could be there instead of a type: something like it, another one, or a new one.
    fn replacement(&mut self, old: TypeId, sized: bool) -> NewType {
        if self.dice.chance(55)
            && let Some(like) = self.like(old)
        {
            return NewType::New(like);
        }
        if sized {
            return NewType::Existing(self.sized());
        }
        NewType::Existing(if self.dice.chance(15) { TypeId::VOID } else { self.existing() })
    }

    /// A type that differs in one regard.
    fn like(&mut self, old: TypeId) -> Option<TypeDesc> {
        let graph = &self.evolving.graph;
        Some(match graph.resolve(old)? {
            TypeDesc::Int { size, flags, .. } => {
                let (size, flags) = match self.dice.within(0..=4) {
                    0 | 1 => (self.dice.one_of([1, 2, 4, 8]), *flags & IntEncoding::SIGNED),
                    2 => (*size, (*flags ^ IntEncoding::SIGNED) & IntEncoding::SIGNED),
                    3 => return Some(TypeDesc::Ptr(TypeId::VOID)),
                    _ => return Some(TypeDesc::Typedef { name: "int_t".into(), of: old }),
                };
                TypeDesc::Int { name: format!("int{size}"), size, flags }
            }
            TypeDesc::Ptr(_) => match self.dice.within(0..=2) {
                0 => {
                    TypeDesc::Int { name: "addr".into(), size: self.dice.one_of([4, 8]), flags: 0 }
                }
                _ => TypeDesc::Ptr(self.existing()),
            },
            TypeDesc::Array { element, index, len } => match self.dice.within(0..=3) {
                0 => TypeDesc::Array { element: old, index: *index, len: 2 },
                1 => TypeDesc::Array { element: self.sized(), index: *index, len: *len },
                _ => {
                    let len = self.dice.one_of([0, 1, 2, 3, 5, 8]);
                    TypeDesc::Array { element: *element, index: *index, len }
                }
            },
            TypeDesc::Enum(desc) => {
                let mut other = desc.clone();
                if self.dice.chance(50) {
                    other.enumerators.pop();
                } else {
                    other.name = names::flavor(self.dice, &other.name);
                }
                TypeDesc::Enum(other)
            }
            TypeDesc::Float { name, .. } => {
                TypeDesc::Float { name: name.clone(), size: self.dice.one_of([4, 8]) }
            }
            TypeDesc::Composite(composite) => match self.dice.within(0..=1) {
                0 => TypeDesc::Ptr(old),
                _ => TypeDesc::Composite(CompositeDesc {
                    name: names::flavor(self.dice, &composite.name),
                    ..composite.clone()
                }),
            },
            _ => return None,
        })
    }

    /// A type of C that is there.
    fn existing(&mut self) -> TypeId {
        self.find(|ty| !ty.is_declaration())
    }

    /// A type that most likely has a size.
    fn sized(&mut self) -> TypeId {
        self.find(|ty| {
            !ty.is_declaration() && !matches!(ty, TypeDesc::FuncProto(_) | TypeDesc::Fwd { .. })
        })
    }

    fn find(&mut self, test: impl Fn(&TypeDesc) -> bool) -> TypeId {
        let last = self.existing - 1;
        let mut places = (0..8).map(|_| self.dice.within(0..=last));
        let found = places.find(|at| test(&self.evolving.graph.types[*at]));
        found.map_or(TypeId::VOID, id)
    }

    /// An index among `len`; 0 if there are none.
    fn place(&mut self, len: usize) -> usize {
        self.dice.within(0..=len.max(1) - 1)
    }
}
