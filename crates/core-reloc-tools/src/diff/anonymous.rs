//! Enums without a name, which are one before and after if they have enumerators in common.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{BuildHasher, RandomState},
};

use btf_types::{Kind, Type};

use super::{compare::Comparer, groups::Found, pairs::Pair};

/// The most enums with one enumerator that are looked at.
const MAX_COMPARED: usize = 16;

/// Returns the enums without a name that no typedef names, and that have enumerators.
pub(super) fn anonymous_enums<'a>(types: impl Iterator<Item = Found<'a>>) -> Vec<Found<'a>> {
    let address = |ty: Type<'_>| (std::ptr::from_ref(ty.btf()).addr(), ty.id());
    let (mut enums, mut named) = (Vec::new(), BTreeSet::new());
    for found in types {
        let ty = found.ty;
        let is_anonymous = || ty.name().is_ok_and(|name| name.is_empty());
        if ty.kind().is_enum() && !ty.enumerators().is_empty() && is_anonymous() {
            enums.push(found);
        }
        if ty.kind() == Kind::Typedef
            && let Ok(Some(to)) = ty.referenced()
            && to.kind().is_enum()
        {
            named.insert(address(to));
        }
    }
    enums.retain(|found| !named.contains(&address(found.ty)));
    enums
}

/// Pairs enums without a name by their enumerators: each old one with the new one that has the most of them. Returns
/// `None` when no steps are left.
pub(super) fn pair<'a>(
    old: &[Found<'a>],
    new: &[Found<'a>],
    comparer: &mut Comparer,
) -> Option<Vec<Pair<'a>>> {
    let hasher = RandomState::new();
    // The enum of each enumerator, by the hash of its name.
    let mut enumerators: Vec<(u64, usize)> = Vec::new();
    for (at, found) in new.iter().enumerate() {
        for enumerator in found.ty.enumerators() {
            let name = comparer.name(enumerator.name())?;
            enumerators.push((hasher.hash_one(name.as_bytes()), at));
        }
    }
    enumerators.sort_unstable();
    let mut is_paired = vec![false; new.len()];
    let mut pairs = Vec::new();
    for of_old in old {
        let mut votes: BTreeMap<usize, usize> = BTreeMap::new();
        for enumerator in of_old.ty.enumerators() {
            let name = comparer.name(enumerator.name())?;
            let hash = hasher.hash_one(name.as_bytes());
            let first = enumerators.partition_point(|(other, _)| *other < hash);
            // Several enums may have an enumerator of the name.
            let all = enumerators.iter().skip(first).take(MAX_COMPARED);
            for (_, at) in all.take_while(|(other, _)| *other == hash) {
                comparer.spend(1)?;
                let votes = votes.entry(*at).or_default();
                *votes = votes.saturating_add(1);
            }
        }
        let free = votes.into_iter().filter(|(at, _)| is_paired.get(*at) == Some(&false));
        // Of those with equally many, the first.
        let best =
            free.max_by(|(at, one), (other_at, other)| one.cmp(other).then(other_at.cmp(at)));
        let best = best.map(|(at, _)| at);
        if let Some(is_paired) = best.and_then(|at| is_paired.get_mut(at)) {
            *is_paired = true;
        }
        let of_new = best.and_then(|at| new.get(at)).copied();
        pairs.push(Pair { old: Some(*of_old), new: of_new, is_equal: false });
    }
    let rest = new.iter().zip(&is_paired).filter(|(_, is_paired)| !**is_paired);
    pairs.extend(rest.map(|(found, _)| Pair { old: None, new: Some(*found), is_equal: false }));
    Some(pairs)
}
