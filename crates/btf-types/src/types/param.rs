//! Parameters of function prototypes.

use core::fmt;

use zerocopy::FromBytes;

use super::entries::{Entry, Sealed};
use crate::{Name, StrOffset, Type, TypeId, error::Result, raw};

/// A parameter of a FUNC_PROTO.
#[derive(Clone, Copy)]
pub struct Param<'a> {
    owner: Type<'a>,
    record: &'a raw::Param,
}

impl Sealed for Param<'_> {}

impl<'a> Entry<'a> for Param<'a> {
    #[inline]
    fn read(owner: Type<'a>, record: &'a [u8]) -> Option<Self> {
        Some(Self { owner, record: raw::Param::ref_from_bytes(record).ok()? })
    }
}

impl<'a> Param<'a> {
    /// Returns the record as it is stored.
    pub fn raw(&self) -> &'a raw::Param {
        self.record
    }

    /// Returns the string offset of the name.
    pub fn name_off(&self) -> StrOffset {
        StrOffset(self.record.name_off.get(self.owner.btf().byte_order()))
    }

    /// Returns the name, which is empty in the prototypes of function pointers.
    ///
    /// # Errors
    /// [`Error::NoSuchString`](crate::Error::NoSuchString) or
    /// [`Error::NameTooLong`](crate::Error::NameTooLong).
    pub fn name(&self) -> Result<Name<'a>> {
        self.owner.btf().string(self.name_off())
    }

    /// Returns the id of the parameter's type. `void` as the last parameter's type stands for `...`.
    pub fn type_id(&self) -> TypeId {
        TypeId(self.record.type_id.get(self.owner.btf().byte_order()))
    }

    /// Returns the parameter's type.
    ///
    /// # Errors
    /// [`Error::NoSuchType`](crate::Error::NoSuchType).
    pub fn ty(&self) -> Result<Type<'a>> {
        self.owner.btf().type_by_id(self.type_id())
    }
}

impl fmt::Debug for Param<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Param")
            .field("name", &self.name())
            .field("type_id", &self.type_id())
            .finish()
    }
}
