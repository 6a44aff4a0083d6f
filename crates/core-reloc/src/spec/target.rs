//! The target spec: the local spec found again in a candidate, or what stands against it.
//!
//! Follows libbpf's `bpf_core_spec_match` and `bpf_core_match_member` (BSD-2-Clause option).

use core::fmt;

use btf_types::{Kind, StrOffset, Type, TypeId};

use crate::{
    AccessPath, Candidate, RelocKind, Subject,
    compare::{Sides, fields_are_compatible},
    error::Cause,
    essential_name,
    limits::MAX_PATH_LEN,
    spec::local::element_bits,
    spec::{
        Accessor, End, Field, LocalSpec, Place, advance, is_flexible,
        step::{Origin, Step},
    },
    value::Side,
    work::{TargetType, Work},
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

/// Why a local spec is not found in a candidate.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The candidate does not match.
    Mismatch(Mismatch),
    /// That cannot be told.
    Cause(Cause),
}

impl From<Mismatch> for Stop {
    fn from(mismatch: Mismatch) -> Self {
        Self::Mismatch(mismatch)
    }
}

impl From<Cause> for Stop {
    fn from(cause: Cause) -> Self {
        Self::Cause(cause)
    }
}

/// Finds the local spec in a candidate of the target: the place that it leads to there.
#[inline]
pub(crate) fn target_spec<'a>(
    local: &LocalSpec<'a>,
    kind: RelocKind,
    (candidate, ty): (Candidate, Type<'a>),
    work: &mut Work<'a>,
) -> Result<Place<'a>, Stop> {
    let sides = Sides { local: local.place.btf, target: ty.btf() };
    let mut matching = Matching { sides, module: candidate.module, work };
    let (bit_offset, end) = match kind.subject() {
        Subject::Type => (0, matching.match_type(local, kind, ty)?),
        Subject::Enumerator => (0, matching.match_enumerator(local, ty)?),
        Subject::Field => matching.match_field(local, ty)?,
    };
    Ok(Place { btf: sides.target, root: ty.id(), bit_offset, end })
}

/// A local spec that is being found in a candidate.
struct Matching<'m, 'a> {
    sides: Sides<'a>,
    /// The module that the candidate is of.
    module: Option<u32>,
    work: &'m mut Work<'a>,
}

/// How far a field has been found.
struct Way<'a> {
    field: Field<'a>,
    bit_offset: u32,
    /// How many steps were taken, anonymous members included: libbpf's low-level spec has as many.
    depth: usize,
    /// The struct or union, and the index in it, of the member that the last step led to; none for
    /// an element.
    member: Option<(TypeId, u32)>,
}

impl Way<'_> {
    fn advance(&mut self, bits: u64) -> Result<(), Cause> {
        self.bit_offset = advance(self.bit_offset, bits).ok_or(Cause::OffsetOverflow)?;
        Ok(())
    }
}

