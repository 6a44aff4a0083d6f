//! The local spec: the access path of a relocation against the types of its own object.
//!
//! Follows the algorithm of libbpf's `bpf_core_parse_spec` (BSD-2-Clause option).

use btf_types::{Btf, Error as BtfError, StrOffset, Type, TypeId};

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
            let owner = ty.id();
            ty = local_type(spec.btf, member.type_id())?;
            if member.name_off() != StrOffset::EMPTY {
                if let Some([0, ..]) = spec.btf.string_and_rest(member.name_off()) {
                    return Err(Cause::EmptyMemberName { step });
                }
                let name_off = Some(member.name_off());
                let accessor = Accessor { type_id: owner, index, name_off };
                spec.push_member(accessor, ty, member.bitfield_size());
            }
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

fn local_type<'a>(local: &'a Btf<'a>, id: TypeId) -> Result<Type<'a>, Cause> {
    let ty = local.type_by_id(id).and_then(Type::skip_modifiers_and_typedefs);
    ty.map_err(Cause::Local)
}

/// Moves on by `index` elements of a type.
fn step_into_element<'a>(spec: &mut Spec<'a>, element: Type<'a>, index: u32) -> Result<(), Cause> {
    let bits = element_bits(element, index).map_err(Cause::Local)?;
    spec.advance(bits.ok_or(Cause::OffsetOverflow)?).ok_or(Cause::OffsetOverflow)?;
    spec.push_element(index, element);
    Ok(())
}

/// The offset in bits of the element of an index, if it fits. An element must have a size, even if
/// the offset is 0.
pub(crate) fn element_bits(element: Type<'_>, index: u32) -> Result<Option<u64>, BtfError> {
    if index == 0 && element.stated_size().is_some() {
        return Ok(Some(0));
    }
    let size = u64::from(element.size()?);
    Ok(size.checked_mul(8).and_then(|bits| bits.checked_mul(index.into())))
}
