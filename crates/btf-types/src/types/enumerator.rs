//! Enumerators of 32 and 64 bits.

use core::fmt;

use zerocopy::FromBytes;

use super::entries::{Entry, Sealed};
use crate::{Kind, Name, StrOffset, Type, error::Result, raw};

/// An enumerator of an ENUM or ENUM64.
#[derive(Clone, Copy)]
pub struct Enumerator<'a> {
    owner: Type<'a>,
    name_off: StrOffset,
    bits: u64,
}

impl Sealed for Enumerator<'_> {}

impl<'a> Entry<'a> for Enumerator<'a> {
    #[inline]
    fn read(owner: Type<'a>, record: &'a [u8]) -> Option<Self> {
        let order = owner.btf().byte_order();
        let (name_off, bits) = if owner.kind() == Kind::Enum64 {
            let record = raw::Enumerator64::ref_from_bytes(record).ok()?;
            let high = u64::from(record.val_hi32.get(order)) << 32;
            (record.name_off, high | u64::from(record.val_lo32.get(order)))
        } else {
            let record = raw::Enumerator::ref_from_bytes(record).ok()?;
            let value = record.val.get(order);
            let signed = owner.kind_flag();
            let extended =
                if signed { i64::from(value.cast_signed()).cast_unsigned() } else { value.into() };
            (record.name_off, extended)
        };
        Some(Self { owner, name_off: StrOffset(name_off.get(order)), bits })
    }
}

impl<'a> Enumerator<'a> {
    /// Returns the enum that it belongs to.
    #[inline]
    pub fn owner(&self) -> Type<'a> {
        self.owner
    }

    /// Returns the string offset of the name.
    #[inline]
    pub fn name_off(&self) -> StrOffset {
        self.name_off
    }

    /// Returns the name.
    ///
    /// # Errors
    /// [`Error::NoSuchString`](crate::Error::NoSuchString) or
    /// [`Error::NameTooLong`](crate::Error::NameTooLong).
    pub fn name(&self) -> Result<Name<'a>> {
        self.owner.btf().string(self.name_off)
    }

    /// Returns `true` if the enum's kind_flag states that it is signed.
    ///
    /// A clear flag states nothing where the encoder does not know it: clang up to version 14, and pahole
    /// up to version 1.23, never set it.
    #[inline]
    pub fn is_signed(&self) -> bool {
        self.owner.kind_flag()
    }

    /// Returns the value in 64 bits, sign-extended if the enum's kind_flag is set, else zero-extended.
    #[inline]
    pub fn bits(&self) -> u64 {
        self.bits
    }

    /// Returns the value as a number, by the enum's kind_flag.
    #[inline]
    pub fn value(&self) -> i128 {
        if self.is_signed() { self.bits.cast_signed().into() } else { self.bits.into() }
    }
}

impl fmt::Debug for Enumerator<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enumerator")
            .field("name", &self.name())
            .field("value", &self.value())
            .finish()
    }
}
