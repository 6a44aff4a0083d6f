//! The variables of data sections.

use core::fmt;

use zerocopy::FromBytes;

use super::entries::{Entry, Sealed};
use crate::{Type, TypeId, error::Result, raw};

/// A variable in a DATASEC, and its place there.
#[derive(Clone, Copy)]
pub struct VarSecInfo<'a> {
    owner: Type<'a>,
    record: &'a raw::VarSecInfo,
}

impl Sealed for VarSecInfo<'_> {}

impl<'a> Entry<'a> for VarSecInfo<'a> {
    #[inline]
    fn read(owner: Type<'a>, record: &'a [u8]) -> Option<Self> {
        Some(Self { owner, record: raw::VarSecInfo::ref_from_bytes(record).ok()? })
    }
}

impl<'a> VarSecInfo<'a> {
    /// Returns the record as it is stored.
    pub fn raw(&self) -> &'a raw::VarSecInfo {
        self.record
    }

    /// Returns the id of the VAR or FUNC.
    pub fn type_id(&self) -> TypeId {
        TypeId(self.record.type_id.get(self.owner.btf().byte_order()))
    }

    /// Returns the VAR or FUNC.
    ///
    /// # Errors
    /// [`Error::NoSuchType`](crate::Error::NoSuchType).
    pub fn ty(&self) -> Result<Type<'a>> {
        self.owner.btf().type_by_id(self.type_id())
    }

    /// Returns the offset in bytes from the start of the section.
    pub fn offset(&self) -> u32 {
        self.record.offset.get(self.owner.btf().byte_order())
    }

    /// Returns the size in bytes.
    pub fn size(&self) -> u32 {
        self.record.size.get(self.owner.btf().byte_order())
    }
}

impl fmt::Debug for VarSecInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VarSecInfo")
            .field("type_id", &self.type_id())
            .field("offset", &self.offset())
            .field("size", &self.size())
            .finish()
    }
}
