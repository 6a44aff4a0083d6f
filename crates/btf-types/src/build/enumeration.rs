//! Enums, of 32 and of 64 bits.

use alloc::vec::Vec;

use zerocopy::IntoBytes;

use super::{Builder, Error, Record};
use crate::{Kind, TypeId, raw};

/// Adds an ENUM or ENUM64, enumerator by enumerator. Nothing is added before
/// [`EnumBuilder::finish`], and that is the moment when the type gets its id.
#[derive(Debug)]
#[must_use = "the type is added by `finish`"]
pub struct EnumBuilder<'b, 'a> {
    builder: &'b mut Builder<'a>,
    record: Record,
    enumerators: Vec<(raw::U32, i128)>,
}

impl<'a> Builder<'a> {
    /// Begins an ENUM of a size in bytes, whose values fit 32 bits.
    pub fn enumeration(&mut self, name: impl AsRef<[u8]>, size: u32) -> EnumBuilder<'_, 'a> {
        let record = self.record(name, Kind::Enum, size);
        EnumBuilder { builder: self, record, enumerators: Vec::new() }
    }

    /// Begins an ENUM64 of a size in bytes, whose values fit 64 bits.
    pub fn enumeration64(&mut self, name: impl AsRef<[u8]>, size: u32) -> EnumBuilder<'_, 'a> {
        let record = self.record(name, Kind::Enum64, size);
        EnumBuilder { builder: self, record, enumerators: Vec::new() }
    }
}

impl EnumBuilder<'_, '_> {
    /// Adds an enumerator. A negative value makes the enum signed.
    pub fn enumerator(mut self, name: impl AsRef<[u8]>, value: impl Into<i128>) -> Self {
        let value = value.into();
        self.record.kind_flag |= value < 0;
        self.enumerators.push((self.builder.name(name), value));
        self
    }

    /// Makes the enum signed (sets kind_flag), negative values or not.
    pub fn signed(mut self) -> Self {
        self.record.kind_flag = true;
        self
    }

    /// Adds the type.
    pub fn finish(self) -> TypeId {
        let Self { builder, record, enumerators } = self;
        let (kind, signed) = (record.kind, record.kind_flag);
        let id = builder.next_id();
        let mut trailing = Vec::new();
        for (index, (name_off, value)) in enumerators.iter().enumerate() {
            let bits = bits(kind, signed, *value).unwrap_or_else(|| {
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

/// The bits that an enum of a kind and signedness stores for a value; `None` if it does not fit.
fn bits(kind: Kind, signed: bool, value: i128) -> Option<u64> {
    match (kind, signed) {
        (Kind::Enum64, true) => i64::try_from(value).ok().map(i64::cast_unsigned),
        (Kind::Enum64, false) => u64::try_from(value).ok(),
        (_, true) => i32::try_from(value).ok().map(|value| value.cast_unsigned().into()),
        (_, false) => u32::try_from(value).ok().map(u64::from),
    }
}

/// Bits 0–31 and bits 32–63.
#[expect(clippy::cast_possible_truncation, reason = "the other half is the other number")]
fn halves(bits: u64) -> [u32; 2] {
    [bits as u32, (bits >> 32) as u32]
}
