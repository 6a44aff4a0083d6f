//! Random edits, of the kinds that kernel types go through.

use std::array;

use btf_types::{IntEncoding, TypeId};

use super::{Change, Edit, Module, NewType, Reference, apply::Evolving};
use crate::{
    strategy::Random,
    types::{
        desc::{
            CompositeDesc, CompositeKind, EnumDesc, EnumeratorDesc, MemberDesc, Packing, ParamDesc,
            TypeDesc,
        },
        generate::{bits, enum_value, names},
        graph::{Graph, id},
        profile::Profile,
    },
};

/// Returns random edits of a graph, most of them of the types in `focus`. All of them can be
/// applied.
pub(super) fn edits(
    local: &Graph,
    focus: &[TypeId],
    profile: &Profile,
    random: &mut Random<'_>,
) -> Vec<Edit> {
    let mut evolving = Evolving::new(local);
    let count = random.within(profile.edits.clone());
    let mut edits = Vec::with_capacity(count);
    for _ in 0..count {
        let focused = if random.chance(85) { random.pick(focus).copied() } else { None };
        let ty = focused.unwrap_or_else(|| any_type(local, random));
        let mut proposer = Proposer { evolving: &evolving, local_count: local.types.len(), random };
        let Some(change) = proposer.change(ty) else { continue };
        if evolving.apply(ty, &change) {
            edits.push(Edit { ty, change });
        }
    }
    edits
}

/// Returns a random type, preferably a composite or enum.
fn any_type(graph: &Graph, random: &mut Random<'_>) -> TypeId {
    let any: [TypeId; 3] = array::from_fn(|_| id(random.within(0..=graph.types.len() - 1)));
    let has_parts =
        |id: &TypeId| matches!(graph.get(*id), Some(TypeDesc::Composite(_) | TypeDesc::Enum(_)));
    any.into_iter().find(has_parts).unwrap_or(any[0])
}

/// Proposes changes to a graph in its current state.
struct Proposer<'e, 'd, 'r> {
    evolving: &'e Evolving,
    /// The number of local types, to which changes may refer.
    local_count: usize,
    random: &'d mut Random<'r>,
}

/// The changes that apply to named types of any kind.
#[derive(Clone, Copy)]
enum General {
    Rename,
    Remove,
    Duplicate,
    NameToTypedef,
    MoveToModule,
}

