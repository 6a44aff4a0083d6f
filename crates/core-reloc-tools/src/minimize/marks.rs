//! What is kept of the target's types.

use std::collections::{BTreeMap, BTreeSet};

use btf_types::{Btf, Kind, Type, TypeId, limits::MAX_MODIFIER_CHAIN};

use core_reloc::Target;

/// What is kept of the target: of its main BTF, and of each module's.
#[derive(Debug)]
pub(super) struct Marks<'a> {
    parts: Vec<Part<'a>>,
}

/// What is kept of one BTF's own types.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) btf: &'a Btf<'a>,
    pub(super) types: BTreeMap<TypeId, Kept>,
}

/// What is kept of one type, besides its name, size and kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Kept {
    /// Whether it is looked for by its name, and so stays even where it only stands for another.
    pub(super) is_root: bool,
    /// Whether the types that it refers to matter: what a pointer points to, the parameters and the
    /// result of a prototype.
    pub(super) is_followed: bool,
    /// Which of its members or enumerators.
    pub(super) entries: BTreeSet<u32>,
}

impl<'a> Marks<'a> {
    pub(super) fn new(target: &Target<'a>) -> Self {
        let modules = target.modules().iter().map(|module| module.btf);
        let part = |btf| Part { btf, types: BTreeMap::new() };
        Self { parts: std::iter::once(target.main()).chain(modules).map(part).collect() }
    }

    /// The parts: the main BTF's, then each module's.
    pub(super) fn parts(&self) -> &[Part<'a>] {
        &self.parts
    }

    /// Keeps a type as one that is looked for by its name, and what it stands for.
    pub(super) fn root(&mut self, ty: Type<'_>) {
        if let Some(kept) = self.entry(ty) {
            kept.is_root = true;
        }
        self.shape(ty);
    }

    /// Keeps the size and the kind of a type: without members, and of a pointer not what it points
    /// to.
    pub(super) fn shape(&mut self, ty: Type<'_>) {
        let mut next = Some(ty);
        // Elements of elements, which hostile types nest without end.
        for _ in 0..MAX_MODIFIER_CHAIN {
            let Some(ty) = next.and_then(behind) else { return };
            self.entry(ty);
            let inside = match ty.kind() {
                Kind::Array => ty.array().map(|array| array.element),
                // A variable is as large as its type.
                Kind::Var | Kind::DeclTag => ty.referenced_id(),
                _ => None,
            };
            next = inside.and_then(|id| ty.btf().type_by_id(id).ok());
        }
    }

    /// Keeps a member or enumerator.
    pub(super) fn part_of(&mut self, ty: Type<'_>, index: u32) {
        if let Some(kept) = self.entry(ty) {
            kept.entries.insert(index);
        }
        if let Some(ty) = ty.members().get(index as usize).and_then(|member| member.ty().ok()) {
            self.shape(ty);
        }
    }

    /// Keeps at least so many members or enumerators, whichever.
    pub(super) fn at_least(&mut self, ty: Type<'_>, count: u32) {
        for index in 0..ty.vlen() {
            let kept = self.entry(ty).map_or(0, |kept| kept.entries.len());
            if kept >= count as usize {
                return;
            }
            self.part_of(ty, index);
        }
    }

    /// Keeps that a pointer or prototype refers to just what it does.
    pub(super) fn follow(&mut self, ty: Type<'_>) {
        if let Some(kept) = self.entry(ty) {
            kept.is_followed = true;
        }
    }

    /// What is kept of a type; from now on it is. None for `void`, of which there is nothing, and for
    /// kinds that nobody knows, which answer nothing.
    fn entry(&mut self, ty: Type<'_>) -> Option<&mut Kept> {
        if ty.id().is_void() || matches!(ty.kind(), Kind::Unknown(_)) {
            return None;
        }
        // The main BTF's own types are those of whatever has no base.
        let btf = ty.btf();
        let is_owner = |part: &&mut Part<'a>| match (part.btf.base(), btf.base()) {
            (None, None) => true,
            (Some(_), Some(_)) => std::ptr::eq(part.btf, btf),
            _ => false,
        };
        Some(self.parts.iter_mut().find(is_owner)?.types.entry(ty.id()).or_default())
    }
}

impl<'a> Part<'a> {
    /// One of the own types.
    pub(super) fn own_type(&self, id: TypeId) -> Option<Type<'a>> {
        self.btf.type_by_id(id).ok().filter(|_| id.0 >= self.btf.start_id().0)
    }
}

/// The type that a typedef or modifier stands for; other types stand for themselves.
pub(super) fn behind(ty: Type<'_>) -> Option<Type<'_>> {
    ty.skip_modifiers_and_typedefs().ok()
}
