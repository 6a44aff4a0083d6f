//! The kinds with entries: composites, enums, prototypes, data sections and inline sites.
//!
//! Most have a builder that collects the entries. Its `finish` adds the type, which gets its id then.

use alloc::vec::Vec;

use zerocopy::IntoBytes;

use super::{Builder, Error, Record};
use crate::{Kind, LocFlags, TypeId, raw};

/// The largest offset in bits of a member of a composite with kind_flag set.
const MAX_FLAGGED_OFFSET: u32 = 0x00ff_ffff;

impl<'a> Builder<'a> {
    /// Starts a STRUCT of a size in bytes.
    pub fn structure(&mut self, name: impl AsRef<[u8]>, size: u32) -> CompositeBuilder<'_, 'a> {
        let record = self.record(name, Kind::Struct, size);
        CompositeBuilder { builder: self, record, members: Vec::new() }
    }

    /// Starts a UNION of a size in bytes.
    pub fn union(&mut self, name: impl AsRef<[u8]>, size: u32) -> CompositeBuilder<'_, 'a> {
        let record = self.record(name, Kind::Union, size);
        CompositeBuilder { builder: self, record, members: Vec::new() }
    }

    /// Starts an ENUM of a size in bytes, whose values fit 32 bits.
    pub fn enumeration(&mut self, name: impl AsRef<[u8]>, size: u32) -> EnumBuilder<'_, 'a> {
        let record = self.record(name, Kind::Enum, size);
        EnumBuilder { builder: self, record, enumerators: Vec::new() }
    }

    /// Starts an ENUM64 of a size in bytes, whose values fit 64 bits.
    pub fn enumeration64(&mut self, name: impl AsRef<[u8]>, size: u32) -> EnumBuilder<'_, 'a> {
        let record = self.record(name, Kind::Enum64, size);
        EnumBuilder { builder: self, record, enumerators: Vec::new() }
    }

    /// Starts a FUNC_PROTO with the type of its result.
    pub fn func_proto(&mut self, result: TypeId) -> FuncProtoBuilder<'_, 'a> {
        let record = self.record("", Kind::FuncProto, result.0);
        FuncProtoBuilder { builder: self, record, params: Vec::new() }
    }

    /// Starts a DATASEC of a size in bytes. Compilers write 0, and loaders set the size.
    pub fn data_section(
        &mut self,
        name: impl AsRef<[u8]>,
        size: u32,
    ) -> DataSectionBuilder<'_, 'a> {
        let record = self.record(name, Kind::DataSec, size);
        DataSectionBuilder { builder: self, record, variables: Vec::new() }
    }

    /// Adds a LOC_PARAM: the location of a parameter of a size in bytes. `flags` determine what `values`
    /// mean; see [`LocValue`](crate::LocValue).
    pub fn loc_param(
        &mut self,
        size: u32,
        flags: LocFlags,
        values: impl IntoIterator<Item = u32>,
    ) -> TypeId {
        let flags = raw::LocParam { flags: self.word(flags.0) };
        let values: Vec<_> = values.into_iter().map(|value| self.word(value)).collect();
        let record = self.record("", Kind::LocParam, size);
        let trailing = [flags.as_bytes(), values.as_bytes()].concat();
        self.push(Record { vlen: values.len(), ..record }, &trailing)
    }

    /// Adds a LOC_PROTO with the LOC_PARAM of each parameter, `void` for a parameter without a location.
    pub fn loc_proto(&mut self, params: impl IntoIterator<Item = TypeId>) -> TypeId {
        let params: Vec<_> = params.into_iter().map(|id| self.word(id.0)).collect();
        let record = self.record("", Kind::LocProto, 0);
        self.push(Record { vlen: params.len(), ..record }, params.as_bytes())
    }

    /// Starts a LOCSEC with the name of a section, such as `inline.text`.
    pub fn loc_section(&mut self, name: impl AsRef<[u8]>) -> LocSectionBuilder<'_, 'a> {
        let record = self.record(name, Kind::LocSec, 0);
        LocSectionBuilder { builder: self, record, locs: Vec::new() }
    }
}