impl Proposer<'_, '_, '_> {
    fn change(&mut self, of: TypeId) -> Option<Change> {
        let graph = &self.evolving.graph;
        let ty = graph.get(of)?;
        let general = !ty.name().is_empty() && self.random.chance(30);
        if general {
            return self.general(of, ty);
        }
        match ty {
            TypeDesc::Int { .. } => Some(if self.random.chance(50) {
                Change::Resize(self.random.one_of([1, 2, 4, 8]))
            } else {
                Change::SetSigned(self.random.chance(50))
            }),
            TypeDesc::Float { .. } => Some(Change::Resize(self.random.one_of([4, 8]))),
            TypeDesc::Array { .. } if self.random.chance(70) => {
                Some(Change::SetLen(self.random.one_of([0, 1, 2, 3, 4, 8, 16, 100])))
            }
            TypeDesc::Typedef { .. } if self.random.chance(40) => Some(Change::NameFromTypedef),
            TypeDesc::Ptr(to) | TypeDesc::Modifier(_, to) | TypeDesc::TypeTag { of: to, .. } => {
                let to = self.replacement(*to, false);
                Some(Change::Retype { reference: Reference::Target, to })
            }
            TypeDesc::Array { element: of, .. } | TypeDesc::Typedef { of, .. } => {
                let to = self.replacement(*of, true);
                Some(Change::Retype { reference: Reference::Target, to })
            }
            TypeDesc::Composite(composite) => self.composite(composite),
            TypeDesc::Enum(desc) => Some(self.enumeration(desc)),
            TypeDesc::FuncProto(proto) => Some(match self.random.within(0..=3) {
                0 => Change::AddParam(ParamDesc { name: String::new(), ty: self.sized() }),
                1 => Change::RemoveParam { param: self.index(proto.params.len()) },
                2 => Change::Retype {
                    reference: Reference::Target,
                    to: self.replacement(proto.result, true),
                },
                _ => {
                    let param = self.index(proto.params.len());
                    let old = proto.params.get(param)?.ty;
                    Change::Retype {
                        reference: Reference::Param(param),
                        to: self.replacement(old, true),
                    }
                }
            }),
            ty => self.general(of, ty),
        }
    }

    fn general(&mut self, of: TypeId, ty: &TypeDesc) -> Option<Change> {
        let general = self.random.weighted(&[
            (5, General::Rename),
            (3, General::Remove),
            (12, General::Duplicate),
            (3, General::NameToTypedef),
            (5, General::MoveToModule),
        ])?;
        Some(match general {
            General::Rename => Change::Rename(self.new_name(ty)),
            General::Remove => Change::Remove,
            General::Duplicate => self.duplicate(of, ty)?,
            General::NameToTypedef => Change::NameToTypedef,
            General::MoveToModule => Change::MoveToModule(self.module()),
        })
    }

    fn module(&mut self) -> Module {
        self.random.one_of([Module::First, Module::First, Module::Second])
    }

    /// Returns the name with another flavor or none, the name of another type, or a new name.
    fn new_name(&mut self, ty: &TypeDesc) -> String {
        let name = ty.name();
        match self.random.within(0..=3) {
            0 => match name.rfind("___").filter(|at| *at > 0) {
                Some(at) => name[..at].into(),
                None => names::with_suffix(self.random, name),
            },
            1 => names::with_suffix(self.random, name),
            2 => {
                let others = self.evolving.graph.types.iter().map(TypeDesc::name);
                let others: Vec<&str> = others.filter(|other| !other.is_empty()).collect();
                self.random.pick(&others).map_or_else(String::new, |other| (*other).into())
            }
            _ => format!("new_{name}"),
        }
    }

    fn duplicate(&mut self, of: TypeId, ty: &TypeDesc) -> Option<Change> {
        let name = ty.name();
        let name = match self.random.within(0..=9) {
            0..6 => name.into(),
            6..9 => names::with_suffix(self.random, name),
            _ => self.new_name(ty),
        };
        let mut copied = self.evolving.clone();
        copied.apply(
            of,
            &Change::Duplicate { name: name.clone(), changes: Vec::new(), module: None },
        );
        let copy = id(copied.graph.types.len() - 1);
        let mut changes = Vec::new();
        for _ in 0..self.random.within(0..=3) {
            let mut proposer =
                Proposer { evolving: &copied, local_count: self.local_count, random: self.random };
            // Only the contents of a copy change.
            let change = match copied.graph.get(copy)? {
                TypeDesc::Composite(composite) => proposer.composite(composite),
                TypeDesc::Enum(desc) => Some(proposer.enumeration(desc)),
                TypeDesc::Int { .. } => Some(Change::SetSigned(proposer.random.chance(50))),
                TypeDesc::Typedef { of, .. } => {
                    let to = proposer.replacement(*of, true);
                    Some(Change::Retype { reference: Reference::Target, to })
                }
                _ => None,
            };
            let Some(change) = change else { continue };
            if copied.apply(copy, &change) {
                changes.push(change);
            }
        }
        let module = if self.random.chance(25) { Some(self.module()) } else { None };
        Some(Change::Duplicate { name, changes, module })
    }

    fn composite(&mut self, composite: &CompositeDesc) -> Option<Change> {
        let members = &composite.members;
        let member = self.index(members.len());
        let kind = self.random.one_of([CompositeKind::Struct, CompositeKind::Union]);
        Some(match self.random.within(0..=99) {
            0..16 => {
                let taken: Vec<String> = members.iter().map(|member| member.name.clone()).collect();
                let name = names::for_member(self.random, &taken, 5);
                let member = MemberDesc { name, ty: self.sized(), bits: None };
                Change::AddMember { at: self.index(members.len() + 1), member }
            }
            16..26 => Change::RemoveMember { member },
            26..38 => Change::MoveMember { member, to: self.index(members.len()) },
            38..46 => Change::RenameMember { member, name: self.member_name(composite, member)? },
            46..56 => {
                let count = 1 + self.index(members.len() - member.min(members.len()));
                let named = self.random.chance(15);
                let name =
                    if named { names::for_member(self.random, &[], 0) } else { String::new() };
                Change::NestMembers { from: member, count, kind, name }
            }
            56..62 => {
                let nested = (0..members.len()).filter(|at| {
                    let resolved = self.evolving.graph.resolve(members[*at].ty);
                    matches!(resolved, Some(TypeDesc::Composite(_)))
                });
                let nested: Vec<usize> = nested.collect();
                Change::UnnestMember { member: *self.random.pick(&nested)? }
            }
            62..71 => {
                let desc = members.get(member)?;
                let bits = match desc.bits {
                    Some(_) if self.random.chance(50) => None,
                    _ => bits(self.random, self.evolving.graph.resolve(desc.ty)?),
                };
                Change::SetBits { member, bits }
            }
            71..75 => Change::SetPacking(self.random.one_of([
                Packing::Natural,
                Packing::Packed,
                Packing::Aligned(16),
            ])),
            75..77 => Change::SwapKind,
            _ => {
                let old = members.get(member)?.ty;
                Change::Retype {
                    reference: Reference::Member(member),
                    to: self.replacement(old, true),
                }
            }
        })
    }

    fn member_name(&mut self, composite: &CompositeDesc, member: usize) -> Option<String> {
        let name = &composite.members.get(member)?.name;
        Some(match self.random.within(0..=2) {
            0 => names::with_suffix(self.random, name),
            1 => names::for_member(self.random, &[], 0),
            _ => format!("{name}_new"),
        })
    }

    fn enumeration(&mut self, desc: &EnumDesc) -> Change {
        let enumerator = self.index(desc.enumerators.len());
        let value = enum_value(self.random, desc.size, desc.signed, enumerator);
        let taken = || desc.enumerators.iter().map(|enumerator| enumerator.name.clone()).collect();
        match self.random.within(0..=9) {
            0..2 => {
                let taken: Vec<String> = taken();
                let name = names::for_enumerator(self.random, &taken);
                Change::AddEnumerator { at: enumerator, enumerator: EnumeratorDesc { name, value } }
            }
            2 => Change::RemoveEnumerator { enumerator },
            3..6 => Change::SetValue { enumerator, value },
            6 => {
                let old = desc.enumerators.get(enumerator).map_or("X", |old| old.name.as_str());
                let name = if self.random.chance(60) {
                    names::with_suffix(self.random, old)
                } else {
                    format!("{old}_NEW")
                };
                Change::RenameEnumerator { enumerator, name }
            }
            7 => Change::SetWide(!desc.wide),
            8 if !desc.wide && self.random.chance(50) => Change::SetFlag(!desc.flagged),
            8 => Change::SetSigned(!desc.signed),
            _ => Change::Resize(self.random.one_of([1, 2, 4, 8])),
        }
    }

    /// Returns a replacement for a type: a similar new type, or an existing one.
    fn replacement(&mut self, old: TypeId, sized: bool) -> NewType {
        if self.random.chance(55)
            && let Some(similar) = self.similar(old)
        {
            return NewType::New(similar);
        }
        if sized {
            return NewType::Existing(self.sized());
        }
        NewType::Existing(if self.random.chance(15) { TypeId::VOID } else { self.existing() })
    }

    /// Returns a type that differs from `old` in one respect.
    fn similar(&mut self, old: TypeId) -> Option<TypeDesc> {
        let graph = &self.evolving.graph;
        Some(match graph.resolve(old)? {
            TypeDesc::Int { size, flags, .. } => {
                let (size, flags) = match self.random.within(0..=4) {
                    0 | 1 => (self.random.one_of([1, 2, 4, 8]), *flags & IntEncoding::SIGNED),
                    2 => (*size, (*flags ^ IntEncoding::SIGNED) & IntEncoding::SIGNED),
                    3 => return Some(TypeDesc::Ptr(TypeId::VOID)),
                    _ => return Some(TypeDesc::Typedef { name: "int_t".into(), of: old }),
                };
                TypeDesc::Int { name: format!("int{size}"), size, flags }
            }
            TypeDesc::Ptr(_) => match self.random.within(0..=2) {
                0 => TypeDesc::Int {
                    name: "addr".into(),
                    size: self.random.one_of([4, 8]),
                    flags: 0,
                },
                _ => TypeDesc::Ptr(self.existing()),
            },
            TypeDesc::Array { element, index, len } => match self.random.within(0..=3) {
                0 => TypeDesc::Array { element: old, index: *index, len: 2 },
                1 => TypeDesc::Array { element: self.sized(), index: *index, len: *len },
                _ => {
                    let len = self.random.one_of([0, 1, 2, 3, 5, 8]);
                    TypeDesc::Array { element: *element, index: *index, len }
                }
            },
            TypeDesc::Enum(desc) => {
                let mut other = desc.clone();
                if self.random.chance(50) {
                    other.enumerators.pop();
                } else {
                    other.name = names::with_suffix(self.random, &other.name);
                }
                TypeDesc::Enum(other)
            }
            TypeDesc::Float { name, .. } => {
                TypeDesc::Float { name: name.clone(), size: self.random.one_of([4, 8]) }
            }
            TypeDesc::Composite(composite) => match self.random.within(0..=1) {
                0 => TypeDesc::Ptr(old),
                _ => TypeDesc::Composite(CompositeDesc {
                    name: names::with_suffix(self.random, &composite.name),
                    ..composite.clone()
                }),
            },
            _ => return None,
        })
    }

    /// Returns a local type that is not a declaration.
    fn existing(&mut self) -> TypeId {
        self.find(|ty| !ty.is_declaration())
    }

    /// Returns a local type that is likely to have a size.
    fn sized(&mut self) -> TypeId {
        self.find(|ty| {
            !ty.is_declaration() && !matches!(ty, TypeDesc::FuncProto(_) | TypeDesc::Fwd { .. })
        })
    }

    fn find(&mut self, test: impl Fn(&TypeDesc) -> bool) -> TypeId {
        let last = self.local_count - 1;
        let mut indices = (0..8).map(|_| self.random.within(0..=last));
        let found = indices.find(|at| test(&self.evolving.graph.types[*at]));
        found.map_or(TypeId::VOID, id)
    }

    /// Returns an index less than `len`; 0 if `len` is 0.
    fn index(&mut self, len: usize) -> usize {
        self.random.within(0..=len.max(1) - 1)
    }
}
