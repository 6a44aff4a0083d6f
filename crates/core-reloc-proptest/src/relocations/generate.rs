//! Random programs.

use btf_types::{PointerSize, TypeId};
use core_reloc::{RelocKind, record::Subject};

use super::{
    case::{Case, Flaw, RelocDesc},
    input::accessed_size,
    insn::InsnForm,
    original::original_value,
    path::resolve_path,
    profile::CaseProfile,
};
use crate::{
    evolve::Evolution,
    strategy::Random,
    types::{desc::TypeDesc, graph::Graph, layout::Layout},
};

impl Case {
    /// Generates a random case; [`case()`](crate::case()) is the strategy.
    ///
    /// # Panics
    /// If a generated graph cannot be laid out, which would be a bug in the generator.
    pub fn generate(profile: &CaseProfile, random: &mut Random<'_>) -> Self {
        let types = profile.types.clone().split(false).pointer_size(PointerSize::Eight);
        let local = Graph::generate(&types, random);
        #[expect(clippy::expect_used, reason = "generated graphs are well-formed")]
        let layout = local.layout().expect("a generated graph can be laid out");
        let mut generator =
            Generator { graph: &local, layout: &layout, random, flaws: profile.flaws };
        let roots: Vec<TypeId> = (0..3).map(|_| generator.root()).collect();
        let count = generator.random.within(profile.relocations.clone());
        let relocations: Vec<RelocDesc> = (0..count)
            .map(|_| {
                let root = generator.random.pick(&roots).copied().unwrap_or(TypeId(1));
                generator.relocation(root)
            })
            .collect();
        let focus =
            relocations.iter().flat_map(|relocation| involved_types(&local, &layout, relocation));
        let focus: Vec<TypeId> = focus.collect();
        let evolution = Evolution::of(local, &focus, &types, random);
        Self { evolution, relocations }
    }
}

/// Returns the types that determine the result of a relocation.
fn involved_types(graph: &Graph, layout: &Layout, relocation: &RelocDesc) -> Vec<TypeId> {
    let root = relocation.root;
    let mut involved = vec![root, graph.skip_modifiers_and_typedefs(root)];
    if relocation.kind.subject() == Subject::Field
        && let Some(resolved) = resolve_path(graph, layout, root, &relocation.path)
    {
        involved.extend(resolved.containers);
        involved.extend([resolved.ty, graph.skip_modifiers_and_typedefs(resolved.ty)]);
    }
    involved.retain(|id| !id.is_void());
    involved
}

struct Generator<'g, 'd, 'r> {
    graph: &'g Graph,
    layout: &'g Layout,
    random: &'d mut Random<'r>,
    flaws: u32,
}

