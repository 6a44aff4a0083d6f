//! Values: what a spec answers to the question that a relocation asks.
//!
//! Follows libbpf's `bpf_core_calc_relo` and what it calls (BSD-2-Clause option).

use btf_types::{ByteOrder, Error as BtfError, Kind, Type};

use crate::{
    RelocKind,
    error::Cause,
    spec::{End, Field, Place},
};

/// Which BTF a spec or a type is of, for errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Local,
    Target,
}

impl Side {
    pub(crate) fn cause(self) -> fn(BtfError) -> Cause {
        match self {
            Self::Local => Cause::Local,
            Self::Target => Cause::Target,
        }
    }
}

/// What a place answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Value {
    /// The answer.
    pub(crate) value: u64,
    /// Whether the compiler must have written the same: not for what it may see differently.
    pub(crate) exact: bool,
    /// What a load or store at this offset accesses; none for bitfields and other questions.
    pub(crate) accessed: Option<Accessed>,
}

/// What a load or store accesses: a field, or an element of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accessed {
    /// The size in bytes; of an array, that of one element.
    pub(crate) size: u32,
    /// Whether the field is such that the size of a load may change.
    pub(crate) class: AccessClass,
}

/// What fields are, as far as loads of another size go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccessClass {
    Pointer,
    UnsignedInt,
    /// Nothing that could be loaded with another size.
    Other,
}

impl AccessClass {
    fn of(ty: Type<'_>) -> Self {
        match ty.kind() {
            Kind::Ptr => Self::Pointer,
            Kind::Int if !is_signed(ty) => Self::UnsignedInt,
            _ => Self::Other,
        }
    }
}

impl Value {
    fn exact(value: u64) -> Self {
        Self { value, exact: true, accessed: None }
    }

    fn inexact(value: u64) -> Self {
        Self { value, exact: false, accessed: None }
    }
}

/// What the place that a spec leads to answers to the question of a kind. The byte order is that of
/// the code.
#[inline(always)] // What it returns would else be copied in memory, part by part, over and over.
pub(crate) fn value(
    kind: RelocKind,
    place: &Place<'_>,
    order: ByteOrder,
    side: Side,
) -> Result<Value, Cause> {
    let btf_error = side.cause();
    match kind {
        RelocKind::FieldExists
        | RelocKind::TypeExists
        | RelocKind::TypeMatches
        | RelocKind::EnumvalExists => Ok(Value::exact(1)),
        // The object's ids change when it is linked, the target's are another's: no compiler knows.
        RelocKind::TypeIdLocal | RelocKind::TypeIdTarget => {
            Ok(Value::inexact(u64::from(place.root.0)))
        }
        RelocKind::TypeSize => {
            let root = place.btf.type_by_id(place.root);
            Ok(Value::exact(root.and_then(Type::size).map_err(btf_error)?.into()))
        }
        RelocKind::EnumvalValue => match place.end {
            End::Enumerator(enumerator) => Ok(Value::exact(enumerator.bits())),
            End::Type | End::Field(_) => Err(Cause::NotOneEnumerator),
        },
        RelocKind::FieldByteOffset
        | RelocKind::FieldByteSize
        | RelocKind::FieldSigned
        | RelocKind::FieldLshiftU64
        | RelocKind::FieldRshiftU64 => field_value(kind, place, order, btf_error),
    }
}

#[inline(always)] // As above.
fn field_value(
    kind: RelocKind,
    place: &Place<'_>,
    order: ByteOrder,
    btf_error: impl Fn(BtfError) -> Cause,
) -> Result<Value, Cause> {
    // Every field-based spec leads to a field.
    let field = *place.field().ok_or(Cause::NotTheRoot)?;
    if field.bitfield_size > 0 {
        return bitfield_value(kind, place.bit_offset, field, order);
    }
    if field.is_element && !matches!(kind, RelocKind::FieldByteOffset | RelocKind::FieldByteSize) {
        return Err(Cause::NotForElements { kind });
    }
    let size = field.ty.size().map_err(&btf_error)?;
    let load = || Load::whole(place.bit_offset, size);
    Ok(match kind {
        RelocKind::FieldByteOffset => Value {
            accessed: Some(accessed(field.ty, size).map_err(btf_error)?),
            ..Value::exact((place.bit_offset / 8).into())
        },
        RelocKind::FieldByteSize => Value::exact(size.into()),
        RelocKind::FieldSigned => Value::exact(is_signed(field.ty).into()),
        RelocKind::FieldLshiftU64 => Value::exact(load()?.lshift(order).into()),
        _ => Value::exact(load()?.rshift().into()),
    })
}

