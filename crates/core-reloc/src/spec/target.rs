//! The target spec: the local spec matched with a candidate, or the reason why they do not match.
//!
//! Follows libbpf's `bpf_core_spec_match` and `bpf_core_match_member` (BSD-2-Clause option).

use btf_types::{StrOffset, Type, TypeId};

use super::{
    end::{End, Field, Spec},
    local::{Accessor, LocalSpec},
    mismatch::Mismatch,
    offset::{advance, element_bits, is_flexible},
    session::Session,
    steps::{MemberStep, StepKey, TargetType},
};
use crate::{
    compare::field::fields_are_compatible,
    error::Cause,
    limits::MAX_PATH_LEN,
    names::essential::essential_name,
    record::{AccessPath, RelocKind, Subject},
    side::{Side, Sides},
};

/// The reason why a candidate yields no spec.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The candidate does not match.
    Mismatch(Mismatch),
    /// Whether it matches cannot be decided.
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

/// Matches the local spec with a candidate of the target.
#[inline]
pub(crate) fn target_spec<'a>(
    local: &LocalSpec<'a>,
    kind: RelocKind,
    candidate: Type<'a>,
    session: &mut Session<'a>,
) -> Result<Spec<'a>, Stop> {
    let sides = Sides { local: local.spec.btf, target: candidate.btf() };
    let mut matcher = Matcher { sides, session };
    let (bit_offset, end) = match kind.subject() {
        Subject::Type => (0, matcher.match_type(local, kind, candidate)?),
        Subject::Enumerator => (0, matcher.match_enumerator(local, candidate)?),
        Subject::Field => matcher.match_field(local, candidate)?,
    };
    Ok(Spec { btf: sides.target, root: candidate.id(), bit_offset, end })
}

/// Matches a local spec with a candidate.
struct Matcher<'m, 'a> {
    sides: Sides<'a>,
    session: &'m mut Session<'a>,
}

/// The part of a field's spec that has been found.
struct Cursor<'a> {
    field: Field<'a>,
    bit_offset: u32,
    /// The number of steps so far, including anonymous members: the length of libbpf's low-level spec.
    depth: usize,
    /// The member that the last step led to: its struct or union, and its index there; `None` for an
    /// element.
    member: Option<(TypeId, u32)>,
}

impl Cursor<'_> {
    fn advance(&mut self, bits: u64) -> Result<(), Cause> {
        self.bit_offset = advance(self.bit_offset, bits).ok_or(Cause::OffsetOverflow)?;
        Ok(())
    }
}

