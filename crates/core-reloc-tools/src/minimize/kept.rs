//! What is kept of the target's types.

use std::collections::{BTreeMap, BTreeSet};

use btf_types::{Btf, Kind, Type, TypeId, limits::MAX_MODIFIER_CHAIN};
use core_reloc::Target;

/// What is kept of a target: of its main BTF and of each module's.
#[derive(Debug)]
pub(super) struct KeptTarget<'a> {
    main: KeptBtf<'a>,
    modules: Vec<KeptBtf<'a>>,
    /// The old ids of modules' types whose new ids must be equal if and only if the old ones are.
    aligned: BTreeSet<TypeId>,
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
    /// Whether the types that its size depends on are kept.
    has_shape: bool,
    /// Whether the types that it refers to matter: the target of a pointer, or the parameters and the
    /// result of a prototype.
    pub(super) is_followed: bool,
    /// Whether the names of the parameters matter: a function's must have names.
    pub(super) is_declared: bool,
    /// The indices of the members or enumerators that are kept.
    pub(super) entries: BTreeSet<u32>,
}

/// What is kept of the main BTF, or of a module's with the main BTF as its base.
#[derive(Debug)]
pub(super) struct KeptSide<'k, 'a> {
    main: &'k mut KeptBtf<'a>,
    module: Option<&'k mut KeptBtf<'a>>,
}

impl<'a> KeptTarget<'a> {
    pub(super) fn new(target: &Target<'a>) -> Self {
        let part = |btf| KeptBtf { btf, types: BTreeMap::new() };
        Self {
            main: part(target.main()),
            modules: target.modules().iter().map(|module| part(module.btf)).collect(),
            aligned: BTreeSet::new(),
        }
    }

    /// Returns what is kept of the main BTF.
    pub(super) fn main(&self) -> &KeptBtf<'a> {
        &self.main
    }

    /// Returns what is kept of each module's BTF.
    pub(super) fn modules(&self) -> &[KeptBtf<'a>] {
        &self.modules
    }

    /// Returns what is kept where candidates of the main BTF, or of a module, lead.
    pub(super) fn side(&mut self, module: Option<u32>) -> KeptSide<'_, 'a> {
        let module = module.and_then(|module| self.modules.get_mut(usize::try_from(module).ok()?));
        KeptSide { main: &mut self.main, module }
    }

    /// Keeps the INTs that state the sizes of pointers. Returns `false` if all were kept before.
    pub(super) fn keep_pointer_sizes(&mut self) -> bool {
        let modules = (0..).take(self.modules.len()).map(Some);
        let mut grows = false;
        for module in std::iter::once(None).chain(modules) {
            let mut side = self.side(module);
            let btf = side.module.as_ref().map_or(side.main.btf, |module| module.btf);
            if let Some(int) = btf.int_of_pointer_size() {
                grows |= side.is_new(int);
                side.shape(int);
            }
        }
        grows
    }

    /// Keeps a type of the main BTF: readers reject a base without types. Returns `false` if it has none.
    pub(super) fn keep_any_of_main(&mut self) -> bool {
        // If possible one that needs no other, so that the result does not depend on their order.
        const PREFERRED: [Kind; 8] = [
            Kind::Int,
            Kind::Ptr,
            Kind::Struct,
            Kind::Union,
            Kind::Enum,
            Kind::Enum64,
            Kind::Float,
            Kind::FuncProto,
        ];
        let rank = |ty: &Type<'_>| {
            PREFERRED.iter().position(|kind| *kind == ty.kind()).unwrap_or(PREFERRED.len())
        };
        let known = self.main.btf.own_types().filter(|ty| !matches!(ty.kind(), Kind::Unknown(_)));
        known.min_by_key(rank).is_some_and(|ty| {
            self.side(None).root(ty);
            true
        })
    }

    /// Aligns the ids of modules' types. Returns `false` if they are aligned already, or are so many that
    /// padding the modules takes more than `max` types.
    pub(super) fn align(&mut self, ids: impl IntoIterator<Item = TypeId>, max: usize) -> bool {
        let before = self.aligned.len();
        self.aligned.extend(ids);
        let is_small = self.aligned.len().saturating_mul(self.modules.len()) <= max;
        is_small && self.aligned.len() > before
    }

    /// Returns the ids that are aligned.
    pub(super) fn aligned(&self) -> &BTreeSet<TypeId> {
        &self.aligned
    }
}

