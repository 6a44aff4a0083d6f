//! The local spec: the access path of a relocation against the types of its own object.
//!
//! Follows the algorithm of libbpf's `bpf_core_parse_spec` (BSD-2-Clause option).

use btf_types::{Btf, Error as BtfError, StrOffset, Type, TypeId};
use smallvec::SmallVec;

use crate::{
    Relocation, Subject,
    budget::Budget,
    error::Cause,
    spec::{Accessor, End, Field, LocalSpec, Place, advance, is_flexible},
    value::Side,
};

/// Spells out the access path of a relocation against the local types.
#[inline]
pub(crate) fn local_spec<'a>(
    local: &'a Btf<'a>,
    relocation: &Relocation,
    budget: &mut Budget,
) -> Result<LocalSpec<'a>, Cause> {
    let root = local.type_by_id(relocation.type_id).map_err(Cause::Local)?;
    let place = Place::of_root(local, root.id());
    let mut spec = LocalSpec { accessors: SmallVec::new(), place };
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

fn take_enumerator<'a>(
    spec: &mut LocalSpec<'a>,
    root: Type<'a>,
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
    spec.accessors.push(Accessor {
        type_id: ty.id(),
        index,
        name_off: Some(enumerator.name_off()),
        member_type: TypeId::VOID,
        behind: TypeId::VOID,
    });
    spec.place.end = End::Enumerator(enumerator);
    Ok(())
}

fn take_field<'a>(
    spec: &mut LocalSpec<'a>,
    root: Type<'a>,
    relocation: &Relocation,
    budget: &mut Budget,
) -> Result<(), Cause> {
    let local = spec.place.btf;
    let mut ty = budget.behind(root, Side::Local)?;
    // Anonymous members are no accessors: a path that ends in one leads to where that is in a field.
    let mut field = Field { ty, is_element: true, bitfield_size: 0 };
    let mut bit_offset = 0;
    let mut move_on = |bits| {
        bit_offset = advance(bit_offset, bits).ok_or(Cause::OffsetOverflow)?;
        Ok::<_, Cause>(())
    };
    let mut steps = relocation.access.iter().copied();
    if let Some(index) = steps.next() {
        move_on(element_bits(ty, index).map_err(Cause::Local)?.ok_or(Cause::OffsetOverflow)?)?;
        spec.accessors.push(Accessor::element(ty, index));
    }
    for (step, index) in (1..).zip(steps) {
        budget.spend(1)?;
        if ty.kind().is_composite() {
            let member = ty.members().get(index as usize);
            let member = member.ok_or(Cause::NoSuchMember { step, index, len: ty.vlen() })?;
            move_on(member.bit_offset().into())?;
            let owner = ty.id();
            ty = local_type(local, member.type_id(), budget)?;
            let name_off = member.name_off();
            if name_off != StrOffset::EMPTY {
                if let Some([0, ..]) = local.string_and_rest(name_off) {
                    return Err(Cause::EmptyMemberName { step });
                }
                spec.accessors.push(Accessor {
                    type_id: owner,
                    index,
                    name_off: Some(name_off),
                    member_type: member.type_id(),
                    behind: ty.id(),
                });
                field = Field { ty, is_element: false, bitfield_size: member.bitfield_size() };
            }
        } else if let Some(array) = ty.array() {
            let reached_by = || spec.accessors.last().and_then(Accessor::member);
            if index >= array.len && !is_flexible(local, reached_by(), array.len) {
                return Err(Cause::NoSuchElement { step, index, len: array.len });
            }
            ty = local_type(local, array.element, budget)?;
            let bits = element_bits(ty, index).map_err(Cause::Local)?;
            move_on(bits.ok_or(Cause::OffsetOverflow)?)?;
            spec.accessors.push(Accessor::element(ty, index));
            field = Field { ty, is_element: true, bitfield_size: 0 };
        } else {
            return Err(Cause::NoWayIn { step, found: ty.kind() });
        }
    }
    spec.place.bit_offset = bit_offset;
    spec.place.end = End::Field(field);
    Ok(())
}

fn local_type<'a>(local: &'a Btf<'a>, id: TypeId, budget: &mut Budget) -> Result<Type<'a>, Cause> {
    budget.behind(local.type_by_id(id).map_err(Cause::Local)?, Side::Local)
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
