//! Variables, functions and what tags are on.

use core::fmt;

use zerocopy::FromBytes;

use super::entries::{Entry, Sealed};
use crate::{Type, TypeId, error::Result, raw};

/// Where a variable or function can be seen from (`BTF_VAR_*`, `BTF_FUNC_*`: the same numbers).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Linkage {
    /// In its file only.
    Static,
    /// Everywhere.
    Global,
    /// It is defined elsewhere.
    Extern,
    /// A number that the format does not define.
    Unknown(u32),
}

impl Linkage {
    /// The linkage of a number as the format stores it.
    pub const fn from_raw(raw: u32) -> Self {
        match raw {
            0 => Self::Static,
            1 => Self::Global,
            2 => Self::Extern,
            raw => Self::Unknown(raw),
        }
    }

    /// The number that the format stores for this linkage.
    pub const fn to_raw(self) -> u32 {
        match self {
            Self::Static => 0,
            Self::Global => 1,
            Self::Extern => 2,
            Self::Unknown(raw) => raw,
        }
    }
}

/// What of a declaration a DECL_TAG is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeclTarget {
    /// The whole declaration.
    Declaration,
    /// The member or parameter of an index.
    Component(u32),
}

impl DeclTarget {
    /// The target of a number as the format stores it.
    pub const fn from_raw(raw: u32) -> Self {
        match raw {
            u32::MAX => Self::Declaration,
            index => Self::Component(index),
        }
    }

    /// The number that the format stores for this target.
    pub const fn to_raw(self) -> u32 {
        match self {
            Self::Declaration => u32::MAX,
            Self::Component(index) => index,
        }
    }
}

/// A variable's place in a DATASEC.
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
    /// The record as it is stored.
    pub fn raw(&self) -> &'a raw::VarSecInfo {
        self.record
    }

    /// The id of the VAR (or FUNC).
    pub fn type_id(&self) -> TypeId {
        TypeId(self.record.type_id.get(self.owner.btf().byte_order()))
    }

    /// The VAR (or FUNC).
    ///
    /// # Errors
    /// [`Error::NoSuchType`](crate::Error::NoSuchType).
    pub fn ty(&self) -> Result<Type<'a>> {
        self.owner.btf().type_by_id(self.type_id())
    }

    /// Where it lies, in bytes from the start of the section.
    pub fn offset(&self) -> u32 {
        self.record.offset.get(self.owner.btf().byte_order())
    }

    /// Its size in bytes.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of the kernel's `BTF_VAR_*` and `BTF_FUNC_*`.
    #[test]
    fn linkages_have_the_numbers_of_the_format() {
        for raw in [0, 1, 2, 3, u32::MAX] {
            assert_eq!(Linkage::from_raw(raw).to_raw(), raw);
        }
        use Linkage::{Extern, Global, Static, Unknown};
        let linkages = [0, 1, 2, 3].map(Linkage::from_raw);
        assert_eq!(linkages, [Static, Global, Extern, Unknown(3)]);
    }

    #[test]
    fn all_bits_set_is_the_declaration_itself() {
        assert_eq!(DeclTarget::from_raw(u32::MAX), DeclTarget::Declaration);
        assert_eq!(DeclTarget::from_raw(0), DeclTarget::Component(0));
        assert_eq!(DeclTarget::Declaration.to_raw(), 0xffff_ffff);
        assert_eq!(DeclTarget::Component(7).to_raw(), 7);
    }
}
