//! The local spec: the access path of a relocation against the types of its own object.
//!
//! Follows the algorithm of libbpf's `bpf_core_parse_spec` (BSD-2-Clause option).

use btf_types::{Btf, Error as BtfError, Type};

use crate::{
    Relocation, Subject,
    error::Cause,
    spec::{Accessor, Spec, is_flexible},
};

/// Spells out the access path of a relocation against the local types.
pub(crate) fn local_spec<'a>(
    local: &'a Btf<'a>,
    relocation: &Relocation,
) -> Result<Spec<'a>, Cause> {
    let root = local.type_by_id(relocation.type_id).map_err(Cause::Local)?;
    match relocation.kind.subject() {
        Subject::Type => type_spec(root, relocation),
        Subject::Enumerator => enumerator_spec(root, relocation),
        Subject::Field => field_spec(root, relocation),
    }
}

fn type_spec<'a>(root: Type<'a>, relocation: &Relocation) -> Result<Spec<'a>, Cause> {
    match *relocation.access {
        [0] => Ok(Spec::of_root(root.btf(), root.id())),
        _ => Err(Cause::NotTheRoot),
    }
}

fn enumerator_spec<'a>(root: Type<'a>, relocation: &Relocation) -> Result<Spec<'a>, Cause> {
    let ty = root.skip_modifiers_and_typedefs().map_err(Cause::Local)?;
    if !ty.kind().is_enum() {
        return Err(Cause::NotAnEnum { found: ty.kind() });
    }
    let [index] = *relocation.access else { return Err(Cause::NotOneEnumerator) };
    let enumerator = ty.enumerators().get(index as usize);
    let enumerator = enumerator.ok_or(Cause::NoSuchEnumerator { index, len: ty.vlen() })?;

    let mut spec = Spec::of_root(root.btf(), root.id());
    spec.path = relocation.access.clone();
    let name_off = Some(enumerator.name_off());
    spec.accessors.push(Accessor { type_id: ty.id(), index, name_off });
    Ok(spec)
}

fn field_spec<'a>(root: Type<'a>, relocation: &Relocation) -> Result<Spec<'a>, Cause> {
    let mut spec = Spec::of_root(root.btf(), root.id());
    let mut ty = root.skip_modifiers_and_typedefs().map_err(Cause::Local)?;
    let mut steps = relocation.access.iter().copied();
    if let Some(index) = steps.next() {
        step_into_element(&mut spec, ty, index)?;
    }
    for (step, index) in (1..).zip(steps) {
        if ty.kind().is_composite() {
            let member = ty.members().get(index as usize);
            let member = member.ok_or(Cause::NoSuchMember { step, index, len: ty.vlen() })?;
            spec.advance(member.bit_offset().into()).ok_or(Cause::OffsetOverflow)?;
            if member.name_off().0 != 0 {
                if member.name().map_err(Cause::Local)?.is_empty() {
                    return Err(Cause::EmptyMemberName { step });
                }
                let name_off = Some(member.name_off());
                spec.accessors.push(Accessor { type_id: ty.id(), index, name_off });
            }
            ty = member.ty().map_err(Cause::Local)?;
            ty = ty.skip_modifiers_and_typedefs().map_err(Cause::Local)?;
        } else if let Some(array) = ty.array() {
            if index >= array.len && !is_flexible(spec.btf, spec.accessors.last(), array.len) {
                return Err(Cause::NoSuchElement { step, index, len: array.len });
            }
            ty = local_type(spec.btf, array.element)?;
            step_into_element(&mut spec, ty, index)?;
        } else {
            return Err(Cause::NoWayIn { step, found: ty.kind() });
        }
    }
    spec.path = relocation.access.clone();
    Ok(spec)
}

fn local_type<'a>(local: &'a Btf<'a>, id: btf_types::TypeId) -> Result<Type<'a>, Cause> {
    let ty = local.type_by_id(id).and_then(Type::skip_modifiers_and_typedefs);
    ty.map_err(Cause::Local)
}

/// Moves on by `index` elements of a type.
fn step_into_element(spec: &mut Spec<'_>, element: Type<'_>, index: u32) -> Result<(), Cause> {
    let bits = element_bits(element, index).map_err(Cause::Local)?;
    spec.advance(bits.ok_or(Cause::OffsetOverflow)?).ok_or(Cause::OffsetOverflow)?;
    spec.accessors.push(Accessor { type_id: element.id(), index, name_off: None });
    Ok(())
}

/// The offset in bits of the element of an index, if it fits.
pub(crate) fn element_bits(element: Type<'_>, index: u32) -> Result<Option<u64>, BtfError> {
    let size = u64::from(element.size()?);
    Ok(size.checked_mul(8).and_then(|bits| bits.checked_mul(index.into())))
}
