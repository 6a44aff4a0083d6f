//! The target spec: the local spec found again in a candidate, or what stands against it.
//!
//! Follows libbpf's `bpf_core_spec_match` and `bpf_core_match_member` (BSD-2-Clause option).

use core::fmt;

use btf_types::{Kind, Type, TypeId};

use crate::{
    RelocKind, Subject,
    budget::Budget,
    compare::Sides,
    compare::fields_are_compatible,
    compare::types_are_compatible,
    compare::types_match,
    error::Cause,
    essential_name,
    limits::MAX_PATH_LEN,
    spec::local::element_bits,
    spec::member::MemberSearch,
    spec::{Accessor, Spec, is_flexible},
};

/// Why a candidate does not match. `accessor` counts from the root, which is 0; the ids are of the
/// BTF that the name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mismatch {
    /// No member has the accessor's name.
    NoMember {
        /// Which accessor of the local spec.
        accessor: usize,
        /// The target type that was searched.
        target: TypeId,
    },
    /// The member of that name is of a type that is not compatible.
    Incompatible {
        /// Which accessor of the local spec.
        accessor: usize,
        /// The type of the local member.
        local: TypeId,
        /// The type of the target member.
        target: TypeId,
    },
    /// What is indexed is no array in the target.
    NotAnArray {
        /// Which accessor of the local spec.
        accessor: usize,
        /// The target type.
        target: TypeId,
        /// Its kind.
        kind: Kind,
    },
    /// The target array is too short.
    TooShort {
        /// Which accessor of the local spec.
        accessor: usize,
        /// The index that is asked for.
        index: u32,
        /// How many elements the target array has.
        len: u32,
    },
    /// The candidate is no enum.
    NotAnEnum {
        /// The kind that it is of.
        kind: Kind,
    },
    /// The candidate has no enumerator of the name.
    NoEnumerator,
    /// The types are not compatible.
    TypesIncompatible,
    /// The types do not match.
    TypesDiffer,
}

/// Says it without names, which only the BTFs know.
impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMember { target, .. } => write!(f, "type {target} has no such member"),
            Self::Incompatible { target, .. } => {
                write!(f, "the member's type {target} is not compatible")
            }
            Self::NotAnArray { kind, .. } => write!(f, "{kind} is indexed like an array"),
            Self::TooShort { index, len, .. } => {
                write!(f, "index {index} is beyond the array's {len} elements")
            }
            Self::NotAnEnum { kind } => write!(f, "{kind} is not an enum"),
            Self::NoEnumerator => f.write_str("there is no such enumerator"),
            Self::TypesIncompatible => f.write_str("the types are not compatible"),
            Self::TypesDiffer => f.write_str("the types do not match"),
        }
    }
}

/// Finds the local spec in a candidate of the target.
pub(crate) fn target_spec<'a>(
    local: &Spec<'a>,
    kind: RelocKind,
    candidate: Type<'a>,
    budget: &mut Budget,
) -> Result<Result<Spec<'a>, Mismatch>, Cause> {
    let sides = Sides { local: local.btf, target: candidate.btf() };
    match kind.subject() {
        Subject::Type => match_type(sides, local, kind, candidate, budget),
        Subject::Enumerator => match_enumerator(sides, local, candidate, budget),
        Subject::Field => match_field(sides, local, candidate, budget),
    }
}

fn match_type<'a>(
    sides: Sides<'a>,
    local: &Spec<'a>,
    kind: RelocKind,
    candidate: Type<'a>,
    budget: &mut Budget,
) -> Result<Result<Spec<'a>, Mismatch>, Cause> {
    let (matches, mismatch) = if kind == RelocKind::TypeMatches {
        (types_match(sides, local.root, candidate.id(), budget)?, Mismatch::TypesDiffer)
    } else {
        let compatible = types_are_compatible(sides, local.root, candidate.id(), budget)?;
        (compatible, Mismatch::TypesIncompatible)
    };
    Ok(if matches { Ok(Spec::of_root(sides.target, candidate.id())) } else { Err(mismatch) })
}