impl<'a> KeptBtf<'a> {
    /// Returns one of the own types, with what is kept of it.
    pub(super) fn own_type(&self, id: TypeId) -> Option<(Type<'a>, &KeptType)> {
        let ty = self.btf.type_by_id(id).ok().filter(|_| id.0 >= self.btf.start_id().0)?;
        Some((ty, self.types.get(&id)?))
    }
}

impl<'a> KeptSide<'_, 'a> {
    /// Keeps a type that is found by name, and the type that it stands for.
    pub(super) fn root(&mut self, ty: Type<'_>) {
        self.keep(ty);
        self.shape(ty);
    }

    /// Keeps the size and the kind of a type, without its members and, for a pointer, without its target.
    pub(super) fn shape(&mut self, ty: Type<'_>) {
        let mut next = Some(ty);
        // Arrays may be nested in a cycle.
        for _ in 0..MAX_MODIFIER_CHAIN {
            let Some(ty) = next.and_then(strip) else { return };
            let Some(kept) = self.keep(ty) else { return };
            if std::mem::replace(&mut kept.has_shape, true) {
                return;
            }
            let inside = match ty.kind() {
                Kind::Array => {
                    self.index(ty);
                    ty.array().map(|array| array.element)
                }
                Kind::Func => {
                    self.prototype(ty);
                    None
                }
                // A variable has the size of its type, and a tag that of what it is on.
                Kind::Var => ty.referenced_id(),
                Kind::DeclTag => {
                    ty.referenced().ok().flatten().and_then(|on| self.keep(on));
                    ty.referenced_id()
                }
                _ => None,
            };
            next = inside.and_then(|id| ty.btf().type_by_id(id).ok());
        }
    }

    /// Keeps the type of an array's index, on which no result depends: readers reject arrays without one.
    fn index(&mut self, array: Type<'_>) {
        let index = array.array().and_then(|it| array.btf().type_by_id(it.index).ok());
        if let Some(index) = index.and_then(strip).filter(|index| index.kind() == Kind::Int) {
            self.keep(index);
        }
    }

    /// Keeps the prototype of a function: readers reject functions without one.
    fn prototype(&mut self, function: Type<'_>) {
        if let Ok(Some(prototype)) = function.referenced()
            && prototype.kind() == Kind::FuncProto
            && let Some(kept) = self.keep(prototype)
        {
            kept.is_declared = true;
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
        let referenced = ty.referenced_id().into_iter();
        for id in referenced.chain(ty.params().iter().map(|param| param.type_id())) {
            if let Ok(ty) = ty.btf().type_by_id(id) {
                self.shape(ty);
            }
        }
    }

    /// Keeps a type. Returns `None` for `void`, and for unknown kinds, which answer no relocation.
    fn keep(&mut self, ty: Type<'_>) -> Option<&mut KeptType> {
        if ty.id().is_void() || matches!(ty.kind(), Kind::Unknown(_)) {
            return None;
        }
        Some(self.owner(ty)?.types.entry(ty.id()).or_default())
    }

    /// Returns `true` if nothing is kept of a type yet.
    fn is_new(&mut self, ty: Type<'_>) -> bool {
        self.owner(ty).is_some_and(|owner| !owner.types.contains_key(&ty.id()))
    }

    /// Returns the BTF that defines a type.
    fn owner(&mut self, ty: Type<'_>) -> Option<&mut KeptBtf<'a>> {
        match &mut self.module {
            Some(module) if std::ptr::eq(module.btf, ty.btf()) => Some(module),
            // Anything else belongs to the base, which may be at another place in memory.
            _ => ty.btf().base().is_none().then_some(self.main),
        }
    }
}

/// Strips modifiers and typedefs from a type.
pub(super) fn strip(ty: Type<'_>) -> Option<Type<'_>> {
    ty.skip_modifiers_and_typedefs().ok()
}
