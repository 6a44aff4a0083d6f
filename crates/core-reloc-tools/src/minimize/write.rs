//! Writes what is kept as BTF.

use std::collections::{BTreeMap, BTreeSet};

use btf_types::{
    Btf, DeclTarget, Kind, Name, Type, TypeId,
    build::{Builder, Error as BuildError},
};
use core_reloc::Candidate;

use super::{
    error::MinimizeError,
    kept::{KeptBtf, KeptTarget, KeptType, strip},
    order::by_content,
};

/// The bytes of minimized BTF.
#[derive(Default)]
pub(super) struct Written {
    pub(super) main: Vec<u8>,
    pub(super) modules: Vec<Vec<u8>>,
    pub(super) ids: Ids,
    /// Whether the size of pointers changed.
    pub(super) resizes_pointers: bool,
}

/// The new ids of the kept types.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Ids {
    /// Those of the main BTF's own types, then of each module's.
    parts: Vec<BTreeMap<TypeId, TypeId>>,
}

impl Ids {
    /// Returns the new id of a candidate.
    pub(super) fn of(&self, candidate: Candidate) -> Option<TypeId> {
        let module = match candidate.module {
            None => 0,
            Some(module) => usize::try_from(module).ok()?.checked_add(1)?,
        };
        self.parts.get(module)?.get(&candidate.type_id).copied()
    }
}

/// Writes what is kept of a target.
pub(super) fn write(kept: &KeptTarget<'_>) -> Result<Written, MinimizeError> {
    let mut written = Written::default();
    let (main, ids) = written.add(kept.main(), None, &BTreeSet::new())?;
    let base = Btf::parse(&main)?;
    written.ids.parts.push(ids.clone());
    for module in kept.modules() {
        // A module's BTF may be without a base, and then stays so.
        let base = module.btf.base().map(|_| (&base, &ids));
        let (bytes, own) = written.add(module, base, kept.aligned())?;
        written.modules.push(bytes);
        written.ids.parts.push(own);
    }
    written.main = main;
    Ok(written)
}

impl Written {
    /// Writes what is kept of one BTF, on a base or alone, and returns the new ids as well.
    fn add(
        &mut self,
        part: &KeptBtf<'_>,
        base: Option<Base<'_>>,
        aligned: &BTreeSet<TypeId>,
    ) -> Result<(Vec<u8>, BTreeMap<TypeId, TypeId>), MinimizeError> {
        let write = |first| -> Result<_, MinimizeError> {
            let written = Writer::new(part, base, aligned, first).write()?;
            let read = match base {
                None => Btf::parse(&written.0)?,
                Some((base, _)) => Btf::parse_split(&written.0, base)?,
            };
            let resizes_pointers = read.pointer_size() != part.btf.pointer_size();
            Ok((written, resizes_pointers))
        };
        let (mut written, mut resizes_pointers) = write(None)?;
        // The INT that states the size of pointers is the first with such a name.
        let int = part.btf.int_of_pointer_size().map(|int| int.id());
        if resizes_pointers && int.is_some_and(|int| part.own_type(int).is_some()) {
            (written, resizes_pointers) = write(int)?;
        }
        // It may be gone.
        self.resizes_pointers |= resizes_pointers;
        Ok(written)
    }

    /// Returns `true` if no BTF has types.
    pub(super) fn is_empty(&self) -> bool {
        self.ids.parts.iter().all(BTreeMap::is_empty)
    }

    /// Returns `true` if modules have types and their base has none.
    pub(super) fn lacks_base(&self) -> bool {
        !self.is_empty() && self.ids.parts.first().is_none_or(BTreeMap::is_empty)
    }
}

/// A minimized main BTF, and the new ids of its types.
type Base<'b> = (&'b Btf<'b>, &'b BTreeMap<TypeId, TypeId>);

/// A type to write.
enum Slot<'w> {
    /// One that is not kept, so that the following types have the ids that they should.
    Padding,
    /// The pointer to `void` that stands for all pointers whose targets do not matter.
    Pointer,
    Kept(Type<'w>, &'w KeptType),
}

struct Writer<'w> {
    part: &'w KeptBtf<'w>,
    builder: Builder<'w>,
    /// The types to write, in the order of their new ids.
    slots: Vec<Slot<'w>>,
    /// The new ids of the base's types.
    base: Option<&'w BTreeMap<TypeId, TypeId>>,
    /// The new ids of the own types.
    own: BTreeMap<TypeId, TypeId>,
}

impl<'w> Writer<'w> {
    /// Assigns the new ids: first those of aligned types, then the others, sorted by their content after `first`.
    fn new(
        part: &'w KeptBtf<'w>,
        base: Option<Base<'w>>,
        aligned: &BTreeSet<TypeId>,
        first: Option<TypeId>,
    ) -> Self {
        let builder = match base {
            None => Builder::new(part.btf.byte_order()),
            Some((base, _)) => Builder::split(base),
        };
        let slot = |id: &TypeId| {
            let (ty, kept) = part.own_type(*id)?;
            let is_pointer = ty.kind() == Kind::Ptr && !kept.is_followed;
            Some(if is_pointer { Slot::Pointer } else { Slot::Kept(ty, kept) })
        };
        let mut own = BTreeMap::new();
        let mut slots = Vec::new();
        let next = |slots: &Vec<Slot<'_>>| {
            let count = u32::try_from(slots.len()).unwrap_or(u32::MAX);
            TypeId(builder.next_id().0.saturating_add(count))
        };