fn bitfield_value(
    kind: RelocKind,
    bit_offset: u32,
    field: Field<'_>,
    order: ByteOrder,
) -> Result<Value, Cause> {
    let (byte_offset, load) = Load::covering(bit_offset, field.bitfield_size, field.ty)?;
    Ok(match kind {
        RelocKind::FieldByteOffset => Value::inexact(byte_offset.into()),
        RelocKind::FieldByteSize => Value::inexact(load.size.into()),
        RelocKind::FieldSigned => Value::exact(is_signed(field.ty).into()),
        RelocKind::FieldLshiftU64 => Value::inexact(load.lshift(order).into()),
        _ => Value::exact(load.rshift().into()),
    })
}

/// What a load or store of a field of this type accesses.
fn accessed(ty: Type<'_>, size: u32) -> Result<Accessed, BtfError> {
    let size = if ty.kind() == Kind::Array { ty.innermost_element()?.size()? } else { size };
    Ok(Accessed { size, class: AccessClass::of(ty) })
}

fn is_signed(ty: Type<'_>) -> bool {
    match ty.kind() {
        Kind::Int => ty.int().is_some_and(|int| int.is_signed()),
        Kind::Enum | Kind::Enum64 => ty.kind_flag(),
        _ => false,
    }
}

/// A load that a field is got from by two shifts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Load {
    /// How many bytes it loads: at most 8.
    size: u32,
    /// Where the field begins in it, in bits.
    bit_offset: u32,
    /// How many bits the field has: at least 1, at most 64.
    bits: u32,
}

impl Load {
    /// The smallest naturally aligned load, from the size of the declared type on, that covers a
    /// bitfield, and the byte that it begins at.
    fn covering(bit_offset: u32, bits: u8, declared: Type<'_>) -> Result<(u32, Self), Cause> {
        let found = declared.stated_size().unwrap_or(0);
        if !(1..=8).contains(&found) {
            return Err(Cause::BitfieldType { kind: declared.kind(), size: found });
        }
        let bits = u32::from(bits);
        let byte = bit_offset / 8;
        let mut size = found;
        loop {
            // No overflow: what is subtracted is not above what it is taken from, and a load of at
            // most 8 bytes covers 64 bits.
            let byte_offset = byte.wrapping_sub(byte.checked_rem(size).unwrap_or(0));
            let within = bit_offset.wrapping_sub(byte_offset.wrapping_mul(8));
            if within.saturating_add(bits) <= size.saturating_mul(8) {
                return Ok((byte_offset, Self { size, bit_offset: within, bits }));
            }
            if size >= 8 {
                return Err(Cause::BitfieldTooWide { bit_offset, bits });
            }
            size = size.saturating_mul(2);
        }
    }

    /// The load of a field that is no bitfield, from the byte on that it begins in.
    fn whole(bit_offset: u32, size: u32) -> Result<Self, Cause> {
        if !(1..=8).contains(&size) {
            return Err(Cause::ShiftOfSize { size });
        }
        Ok(Self { size, bit_offset: bit_offset % 8, bits: size.saturating_mul(8) })
    }

    /// By how much to shift left, so that the field's highest bit becomes bit 63.
    fn lshift(&self, order: ByteOrder) -> u32 {
        match order {
            ByteOrder::Little => 64_u32.wrapping_sub(self.bit_offset.wrapping_add(self.bits)),
            ByteOrder::Big => {
                8_u32.wrapping_sub(self.size).wrapping_mul(8).wrapping_add(self.bit_offset)
            }
        }
    }

    /// By how much to shift right after that, so that its lowest bit becomes bit 0.
    fn rshift(&self) -> u32 {
        64_u32.wrapping_sub(self.bits)
    }
}
