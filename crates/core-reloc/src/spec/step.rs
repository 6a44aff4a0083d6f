//! Steps that several specs share: from a local member to the target's of its name.
//!
//! Most fields are reached through members that others are reached through as well, and some types
//! are everywhere: whoever has found `next` in `list_head` has found it for every list.

use alloc::vec::Vec;

use btf_types::{Type, TypeId};

use crate::work::TargetType;

/// Where a step begins: a member of a local struct or union, and the target type that it is looked
/// for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The struct or union that the local member is in, and its index there.
    pub(crate) local: (TypeId, u32),
    pub(crate) within: TargetType,
}

/// Where it leads: to the target member of the same name, whose type is compatible.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step<'a> {
    /// The struct or union that the member is in directly, and its index there.
    pub(crate) member: (TypeId, u32),
    /// The member's type, modifiers and typedefs behind.
    pub(crate) ty: Type<'a>,
    /// Bits from the start of the type that it was looked for in.
    pub(crate) bit_offset: u32,
    /// The size in bits, of a bitfield; else 0.
    pub(crate) bitfield_size: u8,
    /// How many members it leads through, anonymous ones included.
    pub(crate) levels: u8,
}

/// The latest steps. The memory is the same for any number of relocations.
#[derive(Debug, Default)]
pub(crate) struct Steps<'a> {
    /// By [`slot`]; empty before the first is kept.
    slots: Vec<Option<(Origin, Step<'a>)>>,
}

/// How many bits of a hash choose a slot: 512 steps are kept.
const SLOT_BITS: u32 = 9;

impl<'a> Steps<'a> {
    #[inline]
    pub(crate) fn find(&self, origin: Origin) -> Option<&Step<'a>> {
        match self.slots.get(slot(origin)) {
            Some(Some((other, step))) if *other == origin => Some(step),
            _ => None,
        }
    }

    /// Keeps a step, in the place of another.
    pub(crate) fn keep(&mut self, origin: Origin, step: Step<'a>) {
        if self.slots.is_empty() {
            self.slots.resize(1 << SLOT_BITS, None);
        }
        if let Some(slot) = self.slots.get_mut(slot(origin)) {
            *slot = Some((origin, step));
        }
    }
}

/// Where a step is kept. Steps that meet in one slot only cost time.
#[inline]
fn slot(origin: Origin) -> usize {
    let Origin { local: (local, index), within: TargetType { type_id, .. } } = origin;
    let local = local.0.wrapping_mul(31).wrapping_add(index);
    let hash = (local.wrapping_mul(0x85eb_ca6b) ^ type_id.0).wrapping_mul(0x9e37_79b1);
    (hash >> const { u32::BITS - SLOT_BITS }) as usize
}

#[cfg(test)]
mod tests {
    use btf_types::{Btf, ByteOrder, build::Builder};

    use super::*;

    #[test]
    fn a_step_is_found_from_where_it_begins_until_another_takes_its_place() {
        let from = |local: u32, index, module, type_id: u32| Origin {
            local: (TypeId(local), index),
            within: TargetType { module, type_id: TypeId(type_id) },
        };
        let bytes = Builder::new(ByteOrder::Little).finish().unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        let ty = btf.type_by_id(TypeId::VOID).unwrap();
        let step = |number: u32| Step {
            member: (TypeId(number), number),
            ty,
            bit_offset: 0,
            bitfield_size: 0,
            levels: 1,
        };
        let mut steps = Steps::default();
        let found = |steps: &Steps<'_>, from| steps.find(from).map(|step| step.member.1);
        assert_eq!(found(&steps, from(1, 0, None, 1)), None);
        for number in 1..5000 {
            let this = from(number, 3, None, number / 2);
            steps.keep(this, step(number));
            assert_eq!(found(&steps, this), Some(number));
            for other in [
                from(number, 2, None, number / 2),
                from(number, 3, Some(0), number / 2),
                from(number, 3, None, number),
            ] {
                assert_eq!(found(&steps, other), None);
            }
        }
        let kept = (1..5000)
            .filter(|number| found(&steps, from(*number, 3, None, number / 2)) == Some(*number));
        assert!((400..=512).contains(&kept.count()));
    }
}