fn match_enumerator<'a>(
    sides: Sides<'a>,
    local: &Spec<'a>,
    candidate: Type<'a>,
    budget: &mut Budget,
) -> Result<Result<Spec<'a>, Mismatch>, Cause> {
    let ty = candidate.skip_modifiers_and_typedefs().map_err(Cause::Target)?;
    if !ty.kind().is_enum() {
        return Ok(Err(Mismatch::NotAnEnum { kind: ty.kind() }));
    }
    let wanted = local.accessors.first().and_then(|accessor| accessor.name_off);
    let wanted = sides.local_name(wanted.unwrap_or_default())?;
    let wanted = essential_name(&wanted);
    for (index, enumerator) in (0..).zip(ty.enumerators()) {
        budget.spend(1)?;
        // The first look is cheap, and most names fail it.
        let rest = sides.target.string_and_rest(enumerator.name_off()).unwrap_or_default();
        if !rest.starts_with(wanted) {
            continue;
        }
        if essential_name(&sides.target_name(enumerator.name_off())?) == wanted {
            let mut spec = Spec::of_root(sides.target, candidate.id());
            let name_off = Some(enumerator.name_off());
            spec.accessors.push(Accessor { type_id: ty.id(), index, name_off });
            spec.path.push(index)?;
            return Ok(Ok(spec));
        }
    }
    Ok(Err(Mismatch::NoEnumerator))
}

fn match_field<'a>(
    sides: Sides<'a>,
    local: &Spec<'a>,
    candidate: Type<'a>,
    budget: &mut Budget,
) -> Result<Result<Spec<'a>, Mismatch>, Cause> {
    let mut spec = Spec::of_root(sides.target, candidate.id());
    let mut ty = candidate.skip_modifiers_and_typedefs().map_err(Cause::Target)?;
    for (position, accessor) in local.accessors.iter().enumerate() {
        let step = match accessor.name_off {
            Some(_) => take_member(sides, &mut spec, ty, position, accessor, budget)?,
            None => take_element(&mut spec, ty, position, accessor.index)?,
        };
        match step {
            Ok(next) => ty = next,
            Err(mismatch) => return Ok(Err(mismatch)),
        }
    }
    Ok(Ok(spec))
}

/// Goes to the target member of the local accessor's name.
fn take_member<'a>(
    sides: Sides<'a>,
    spec: &mut Spec<'a>,
    within: Type<'a>,
    position: usize,
    accessor: &Accessor,
    budget: &mut Budget,
) -> Result<Result<Type<'a>, Mismatch>, Cause> {
    let no_member = Mismatch::NoMember { accessor: position, target: within.id() };
    let owner = sides.local.type_by_id(accessor.type_id).map_err(Cause::Local)?;
    let Some(member) = owner.members().get(accessor.index as usize) else {
        return Ok(Err(no_member));
    };
    let name = sides.local_name_with_nul(member.name_off())?;
    let mut search = MemberSearch::new(sides.target, name, &mut spec.path, budget);
    let Some(found) = search.find(within.id())? else {
        return Ok(Err(no_member));
    };

    if !fields_are_compatible(sides, member.type_id(), found.type_id)? {
        return Ok(Err(Mismatch::Incompatible {
            accessor: position,
            local: member.type_id(),
            target: found.type_id,
        }));
    }
    spec.advance(found.bit_offset).ok_or(Cause::OffsetOverflow)?;
    let ty = sides.target.type_by_id(found.type_id).and_then(Type::skip_modifiers_and_typedefs);
    let ty = ty.map_err(Cause::Target)?;
    let name_off = Some(found.name_off);
    let accessor = Accessor { type_id: found.owner, index: found.index, name_off };
    spec.push_member(accessor, ty, found.bitfield_size);
    Ok(Ok(ty))
}

/// Goes to the element of an index: of the root, as if it were an array, or of a target array.
fn take_element<'a>(
    spec: &mut Spec<'a>,
    ty: Type<'a>,
    position: usize,
    index: u32,
) -> Result<Result<Type<'a>, Mismatch>, Cause> {
    let element = if position == 0 {
        ty
    } else {
        let Some(array) = ty.array() else {
            let (target, kind) = (ty.id(), ty.kind());
            return Ok(Err(Mismatch::NotAnArray { accessor: position, target, kind }));
        };
        if index >= array.len && !is_flexible(spec.btf, spec.accessors.last(), array.len) {
            return Ok(Err(Mismatch::TooShort { accessor: position, index, len: array.len }));
        }
        let element = spec.btf.type_by_id(array.element);
        element.and_then(Type::skip_modifiers_and_typedefs).map_err(Cause::Target)?
    };
    if spec.path.len() >= MAX_PATH_LEN {
        return Err(Cause::TooDeep);
    }
    spec.path.push(index)?;
    spec.push_element(index, element);
    let bits = element_bits(element, index).map_err(Cause::Target)?;
    spec.advance(bits.ok_or(Cause::OffsetOverflow)?).ok_or(Cause::OffsetOverflow)?;
    Ok(Ok(element))
}