impl<'a> Matcher<'_, 'a> {
    fn match_type(
        &mut self,
        local: &LocalSpec<'a>,
        kind: RelocKind,
        candidate: Type<'a>,
    ) -> Result<End<'a>, Stop> {
        let target = TargetType { btf: self.sides.target, type_id: candidate.id() };
        if self.session.compare(kind, self.sides, local.spec.root, target)? {
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
        let ty = self.session.budget.strip(candidate, Side::Target)?;
        if !ty.kind().is_enum() {
            return Err(Mismatch::NotAnEnum { kind: ty.kind() }.into());
        }
        let btf = self.sides.target;
        let wanted = local.accessors.first().and_then(|accessor| accessor.name_off);
        let wanted = self.sides.local_name(wanted.unwrap_or_default())?;
        let found = self.session.enumerator(btf, ty, essential_name(&wanted))?;
        let enumerator = found.and_then(|index| ty.enumerators().get(index as usize));
        Ok(End::Enumerator(enumerator.ok_or(Mismatch::NoEnumerator)?))
    }

    fn match_field(
        &mut self,
        local: &LocalSpec<'a>,
        candidate: Type<'a>,
    ) -> Result<(u32, End<'a>), Stop> {
        let ty = self.session.budget.strip(candidate, Side::Target)?;
        let field = Field { ty, is_element: true, bitfield_size: 0 };
        let mut cursor = Cursor { field, bit_offset: 0, depth: 0, member: None };
        for (position, accessor) in local.accessors.iter().enumerate() {
            match accessor.name_off {
                Some(name_off) => self.take_member(&mut cursor, position, name_off, accessor)?,
                None => self.take_element(&mut cursor, position, accessor.index)?,
            }
        }
        Ok((cursor.bit_offset, End::Field(cursor.field)))
    }

    /// Moves to the target member with the name of the local one.
    #[inline]
    fn take_member(
        &mut self,
        cursor: &mut Cursor<'a>,
        position: usize,
        name_off: StrOffset,
        accessor: &Accessor,
    ) -> Result<(), Stop> {
        let within = TargetType { btf: self.sides.target, type_id: cursor.field.ty.id() };
        let key = StepKey { local: (accessor.type_id, accessor.index), within };
        let step = match self.session.steps.find(key) {
            Some(step) if cursor.depth.saturating_add(step.levels.into()) <= MAX_PATH_LEN => *step,
            _ => {
                let step = self.find_member(cursor, position, name_off, accessor)?;
                self.session.steps.keep(key, step);
                step
            }
        };
        cursor.advance(step.bit_offset.into())?;
        cursor.field = Field { ty: step.ty, is_element: false, bitfield_size: step.bitfield_size };
        cursor.depth = cursor.depth.saturating_add(step.levels.into());
        cursor.member = Some(step.member);
        Ok(())
    }

    fn find_member(
        &mut self,
        cursor: &Cursor<'a>,
        position: usize,
        name_off: StrOffset,
        accessor: &Accessor,
    ) -> Result<MemberStep<'a>, Stop> {
        let sides = self.sides;
        let within = cursor.field.ty;
        let name = sides.local_name_with_nul(name_off)?;
        let mut path = AccessPath::of_len(cursor.depth);
        let found = self.session.member(sides.target, within, name, &mut path)?;
        let Some(found) = found else {
            let target = within.id();
            return Err(Mismatch::NoMember { accessor: position, target }.into());
        };
        let budget = &mut self.session.budget;
        let local = sides.local.type_by_id(accessor.stripped_type).map_err(Cause::Local)?;
        let ty = sides.target.type_by_id(found.type_id).map_err(Cause::Target)?;
        let ty = budget.strip(ty, Side::Target)?;
        if !fields_are_compatible(sides, local, ty, budget)? {
            let (local, target) = (accessor.member_type, found.type_id);
            return Err(Mismatch::Incompatible { accessor: position, local, target }.into());
        }
        Ok(MemberStep {
            member: (found.owner, found.index),
            ty,
            bit_offset: u32::try_from(found.bit_offset).map_err(|_| Cause::OffsetOverflow)?,
            bitfield_size: found.bitfield_size,
            // A path is at most MAX_PATH_LEN long.
            levels: u8::try_from(path.len().saturating_sub(cursor.depth)).unwrap_or(u8::MAX),
        })
    }

    /// Moves to the element at an index: of the root, as if it were an array, or of a target array.
    #[inline]
    fn take_element(
        &mut self,
        cursor: &mut Cursor<'a>,
        position: usize,
        index: u32,
    ) -> Result<(), Stop> {
        let ty = cursor.field.ty;
        let element = if position == 0 {
            ty
        } else {
            let Some(array) = ty.array() else {
                let (target, kind) = (ty.id(), ty.kind());
                return Err(Mismatch::NotAnArray { accessor: position, target, kind }.into());
            };
            if index >= array.len && !is_flexible(self.sides.target, cursor.member, array.len) {
                let len = array.len;
                return Err(Mismatch::TooShort { accessor: position, index, len }.into());
            }
            let element = self.sides.target.type_by_id(array.element).map_err(Cause::Target)?;
            self.session.budget.strip(element, Side::Target)?
        };
        if cursor.depth >= MAX_PATH_LEN {
            return Err(Cause::TooDeep.into());
        }
        cursor.depth = cursor.depth.saturating_add(1);
        let bits = element_bits(element, index).map_err(Cause::Target)?;
        cursor.advance(bits.ok_or(Cause::OffsetOverflow)?)?;
        cursor.field = Field { ty: element, is_element: true, bitfield_size: 0 };
        cursor.member = None;
        Ok(())
    }
}
