//! Specs that several relocations share.
//!
//! Code rarely asks one thing about a field: whether it exists, and then where it is; for a bitfield,
//! for an offset, a size, two shifts and a sign. What the access path leads to on both sides is the
//! same for all of them.

use alloc::vec::Vec;

use btf_types::TypeId;

use crate::{AccessPath, Candidate, Relocation, Subject, spec::Place};

/// The specs of the latest fields, which a few relocations are likely to ask for again.
///
/// Only what can no longer change is kept: that of a root type which has one candidate left, and
/// that one matches. The memory is the same for any number of relocations.
#[derive(Debug, Default)]
pub(crate) struct SharedSpecs<'a> {
    /// By [`slot`]; empty before the first is kept.
    slots: Vec<Option<Entry<'a>>>,
}

/// The two ends of a spec.
#[derive(Debug, Clone)]
pub(crate) struct SpecPair<'a> {
    pub(crate) local: Place<'a>,
    pub(crate) candidate: Candidate,
    pub(crate) target: Place<'a>,
}

#[derive(Debug, Clone)]
struct Entry<'a> {
    root: TypeId,
    access: AccessPath,
    pair: SpecPair<'a>,
}

/// How many bits of a hash choose a slot: 64 specs are kept.
const SLOT_BITS: u32 = 6;

impl<'a> SharedSpecs<'a> {
    /// The spec of the field that a relocation asks about.
    #[inline]
    pub(crate) fn find(&self, relocation: &Relocation) -> Option<&SpecPair<'a>> {
        if relocation.kind.subject() != Subject::Field {
            return None;
        }
        let entry = self.slots.get(slot(relocation))?.as_ref()?;
        let is_it = entry.root == relocation.type_id && entry.access == relocation.access;
        is_it.then_some(&entry.pair)
    }

    /// Keeps a spec, in the place of another.
    pub(crate) fn keep(&mut self, relocation: &Relocation, pair: SpecPair<'a>) {
        if relocation.kind.subject() != Subject::Field {
            return;
        }
        if self.slots.is_empty() {
            self.slots.resize(1 << SLOT_BITS, None);
        }
        if let Some(slot) = self.slots.get_mut(slot(relocation)) {
            let (root, access) = (relocation.type_id, relocation.access.clone());
            *slot = Some(Entry { root, access, pair });
        }
    }
}

/// Where the spec of a relocation is kept. Specs that meet in one slot only cost time.
#[inline]
fn slot(relocation: &Relocation) -> usize {
    let mix = |hash: u32, word: &u32| (hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b1);
    let hash = relocation.access.iter().fold(relocation.type_id.0, mix);
    (hash >> const { u32::BITS - SLOT_BITS }) as usize
}

#[cfg(test)]
mod tests {
    use btf_types::{Btf, ByteOrder, build::Builder};

    use super::*;
    use crate::RelocKind;

    #[test]
    fn a_spec_is_found_by_root_and_access_until_another_takes_its_place() {
        let bytes = Builder::new(ByteOrder::Little).finish().unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        let relocation = |root: u32, access: &str, kind| {
            crate::create_relocation(0, TypeId(root), access, kind).unwrap()
        };
        let mut shared = SharedSpecs::default();
        for root in 1..1000 {
            let place = Place::of_root(&btf, TypeId(root));
            let candidate = Candidate { type_id: TypeId(root), module: None };
            let pair = SpecPair { local: place, candidate, target: place };
            shared.keep(&relocation(root, "0:1", RelocKind::FieldExists), pair);
            let found = |access, kind| {
                let pair = shared.find(&relocation(root, access, kind))?;
                Some(pair.candidate.type_id.0)
            };
            assert_eq!(found("0:1", RelocKind::FieldByteSize), Some(root));
            assert_eq!(found("0:1:0", RelocKind::FieldByteSize), None);
            assert_eq!(found("1:1", RelocKind::FieldByteSize), None);
            assert_eq!(found("0:1", RelocKind::TypeExists), None);
        }
        let kept = (1..1000).filter(|root| {
            shared.find(&relocation(*root, "0:1", RelocKind::FieldExists)).is_some()
        });
        assert_eq!(kept.count(), 64);
    }

    #[test]
    fn only_fields_share_specs() {
        let bytes = Builder::new(ByteOrder::Little).finish().unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        let place = Place::of_root(&btf, TypeId(1));
        let candidate = Candidate { type_id: TypeId(1), module: None };
        let mut shared = SharedSpecs::default();
        for kind in [RelocKind::EnumvalValue, RelocKind::TypeMatches, RelocKind::TypeSize] {
            let relocation = crate::create_relocation(0, TypeId(1), "0", kind).unwrap();
            shared.keep(&relocation, SpecPair { local: place, candidate, target: place });
            assert!(shared.find(&relocation).is_none());
        }
        let field = crate::create_relocation(0, TypeId(1), "0", RelocKind::FieldExists).unwrap();
        assert!(shared.find(&field).is_none());
    }
}
