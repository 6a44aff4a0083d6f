//! Structs and unions that are gone under one name and new under another.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, Hash, Hasher, RandomState},
};

use btf_types::Type;

use super::{compare::Comparer, groups::Found, pairs::Pair};
use crate::similar::Wanted;

/// The number of members that say enough without a similar name.
const TELLING: usize = 6;
/// The number of members that say enough with one.
const ENOUGH: usize = 3;

/// Pairs structs and unions that only one of the kernels has, if their members have the same names at the same places
/// and no other one has the same: many structs of trace events are alike. Returns `None` when no steps are left.
pub(super) fn pair<'a>(
    old: Vec<Found<'a>>,
    new: Vec<Found<'a>>,
    comparer: &mut Comparer,
) -> Option<Vec<Pair<'a>>> {
    let hasher = RandomState::new();
    // The only type with a shape; `None` if there are several.
    let mut shapes: BTreeMap<u64, [Option<Option<usize>>; 2]> = BTreeMap::new();
    for (side, all) in [&old, &new].into_iter().enumerate() {
        for (at, found) in all.iter().enumerate() {
            if found.ty.members().len() < ENOUGH {
                continue;
            }
            let shape = shape(found.ty, &hasher, comparer)?;
            if let Some(slot) = shapes.entry(shape).or_default().get_mut(side) {
                *slot = Some(slot.is_none().then_some(at));
            }
        }
    }
    let mut successors: BTreeMap<usize, usize> = BTreeMap::new();
    for only in shapes.into_values() {
        let [Some(Some(of_old)), Some(Some(of_new))] = only else { continue };
        let (Some(from), Some(to)) = (old.get(of_old), new.get(of_new)) else { continue };
        let (from_name, to_name) = (comparer.name(from.ty.name())?, comparer.name(to.ty.name())?);
        comparer.spend(from_name.len().saturating_add(to_name.len()))?;
        let is_similar = || Wanted::new(&from_name).distance(&to_name).is_some();
        if from.ty.members().len() >= TELLING || is_similar() {
            successors.insert(of_old, of_new);
        }
    }
    let mut new: Vec<Option<Found<'a>>> = new.into_iter().map(Some).collect();
    let mut pairs = Vec::new();
    for (at, of_old) in old.into_iter().enumerate() {
        let of_new = successors.get(&at).and_then(|at| new.get_mut(*at)).and_then(Option::take);
        pairs.push(Pair { old: Some(of_old), new: of_new, is_equal: false });
    }
    let rest = new.into_iter().flatten();
    pairs.extend(rest.map(|found| Pair { old: None, new: Some(found), is_equal: false }));
    Some(pairs)
}

/// Returns the hash of a type's size and of the names and places of its members.
fn shape(ty: Type<'_>, hasher: &RandomState, comparer: &mut Comparer) -> Option<u64> {
    let mut state = hasher.build_hasher();
    (ty.kind(), ty.stated_size()).hash(&mut state);
    for member in ty.members() {
        comparer.name(member.name())?.as_bytes().hash(&mut state);
        (member.bit_offset(), member.bitfield_size()).hash(&mut state);
    }
    Some(state.finish())
}