        let last = aligned.iter().rev().find(|id| part.types.contains_key(id));
        for id in last.into_iter().flat_map(|last| aligned.range(..=*last)) {
            let slot = slot(id);
            if slot.is_some() {
                own.insert(*id, next(&slots));
            }
            slots.push(slot.unwrap_or(Slot::Padding));
        }
        let others = part.types.keys().copied().filter(|id| !aligned.contains(id));
        let (pointers, others): (Vec<_>, Vec<_>) = others
            .filter(|id| part.own_type(*id).is_some())
            .partition(|id| matches!(slot(id), Some(Slot::Pointer)));
        if !pointers.is_empty() {
            let pointer = next(&slots);
            own.extend(pointers.into_iter().map(|id| (id, pointer)));
            slots.push(Slot::Pointer);
        }
        for id in by_content(part, others.into_iter(), first) {
            own.insert(id, next(&slots));
            slots.extend(slot(&id));
        }
        Self { part, builder, slots, base: base.map(|(_, ids)| ids), own }
    }

    fn write(mut self) -> Result<(Vec<u8>, BTreeMap<TypeId, TypeId>), BuildError> {
        for slot in std::mem::take(&mut self.slots) {
            match slot {
                Slot::Padding | Slot::Pointer => self.builder.ptr(TypeId::VOID),
                Slot::Kept(ty, kept) => self.add(ty, kept)?,
            };
        }
        Ok((self.builder.finish()?, self.own))
    }

    fn add(&mut self, ty: Type<'_>, kept: &KeptType) -> Result<TypeId, BuildError> {
        let Self { builder, part, base, own, .. } = self;
        let (name, size) = (ty.name()?, ty.stated_size().unwrap_or(0));
        let map = |id| new_id(part.btf, *base, own, id);
        Ok(match ty.kind() {
            Kind::Struct | Kind::Union => {
                let mut composite = match ty.kind() {
                    Kind::Struct => builder.structure(name, size),
                    _ => builder.union(name, size),
                };
                if ty.kind_flag() {
                    composite = composite.with_kind_flag();
                }
                for index in &kept.entries {
                    let Some(member) = ty.members().get(*index as usize) else { continue };
                    let (offset, bits) = (member.bit_offset(), member.bitfield_size());
                    composite =
                        composite.bitfield(member.name()?, map(member.type_id()), offset, bits);
                }
                composite.finish()
            }
            Kind::Enum | Kind::Enum64 => {
                let mut enumeration = match ty.kind() {
                    Kind::Enum => builder.enumeration(name, size),
                    _ => builder.enumeration64(name, size),
                };
                if ty.kind_flag() {
                    enumeration = enumeration.signed();
                }
                for index in &kept.entries {
                    let Some(one) = ty.enumerators().get(*index as usize) else { continue };
                    enumeration = enumeration.enumerator(one.name()?, one.value());
                }
                enumeration.finish()
            }
            Kind::FuncProto => {
                let result = ty.referenced_id().filter(|_| kept.is_followed);
                let mut prototype = builder.func_proto(map(result.unwrap_or_default()));
                for param in ty.params().iter().filter(|_| kept.is_followed) {
                    let name = if kept.is_declared { param.name()? } else { Name::default() };
                    prototype = prototype.param(name, map(param.type_id()));
                }
                prototype.finish()
            }
            // Its variables change no result.
            Kind::DataSec => builder.data_section(name, size).finish(),
            // The member or parameter that it is on may be left out.
            Kind::DeclTag => {
                let on = ty.referenced_id().unwrap_or_default();
                // It may be on a typedef, but not on what that stands for.
                let typedef = own.get(&on).or_else(|| base.as_ref()?.get(&on));
                let on = typedef.copied().unwrap_or_else(|| map(on));
                builder.decl_tag(name, on, DeclTarget::Declaration)
            }
            _ => builder.copy(ty, map),
        })
    }
}

/// Returns the new id of a type that another refers to, with modifiers and typedefs stripped; `void` if it
/// was not kept.
fn new_id(
    btf: &Btf<'_>,
    base: Option<&BTreeMap<TypeId, TypeId>>,
    own: &BTreeMap<TypeId, TypeId>,
    id: TypeId,
) -> TypeId {
    let Some(ty) = btf.type_by_id(id).ok().and_then(strip) else { return TypeId::VOID };
    let is_own = ty.id().0 >= btf.start_id().0;
    let ids = if is_own { Some(own) } else { base };
    ids.and_then(|ids| ids.get(&ty.id())).copied().unwrap_or_default()
}
