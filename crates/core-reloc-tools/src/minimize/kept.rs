//! What is kept of the target's types.

use std::collections::{BTreeMap, BTreeSet};

use btf_types::{Btf, Kind, Type, TypeId, limits::MAX_MODIFIER_CHAIN};
use core_reloc::Target;

/// What is kept of a target: of its main BTF and of each module's.
#[derive(Debug)]
pub(super) struct KeptTarget<'a> {
    parts: Vec<KeptBtf<'a>>,
}

/// What is kept of the own types of one BTF.
#[derive(Debug)]
pub(super) struct KeptBtf<'a> {
    pub(super) btf: &'a Btf<'a>,
    pub(super) types: BTreeMap<TypeId, KeptType>,
}

/// What is kept of one type in addition to its name, size and kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct KeptType {
    /// Whether it is found by name. Then it stays even if it is a typedef.
    pub(super) is_root: bool,
    /// Whether the types that it refers to matter: the target of a pointer, or the parameters and the
    /// result of a prototype.
    pub(super) is_followed: bool,
    /// The indices of the members or enumerators that are kept.
    pub(super) entries: BTreeSet<u32>,
}

impl<'a> KeptTarget<'a> {
    pub(super) fn new(target: &Target<'a>) -> Self {
        let modules = target.modules().iter().map(|module| module.btf);
        let part = |btf| KeptBtf { btf, types: BTreeMap::new() };
        Self { parts: std::iter::once(target.main()).chain(modules).map(part).collect() }
    }

    /// Returns what is kept of the main BTF, then of each module's.
    pub(super) fn parts(&self) -> &[KeptBtf<'a>] {
        &self.parts
    }

    /// Keeps a type that is found by name, and the type that it stands for.
    pub(super) fn root(&mut self, ty: Type<'_>) {
        if let Some(kept) = self.keep(ty) {
            kept.is_root = true;
        }
        self.shape(ty);
    }

    /// Keeps the size and the kind of a type, without its members and, for a pointer, without its target.
    pub(super) fn shape(&mut self, ty: Type<'_>) {
        let mut next = Some(ty);
        // Arrays may be nested in a cycle.
        for _ in 0..MAX_MODIFIER_CHAIN {
            let Some(ty) = next.and_then(strip) else { return };
            self.keep(ty);
            let inside = match ty.kind() {
                Kind::Array => ty.array().map(|array| array.element),
                // A variable has the size of its type.
                Kind::Var | Kind::DeclTag => ty.referenced_id(),
                _ => None,
            };
            next = inside.and_then(|id| ty.btf().type_by_id(id).ok());
        }
    }

    /// Keeps a member or enumerator.
    pub(super) fn entry(&mut self, ty: Type<'_>, index: u32) {
        if let Some(kept) = self.keep(ty) {
            kept.entries.insert(index);
        }
        if let Some(ty) = ty.members().get(index as usize).and_then(|member| member.ty().ok()) {
            self.shape(ty);
        }
    }

    /// Keeps more members or enumerators until there are `count`.
    pub(super) fn at_least(&mut self, ty: Type<'_>, count: u32) {
        for index in 0..ty.vlen() {
            let kept = self.keep(ty).map_or(0, |kept| kept.entries.len());
            if kept >= count as usize {
                return;
            }
            self.entry(ty, index);
        }
    }

    /// Keeps the types that a pointer or prototype refers to.
    pub(super) fn follow(&mut self, ty: Type<'_>) {
        if let Some(kept) = self.keep(ty) {
            kept.is_followed = true;
        }
    }

    /// Keeps a type. Returns `None` for `void`, and for unknown kinds, which answer no relocation.
    fn keep(&mut self, ty: Type<'_>) -> Option<&mut KeptType> {
        if ty.id().is_void() || matches!(ty.kind(), Kind::Unknown(_)) {
            return None;
        }
        // A BTF without a base is the main BTF.
        let btf = ty.btf();
        let is_owner = |part: &&mut KeptBtf<'a>| match (part.btf.base(), btf.base()) {
            (None, None) => true,
            (Some(_), Some(_)) => std::ptr::eq(part.btf, btf),
            _ => false,
        };
        Some(self.parts.iter_mut().find(is_owner)?.types.entry(ty.id()).or_default())
    }
}

impl<'a> KeptBtf<'a> {
    /// Returns one of the own types.
    pub(super) fn own_type(&self, id: TypeId) -> Option<Type<'a>> {
        self.btf.type_by_id(id).ok().filter(|_| id.0 >= self.btf.start_id().0)
    }
}

/// Strips modifiers and typedefs from a type.
pub(super) fn strip(ty: Type<'_>) -> Option<Type<'_>> {
    ty.skip_modifiers_and_typedefs().ok()
}
