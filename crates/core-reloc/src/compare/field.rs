//! The comparison of two members that have the same name.
//!
//! Follows libbpf's `bpf_core_fields_are_compat` (BSD-2-Clause option).

use btf_types::{Error as BtfError, Kind, Type, limits::MAX_MODIFIER_CHAIN};

use super::kind::kinds_are_compatible;
use crate::{
    budget::Budget,
    error::Cause,
    names::essential::essential_name,
    side::{Side, Sides},
};

/// Compares the types of two members, whose modifiers and typedefs are stripped.
#[inline]
pub(crate) fn fields_are_compatible<'a>(
    sides: Sides<'a>,
    local: Type<'a>,
    target: Type<'a>,
    budget: &mut Budget,
) -> Result<bool, Cause> {
    let (mut local, mut target) = (local, target);
    let first = target.id();
    for _ in 0..MAX_MODIFIER_CHAIN {
        budget.spend(1)?;
        if local.kind().is_composite() && target.kind().is_composite() {
            return Ok(true);
        }
        if !kinds_are_compatible(local.kind(), target.kind()) {
            return Ok(false);
        }
        match local.kind() {
            Kind::Ptr | Kind::Float => return Ok(true),
            Kind::Fwd | Kind::Enum | Kind::Enum64 => {
                let local = sides.local_name(local.name_off())?;
                let target = sides.target_name(target.name_off())?;
                return Ok(local.is_empty()
                    || target.is_empty()
                    || essential_name(&local) == essential_name(&target));
            }
            Kind::Int => return Ok(has_no_bit_offset(local) && has_no_bit_offset(target)),
            Kind::Array => match (local.array(), target.array()) {
                (Some(of_local), Some(of_target)) => {
                    local = sides.local.type_by_id(of_local.element).map_err(Cause::Local)?;
                    local = budget.strip(local, Side::Local)?;
                    target = sides.target.type_by_id(of_target.element).map_err(Cause::Target)?;
                    target = budget.strip(target, Side::Target)?;
                }
                _ => return Ok(false),
            },
            _ => return Ok(false),
        }
    }
    Err(Cause::Target(BtfError::ChainTooLong { id: first, allowed: MAX_MODIFIER_CHAIN }))
}

/// Returns `true` unless an INT is a bitfield of the deprecated form.
pub(crate) fn has_no_bit_offset(int: Type<'_>) -> bool {
    int.int().is_some_and(|encoding| encoding.bit_offset() == 0)
}
