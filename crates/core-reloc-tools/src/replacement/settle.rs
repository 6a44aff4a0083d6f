//! Chooses among the members that were found, and marks those that may be another quantity.
//!
//! A program that declares the whole type says which of the target's members are new, and where the missing
//! one was. One that declares only what it reads does not: a member of a similar name may have been there
//! all the time. `nr_running` is not `h_nr_running`, although it is as near as `h_nr_queued`, which is.

use super::{Relation, Replacement, Sameness, similarity::Similarity};
use crate::similar::MAX_SUGGESTIONS;

/// The percentage of equal letters and words from which a name can be nothing but another spelling.
const SPELLING: u32 = 80;

/// How much nearer a name must be than all others, in percent, to stand for the missing one.
const MARGIN: u32 = 20;

/// Keeps the likeliest of the members found, in their order. `is_complete` tells whether the object declares the
/// whole type.
pub(super) fn settle(found: &mut Vec<Replacement<'_>>, is_complete: bool) {
    // Where the name itself is elsewhere, a similar name elsewhere is another member's.
    if found.iter().any(Replacement::has_name) {
        found.retain(|one| one.has_name() || one.is_near());
    }
    keep_few_of_type(found);
    found.truncate(MAX_SUGGESTIONS);
    let in_doubt: Vec<bool> = found
        .iter()
        .map(|one| match is_complete {
            true => one.relation == Relation::Replaced,
            false => !is_certain(one, found),
        })
        .collect();
    for (one, is_in_doubt) in found.iter_mut().zip(in_doubt) {
        one.is_in_doubt = is_in_doubt;
    }
}

/// Drops members for which only their types speak, unless they are so few that one can look at all of them.
fn keep_few_of_type(found: &mut Vec<Replacement<'_>>) {
    let is_of_type = |one: &Replacement<'_>| one.relation == Relation::OfType;
    // What leads to another suggestion is not one itself.
    let named = found.iter().filter(|one| !is_of_type(one));
    let named: Vec<String> = named.map(|one| one.path.clone()).collect();
    found.retain(|one| !is_of_type(one) || !named.iter().any(|path| leads_to(&one.path, path)));
    let mut room = MAX_SUGGESTIONS.saturating_sub(named.len());
    let mut least = u32::MAX;
    let points: Vec<u32> =
        found.iter().filter(|one| is_of_type(one)).map(|one| one.points).collect();
    // They are sorted, and those with the same points have types that are equally near.
    for same in points.chunk_by(|one, other| one == other) {
        if same.len() > room {
            break;
        }
        room = room.saturating_sub(same.len());
        least = same.first().copied().unwrap_or(least);
    }
    found.retain(|one| !is_of_type(one) || one.points >= least);
}

/// Returns `true` if a path goes on from another one.
fn leads_to(one: &str, path: &str) -> bool {
    path.strip_prefix(one).is_some_and(|rest| rest.starts_with(['.', '-']))
}

/// Returns `true` for a member that is the missing one under another name or at another place, even if all that is
/// known of the type is that it had the missing one.
fn is_certain(one: &Replacement<'_>, all: &[Replacement<'_>]) -> bool {
    let mut others = all.iter().filter(|other| other.path != one.path);
    match one.similarity {
        Some(Similarity::Underscored) if one.is_near() => {
            !others.any(|other| other.is_near() && other.has_name())
        }
        // One word, such as `flags` or `lock`, may be the name of many things.
        Some(Similarity::Equal | Similarity::Stripped | Similarity::Underscored) => {
            let is_telling = match one.sameness {
                Sameness::Telling => true,
                sameness => sameness.is_same() && one.has_words && one.is_within(),
            };
            is_telling && !others.any(Replacement::has_name)
        }
        Some(Similarity::Near(percent)) => {
            let is_rival = |other: &Replacement<'_>| match other.similarity {
                Some(Similarity::Near(of_other) | Similarity::Remote(of_other)) => {
                    of_other.saturating_add(MARGIN) > percent
                }
                similarity => similarity.is_some(),
            };
            let is_spelling = percent >= SPELLING && !one.has_word_more;
            is_spelling && one.is_near() && one.sameness.is_same() && !others.any(is_rival)
        }
        Some(Similarity::Remote(_)) | None => false,
    }
}
