//! Values: the answer of a spec to the question of a relocation's kind.
//!
//! Follows libbpf's `bpf_core_calc_relo` and what it calls (BSD-2-Clause option).

use btf_types::{ByteOrder, Error as BtfError, Kind, Type};

use crate::{
    enums::sign_extended,
    error::Cause,
    record::RelocKind,
    side::Side,
    spec::{End, Field, Spec},
};

/// The answer of a spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Value {
    /// The answer. An enumerator of an ENUM is sign-extended; see [`Extension`](super::Extension).
    pub(crate) value: u64,
    /// Whether the compiler must have written this value. It may load bitfields differently, and does not
    /// know type ids.
    pub(crate) exact: bool,
    /// What a load or store at this offset accesses; `None` for bitfields and for other kinds.
    pub(crate) accessed: Option<Accessed>,
}

/// What a load or store accesses: a field, or an element of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accessed {
    /// The size in bytes; for an array, that of one element.
    pub(crate) size: u32,
    /// The class, which decides whether the size of a load or store may change.
    pub(crate) class: AccessClass,
}

/// The class of a field: how a load or store of another size treats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccessClass {
    Pointer,
    UnsignedInt,
    /// Cannot be accessed with another size.
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

/// Computes the answer of a spec for a kind. The byte order is that of the code.
#[inline(always)] // The result would otherwise be copied in memory, part by part, repeatedly.
pub(crate) fn value(
    kind: RelocKind,
    spec: &Spec<'_>,
    order: ByteOrder,
    side: Side,
) -> Result<Value, Cause> {
    let btf_error = side.cause();
    match kind {
        RelocKind::FieldExists
        | RelocKind::TypeExists
        | RelocKind::TypeMatches
        | RelocKind::EnumvalExists => Ok(Value::exact(1)),
        // Linking changes the object's ids, and no compiler knows the target's.
        RelocKind::TypeIdLocal | RelocKind::TypeIdTarget => {
            Ok(Value::inexact(u64::from(spec.root.0)))
        }
        RelocKind::TypeSize => {
            let root = spec.btf.type_by_id(spec.root);
            Ok(Value::exact(root.and_then(Type::size).map_err(btf_error)?.into()))
        }
        RelocKind::EnumvalValue => match spec.end {
            End::Enumerator(enumerator) => Ok(Value::exact(sign_extended(enumerator))),
            End::Type | End::Field(_) => Err(Cause::NotOneEnumerator),
        },
        RelocKind::FieldByteOffset
        | RelocKind::FieldByteSize
        | RelocKind::FieldSigned
        | RelocKind::FieldLshiftU64
        | RelocKind::FieldRshiftU64 => field_value(kind, spec, order, btf_error),
    }
}

#[inline(always)] // See `value`.
fn field_value(
    kind: RelocKind,
    spec: &Spec<'_>,
    order: ByteOrder,
    btf_error: impl Fn(BtfError) -> Cause,
) -> Result<Value, Cause> {
    // Every field-based spec leads to a field.
    let field = *spec.field().ok_or(Cause::NotTheRoot)?;
    if field.bitfield_size > 0 {
        return bitfield_value(kind, spec.bit_offset, field, order);
    }
    if field.is_element && !matches!(kind, RelocKind::FieldByteOffset | RelocKind::FieldByteSize) {
        return Err(Cause::NotForElements { kind });
    }
    let size = field.ty.size().map_err(&btf_error)?;
    let load = || Load::whole(spec.bit_offset, size);
    Ok(match kind {
        RelocKind::FieldByteOffset => Value {
            accessed: Some(accessed(field.ty, size).map_err(btf_error)?),
            ..Value::exact((spec.bit_offset / 8).into())
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

/// Returns what a load or store of a field of this type accesses.
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

/// A load from which two shifts extract a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Load {
    /// The size of the load in bytes, at most 8.
    size: u32,
    /// The offset of the field in the load, in bits.
    bit_offset: u32,
    /// The size of the field in bits: 1 to 64.
    bits: u32,
}

impl Load {
    /// Returns the smallest naturally aligned load that covers a bitfield and is at least as large as the
    /// declared type, and the byte offset of that load.
    fn covering(bit_offset: u32, bits: u8, declared: Type<'_>) -> Result<(u32, Self), Cause> {
        let found = declared.stated_size().unwrap_or(0);
        if !(1..=8).contains(&found) {
            return Err(Cause::BitfieldType { kind: declared.kind(), size: found });
        }
        let bits = u32::from(bits);
        let byte = bit_offset / 8;
        let mut size = found;
        loop {
            // No overflow: a remainder is at most its dividend, and a load has at most 64 bits.
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

    /// Returns the load of a field that is not a bitfield, starting at the field's first byte.
    fn whole(bit_offset: u32, size: u32) -> Result<Self, Cause> {
        if !(1..=8).contains(&size) {
            return Err(Cause::ShiftOfSize { size });
        }
        Ok(Self { size, bit_offset: bit_offset % 8, bits: size.saturating_mul(8) })
    }

    /// Returns the left shift that moves the field's highest bit to bit 63.
    fn lshift(&self, order: ByteOrder) -> u32 {
        match order {
            ByteOrder::Little => 64_u32.wrapping_sub(self.bit_offset.wrapping_add(self.bits)),
            ByteOrder::Big => {
                8_u32.wrapping_sub(self.size).wrapping_mul(8).wrapping_add(self.bit_offset)
            }
        }
    }

    /// Returns the right shift that then moves the field's lowest bit to bit 0.
    fn rshift(&self) -> u32 {
        64_u32.wrapping_sub(self.bits)
    }
}
