//! Writes what is kept as BTF.

use std::collections::BTreeMap;

use btf_types::{
    Btf, IntEncoding, Kind, Type, TypeId,
    build::{Builder, Error as BuildError},
};
use core_reloc::Candidate;

use super::{
    error::MinimizeError,
    kept::{KeptBtf, KeptTarget, KeptType, strip},
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

/// What happens to the size of pointers if the types that determine it are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PointerSizes {
    /// It may change.
    Ignored,
    /// An INT named `long` is added to preserve it.
    Preserved,
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
pub(super) fn write(kept: &KeptTarget<'_>, sizes: PointerSizes) -> Result<Written, MinimizeError> {
    let mut written = Written::default();
    let Some((main, modules)) = kept.parts().split_first() else { return Ok(written) };
    let (main, ids) = written.add(main, None, sizes)?;
    let base = Btf::parse(&main)?;
    written.ids.parts.push(ids.clone());
    for module in modules {
        let (bytes, own) = written.add(module, Some((&base, &ids)), sizes)?;
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
        sizes: PointerSizes,
    ) -> Result<(Vec<u8>, BTreeMap<TypeId, TypeId>), MinimizeError> {
        let written = Writer::new(part, base, None).write()?;
        let read = match base {
            None => Btf::parse(&written.0)?,
            Some((base, _)) => Btf::parse_split(&written.0, base)?,
        };
        // The types that determine the size of pointers may be gone, or others may determine it now.
        let size = part.btf.pointer_size();
        if read.pointer_size() == size {
            return Ok(written);
        }
        self.resizes_pointers = true;
        match sizes {
            PointerSizes::Ignored => Ok(written),
            PointerSizes::Preserved => Ok(Writer::new(part, base, Some(size)).write()?),
        }
    }
}

/// A minimized main BTF, and the new ids of its types.
type Base<'b> = (&'b Btf<'b>, &'b BTreeMap<TypeId, TypeId>);

struct Writer<'w> {
    part: &'w KeptBtf<'w>,
    builder: Builder<'w>,
    /// The new ids of the base's types.
    base: Option<&'w BTreeMap<TypeId, TypeId>>,
    /// The new ids of the own types.
    own: BTreeMap<TypeId, TypeId>,
}

impl<'w> Writer<'w> {
    /// Assigns the new ids in the order of the old ones, so that types sorted by name stay sorted.
    fn new(part: &'w KeptBtf<'w>, base: Option<Base<'w>>, long: Option<u8>) -> Self {
        let mut builder = match base {
            None => Builder::new(part.btf.byte_order()),
            Some((base, _)) => Builder::split(base),
        };
        if let Some(size) = long {
            let bits = size.saturating_mul(8);
            builder.int("long", size.into(), IntEncoding::new(bits, IntEncoding::SIGNED));
        }
        let mut own = BTreeMap::new();
        let types = part.types.iter().filter_map(|(id, kept)| Some((part.own_type(*id)?, kept)));
        let (pointers, others): (Vec<_>, Vec<_>) =
            types.partition(|(ty, kept)| ty.kind() == Kind::Ptr && !kept.is_followed);
        if !pointers.is_empty() {
            let pointer = builder.ptr(TypeId::VOID);
            own.extend(pointers.iter().map(|(ty, _)| (ty.id(), pointer)));
        }
        let next = builder.next_id().0;
        own.extend((next..).map(TypeId).zip(&others).map(|(new, (ty, _))| (ty.id(), new)));
        Self { part, builder, base: base.map(|(_, ids)| ids), own }
    }

    fn write(mut self) -> Result<(Vec<u8>, BTreeMap<TypeId, TypeId>), BuildError> {
        for (id, kept) in &self.part.types {
            let Some(ty) = self.part.own_type(*id) else { continue };
            if ty.kind() != Kind::Ptr || kept.is_followed {
                self.add(ty, kept)?;
            }
        }
        Ok((self.builder.finish()?, self.own))
    }

    fn add(&mut self, ty: Type<'_>, kept: &KeptType) -> Result<TypeId, BuildError> {
        let Self { builder, .. } = self;
        let (name, size) = (ty.name()?, ty.stated_size().unwrap_or(0));
        let map = |id| new_id(self.part.btf, self.base, &self.own, id);
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
                    prototype = prototype.param("", map(param.type_id()));
                }
                prototype.finish()
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
