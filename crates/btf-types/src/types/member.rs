//! Members of structures and unions.

use core::fmt;

use zerocopy::FromBytes;

use super::entries::{Entry, Sealed};
use crate::{Name, StrOffset, Type, TypeId, error::Result, raw};

/// A member of a STRUCT or UNION.
#[derive(Clone, Copy)]
pub struct Member<'a> {
    owner: Type<'a>,
    record: &'a raw::Member,
}

impl Sealed for Member<'_> {}

impl<'a> Entry<'a> for Member<'a> {
    #[inline]
    fn read(owner: Type<'a>, record: &'a [u8]) -> Option<Self> {
        Some(Self { owner, record: raw::Member::ref_from_bytes(record).ok()? })
    }
}

impl<'a> Member<'a> {
    /// Returns the record as it is stored.
    #[inline]
    pub fn raw(&self) -> &'a raw::Member {
        self.record
    }

    /// Returns the struct or union that the member belongs to.
    #[inline]
    pub fn owner(&self) -> Type<'a> {
        self.owner
    }

    /// Returns the string offset of the name.
    #[inline]
    pub fn name_off(&self) -> StrOffset {
        StrOffset(self.record.name_off.get(self.owner.btf().byte_order()))
    }

    /// Returns the name, which is empty for an anonymous member.
    ///
    /// # Errors
    /// [`Error::NoSuchString`](crate::Error::NoSuchString) or
    /// [`Error::NameTooLong`](crate::Error::NameTooLong).
    pub fn name(&self) -> Result<Name<'a>> {
        self.owner.btf().string(self.name_off())
    }

    /// Returns the id of the member's type.
    #[inline]
    pub fn type_id(&self) -> TypeId {
        TypeId(self.record.type_id.get(self.owner.btf().byte_order()))
    }

    /// Returns the member's type.
    ///
    /// # Errors
    /// [`Error::NoSuchType`](crate::Error::NoSuchType).
    pub fn ty(&self) -> Result<Type<'a>> {
        self.owner.btf().type_by_id(self.type_id())
    }

    #[inline]
    fn offset(&self) -> u32 {
        self.record.offset.get(self.owner.btf().byte_order())
    }

    /// Returns the offset in bits from the start of the structure.
    #[inline]
    pub fn bit_offset(&self) -> u32 {
        if self.owner.kind_flag() { self.offset() & 0x00ff_ffff } else { self.offset() }
    }

    /// Returns the size of a bitfield in bits, or 0 for any other member. Only composites with kind_flag
    /// set have bitfields.
    #[inline]
    pub fn bitfield_size(&self) -> u8 {
        if self.owner.kind_flag() { (self.offset() >> 24) as u8 } else { 0 }
    }
}

impl fmt::Debug for Member<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member")
            .field("name", &self.name())
            .field("type_id", &self.type_id())
            .field("bit_offset", &self.bit_offset())
            .field("bitfield_size", &self.bitfield_size())
            .finish()
    }
}
