//! Types that a fuzzer can build and edit, from small numbers and few names.

use arbitrary::Arbitrary;
use btf_types::{
    DeclTarget, IntEncoding, Kind, Linkage, TypeId,
    build::{self, Builder, CompositeBuilder, EnumBuilder},
};

/// Names, flavors of names, and no name.
const NAMES: [&str; 16] = [
    "",
    "a",
    "b",
    "c",
    "d",
    "a___x",
    "a___y",
    "b___x",
    "a____x",
    "___a",
    "task",
    "pid",
    "long",
    "unsigned int",
    "A",
    "B___v2",
];

fn name(number: u8) -> &'static str {
    NAMES[usize::from(number) % NAMES.len()]
}

/// A type. Fields that its kind does not use are ignored.
#[derive(Debug, Clone, Arbitrary)]
pub(super) struct Ty {
    kind: u8,
    name: u8,
    refers: u8,
    size: u8,
    flag: bool,
    entries: Vec<Entry>,
}

/// A member, enumerator, parameter or variable.
#[derive(Debug, Clone, Arbitrary)]
pub(super) struct Entry {
    name: u8,
    ty: u8,
    value: u16,
    bits: u8,
}

/// A change to a type.
#[derive(Debug, Clone, Arbitrary)]
pub(super) struct Edit {
    at: u8,
    change: Change,
}

#[derive(Debug, Clone, Arbitrary)]
enum Change {
    Replace(Ty),
    Insert(Ty),
    Kind(u8),
    Name(u8),
    Size(u8),
    Refers(u8),
    AddEntry(u8, Entry),
    RemoveEntry(u8),
    ReplaceEntry(u8, Entry),
}

impl Edit {
    /// Applies the change; a change to a missing type or entry has no effect.
    pub(super) fn apply(self, types: &mut Vec<Ty>) {
        let at = usize::from(self.at);
        if let Change::Insert(ty) = self.change {
            return types.insert(at.min(types.len()), ty);
        }
        let Some(ty) = types.get_mut(at) else { return };
        let entries = &mut ty.entries;
        match self.change {
            Change::Replace(new) => *ty = new,
            Change::Insert(_) => {}
            Change::Kind(kind) => ty.kind = kind,
            Change::Name(name) => ty.name = name,
            Change::Size(size) => ty.size = size,
            Change::Refers(refers) => ty.refers = refers,
            Change::AddEntry(before, entry) => {
                entries.insert(usize::from(before).min(entries.len()), entry);
            }
            Change::RemoveEntry(index) if usize::from(index) < entries.len() => {
                entries.remove(index.into());
            }
            Change::RemoveEntry(_) => {}
            Change::ReplaceEntry(index, new) => {
                if let Some(entry) = entries.get_mut(usize::from(index)) {
                    *entry = new;
                }
            }
        }
    }
}

/// Writes types. They refer to each other by their positions, from 1; numbers from 128 count from the first
/// type of the base.
pub(super) fn write(types: &[Ty], mut builder: Builder<'_>) -> build::Result<Vec<u8>> {
    let first = builder.next_id().0;
    let id = |number: u8| match number {
        0 => TypeId::VOID,
        1..128 => TypeId(first + u32::from(number) - 1),
        128.. => TypeId(u32::from(number) - 127),
    };
    for ty in types {
        ty.add(&mut builder, id);
    }
    builder.finish()
}

impl Ty {
    fn add(&self, builder: &mut Builder<'_>, id: impl Fn(u8) -> TypeId) -> TypeId {
        let (name, to, size) = (name(self.name), id(self.refers), u32::from(self.size));
        match Kind::from_raw(self.kind % 21) {
            Kind::Int => {
                let flags = u32::from(self.refers & 7) << 24 | u32::from(self.flag) << 17;
                let size = 1 << (size % 5);
                builder.int(name, size, IntEncoding::new(size.wrapping_mul(8) as u8, flags))
            }
            Kind::Ptr => builder.ptr(to),
            Kind::Array => builder.array(to, TypeId(1), size),
            Kind::Struct => self.with_members(builder.structure(name, size), id),
            Kind::Union => self.with_members(builder.union(name, size), id),
            Kind::Enum => self.with_enumerators(builder.enumeration(name, size)),
            Kind::Enum64 => self.with_enumerators(builder.enumeration64(name, size)),
            Kind::Fwd if self.flag => builder.fwd_union(name),
            Kind::Fwd => builder.fwd_struct(name),
            Kind::Typedef => builder.typedef(name, to),
            Kind::Volatile => builder.volatile(to),
            Kind::Const => builder.constant(to),
            Kind::Restrict => builder.restrict(to),
            Kind::Func => builder.func(name, to, Linkage::from_raw(size)),
            Kind::FuncProto => {
                let proto = builder.func_proto(to);
                let params = self.entries.iter();
                params.fold(proto, |proto, param| proto.param(param.name(), id(param.ty))).finish()
            }
            Kind::Var => builder.var(name, to, Linkage::from_raw(size)),
            Kind::DataSec => {
                let mut section = builder.data_section(name, size);
                for Entry { ty, value, bits, .. } in &self.entries {
                    section = section.variable(id(*ty), (*value).into(), (*bits).into());
                }
                section.finish()
            }
            Kind::Float => builder.float(name, size),
            Kind::DeclTag => builder.decl_tag(name, to, DeclTarget::from_raw(size)),
            Kind::TypeTag => builder.type_tag(name, to),
            // Nested arrays, whose sizes overflow 32 and 64 bits.
            _ => builder.array(to, TypeId(1), u32::MAX),
        }
    }

    fn with_members(
        &self,
        composite: CompositeBuilder<'_, '_>,
        id: impl Fn(u8) -> TypeId,
    ) -> TypeId {
        let members = self.entries.iter();
        let composite = members.fold(composite, |composite, member| {
            let bits = if self.flag { member.bits } else { 0 };
            // Members with an odd number of bits are unaligned.
            let offset = u32::from(member.value) * if member.bits % 2 == 0 { 8 } else { 1 };
            composite.bitfield(member.name(), id(member.ty), offset, bits)
        });
        if self.flag { composite.with_kind_flag() } else { composite }.finish()
    }

    fn with_enumerators(&self, composite: EnumBuilder<'_, '_>) -> TypeId {
        let enumerators = self.entries.iter();
        let composite = enumerators.fold(composite, |composite, enumerator| {
            let value = i64::from(enumerator.value) << (enumerator.bits % 17);
            composite.enumerator(enumerator.name(), if self.flag { -value } else { value })
        });
        composite.finish()
    }
}

impl Entry {
    fn name(&self) -> &'static str {
        name(self.name)
    }
}
