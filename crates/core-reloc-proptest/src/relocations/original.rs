//! The values that a compiler writes into instructions.

use btf_types::{ByteOrder, IntEncoding};
use core_reloc::RelocKind;

use super::{
    case::RelocDesc,
    path::{ResolvedPath, resolve_path},
};
use crate::types::{desc::TypeDesc, graph::Graph, layout::Layout};

/// Returns the value that a compiler writes for a relocation; `None` if the access path does not
/// fit the types, or the types have no such value.
///
/// It is computed from the descriptions alone, and shares no code with the relocator.
pub fn original_value(graph: &Graph, layout: &Layout, relocation: &RelocDesc) -> Option<u64> {
    let RelocDesc { kind, root, path, .. } = relocation;
    let field = || resolve_path(graph, layout, *root, path);
    Some(match kind {
        RelocKind::FieldExists
        | RelocKind::TypeExists
        | RelocKind::TypeMatches
        | RelocKind::EnumvalExists => 1,
        RelocKind::TypeIdLocal | RelocKind::TypeIdTarget => root.0.into(),
        RelocKind::TypeSize => layout.size(*root)?.into(),
        RelocKind::EnumvalValue => enumerator_value(graph, relocation)?,
        RelocKind::FieldByteOffset => Storage::of(layout, &field()?)?.byte_offset,
        RelocKind::FieldByteSize => Storage::of(layout, &field()?)?.size,
        RelocKind::FieldSigned => is_signed(graph, &field()?).into(),
        RelocKind::FieldLshiftU64 => Storage::of(layout, &field()?)?.shift_left(graph.byte_order),
        RelocKind::FieldRshiftU64 => 64_u64.checked_sub(Storage::of(layout, &field()?)?.bits)?,
        _ => return None,
    })
}

fn enumerator_value(graph: &Graph, relocation: &RelocDesc) -> Option<u64> {
    let TypeDesc::Enum(desc) = graph.resolve(relocation.root)? else { return None };
    let index = usize::try_from(*relocation.path.first()?).ok()?;
    let value = desc.enumerators.get(index)?.value;
    // A negative value is sign-extended to 64 bits.
    u64::try_from(value).ok().or_else(|| i64::try_from(value).ok().map(i64::cast_unsigned))
}

fn is_signed(graph: &Graph, field: &ResolvedPath) -> bool {
    match graph.resolve(field.ty) {
        Some(TypeDesc::Int { flags, .. }) => flags & IntEncoding::SIGNED != 0,
        Some(TypeDesc::Enum(desc)) => desc.signed,
        _ => false,
    }
}

/// The bytes that are loaded to read a field.
struct Storage {
    byte_offset: u64,
    /// The number of bytes.
    size: u64,
    /// The offset of the field in them, in bits.
    first_bit: u64,
    /// The size of the field in bits.
    bits: u64,
}

impl Storage {
    /// A bitfield is loaded by a unit of its declared type. Compilers may choose another unit,
    /// depending on the alignment of the composite, and no record has their choice.
    fn of(layout: &Layout, field: &ResolvedPath) -> Option<Self> {
        let size = u64::from(layout.size(field.ty)?);
        let whole = size.checked_mul(8)?;
        let Some(bits) = field.bits else {
            let byte_offset = field.bit_offset / 8;
            return Some(Self { byte_offset, size, first_bit: 0, bits: whole });
        };
        let first_bit = field.bit_offset.checked_rem(whole)?;
        let byte_offset = field.bit_offset.checked_sub(first_bit)? / 8;
        Some(Self { byte_offset, size, first_bit, bits: bits.into() })
    }

    /// Returns the shift that moves the field's highest bit to bit 63.
    fn shift_left(&self, order: ByteOrder) -> u64 {
        match order {
            ByteOrder::Little => 64_u64.saturating_sub(self.first_bit.saturating_add(self.bits)),
            ByteOrder::Big => {
                let unused = 8_u64.saturating_sub(self.size).saturating_mul(8);
                unused.saturating_add(self.first_bit)
            }
        }
    }
}