impl Generator<'_, '_, '_> {
    /// Returns a root type: usually a named one with members or enumerators.
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
        let choice = match self.random.within(0..=99) {
            0..3 => &types,
            3..15 => &named,
            _ if with_parts.is_empty() => &named,
            _ => &with_parts,
        };
        self.random.pick(choice).copied().unwrap_or(TypeId(1))
    }

    fn relocation(&mut self, root: TypeId) -> RelocDesc {
        let subject = match self.graph.resolve(root) {
            Some(TypeDesc::Composite(_)) if self.random.chance(80) => Subject::Field,
            Some(TypeDesc::Enum(desc))
                if !desc.enumerators.is_empty() && self.random.chance(70) =>
            {
                Subject::Enumerator
            }
            Some(_) if self.layout.size(root).is_some() && self.random.chance(8) => Subject::Field,
            _ => Subject::Type,
        };
        let (kind, path) = match subject {
            Subject::Field => self.field(root),
            Subject::Enumerator => {
                let last = match self.graph.resolve(root) {
                    Some(TypeDesc::Enum(desc)) => desc.enumerators.len().saturating_sub(1),
                    _ => 0,
                };
                let kind = self.random.one_of([RelocKind::EnumvalExists, RelocKind::EnumvalValue]);
                (kind, vec![self.number(last)])
            }
            Subject::Type => {
                let sized = self.layout.size(root).is_some() || self.random.chance(2);
                let kind = self.random.weighted(&[
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
        if self.random.chance(self.flaws) {
            relocation.flaw = Some(self.flaw(&mut relocation.form));
        }
        relocation
    }

    /// Returns the kind of a field-based relocation, and its access path.
    fn field(&mut self, root: TypeId) -> (RelocKind, Vec<u32>) {
        let path = self.path(root);
        let resolved = resolve_path(self.graph, self.layout, root, &path);
        let ty = resolved.as_ref().and_then(|resolved| self.graph.resolve(resolved.ty));
        // Compilers accept the signedness and the shifts of integers and enums only.
        let number = matches!(ty, Some(TypeDesc::Int { .. } | TypeDesc::Enum(_)))
            && resolved.is_some_and(|resolved| !resolved.is_element);
        // The compiler knows that such an enum is signed, but the readers of its BTF do not.
        let unstated = matches!(ty, Some(TypeDesc::Enum(desc)) if !desc.wide && !desc.flagged);
        let shifts = if number || self.random.chance(5) { 4 } else { 0 };
        let signed = if unstated { 0 } else { shifts };
        let kind = self.random.weighted(&[
            (10, RelocKind::FieldByteOffset),
            (3, RelocKind::FieldByteSize),
            (4, RelocKind::FieldExists),
            (signed, RelocKind::FieldSigned),
            (shifts, RelocKind::FieldLshiftU64),
            (shifts, RelocKind::FieldRshiftU64),
        ]);
        (kind.unwrap_or(RelocKind::FieldExists), path)
    }

    fn path(&mut self, root: TypeId) -> Vec<u32> {
        let first = if self.random.chance(90) { 0 } else { self.number(3) };
        let mut path = vec![first];
        let mut ty = root;
        let mut at_end = false;
        // Compilers write accesses that end at a named member or an element; a few others are
        // generated as well.
        let mut proper_len = path.len();
        let proper = !self.random.chance(self.flaws.min(2));
        loop {
            match self.graph.resolve(ty) {
                Some(TypeDesc::Composite(composite)) if !composite.members.is_empty() => {
                    let last = composite.members.len().saturating_sub(1);
                    let index = self.random.within(0..=last);
                    let Some(member) = composite.members.get(index) else { break };
                    path.push(u32::try_from(index).unwrap_or(u32::MAX));
                    ty = member.ty;
                    at_end = index == last;
                    if !member.name.is_empty() {
                        proper_len = path.len();
                    }
                    if self.random.chance(20) && (proper_len == path.len() || !proper) {
                        break;
                    }
                }
                Some(TypeDesc::Array { element, len, .. }) => {
                    let flexible = *len == 0;
                    if flexible && !at_end || self.random.chance(25) {
                        break;
                    }
                    let beyond = flexible || self.random.chance(2);
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

    /// Returns a number from 0 to `last`.
    fn number(&mut self, last: usize) -> u32 {
        u32::try_from(self.random.within(0..=last)).unwrap_or(u32::MAX)
    }

    /// Returns a form of instruction that can hold the value.
    fn form(&mut self, relocation: &RelocDesc) -> InsnForm {
        let original = original_value(self.graph, self.layout, relocation).unwrap_or(0);
        let accessible =
            match resolve_path(self.graph, self.layout, relocation.root, &relocation.path) {
                Some(resolved) if relocation.kind == RelocKind::FieldByteOffset => {
                    let size = accessed_size(self.graph, self.layout, resolved.ty);
                    matches!(size, 1 | 2 | 4 | 8) && i16::try_from(original).is_ok()
                }
                _ => false,
            };
        if accessible && self.random.chance(65) {
            return match self.random.within(0..=9) {
                0..5 => InsnForm::Load { sign_extending: false },
                5..7 => InsnForm::Load { sign_extending: true },
                7 => InsnForm::StoreImmediate,
                _ => InsnForm::StoreRegister,
            };
        }
        let short =
            i32::try_from(original.cast_signed()).is_ok() || u32::try_from(original).is_ok();
        if !short || self.random.chance(25) {
            return InsnForm::LdImm64;
        }
        // mov, add, sub, or, and, mul.
        let op = self.random.one_of([11, 11, 11, 0, 0, 1, 4, 5, 2]);
        InsnForm::Alu { op, wide: self.random.chance(70) }
    }

    /// Returns a flaw, and changes the form if the flaw applies only to another one.
    fn flaw(&mut self, form: &mut InsnForm) -> Flaw {
        let alu = InsnForm::Alu { op: 11, wide: true };
        match self.random.within(0..=15) {
            0..3 => Flaw::WrongValue(self.random.one_of([1, -1, 8, 1 << 16, 1 << 32])),
            3 => Flaw::WrongSize(self.random.one_of([1, 2, 4, 8])),
            4 => {
                *form = alu;
                Flaw::FromRegister
            }
            5 => Flaw::Jump,
            6 => Flaw::PacketLoad,
            7 => {
                *form = InsnForm::LdImm64;
                self.random
                    .pick(&[Flaw::PseudoSource, Flaw::DirtySecondSlot, Flaw::NoSecondSlot])
                    .cloned()
                    .unwrap_or(Flaw::PseudoSource)
            }
            8 => Flaw::Misaligned(self.random.one_of([1, 4])),
            9 => Flaw::OutOfBounds,
            10..12 => Flaw::Again,
            12 | 13 => Flaw::AccessString(
                self.random
                    .one_of(["", ":", "0:", ":0", "0::1", "0:x", "0:99", "1", "0:0:0:0:0:0", "99"])
                    .into(),
            ),
            14 => Flaw::UnknownKind(self.random.one_of([13, 14, 255, u32::MAX])),
            _ => Flaw::NoSuchType,
        }
    }
}