/// Collects the members of a STRUCT or UNION. [`CompositeBuilder::finish`] adds the type.
#[derive(Debug)]
#[must_use = "`finish` adds the type"]
pub struct CompositeBuilder<'b, 'a> {
    builder: &'b mut Builder<'a>,
    record: Record,
    members: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    name_off: raw::U32,
    ty: TypeId,
    bit_offset: u32,
    bits: u8,
}

impl CompositeBuilder<'_, '_> {
    /// Adds a member at an offset in bits. An empty name makes it anonymous.
    pub fn member(self, name: impl AsRef<[u8]>, ty: TypeId, bit_offset: u32) -> Self {
        self.bitfield(name, ty, bit_offset, 0)
    }

    /// Adds a bitfield of a size in bits, at an offset in bits, and sets the type's kind_flag. A size of
    /// 0 adds an ordinary member.
    pub fn bitfield(
        mut self,
        name: impl AsRef<[u8]>,
        ty: TypeId,
        bit_offset: u32,
        bits: u8,
    ) -> Self {
        let name_off = self.builder.name(name);
        self.record.kind_flag |= bits != 0;
        self.members.push(Member { name_off, ty, bit_offset, bits });
        self
    }

    /// Sets kind_flag, even without bitfields.
    pub fn with_kind_flag(mut self) -> Self {
        self.record.kind_flag = true;
        self
    }

    /// Adds the type and returns its id.
    pub fn finish(self) -> TypeId {
        let Self { builder, record, members } = self;
        let id = builder.next_id();
        let mut trailing = Vec::new();
        for (index, member) in members.iter().enumerate() {
            let mut offset = member.bit_offset;
            if record.kind_flag {
                if offset > MAX_FLAGGED_OFFSET {
                    builder.fail(Error::BitOffsetTooLarge { id, member: index, found: offset });
                }
                offset |= u32::from(member.bits) << 24;
            }
            let member = raw::Member {
                name_off: member.name_off,
                type_id: builder.word(member.ty.0),
                offset: builder.word(offset),
            };
            trailing.extend_from_slice(member.as_bytes());
        }
        builder.push(Record { vlen: members.len(), ..record }, &trailing)
    }
}

/// Collects the enumerators of an ENUM or ENUM64. [`EnumBuilder::finish`] adds the type.
#[derive(Debug)]
#[must_use = "`finish` adds the type"]
pub struct EnumBuilder<'b, 'a> {
    builder: &'b mut Builder<'a>,
    record: Record,
    enumerators: Vec<(raw::U32, i128)>,
}

impl EnumBuilder<'_, '_> {
    /// Adds an enumerator. A negative value makes the enum signed.
    pub fn enumerator(mut self, name: impl AsRef<[u8]>, value: impl Into<i128>) -> Self {
        let value = value.into();
        self.record.kind_flag |= value < 0;
        self.enumerators.push((self.builder.name(name), value));
        self
    }

    /// Makes the enum signed (sets kind_flag), even without negative values.
    pub fn signed(mut self) -> Self {
        self.record.kind_flag = true;
        self
    }

    /// Adds the type and returns its id.
    pub fn finish(self) -> TypeId {
        let Self { builder, record, enumerators } = self;
        let (kind, signed) = (record.kind, record.kind_flag);
        let id = builder.next_id();
        let mut trailing = Vec::new();
        for (index, (name_off, value)) in enumerators.iter().enumerate() {
            let bits = value_bits(kind, signed, *value).unwrap_or_else(|| {
                let (enumerator, value) = (index, *value);
                builder.fail(Error::ValueOutOfRange { id, kind, enumerator, value });
                0
            });
            let [low, high] = halves(bits).map(|half| builder.word(half));
            if kind == Kind::Enum64 {
                let entry =
                    raw::Enumerator64 { name_off: *name_off, val_lo32: low, val_hi32: high };
                trailing.extend_from_slice(entry.as_bytes());
            } else {
                let entry = raw::Enumerator { name_off: *name_off, val: low };
                trailing.extend_from_slice(entry.as_bytes());
            }
        }
        builder.push(Record { vlen: enumerators.len(), ..record }, &trailing)
    }
}

