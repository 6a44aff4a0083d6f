//! The target spec: the local spec found again in a candidate, or what stands against it.
//!
//! Follows libbpf's `bpf_core_spec_match` and `bpf_core_match_member` (BSD-2-Clause option).

use core::fmt;

use btf_types::{Kind, StrOffset, Type, TypeId};

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
    value::Side,
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

/// What came of looking for something in a candidate.
type Matched<T = ()> = Result<Result<T, Mismatch>, Cause>;

/// Finds the local spec in a candidate of the target.
pub(crate) fn target_spec<'a>(
    local: &Spec<'a>,
    kind: RelocKind,
    candidate: Type<'a>,
    budget: &mut Budget,
) -> Matched<Spec<'a>> {
    let sides = Sides { local: local.btf, target: candidate.btf() };
    let mut spec = Spec::of_root(sides.target, candidate.id());
    let matched = match kind.subject() {
        Subject::Type => match_type(sides, local.root, kind, candidate, budget)?,
        Subject::Enumerator => match_enumerator(sides, local, &mut spec, candidate, budget)?,
        Subject::Field => match_field(sides, local, &mut spec, candidate, budget)?,
    };
    Ok(matched.map(|()| spec))
}

fn match_type(
    sides: Sides<'_>,
    local: TypeId,
    kind: RelocKind,
    candidate: Type<'_>,
    budget: &mut Budget,
) -> Matched {
    let (matches, mismatch) = if kind == RelocKind::TypeMatches {
        (types_match(sides, local, candidate.id(), budget)?, Mismatch::TypesDiffer)
    } else {
        let compatible = types_are_compatible(sides, local, candidate.id(), budget)?;
        (compatible, Mismatch::TypesIncompatible)
    };
    Ok(if matches { Ok(()) } else { Err(mismatch) })
}

fn match_enumerator<'a>(
    sides: Sides<'a>,
    local: &Spec<'a>,
    spec: &mut Spec<'a>,
    candidate: Type<'a>,
    budget: &mut Budget,
) -> Matched {
    let ty = budget.behind(candidate, Side::Target)?;
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
        let name = sides.target_name(enumerator.name_off())?;
        budget.spend_name(name)?;
        if essential_name(&name) == wanted {
            let (name_off, member_type) = (Some(enumerator.name_off()), TypeId::VOID);
            spec.accessors.push(Accessor { type_id: ty.id(), index, name_off, member_type });
            spec.path.push(index)?;
            return Ok(Ok(()));
        }
    }
    Ok(Err(Mismatch::NoEnumerator))
}

fn match_field<'a>(
    sides: Sides<'a>,
    local: &Spec<'a>,
    spec: &mut Spec<'a>,
    candidate: Type<'a>,
    budget: &mut Budget,
) -> Matched {
    let mut ty = budget.behind(candidate, Side::Target)?;
    for (position, accessor) in local.accessors.iter().enumerate() {
        let step = match accessor.name_off {
            Some(name_off) => {
                let member = Wanted { position, name_off, type_id: accessor.member_type };
                take_member(sides, spec, ty, member, budget)?
            }
            None => take_element(spec, ty, position, accessor.index, budget)?,
        };
        match step {
            Ok(next) => ty = next,
            Err(mismatch) => return Ok(Err(mismatch)),
        }
    }
    Ok(Ok(()))
}

/// A local member to be found in the target.
struct Wanted {
    /// Which accessor of the local spec it is.
    position: usize,
    name_off: StrOffset,
    type_id: TypeId,
}

/// Goes to the target member of the local one's name.
fn take_member<'a>(
    sides: Sides<'a>,
    spec: &mut Spec<'a>,
    within: Type<'a>,
    member: Wanted,
    budget: &mut Budget,
) -> Matched<Type<'a>> {
    let name = sides.local_name_with_nul(member.name_off)?;
    let mut search = MemberSearch::new(sides.target, name, &mut spec.path, budget);
    let Some(found) = search.find(within)? else {
        return Ok(Err(Mismatch::NoMember { accessor: member.position, target: within.id() }));
    };
    if !fields_are_compatible(sides, member.type_id, found.type_id, budget)? {
        return Ok(Err(Mismatch::Incompatible {
            accessor: member.position,
            local: member.type_id,
            target: found.type_id,
        }));
    }
    spec.advance(found.bit_offset).ok_or(Cause::OffsetOverflow)?;
    let ty = sides.target.type_by_id(found.type_id).map_err(Cause::Target)?;
    let ty = budget.behind(ty, Side::Target)?;
    let accessor = Accessor {
        type_id: found.owner,
        index: found.index,
        name_off: Some(found.name_off),
        member_type: found.type_id,
    };
    spec.push_member(accessor, ty, found.bitfield_size);
    Ok(Ok(ty))
}

/// Goes to the element of an index: of the root, as if it were an array, or of a target array.
fn take_element<'a>(
    spec: &mut Spec<'a>,
    ty: Type<'a>,
    position: usize,
    index: u32,
    budget: &mut Budget,
) -> Matched<Type<'a>> {
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
        let element = spec.btf.type_by_id(array.element).map_err(Cause::Target)?;
        budget.behind(element, Side::Target)?
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