impl<'a> Matching<'_, 'a> {
    fn match_type(
        &mut self,
        local: &LocalSpec<'a>,
        kind: RelocKind,
        candidate: Type<'a>,
    ) -> Result<End<'a>, Stop> {
        let target = TargetType { module: self.module, type_id: candidate.id() };
        if self.work.test(kind, self.sides, local.place.root, target)? {
            return Ok(End::Type);
        }
        Err(Stop::Mismatch(match kind {
            RelocKind::TypeMatches => Mismatch::TypesDiffer,
            _ => Mismatch::TypesIncompatible,
        }))
    }

    fn match_enumerator(
        &mut self,
        local: &LocalSpec<'a>,
        candidate: Type<'a>,
    ) -> Result<End<'a>, Stop> {
        let ty = self.work.budget.behind(candidate, Side::Target)?;
        if !ty.kind().is_enum() {
            return Err(Mismatch::NotAnEnum { kind: ty.kind() }.into());
        }
        let btf = self.sides.target;
        let wanted = local.accessors.first().and_then(|accessor| accessor.name_off);
        let wanted = self.sides.local_name(wanted.unwrap_or_default())?;
        let found = self.work.enumerator(self.module, btf, ty, essential_name(&wanted))?;
        let enumerator = found.and_then(|index| ty.enumerators().get(index as usize));
        Ok(End::Enumerator(enumerator.ok_or(Mismatch::NoEnumerator)?))
    }

    fn match_field(
        &mut self,
        local: &LocalSpec<'a>,
        candidate: Type<'a>,
    ) -> Result<(u32, End<'a>), Stop> {
        let ty = self.work.budget.behind(candidate, Side::Target)?;
        let field = Field { ty, is_element: true, bitfield_size: 0 };
        let mut way = Way { field, bit_offset: 0, depth: 0, member: None };
        for (position, accessor) in local.accessors.iter().enumerate() {
            match accessor.name_off {
                Some(name_off) => self.take_member(&mut way, position, name_off, accessor)?,
                None => self.take_element(&mut way, position, accessor.index)?,
            }
        }
        Ok((way.bit_offset, End::Field(way.field)))
    }

    /// Goes to the target member of the local one's name.
    #[inline]
    fn take_member(
        &mut self,
        way: &mut Way<'a>,
        position: usize,
        name_off: StrOffset,
        accessor: &Accessor,
    ) -> Result<(), Stop> {
        let within = TargetType { module: self.module, type_id: way.field.ty.id() };
        let origin = Origin { local: (accessor.type_id, accessor.index), within };
        let step = match self.work.steps.find(origin) {
            Some(step) if way.depth.saturating_add(step.levels.into()) <= MAX_PATH_LEN => *step,
            _ => {
                let step = self.find_member(way, position, name_off, accessor)?;
                self.work.steps.keep(origin, step);
                step
            }
        };
        way.advance(step.bit_offset.into())?;
        way.field = Field { ty: step.ty, is_element: false, bitfield_size: step.bitfield_size };
        way.depth = way.depth.saturating_add(step.levels.into());
        way.member = Some(step.member);
        Ok(())
    }

    fn find_member(
        &mut self,
        way: &Way<'a>,
        position: usize,
        name_off: StrOffset,
        accessor: &Accessor,
    ) -> Result<Step<'a>, Stop> {
        let Self { sides, module, .. } = *self;
        let within = way.field.ty;
        let name = sides.local_name_with_nul(name_off)?;
        let mut path = AccessPath::of_len(way.depth);
        let found = self.work.member(module, sides.target, within, name, &mut path)?;
        let Some(found) = found else {
            let target = within.id();
            return Err(Mismatch::NoMember { accessor: position, target }.into());
        };
        let budget = &mut self.work.budget;
        let local = sides.local.type_by_id(accessor.behind).map_err(Cause::Local)?;
        let ty = sides.target.type_by_id(found.type_id).map_err(Cause::Target)?;
        let ty = budget.behind(ty, Side::Target)?;
        if !fields_are_compatible(sides, local, ty, budget)? {
            let (local, target) = (accessor.member_type, found.type_id);
            return Err(Mismatch::Incompatible { accessor: position, local, target }.into());
        }
        Ok(Step {
            member: (found.owner, found.index),
            ty,
            bit_offset: u32::try_from(found.bit_offset).map_err(|_| Cause::OffsetOverflow)?,
            bitfield_size: found.bitfield_size,
            // A path has no more than fit.
            levels: u8::try_from(path.len().saturating_sub(way.depth)).unwrap_or(u8::MAX),
        })
    }

    /// Goes to the element of an index: of the root, as if it were an array, or of a target array.
    #[inline]
    fn take_element(&mut self, way: &mut Way<'a>, position: usize, index: u32) -> Result<(), Stop> {
        let ty = way.field.ty;
        let element = if position == 0 {
            ty
        } else {
            let Some(array) = ty.array() else {
                let (target, kind) = (ty.id(), ty.kind());
                return Err(Mismatch::NotAnArray { accessor: position, target, kind }.into());
            };
            if index >= array.len && !is_flexible(self.sides.target, way.member, array.len) {
                let len = array.len;
                return Err(Mismatch::TooShort { accessor: position, index, len }.into());
            }
            let element = self.sides.target.type_by_id(array.element).map_err(Cause::Target)?;
            self.work.budget.behind(element, Side::Target)?
        };
        if way.depth >= MAX_PATH_LEN {
            return Err(Cause::TooDeep.into());
        }
        way.depth = way.depth.saturating_add(1);
        let bits = element_bits(element, index).map_err(Cause::Target)?;
        way.advance(bits.ok_or(Cause::OffsetOverflow)?)?;
        way.field = Field { ty: element, is_element: true, bitfield_size: 0 };
        way.member = None;
        Ok(())
    }
}
