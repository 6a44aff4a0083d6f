//! Where a missing member was, between members that both sides have.

use std::collections::{BTreeMap, BTreeSet};

use btf_types::{Name, Type};

use super::sameness::Sameness;

/// A named member of a type or of its anonymous members.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flat<'a> {
    pub(super) name: Name<'a>,
    pub(super) ty: Type<'a>,
    /// Its size in bits, if it is a bitfield.
    pub(super) bits: Option<u8>,
}

/// Where a new member is, compared with the missing one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// As many members were taken out between two that stayed as were put in, and it is the one of the
    /// missing one's rank.
    Paired,
    /// It has the missing one's rank among those of its type.
    Aligned,
    /// It is between the same members.
    Between,
    /// It is paired with another member that was taken out.
    OfAnother,
}

/// The most members that are paired without regard to their names.
const MAX_PAIRED: usize = 4;

/// Finds the new members of a target type that are where a missing member was, by their indices. A program that
/// declares only the members that it uses says nothing of what is between them.
pub(super) fn places(
    local: &[Flat<'_>],
    target: &[Flat<'_>],
    lost: &str,
) -> BTreeMap<usize, Place> {
    places_of(local, target, lost).unwrap_or_default()
}

/// Returns `true` if an object declares a type as a whole, and not only the members that it uses: it has most of the
/// target's members, and about its size.
pub(super) fn is_complete(
    (local_type, local): (Type<'_>, &[Flat<'_>]),
    (target_type, target): (Type<'_>, &[Flat<'_>]),
) -> bool {
    let names = |all: &[Flat<'_>]| -> BTreeSet<Vec<u8>> {
        all.iter().map(|member| member.name.as_bytes().to_vec()).collect()
    };
    let (of_local, of_target) = (names(local), names(target));
    let shared = of_target.intersection(&of_local).count();
    let sizes = [local_type, target_type].map(|ty| ty.size().unwrap_or_default());
    shared.saturating_mul(2) >= of_target.len()
        && sizes[0].saturating_mul(2) >= sizes[1]
        && shared > 0
}

fn places_of(
    local: &[Flat<'_>],
    target: &[Flat<'_>],
    lost: &str,
) -> Option<BTreeMap<usize, Place>> {
    let positions = |all: &[Flat<'_>]| -> BTreeMap<Vec<u8>, usize> {
        // Of members of one name, the first.
        let all = all.iter().enumerate().rev();
        all.map(|(index, member)| (member.name.as_bytes().to_vec(), index)).collect()
    };
    let (in_local, in_target) = (positions(local), positions(target));
    let at = *in_local.get(lost.as_bytes())?;
    let stays = |member: &Flat<'_>| in_target.contains_key(member.name.as_bytes());
    let is_new = |member: &Flat<'_>| !in_local.contains_key(member.name.as_bytes());
    let start =
        local.get(..at)?.iter().rposition(stays).map_or(0, |before| before.saturating_add(1));
    let taken_out =
        local.get(start..)?.iter().take_while(|member| !stays(member)).collect::<Vec<_>>();
    // After the member before it, or before the one after it if the former has been moved.
    let before = start.checked_sub(1).and_then(|before| local.get(before));
    let first = match before.and_then(|before| in_target.get(before.name.as_bytes())) {
        Some(before) => before.saturating_add(1),
        None => 0,
    };
    let put_in = |first: usize| {
        let all = target.iter().enumerate().skip(first);
        all.take_while(|(_, member)| is_new(member)).collect::<Vec<_>>()
    };
    let put_in = put_in(first);
    let rank = at.saturating_sub(start);
    let mut found = BTreeMap::new();
    if put_in.len() == taken_out.len() && put_in.len() <= MAX_PAIRED {
        let place = |other| if other == rank { Place::Paired } else { Place::OfAnother };
        found.extend(put_in.iter().enumerate().map(|(other, (index, _))| (*index, place(other))));
    }
    // Among those of its type.
    let lost = local.get(at)?;
    let is_of_type = |member: &Flat<'_>| Sameness::of(Some(lost.ty), member.ty).is_same();
    let of_type =
        |members: &[&Flat<'_>]| members.iter().filter(|member| is_of_type(member)).count();
    let (rank, count) = (of_type(taken_out.get(..rank)?), of_type(&taken_out));
    let put_in_of_type: Vec<_> = put_in.iter().filter(|(_, member)| is_of_type(member)).collect();
    let is_small = taken_out.len().max(put_in.len()) <= MAX_PAIRED.saturating_mul(2);
    let is_paired = is_small && put_in_of_type.len() == count && count <= MAX_PAIRED;
    for (other, (index, _)) in put_in_of_type.into_iter().enumerate() {
        let place = match (other == rank, is_paired) {
            (true, true) => Place::Paired,
            (true, false) => Place::Aligned,
            (false, true) => Place::OfAnother,
            (false, false) => Place::Between,
        };
        found.entry(*index).or_insert(place);
    }
    Some(found)
}

/// Returns the prefix that more than half of a type's members have, with its underscore: `i_`, `sk_`.
pub(super) fn prefix<'a>(members: &[Flat<'a>]) -> Vec<u8> {
    let mut counts: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    for member in members {
        let name = member.name.as_bytes();
        if let Some(end) =
            name.iter().position(|byte| *byte == b'_').filter(|end| (1..8).contains(end))
        {
            let prefix = name.get(..=end).unwrap_or_default().to_vec();
            let count = counts.entry(prefix).or_default();
            *count = count.saturating_add(1);
        }
    }
    let names: BTreeSet<&[u8]> = members.iter().map(|member| member.name.as_bytes()).collect();
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.filter(|(_, count)| *count > 2 && count.saturating_mul(2) > names.len())
        .map(|(prefix, _)| prefix)
        .unwrap_or_default()
}
