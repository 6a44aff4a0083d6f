//! The local spec: the access path of a relocation against the types of its own object.
//!
//! Follows the algorithm of libbpf's `bpf_core_parse_spec` (BSD-2-Clause option).

use btf_types::{Btf, Error as BtfError, StrOffset, Type, TypeId};

use crate::{
    Relocation, Subject,
    budget::Budget,
    error::Cause,
    spec::{Accessor, Spec, is_flexible},
    value::Side,
};

/// Spells out the access path of a relocation against the local types.
pub(crate) fn local_spec<'a>(
    local: &'a Btf<'a>,
    relocation: &Relocation,
    budget: &mut Budget,
) -> Result<Spec<'a>, Cause> {
    let root = local.type_by_id(relocation.type_id).map_err(Cause::Local)?;
    let mut spec = Spec::of_root(local, root.id());
    match relocation.kind.subject() {
        Subject::Type => check_type_access(relocation)?,
        Subject::Enumerator => take_enumerator(&mut spec, root, relocation, budget)?,
        Subject::Field => take_field(&mut spec, root, relocation, budget)?,
    }
    Ok(spec)
}

fn check_type_access(relocation: &Relocation) -> Result<(), Cause> {
    match *relocation.access {
        [0] => Ok(()),
        _ => Err(Cause::NotTheRoot),
    }
}

fn take_enumerator(
    spec: &mut Spec<'_>,
    root: Type<'_>,
    relocation: &Relocation,
    budget: &mut Budget,
) -> Result<(), Cause> {
    let ty = budget.behind(root, Side::Local)?;
    if !ty.kind().is_enum() {
        return Err(Cause::NotAnEnum { found: ty.kind() });
    }
    let [index] = *relocation.access else { return Err(Cause::NotOneEnumerator) };
    let enumerator = ty.enumerators().get(index as usize);
    let enumerator = enumerator.ok_or(Cause::NoSuchEnumerator { index, len: ty.vlen() })?;
    let (name_off, member_type) = (Some(enumerator.name_off()), TypeId::VOID);
    spec.accessors.push(Accessor { type_id: ty.id(), index, name_off, member_type });
    Ok(())
}

fn take_field<'a>(
    spec: &mut Spec<'a>,
    root: Type<'a>,
    relocation: &Relocation,
    budget: &mut Budget,
) -> Result<(), Cause> {
    let mut ty = budget.behind(root, Side::Local)?;
    let mut steps = relocation.access.iter().copied();
    if let Some(index) = steps.next() {
        step_into_element(spec, ty, index)?;
    }
    for (step, index) in (1..).zip(steps) {
        budget.spend(1)?;
        if ty.kind().is_composite() {
            let member = ty.members().get(index as usize);
            let member = member.ok_or(Cause::NoSuchMember { step, index, len: ty.vlen() })?;
            spec.advance(member.bit_offset().into()).ok_or(Cause::OffsetOverflow)?;
            let (type_id, member_type) = (ty.id(), member.type_id());
            ty = local_type(spec.btf, member_type, budget)?;
            if member.name_off() != StrOffset::EMPTY {
                if let Some([0, ..]) = spec.btf.string_and_rest(member.name_off()) {
                    return Err(Cause::EmptyMemberName { step });
                }
                let name_off = Some(member.name_off());
                let accessor = Accessor { type_id, index, name_off, member_type };
                spec.push_member(accessor, ty, member.bitfield_size());
            }
        } else if let Some(array) = ty.array() {
            if index >= array.len && !is_flexible(spec.btf, spec.accessors.last(), array.len) {
                return Err(Cause::NoSuchElement { step, index, len: array.len });
            }
            ty = local_type(spec.btf, array.element, budget)?;
            step_into_element(spec, ty, index)?;
        } else {
            return Err(Cause::NoWayIn { step, found: ty.kind() });
        }
    }
    Ok(())
}

fn local_type<'a>(local: &'a Btf<'a>, id: TypeId, budget: &mut Budget) -> Result<Type<'a>, Cause> {
    budget.behind(local.type_by_id(id).map_err(Cause::Local)?, Side::Local)
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
