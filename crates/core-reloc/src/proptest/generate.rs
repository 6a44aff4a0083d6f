//! Random programs.

use core::ops::RangeInclusive;
use std::{vec, vec::Vec};

use btf_types::{
    PointerSize, TypeId,
    proptest::{Dice, Evolution, Graph, Layout, Profile, TypeDesc},
};

use super::{
    Case, Flaw, InsnForm, RelocDesc, object::accessed_size, original::original_value, walk::walk,
};
use crate::{RelocKind, Subject};

/// What generated cases are like.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CaseProfile {
    /// What the types are like, and how much they change.
    pub types: Profile,
    /// How many relocations a program has.
    pub relocations: RangeInclusive<usize>,
    /// How many of a hundred relocations have a [`Flaw`].
    pub flaws: u32,
}

impl Default for CaseProfile {
    fn default() -> Self {
        Self { types: Profile::object(), relocations: 1..=16, flaws: 4 }
    }
}

impl CaseProfile {
    /// This profile with other types. Local types stand alone, and their pointers have 8 bytes,
    /// whatever it says.
    #[must_use]
    pub fn types(self, types: Profile) -> Self {
        Self { types, ..self }
    }

    /// This profile with another number of relocations.
    #[must_use]
    pub fn relocations(self, relocations: RangeInclusive<usize>) -> Self {
        Self { relocations, ..self }
    }

    /// This profile with another share of flawed relocations, in percent.
    #[must_use]
    pub fn flaws(self, percent: u32) -> Self {
        Self { flaws: percent, ..self }
    }
}

impl Case {
    /// A random case; [`case()`](super::case()) is the strategy of it.
    ///
    /// # Panics
    /// If a generated graph cannot be laid out, which would be a bug of the generator.
    pub fn generate(profile: &CaseProfile, dice: &mut Dice<'_>) -> Self {
        let types = profile.types.clone().split(false).pointer_size(PointerSize::Eight);
        let local = Graph::generate(&types, dice);
        #[expect(clippy::expect_used, reason = "generated graphs are well-formed")]
        let layout = local.layout().expect("a generated graph can be laid out");
        let mut generator =
            Generator { graph: &local, layout: &layout, dice, flaws: profile.flaws };
        let roots: Vec<TypeId> = (0..3).map(|_| generator.root()).collect();
        let count = generator.dice.within(profile.relocations.clone());
        let relocations: Vec<RelocDesc> = (0..count)
            .map(|_| {
                let root = generator.dice.pick(&roots).copied().unwrap_or(TypeId(1));
                generator.relocation(root)
            })
            .collect();
        let focus = relocations.iter().flat_map(|relocation| touched(&local, &layout, relocation));
        let focus: Vec<TypeId> = focus.collect();
        let evolution = Evolution::of(local, &focus, &types, dice);
        Self { evolution, relocations }
    }
}

/// The types that decide about a relocation.
fn touched(graph: &Graph, layout: &Layout, relocation: &RelocDesc) -> Vec<TypeId> {
    let root = relocation.root;
    let mut touched = vec![root, graph.skip_modifiers_and_typedefs(root)];
    if relocation.kind.subject() == Subject::Field
        && let Some(walked) = walk(graph, layout, root, &relocation.path)
    {
        touched.extend(walked.holders);
        touched.extend([walked.ty, graph.skip_modifiers_and_typedefs(walked.ty)]);
    }
    touched.retain(|id| !id.is_void());
    touched
}

struct Generator<'g, 'd, 'r> {
    graph: &'g Graph,
    layout: &'g Layout,
    dice: &'d mut Dice<'r>,
    flaws: u32,
}

