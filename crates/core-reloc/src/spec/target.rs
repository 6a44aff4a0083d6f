//! The target spec: the local spec found again in a candidate, or what stands against it.
//!
//! Follows libbpf's `bpf_core_spec_match` and `bpf_core_match_member` (BSD-2-Clause option).

use core::fmt;

use btf_types::{Kind, StrOffset, Type, TypeId};

use crate::{
    Candidate, RelocKind, Subject,
    compare::{Sides, fields_are_compatible},
    error::Cause,
    essential_name,
    limits::MAX_PATH_LEN,
    spec::local::element_bits,
    spec::{Accessor, Spec, is_flexible},
    value::Side,
    work::{Place, Work},
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
    (candidate, ty): (Candidate, Type<'a>),
    work: &mut Work,
) -> Matched<Spec<'a>> {
    let sides = Sides { local: local.btf, target: ty.btf() };
    let mut spec = Spec::of_root(sides.target, ty.id());
    let mut matching = Matching { sides, module: candidate.module, spec: &mut spec, work };
    let matched = match kind.subject() {
        Subject::Type => matching.match_type(local, kind)?,
        Subject::Enumerator => matching.match_enumerator(local, ty)?,
        Subject::Field => matching.match_field(local, ty)?,
    };
    Ok(matched.map(|()| spec))
}

/// A local spec on its way to becoming a target spec.
struct Matching<'m, 'a> {
    sides: Sides<'a>,
    /// The module that the candidate is of.
    module: Option<u32>,
    spec: &'m mut Spec<'a>,
    work: &'m mut Work,
}

impl<'a> Matching<'_, 'a> {
    fn match_type(&mut self, local: &Spec<'a>, kind: RelocKind) -> Matched {
        let target = Place { module: self.module, type_id: self.spec.root };
        let matches = self.work.test(kind, self.sides, local.root, target)?;
        let mismatch = match kind {
            RelocKind::TypeMatches => Mismatch::TypesDiffer,
            _ => Mismatch::TypesIncompatible,
        };
        Ok(if matches { Ok(()) } else { Err(mismatch) })
    }

    fn match_enumerator(&mut self, local: &Spec<'a>, candidate: Type<'a>) -> Matched {
        let ty = self.work.budget.behind(candidate, Side::Target)?;
        if !ty.kind().is_enum() {
            return Ok(Err(Mismatch::NotAnEnum { kind: ty.kind() }));
        }
        let btf = self.sides.target;
        let wanted = local.accessors.first().and_then(|accessor| accessor.name_off);
        let wanted = self.sides.local_name(wanted.unwrap_or_default())?;
        let found = self.work.enumerator(self.module, btf, ty, essential_name(&wanted))?;
        let enumerator =
            found.and_then(|index| Some((index, ty.enumerators().get(index as usize)?)));
        let Some((index, enumerator)) = enumerator else {
            return Ok(Err(Mismatch::NoEnumerator));
        };
        let (name_off, member_type) = (Some(enumerator.name_off()), TypeId::VOID);
        self.spec.accessors.push(Accessor { type_id: ty.id(), index, name_off, member_type });
        self.spec.path.push(index)?;
        Ok(Ok(()))
    }

    fn match_field(&mut self, local: &Spec<'a>, candidate: Type<'a>) -> Matched {
        let mut ty = self.work.budget.behind(candidate, Side::Target)?;
        for (position, accessor) in local.accessors.iter().enumerate() {
            let step = match accessor.name_off {
                Some(name_off) => {
                    let member = Wanted { position, name_off, type_id: accessor.member_type };
                    self.take_member(ty, member)?
                }
                None => self.take_element(ty, position, accessor.index)?,
            };
            match step {
                Ok(next) => ty = next,
                Err(mismatch) => return Ok(Err(mismatch)),
            }
        }
        Ok(Ok(()))
    }

    /// Goes to the target member of the local one's name.
    fn take_member(&mut self, within: Type<'a>, member: Wanted) -> Matched<Type<'a>> {
        let Self { sides, module, .. } = *self;
        let name = sides.local_name_with_nul(member.name_off)?;
        let path = &mut self.spec.path;
        let Some(found) = self.work.member(module, sides.target, within, name, path)? else {
            return Ok(Err(Mismatch::NoMember { accessor: member.position, target: within.id() }));
        };
        let budget = &mut self.work.budget;
        if !fields_are_compatible(sides, member.type_id, found.type_id, budget)? {
            return Ok(Err(Mismatch::Incompatible {
                accessor: member.position,
                local: member.type_id,
                target: found.type_id,
            }));
        }
        self.spec.advance(found.bit_offset).ok_or(Cause::OffsetOverflow)?;
        let ty = sides.target.type_by_id(found.type_id).map_err(Cause::Target)?;
        let ty = budget.behind(ty, Side::Target)?;
        let accessor = Accessor {
            type_id: found.owner,
            index: found.index,
            name_off: Some(found.name_off),
            member_type: found.type_id,
        };
        self.spec.push_member(accessor, ty, found.bitfield_size);
        Ok(Ok(ty))
    }

    /// Goes to the element of an index: of the root, as if it were an array, or of a target array.
    fn take_element(&mut self, ty: Type<'a>, position: usize, index: u32) -> Matched<Type<'a>> {
        let spec = &mut *self.spec;
        let element = if position == 0 {
            ty
        } else {
            let Some(array) = ty.array() else {
                let (target, kind) = (ty.id(), ty.kind());
                return Ok(Err(Mismatch::NotAnArray { accessor: position, target, kind }));
            };
            if index >= array.len && !is_flexible(spec.btf, spec.accessors.last(), array.len) {
                let len = array.len;
                return Ok(Err(Mismatch::TooShort { accessor: position, index, len }));
            }
            let element = spec.btf.type_by_id(array.element).map_err(Cause::Target)?;
            self.work.budget.behind(element, Side::Target)?
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
}

/// A local member to be found in the target.
struct Wanted {
    /// Which accessor of the local spec it is.
    position: usize,
    name_off: StrOffset,
    type_id: TypeId,
}
