//! Searches a type, the types in it, and those that it points to.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, VecDeque},
};

use btf_types::{Kind, Type};
use core_reloc::{budget::Budget, describe::quote};

use super::{
    Lost, Replacement,
    place::{self, Flat, Place},
    points::Evidence,
    sameness::{self, Sameness},
    settle::settle,
    similarity::{LostName, strip},
    words::WordCounts,
};
use crate::{
    limits::STEPS_PER_KEPT_ENTRY,
    similar::{STEPS_PER_NAME, STEPS_PER_SIMILAR_NAME},
};

/// The depth of types that are searched: a type itself, those in it, and those in them.
const LEVELS: u32 = 3;

/// The number of members that are kept for choosing among them.
const MAX_FOUND: usize = 24;

/// A type to search.
struct Open<'a> {
    ty: Type<'a>,
    /// The object's type at the same path, if it has one.
    local: Option<Type<'a>>,
    /// The path to its members: empty, or ending in `.` or `->`.
    prefix: String,
    /// The names of the path, each with an underscore after it.
    joined: String,
    depth: u32,
    is_through_pointer: bool,
}

/// A name to compare with, and the type that goes with it.
struct Wanted<'w, 'a> {
    name: LostName<'w>,
    ty: Option<Type<'a>>,
    /// Whether the program goes on to no member of it.
    is_all: bool,
}

/// Returns what may stand for a missing member of a target type, the likeliest first: at most
/// [`MAX_SUGGESTIONS`](crate::similar::MAX_SUGGESTIONS). When no steps are left, it returns what it has found.
pub(crate) fn search<'a>(
    lost: Lost<'_, 'a>,
    within: Type<'a>,
    budget: &mut Budget,
) -> Vec<Replacement<'a>> {
    let mut found = Vec::new();
    let is_complete = search_within(lost, within, budget, &mut found);
    settle(&mut found, is_complete.unwrap_or_default());
    found
}

/// Returns whether the object declares the whole type; `None` when no steps are left.
fn search_within<'a>(
    lost: Lost<'_, 'a>,
    within: Type<'a>,
    budget: &mut Budget,
    found: &mut Vec<Replacement<'a>>,
) -> Option<bool> {
    let members = flatten(within, budget)?;
    let prefix = place::prefix(&members);
    let joined = lost.names.join("_");
    let name = LostName::new(lost.name(), &prefix);
    let is_all = lost.names.len() < 2;
    let mut wanted = Vec::from([Wanted { name, ty: lost.member, is_all }]);
    if !is_all {
        wanted.push(Wanted { name: LostName::new(&joined, &prefix), ty: lost.leaf, is_all: true });
    }
    let root = Open {
        ty: within,
        local: lost.owner,
        prefix: String::new(),
        joined: String::new(),
        depth: 0,
        is_through_pointer: false,
    };
    let is_complete = match lost.owner {
        Some(owner) => {
            let local = flatten(owner, budget)?;
            place::is_complete((owner, &local), (within, &members))
        }
        None => false,
    };
    let mut open = VecDeque::from([root]);
    while let Some(next) = open.pop_front() {
        search_type(&next, lost, is_complete, &wanted, budget, found, &mut open)?;
    }
    Some(is_complete)
}

/// Searches the members of one type, and adds the types in it to `next`.
fn search_type<'a>(
    open: &Open<'a>,
    lost: Lost<'_, 'a>,
    is_complete: bool,
    wanted: &[Wanted<'_, 'a>],
    budget: &mut Budget,
    found: &mut Vec<Replacement<'a>>,
    next: &mut VecDeque<Open<'a>>,
) -> Option<()> {
    let members = flatten(open.ty, budget)?;
    let local = match open.local {
        Some(local) => flatten(local, budget)?,
        None => Vec::new(),
    };
    let prefix = place::prefix(&members);
    let (mut places, mut words) = (BTreeMap::new(), None);
    if open.depth == 0 {
        // The type of each is compared.
        budget.spend(members.len().saturating_mul(STEPS_PER_SIMILAR_NAME)).ok()?;
        if is_complete {
            places = place::places(&local, &members, lost.name());
        } else {
            let mut counts = WordCounts::default();
            members.iter().for_each(|member| counts.add(strip(member.name.as_bytes(), &prefix)));
            words = Some(counts);
        }
    }
    let known: BTreeMap<&[u8], Type<'a>> =
        local.iter().rev().map(|member| (member.name.as_bytes(), member.ty)).collect();
    for (index, member) in members.iter().enumerate() {
        let in_local = known.get(member.name.as_bytes());
        // What the object has too is another quantity.
        if in_local.is_none() {
            let place = places.get(&index).copied();
            let near = Near { place, words: words.as_ref() };
            if let Some(replacement) = weigh(open, *member, near, &prefix, wanted, budget)? {
                // Of those for which equally much speaks, the first; behind pointers, the shortest path.
                let length =
                    |one: &Replacement<'_>| if one.is_within() { 0 } else { one.path.len() };
                let rank = |one: &Replacement<'_>| (Reverse(one.points), length(one));
                let at = found.partition_point(|other| rank(other) <= rank(&replacement));
                found.insert(at, replacement);
                found.truncate(MAX_FOUND);
            }
        }
        let Some((ty, joint)) = nested_type(member.ty, open.depth) else { continue };
        // The same member of another object is another quantity.
        if joint == "->" && ty.id() == open.ty.id() {
            continue;
        }
        let name = quote(&member.name);
        let kept = open.prefix.len().saturating_add(name.len()).saturating_mul(2);
        budget.spend(kept.saturating_add(STEPS_PER_KEPT_ENTRY)).ok()?;
        next.push_back(Open {
            ty,
            local: in_local.and_then(|local| nested_type(*local, open.depth)).map(|(ty, _)| ty),
            prefix: format!("{}{name}{joint}", open.prefix),
            joined: format!("{}{name}_", open.joined),
            depth: open.depth.saturating_add(1),
            is_through_pointer: open.is_through_pointer || joint == "->",
        });
    }
    Some(())
}