impl Generator<'_, '_, '_> {
    /// A type to ask about: mostly one with a name and parts.
    fn root(&mut self) -> TypeId {
        let fitting = |test: fn(&Graph, TypeId, &TypeDesc) -> bool| {
            let fitting = self.graph.iter().filter(|(id, ty)| test(self.graph, *id, ty));
            fitting.map(|(id, _)| id).collect::<Vec<TypeId>>()
        };
        let types = fitting(|_, _, ty| !ty.is_declaration());
        let named = fitting(|_, _, ty| !ty.is_declaration() && !ty.name().is_empty());
        let with_parts = fitting(|graph, id, ty| {
            let resolved = graph.resolve(id);
            let has_parts = matches!(resolved, Some(TypeDesc::Composite(_) | TypeDesc::Enum(_)));
            has_parts && !ty.is_declaration() && !ty.name().is_empty()
        });
        let choice = match self.dice.within(0..=99) {
            0..3 => &types,
            3..15 => &named,
            _ if with_parts.is_empty() => &named,
            _ => &with_parts,
        };
        self.dice.pick(choice).copied().unwrap_or(TypeId(1))
    }

    fn relocation(&mut self, root: TypeId) -> RelocDesc {
        let subject = match self.graph.resolve(root) {
            Some(TypeDesc::Composite(_)) if self.dice.chance(80) => Subject::Field,
            Some(TypeDesc::Enum(desc)) if !desc.enumerators.is_empty() && self.dice.chance(70) => {
                Subject::Enumerator
            }
            Some(_) if self.layout.size(root).is_some() && self.dice.chance(8) => Subject::Field,
            _ => Subject::Type,
        };
        let (kind, path) = match subject {
            Subject::Field => self.field(root),
            Subject::Enumerator => {
                let last = match self.graph.resolve(root) {
                    Some(TypeDesc::Enum(desc)) => desc.enumerators.len().saturating_sub(1),
                    _ => 0,
                };
                let kind = self.dice.one_of([RelocKind::EnumvalExists, RelocKind::EnumvalValue]);
                (kind, vec![self.number(last)])
            }
            Subject::Type => {
                let sized = self.layout.size(root).is_some() || self.dice.chance(2);
                let kind = self.dice.weighted(&[
                    (1, RelocKind::TypeIdLocal),
                    (2, RelocKind::TypeIdTarget),
                    (3, RelocKind::TypeExists),
                    (if sized { 3 } else { 0 }, RelocKind::TypeSize),
                    (5, RelocKind::TypeMatches),
                ]);
                (kind.unwrap_or(RelocKind::TypeExists), vec![0])
            }
        };
        let form = InsnForm::Alu { op: 11, wide: true };
        let mut relocation = RelocDesc { kind, root, path, form, flaw: None };
        relocation.form = self.form(&relocation);
        if self.dice.chance(self.flaws) {
            relocation.flaw = Some(self.flaw(&mut relocation.form));
        }
        relocation
    }

    /// A question about a field, with the way to it.
    fn field(&mut self, root: TypeId) -> (RelocKind, Vec<u32>) {
        let path = self.path(root);
        let walked = walk(self.graph, self.layout, root, &path);
        // Compilers take the signedness and the shifts of numbers only.
        let number = walked.is_some_and(|walked| {
            let resolved = self.graph.resolve(walked.ty);
            let number = matches!(resolved, Some(TypeDesc::Int { .. } | TypeDesc::Enum(_)));
            number && !walked.is_element
        });
        let shifts = if number || self.dice.chance(5) { 4 } else { 0 };
        let kind = self.dice.weighted(&[
            (10, RelocKind::FieldByteOffset),
            (3, RelocKind::FieldByteSize),
            (4, RelocKind::FieldExists),
            (shifts, RelocKind::FieldSigned),
            (shifts, RelocKind::FieldLshiftU64),
            (shifts, RelocKind::FieldRshiftU64),
        ]);
        (kind.unwrap_or(RelocKind::FieldExists), path)
    }

    fn path(&mut self, root: TypeId) -> Vec<u32> {
        let first = if self.dice.chance(90) { 0 } else { self.number(3) };
        let mut path = vec![first];
        let mut ty = root;
        let mut at_end = false;
        // Accesses end at what has a name or an index, but for some that are made up.
        let mut proper_len = path.len();
        let proper = !self.dice.chance(self.flaws.min(2));
        loop {
            match self.graph.resolve(ty) {
                Some(TypeDesc::Composite(composite)) if !composite.members.is_empty() => {
                    let last = composite.members.len().saturating_sub(1);
                    let index = self.dice.within(0..=last);
                    let Some(member) = composite.members.get(index) else { break };
                    path.push(u32::try_from(index).unwrap_or(u32::MAX));
                    ty = member.ty;
                    at_end = index == last;
                    if !member.name.is_empty() {
                        proper_len = path.len();
                    }
                    if self.dice.chance(20) && (proper_len == path.len() || !proper) {
                        break;
                    }
                }
                Some(TypeDesc::Array { element, len, .. }) => {
                    let flexible = *len == 0;
                    if flexible && !at_end || self.dice.chance(25) {
                        break;
                    }
                    let beyond = flexible || self.dice.chance(2);
                    let last = if beyond { 6 } else { len.saturating_sub(1) as usize };
                    path.push(self.number(last));
                    proper_len = path.len();
                    ty = *element;
                    at_end = false;
                }
                _ => break,
            }
        }
        if proper {
            path.truncate(proper_len);
        }
        path
    }

    /// A number from 0 on.
    fn number(&mut self, last: usize) -> u32 {
        u32::try_from(self.dice.within(0..=last)).unwrap_or(u32::MAX)
    }

    /// A form that can hold the value: a compiler takes a longer one where it must.
    fn form(&mut self, relocation: &RelocDesc) -> InsnForm {
        let original = original_value(self.graph, self.layout, relocation).unwrap_or(0);
        let accessible = match walk(self.graph, self.layout, relocation.root, &relocation.path) {
            Some(walked) if relocation.kind == RelocKind::FieldByteOffset => {
                let size = accessed_size(self.graph, self.layout, walked.ty);
                matches!(size, 1 | 2 | 4 | 8) && i16::try_from(original).is_ok()
            }
            _ => false,
        };
        if accessible && self.dice.chance(65) {
            return match self.dice.within(0..=9) {
                0..5 => InsnForm::Load { sign_extending: false },
                5..7 => InsnForm::Load { sign_extending: true },
                7 => InsnForm::StoreImmediate,
                _ => InsnForm::StoreRegister,
            };
        }
        let short =
            i32::try_from(original.cast_signed()).is_ok() || u32::try_from(original).is_ok();
        if !short || self.dice.chance(25) {
            return InsnForm::LdImm64;
        }
        // mov, add, sub, or, and, mul.
        let op = self.dice.one_of([11, 11, 11, 0, 0, 1, 4, 5, 2]);
        InsnForm::Alu { op, wide: self.dice.chance(70) }
    }

    /// A flaw that shows with the form, which is changed where the flaw needs another.
    fn flaw(&mut self, form: &mut InsnForm) -> Flaw {
        let alu = InsnForm::Alu { op: 11, wide: true };
        match self.dice.within(0..=15) {
            0..3 => Flaw::WrongValue(self.dice.one_of([1, -1, 8, 1 << 16, 1 << 32])),
            3 => Flaw::WrongSize(self.dice.one_of([1, 2, 4, 8])),
            4 => {
                *form = alu;
                Flaw::FromRegister
            }
            5 => Flaw::Jump,
            6 => Flaw::PacketLoad,
            7 => {
                *form = InsnForm::LdImm64;
                self.dice
                    .pick(&[Flaw::PseudoSource, Flaw::DirtySecondSlot, Flaw::NoSecondSlot])
                    .cloned()
                    .unwrap_or(Flaw::PseudoSource)
            }
            8 => Flaw::Misaligned(self.dice.one_of([1, 4])),
            9 => Flaw::OutOfBounds,
            10..12 => Flaw::Again,
            12 | 13 => Flaw::AccessString(
                self.dice
                    .one_of(["", ":", "0:", ":0", "0::1", "0:x", "0:99", "1", "0:0:0:0:0:0", "99"])
                    .into(),
            ),
            14 => Flaw::UnknownKind(self.dice.one_of([13, 14, 255, u32::MAX])),
            _ => Flaw::NoSuchType,
        }
    }
}
