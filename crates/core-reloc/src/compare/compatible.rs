//! The comparison of type_exists, type_size and type_id_target: are two types compatible?
//!
//! Follows libbpf's `bpf_core_types_are_compat` (BSD-2-Clause option).

use alloc::collections::BTreeMap;

use btf_types::{Kind, Type, TypeId};

use super::{field::has_no_bit_offset, kind::kinds_are_compatible};
use crate::{
    budget::Budget,
    error::Cause,
    limits::{MAX_TYPE_DEPTH, REMEMBERED_STEPS},
    side::{Side, Sides},
};

/// Compares two types, but not their own names.
pub(crate) fn types_are_compatible(
    sides: Sides<'_>,
    local: TypeId,
    target: TypeId,
    budget: &mut Budget,
) -> Result<bool, Cause> {
    let mut comparison = Comparison { sides, budget, compatible: BTreeMap::new() };
    Ok(comparison.compare(local, target, MAX_TYPE_DEPTH)?.is_some())
}

/// One comparison. It remembers compatible pairs of types that took many steps to compare, so that
/// prototypes that are reached through several parameters are compared once.
struct Comparison<'a, 'b> {
    sides: Sides<'a>,
    budget: &'b mut Budget,
    /// Pairs, with the number of levels of parameters below them.
    compatible: BTreeMap<(TypeId, TypeId), u32>,
}

impl Comparison<'_, '_> {
    /// Compares two types with a number of levels of parameters left. Returns the number of levels below
    /// them if they are compatible, and `None` if they are not.
    fn compare(
        &mut self,
        local: TypeId,
        target: TypeId,
        levels_left: u32,
    ) -> Result<Option<u32>, Cause> {
        let Sides { local: local_btf, target: target_btf } = self.sides;
        let mut local = local_btf.type_by_id(local).map_err(Cause::Local)?;
        let mut target = target_btf.type_by_id(target).map_err(Cause::Target)?;
        if !kinds_are_compatible(local.kind(), target.kind()) {
            return Ok(None);
        }
        let mut levels = 0;
        for _ in 0..MAX_TYPE_DEPTH {
            self.budget.spend(1)?;
            local = self.budget.strip(local, Side::Local)?;
            target = self.budget.strip(target, Side::Target)?;
            if !kinds_are_compatible(local.kind(), target.kind()) {
                return Ok(None);
            }
            let next = match local.kind() {
                Kind::Void | Kind::Struct | Kind::Union | Kind::Enum | Kind::Enum64 | Kind::Fwd => {
                    return Ok(Some(levels));
                }
                Kind::Int => {
                    let compatible = has_no_bit_offset(local) && has_no_bit_offset(target);
                    return Ok(compatible.then_some(levels));
                }
                Kind::Ptr => (local.referenced_id(), target.referenced_id()),
                Kind::Array => {
                    (local.array().map(|a| a.element), target.array().map(|a| a.element))
                }
                Kind::FuncProto => match self.compare_params(local, target, levels_left)? {
                    Some(below) => {
                        levels = levels.max(below);
                        (local.referenced_id(), target.referenced_id())
                    }
                    None => return Ok(None),
                },
                _ => return Ok(None),
            };
            let (Some(local_id), Some(target_id)) = next else { return Ok(None) };
            local = local_btf.type_by_id(local_id).map_err(Cause::Local)?;
            target = target_btf.type_by_id(target_id).map_err(Cause::Target)?;
        }
        Err(Cause::TooDeep)
    }

    /// Compares the parameters of two prototypes in pairs. Returns the number of levels of parameters if
    /// all are compatible, and `None` otherwise.
    fn compare_params(
        &mut self,
        local: Type<'_>,
        target: Type<'_>,
        levels_left: u32,
    ) -> Result<Option<u32>, Cause> {
        if local.vlen() != target.vlen() {
            return Ok(None);
        }
        let mut levels = 0;
        for (local, target) in local.params().iter().zip(target.params()) {
            let below = levels_left.checked_sub(1).ok_or(Cause::TooDeep)?;
            let local = self.budget.strip(local.ty().map_err(Cause::Local)?, Side::Local)?.id();
            let target = target.ty().map_err(Cause::Target)?;
            let target = self.budget.strip(target, Side::Target)?.id();

            let known = self.compatible.get(&(local, target)).copied();
            let needed = match known {
                // A known pair needs more levels than are left.
                Some(needed) if needed > below => return Err(Cause::TooDeep),
                Some(needed) => needed,
                None => {
                    let before = self.budget.remaining();
                    let Some(needed) = self.compare(local, target, below)? else { return Ok(None) };
                    if before.saturating_sub(self.budget.remaining()) >= REMEMBERED_STEPS {
                        self.compatible.insert((local, target), needed);
                    }
                    needed
                }
            };
            levels = levels.max(needed.saturating_add(1));
        }
        Ok(Some(levels))
    }
}
