//! Structures and unions.

use alloc::vec::Vec;

use zerocopy::IntoBytes;

use super::{Builder, Error, Record};
use crate::{Kind, TypeId, raw};

/// The largest offset in bits that a member can have where kind_flag is set.
const MAX_FLAGGED_OFFSET: u32 = 0x00ff_ffff;

/// Adds a STRUCT or UNION, member by member. Nothing is added before
/// [`CompositeBuilder::finish`], and that is the moment when the type gets its id.
#[derive(Debug)]
#[must_use = "the type is added by `finish`"]
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

impl<'a> Builder<'a> {
    /// Begins a STRUCT of a size in bytes.
    pub fn structure(&mut self, name: impl AsRef<[u8]>, size: u32) -> CompositeBuilder<'_, 'a> {
        let record = self.record(name, Kind::Struct, size);
        CompositeBuilder { builder: self, record, members: Vec::new() }
    }

    /// Begins a UNION of a size in bytes.
    pub fn union(&mut self, name: impl AsRef<[u8]>, size: u32) -> CompositeBuilder<'_, 'a> {
        let record = self.record(name, Kind::Union, size);
        CompositeBuilder { builder: self, record, members: Vec::new() }
    }
}

impl CompositeBuilder<'_, '_> {
    /// Adds a member at an offset in bits; an empty name makes it anonymous.
    pub fn member(self, name: impl AsRef<[u8]>, ty: TypeId, bit_offset: u32) -> Self {
        self.bitfield(name, ty, bit_offset, 0)
    }

    /// Adds a bitfield of a number of bits, at an offset in bits. This sets the type's kind_flag;
    /// 0 bits make an ordinary member.
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

    /// Sets kind_flag, bitfields or not.
    pub fn with_kind_flag(mut self) -> Self {
        self.record.kind_flag = true;
        self
    }

    /// Adds the type.
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
