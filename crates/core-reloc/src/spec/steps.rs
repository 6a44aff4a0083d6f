//! Steps that several specs share: from a local member to the target member with its name.
//!
//! Many fields are reached through the same members, such as `next` of every `list_head`.

use core::{
    cmp::Ordering,
    hash::{Hash, Hasher},
};

use btf_types::{Btf, Type, TypeId};

use crate::{cache::Cache, names::hash};

/// A type of the target, and the BTF that its ids and names are looked up in: that of the candidate.
#[derive(Debug, Clone, Copy)]
pub(super) struct TargetType<'a> {
    pub(super) btf: &'a Btf<'a>,
    pub(super) type_id: TypeId,
}

impl TargetType<'_> {
    /// Returns the key to order by: the id, then the address of the BTF, which no result depends on.
    fn key(&self) -> (TypeId, *const ()) {
        (self.type_id, core::ptr::from_ref(self.btf).cast())
    }
}

impl PartialEq for TargetType<'_> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.type_id == other.type_id && core::ptr::eq(self.btf, other.btf)
    }
}

impl Eq for TargetType<'_> {}

impl PartialOrd for TargetType<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TargetType<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// Hashes the id alone, so that the same input takes the same steps wherever it is in memory.
impl Hash for TargetType<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.type_id.hash(state);
    }
}

/// The start of a step: a member of a local struct or union, and the target type that is searched for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StepKey<'a> {
    /// The struct or union that contains the local member, and the member's index there.
    pub(super) local: (TypeId, u32),
    pub(super) within: TargetType<'a>,
}

/// A step to the target member of the same name, whose type is field-compatible.
#[derive(Debug, Clone, Copy)]
pub(super) struct MemberStep<'a> {
    /// The struct or union that contains the member, and the member's index there.
    pub(super) member: (TypeId, u32),
    /// The member's type, with modifiers and typedefs stripped.
    pub(super) ty: Type<'a>,
    /// Bits from the start of the type that was searched.
    pub(super) bit_offset: u32,
    /// The size of a bitfield in bits; 0 for any other field.
    pub(super) bitfield_size: u8,
    /// The number of members on the path, anonymous ones included.
    pub(super) levels: u8,
}

/// The latest steps.
#[derive(Debug, Default)]
pub(super) struct Steps<'a>(Cache<StepKey<'a>, MemberStep<'a>, 9>);

impl<'a> Steps<'a> {
    #[inline]
    pub(super) fn find(&self, key: StepKey<'_>) -> Option<&MemberStep<'a>> {
        self.0.find(key.hash(), |other| *other == key)
    }

    pub(super) fn keep(&mut self, key: StepKey<'a>, step: MemberStep<'a>) {
        self.0.keep(key.hash(), key, step);
    }
}

impl StepKey<'_> {
    #[inline]
    fn hash(self) -> u32 {
        let Self { local: (local, index), within: TargetType { type_id, .. } } = self;
        hash::words([local.0, index, type_id.0])
    }
}

#[cfg(test)]
mod tests {
    use btf_types::{ByteOrder, build::Builder};

    use super::*;

    #[test]
    fn a_step_is_found_by_its_whole_key() {
        let bytes = Builder::new(ByteOrder::Little).finish().unwrap();
        let (btf, other_btf) = (Btf::parse(&bytes).unwrap(), Btf::parse(&bytes).unwrap());
        let from = |local: u32, index, btf, type_id: u32| StepKey {
            local: (TypeId(local), index),
            within: TargetType { btf, type_id: TypeId(type_id) },
        };
        let ty = btf.type_by_id(TypeId::VOID).unwrap();
        let step = |number: u32| MemberStep {
            member: (TypeId(number), number),
            ty,
            bit_offset: 0,
            bitfield_size: 0,
            levels: 1,
        };
        let mut steps = Steps::default();
        let found = |steps: &Steps<'_>, from| steps.find(from).map(|step| step.member.1);
        assert_eq!(found(&steps, from(1, 0, &btf, 1)), None);
        for number in 1..5000 {
            let this = from(number, 3, &btf, number / 2);
            steps.keep(this, step(number));
            assert_eq!(found(&steps, this), Some(number));
            for other in [
                from(number, 2, &btf, number / 2),
                from(number, 3, &other_btf, number / 2),
                from(number, 3, &btf, number),
            ] {
                assert_eq!(found(&steps, other), None);
            }
        }
    }
}
