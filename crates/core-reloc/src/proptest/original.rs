//! What a compiler writes into an instruction: the answer of the types that it knows.

use btf_types::{
    ByteOrder, IntEncoding,
    proptest::{Graph, Layout, TypeDesc},
};

use super::{
    RelocDesc,
    walk::{Walked, walk},
};
use crate::RelocKind;

/// The value that a compiler writes for a relocation, from what it knows of the types; `None` if the
/// path leads nowhere, or there is no such value.
///
/// This does not look at BTF, and shares nothing with what relocates.
pub fn original_value(graph: &Graph, layout: &Layout, relocation: &RelocDesc) -> Option<u64> {
    let RelocDesc { kind, root, path, .. } = relocation;
    let field = || walk(graph, layout, *root, path);
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
    })
}

fn enumerator_value(graph: &Graph, relocation: &RelocDesc) -> Option<u64> {
    let TypeDesc::Enum(desc) = graph.resolve(relocation.root)? else { return None };
    let index = usize::try_from(*relocation.path.first()?).ok()?;
    let value = desc.enumerators.get(index)?.value;
    // Conversion to 64 bits keeps the value, or its sign.
    u64::try_from(value).ok().or_else(|| i64::try_from(value).ok().map(i64::cast_unsigned))
}

fn is_signed(graph: &Graph, field: &Walked) -> bool {
    match graph.resolve(field.ty) {
        Some(TypeDesc::Int { flags, .. }) => flags & IntEncoding::SIGNED != 0,
        Some(TypeDesc::Enum(desc)) => desc.signed,
        _ => false,
    }
}

/// What is loaded to get at a field.
struct Storage {
    byte_offset: u64,
    /// The bytes that are loaded.
    size: u64,
    /// Where the field begins in it, in bits.
    first_bit: u64,
    bits: u64,
}

impl Storage {
    /// A bitfield is loaded by a unit of its declared type. Compilers choose others as well, by the
    /// alignment of what it is in: nobody can check what they chose.
    fn of(layout: &Layout, field: &Walked) -> Option<Self> {
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

    /// By how much to shift so that the field's highest bit becomes bit 63.
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