/// What is known of a member of the type itself.
#[derive(Clone, Copy)]
struct Near<'n, 'a> {
    place: Option<Place>,
    /// The words of all members, if the object does not declare the whole type.
    words: Option<&'n WordCounts<'a>>,
}

/// Weighs what speaks for a member; the inner value is `None` if too little does.
fn weigh<'a>(
    open: &Open<'a>,
    member: Flat<'a>,
    Near { place, words }: Near<'_, 'a>,
    prefix: &[u8],
    wanted: &[Wanted<'_, 'a>],
    budget: &mut Budget,
) -> Option<Option<Replacement<'a>>> {
    let name = quote(&member.name);
    let joined = (open.depth > 0).then(|| format!("{}{name}", open.joined));
    let mut best: Option<Replacement<'a>> = None;
    for wanted in wanted {
        let joined = joined.as_deref().map(|joined| (joined, &[] as &[u8]));
        for (name, prefix) in [Some((name.as_str(), prefix)), joined].into_iter().flatten() {
            budget.spend(wanted.name.steps(name.as_bytes())).ok()?;
            let similarity = wanted.name.similarity(name.as_bytes(), prefix);
            if similarity.is_none() && place.is_none() && words.is_none() {
                continue;
            }
            budget.spend(STEPS_PER_SIMILAR_NAME).ok()?;
            let sameness = Sameness::of(wanted.ty, member.ty);
            let Open { depth, is_through_pointer, .. } = *open;
            let has_telling_name =
                place.is_some() && sameness::has_telling_name(wanted.ty, member.ty);
            let evidence = Evidence {
                similarity,
                sameness,
                has_telling_name,
                place,
                shares_rare_word: words.is_some_and(|words| {
                    wanted.name.shares_rare_word(name.as_bytes(), prefix, words)
                }),
                has_word_more: words.is_some() && wanted.name.is_part_of(name.as_bytes(), prefix),
                may_be_anything: words.is_some() && may_be_anything(wanted, member.ty, sameness),
                depth,
                is_through_pointer,
            };
            let Some((points, relation)) = evidence.weigh() else { continue };
            if best.as_ref().is_none_or(|best| best.points < points) {
                best = Some(Replacement {
                    path: format!("{}{}", open.prefix, quote(&member.name)),
                    ty: member.ty,
                    bits: member.bits,
                    relation,
                    sameness,
                    points,
                    is_in_doubt: false,
                    similarity,
                    has_words: wanted.name.has_words(),
                    has_word_more: evidence.has_word_more,
                });
            }
        }
    }
    Some(best)
}

/// Returns `true` if a member's type alone may tell that it is the missing one. A struct is hardly replaced by another
/// one of quite another name, and an integer has the type of any other.
fn may_be_anything(wanted: &Wanted<'_, '_>, ty: Type<'_>, sameness: Sameness) -> bool {
    let is_pointer = || ty.skip_modifiers_and_typedefs().is_ok_and(|ty| ty.kind() == Kind::Ptr);
    match sameness {
        // What the program goes on to is not in a struct that is like it.
        _ if !wanted.is_all => false,
        Sameness::Telling | Sameness::Akin => true,
        Sameness::Retyped => is_pointer(),
        Sameness::Same | Sameness::Compatible | Sameness::Incompatible | Sameness::Unknown => false,
    }
}

/// Returns the named members of a type and of its anonymous members, in their order.
fn flatten<'a>(ty: Type<'a>, budget: &mut Budget) -> Option<Vec<Flat<'a>>> {
    let mut flat = Vec::new();
    let mut open = Vec::from([ty.members().iter()]);
    while let Some(members) = open.last_mut() {
        let Some(member) = members.next() else {
            open.pop();
            continue;
        };
        budget.spend(STEPS_PER_NAME).ok()?;
        let (Ok(name), Ok(ty)) = (member.name(), member.ty()) else { continue };
        if name.is_empty() {
            budget.spend(STEPS_PER_KEPT_ENTRY).ok()?;
            if let Ok(ty) = ty.skip_modifiers_and_typedefs() {
                open.push(ty.members().iter());
            }
            continue;
        }
        budget.spend(STEPS_PER_KEPT_ENTRY.saturating_add(name.len())).ok()?;
        let bits = Some(member.bitfield_size()).filter(|bits| *bits > 0);
        flat.push(Flat { name, ty, bits });
    }
    Some(flat)
}

/// Returns the struct or union that a member contains or, in the type itself, points to, and the operator
/// that accesses its members.
fn nested_type(ty: Type<'_>, depth: u32) -> Option<(Type<'_>, &'static str)> {
    let is_open = depth.saturating_add(1) < LEVELS;
    let ty = ty.skip_modifiers_and_typedefs().ok().filter(|_| is_open)?;
    if ty.kind().is_composite() {
        return Some((ty, "."));
    }
    if ty.kind() != Kind::Ptr || depth > 0 {
        return None;
    }
    let to = ty.referenced().ok()??.skip_modifiers_and_typedefs().ok()?;
    to.kind().is_composite().then_some((to, "->"))
}