/// Returns the bits that an enum stores for a value; `None` if the value does not fit.
fn value_bits(kind: Kind, signed: bool, value: i128) -> Option<u64> {
    match (kind, signed) {
        (Kind::Enum64, true) => i64::try_from(value).ok().map(i64::cast_unsigned),
        (Kind::Enum64, false) => u64::try_from(value).ok(),
        (_, true) => i32::try_from(value).ok().map(|value| value.cast_unsigned().into()),
        (_, false) => u32::try_from(value).ok().map(u64::from),
    }
}

/// Returns bits 0–31 and bits 32–63.
#[expect(clippy::cast_possible_truncation, reason = "the other half is the other number")]
fn halves(bits: u64) -> [u32; 2] {
    [bits as u32, (bits >> 32) as u32]
}

/// Collects the parameters of a FUNC_PROTO. [`FuncProtoBuilder::finish`] adds the type.
#[derive(Debug)]
#[must_use = "`finish` adds the type"]
pub struct FuncProtoBuilder<'b, 'a> {
    builder: &'b mut Builder<'a>,
    record: Record,
    params: Vec<raw::Param>,
}

impl FuncProtoBuilder<'_, '_> {
    /// Adds a parameter.
    pub fn param(mut self, name: impl AsRef<[u8]>, ty: TypeId) -> Self {
        let name_off = self.builder.name(name);
        self.params.push(raw::Param { name_off, type_id: self.builder.word(ty.0) });
        self
    }

    /// Adds `...`, the last parameter of a variadic function.
    pub fn variadic(self) -> Self {
        self.param("", TypeId::VOID)
    }

    /// Adds the type and returns its id.
    pub fn finish(self) -> TypeId {
        let Self { builder, record, params } = self;
        builder.push(Record { vlen: params.len(), ..record }, params.as_bytes())
    }
}

/// Collects the variables of a DATASEC. [`DataSectionBuilder::finish`] adds the type.
#[derive(Debug)]
#[must_use = "`finish` adds the type"]
pub struct DataSectionBuilder<'b, 'a> {
    builder: &'b mut Builder<'a>,
    record: Record,
    variables: Vec<raw::VarSecInfo>,
}

impl DataSectionBuilder<'_, '_> {
    /// Adds a VAR or FUNC at an offset in bytes, with its size in bytes.
    pub fn variable(mut self, ty: TypeId, offset: u32, size: u32) -> Self {
        self.variables.push(raw::VarSecInfo {
            type_id: self.builder.word(ty.0),
            offset: self.builder.word(offset),
            size: self.builder.word(size),
        });
        self
    }

    /// Adds the type and returns its id.
    pub fn finish(self) -> TypeId {
        let Self { builder, record, variables } = self;
        builder.push(Record { vlen: variables.len(), ..record }, variables.as_bytes())
    }
}

/// Collects the inline sites of a LOCSEC. [`LocSectionBuilder::finish`] adds the type.
#[derive(Debug)]
#[must_use = "`finish` adds the type"]
pub struct LocSectionBuilder<'b, 'a> {
    builder: &'b mut Builder<'a>,
    record: Record,
    locs: Vec<raw::Loc>,
}

impl LocSectionBuilder<'_, '_> {
    /// Adds a site at an offset in bytes: the FUNC that is inlined there, and the LOC_PROTO of its
    /// parameters.
    pub fn loc(mut self, func: TypeId, proto: TypeId, offset: u32) -> Self {
        self.locs.push(raw::Loc {
            func: self.builder.word(func.0),
            loc_proto: self.builder.word(proto.0),
            offset: self.builder.word(offset),
        });
        self
    }

    /// Adds the type and returns its id.
    pub fn finish(self) -> TypeId {
        let Self { builder, record, locs } = self;
        builder.push(Record { vlen: locs.len(), ..record }, locs.as_bytes())
    }
}
