//! Facts about a field.

use btf_types::{Btf, Member};
use core_reloc::{
    FoundType, RelocKind, Relocation,
    budget::Budget,
    describe::declaration_in_c,
    functions::Shifts,
    generate::{GenerateError, local_value},
    spec::{Accessor, LocalSpec},
};

use super::{FieldInfo, QueryError, bitfield::Bitfield};
use crate::definition::old_bitfield;

/// Answers for the field that a relocation of a root type is about.
pub(super) fn field_info(
    root: FoundType<'_>,
    relocation: &Relocation,
) -> Result<FieldInfo, QueryError> {
    let btf = root.ty.btf();
    let value = |kind| local_value(btf, &Relocation { kind, ..relocation.clone() });
    let byte_offset = value(RelocKind::FieldByteOffset)?;
    // The offset comes from the same spec, so there is one.
    let mut budget = Budget::for_input(btf.as_bytes().len());
    let spec = LocalSpec::within(btf, relocation, &mut budget).ok();
    let field = spec.as_ref().and_then(|spec| spec.spec().field());
    let last = spec.as_ref().and_then(|spec| spec.accessors().last());
    // A member's type as it is declared, typedefs included.
    let declared = last.filter(|last| last.name_off.is_some()).map(|last| last.member_type);
    let id = declared.or(field.map(|field| field.ty.id())).unwrap_or(relocation.type_id);
    let ty = btf.type_by_id(id).map_err(GenerateError::from)?;
    let shifts = || {
        let left = value(RelocKind::FieldLshiftU64).ok()?;
        Some(Shifts { left, right: value(RelocKind::FieldRshiftU64).ok()? })
    };
    let info = FieldInfo {
        type_name: declaration_in_c(ty, ""),
        type_id: id,
        module: root.module,
        byte_offset,
        bit_offset: spec.as_ref().map(|spec| spec.spec().bit_offset).unwrap_or_default(),
        bitfield_size: field.map(|field| field.bitfield_size).filter(|size| *size > 0),
        size: value(RelocKind::FieldByteSize).ok(),
        // Array elements have neither, nor has a field that no load can hold.
        signed: value(RelocKind::FieldSigned).ok().map(|signed| signed != 0),
        shifts: shifts(),
    };
    let old = last.and_then(|last| member(btf, last)).and_then(old_bitfield);
    Ok(match old.zip(info.size) {
        Some(((offset, bits), size)) => {
            let bit_offset = info.bit_offset.saturating_add(offset.into());
            let load = Bitfield { bit_offset, bits }.load(size, btf.byte_order());
            FieldInfo {
                bit_offset,
                bitfield_size: Some(bits),
                byte_offset: load.map_or(u64::from(bit_offset / 8), |load| load.byte_offset),
                size: load.map(|load| load.size),
                shifts: load.map(|load| load.shifts),
                ..info
            }
        }
        None => info,
    })
}

/// Returns the member that an accessor leads to.
fn member<'a>(btf: &'a Btf<'a>, accessor: &Accessor) -> Option<Member<'a>> {
    accessor.name_off?;
    btf.type_by_id(accessor.type_id).ok()?.members().get(accessor.index as usize)
}
