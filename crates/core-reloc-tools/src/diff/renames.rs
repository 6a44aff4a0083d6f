//! Members that are gone under one name and new under another, or that have moved into another struct.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use btf_types::Type;
use core_reloc::budget::Budget;

use super::field::Field;
use crate::{
    limits::{MAX_RENAME_STEPS, MAX_SEARCH_STEPS},
    replacement::{Lost, Relation, search},
};

/// The least that must speak for a member of a similar name to call it the same member. Suggestions need less.
const MIN_POINTS: u32 = 70;

/// What became of the members that are gone.
#[derive(Debug, Default)]
pub(super) struct Renames {
    /// The indices of an old and of a new member that are one.
    pub(super) renamed: Vec<(usize, usize)>,
    /// What may stand for an old member, by its index.
    pub(super) elsewhere: BTreeMap<usize, String>,
}

/// Searches for what became of members that are gone.
#[derive(Debug)]
pub(super) struct Renamer {
    steps: u64,
}

impl Renamer {
    pub(super) fn new() -> Self {
        Self { steps: MAX_SEARCH_STEPS }
    }

    /// Finds out what became of the members that a type lacks, by what is suggested to programs that ask for
    /// them. `gone` and `fresh` have the members that only one of the types has, with their indices. When no steps
    /// are left, it returns what it has found.
    pub(super) fn find<'a>(
        &mut self,
        (old, gone): (Type<'a>, &[(usize, &Field<'a>)]),
        (new, fresh): (Type<'a>, &[(usize, &Field<'a>)]),
    ) -> Renames {
        let mut by_path = BTreeMap::new();
        for (at, field) in fresh.iter().rev() {
            by_path.insert(field.path.as_str(), *at);
        }
        let mut renames = Renames::default();
        let mut claims = Vec::new();
        for (at, field) in gone.iter().filter(|(_, field)| field.depth == 0) {
            let names = [field.path.clone()];
            let lost = Lost { names: &names, owner: Some(old), member: field.ty, leaf: field.ty };
            let granted = self.steps.min(MAX_RENAME_STEPS);
            let mut budget = Budget::of(granted);
            let found = search(lost, new, &mut budget);
            let spent = granted.saturating_sub(budget.remaining());
            self.steps = self.steps.saturating_sub(spent);
            for (rank, found) in found.into_iter().enumerate() {
                let is_sure = match found.relation {
                    Relation::Moved | Relation::InPlace => true,
                    Relation::Renamed => found.points >= MIN_POINTS,
                    Relation::Replaced | Relation::OfType => false,
                };
                match by_path.get(found.path.as_str()) {
                    Some(of_new) if is_sure => claims.push((found.points, *at, *of_new)),
                    // The likeliest is elsewhere.
                    None if is_sure && rank == 0 => {
                        renames.elsewhere.insert(*at, found.path);
                        break;
                    }
                    _ => break,
                }
            }
        }
        // Each new member is claimed by the old one for which most speaks.
        claims.sort_by_key(|(points, of_old, of_new)| (Reverse(*points), *of_old, *of_new));
        let (mut olds, mut news) = (BTreeSet::new(), BTreeSet::new());
        for (_, of_old, of_new) in claims {
            if !olds.contains(&of_old) && news.insert(of_new) {
                olds.insert(of_old);
                renames.renamed.push((of_old, of_new));
            }
        }
        renames
    }
}
