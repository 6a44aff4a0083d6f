//! Similar names: the distance of one name from another, and the nearest of many.

use std::collections::BTreeSet;

/// The maximum number of names or types that are suggested in place of a missing one.
pub(crate) const MAX_SUGGESTIONS: usize = 3;

/// The longest name that is compared, in bytes. No typing error is longer.
const MAX_LEN: usize = 64;

/// Returns the distance of a name from the wanted one, if it is near enough to be what was meant.
///
/// The distance is the number of bytes to insert, delete or replace, at most a third of the name. A
/// name that only has a prefix or suffix added, such as `__state` for `state`, is near too. Equal names
/// have no distance.
pub(crate) fn distance(wanted: &[u8], name: &[u8]) -> Option<usize> {
    if wanted.is_empty() || name.is_empty() || wanted == name {
        return None;
    }
    let limit = wanted.len().max(name.len()).div_ceil(3);
    if wanted.len() >= 3 && is_extended(wanted, name) {
        let added = name.len().saturating_sub(wanted.len());
        return (added <= limit.saturating_add(2)).then_some(added.min(2));
    }
    if wanted.len().abs_diff(name.len()) > limit || wanted.len().max(name.len()) > MAX_LEN {
        return None;
    }
    // A name of which every byte changes has nothing in common with the wanted one.
    Some(edit_distance(wanted, name))
        .filter(|distance| *distance <= limit && *distance < wanted.len())
}

/// Returns the distance of a name from one that a person typed. It is stricter than [`distance`] with
/// short names, in which every letter matters, and counts a prefix or suffix as one letter.
pub(crate) fn typing_distance(typed: &[u8], name: &[u8]) -> Option<usize> {
    let distance = distance(typed, name)?;
    if is_extended(typed, name) {
        return Some(1);
    }
    (distance.saturating_mul(3) < typed.len()).then_some(distance)
}

/// Returns `true` if a name is the wanted one with a prefix or suffix.
fn is_extended(wanted: &[u8], name: &[u8]) -> bool {
    name.ends_with(wanted) || name.starts_with(wanted)
}

/// Computes the Levenshtein distance, row by row.
fn edit_distance(one: &[u8], other: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, byte) in (1..).zip(one) {
        let mut left = above;
        let mut cells = row.iter_mut();
        let Some(first) = cells.next() else { break };
        let mut diagonal = std::mem::replace(first, above);
        for (cell, other) in cells.zip(other) {
            let replaced = diagonal.saturating_add(usize::from(byte != other));
            diagonal = *cell;
            left = replaced.min(diagonal.saturating_add(1)).min(left.saturating_add(1));
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

/// The nearest of the values added, each with a distance: at most [`MAX_SUGGESTIONS`].
#[derive(Debug)]
pub(crate) struct Nearest<T> {
    ranked: BTreeSet<(usize, T)>,
}

impl<T: Ord> Nearest<T> {
    pub(crate) fn new() -> Self {
        Self { ranked: BTreeSet::new() }
    }

    /// Adds a value, unless enough are nearer.
    pub(crate) fn add(&mut self, distance: usize, value: T) {
        self.ranked.insert((distance, value));
        if self.ranked.len() > MAX_SUGGESTIONS {
            self.ranked.pop_last();
        }
    }

    /// Returns the values, the nearest first; values at the same distance are sorted.
    pub(crate) fn into_values(self) -> impl Iterator<Item = T> {
        self.ranked.into_iter().map(|(_, value)| value)
    }

    /// Returns the values that no other is nearer than: all are at the same distance.
    pub(crate) fn into_closest(self) -> impl Iterator<Item = T> {
        let least = self.ranked.first().map(|(distance, _)| *distance);
        let closest = self.ranked.into_iter();
        let closest = closest.take_while(move |(distance, _)| Some(*distance) == least);
        closest.map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edit_distance_is_levenshteins() {
        for (one, other, distance) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("flaw", "lawn", 2),
            ("saturday", "sunday", 3),
            ("same", "same", 0),
        ] {
            assert_eq!(edit_distance(one.as_bytes(), other.as_bytes()), distance, "{one} {other}");
        }
    }

    #[test]
    fn names_that_may_have_been_meant_have_a_distance() {
        for (wanted, name, expected) in [
            ("state", "__state", Some(2)),
            ("rss_stat", "rss_stats", Some(1)),
            ("pid", "tgid", Some(2)),
            ("pid", "number", None),
            ("pid", "pid", None),
            ("", "pid", None),
            ("id", "uid", Some(1)),
            ("id", "grid", None),
            ("start_time", "start_boottime", Some(4)),
        ] {
            assert_eq!(distance(wanted.as_bytes(), name.as_bytes()), expected, "{wanted} {name}");
        }
    }

    #[test]
    fn typed_names_must_be_nearer() {
        for (typed, name, expected) in [
            ("state", "__state", Some(1)),
            ("pid", "tgid", None),
            ("tgidd", "tgid", Some(1)),
            ("exitcode", "exit_code", Some(1)),
        ] {
            let distance = typing_distance(typed.as_bytes(), name.as_bytes());
            assert_eq!(distance, expected, "{typed} {name}");
        }
    }

    #[test]
    fn only_the_nearest_values_stay() {
        let values = [(2, 'd'), (1, 'b'), (3, 'a'), (2, 'c'), (1, 'b'), (2, 'e')];
        let nearest = || {
            let mut nearest = Nearest::new();
            values.iter().for_each(|(distance, value)| nearest.add(*distance, *value));
            nearest
        };
        assert_eq!(nearest().into_values().collect::<String>(), "bcd");
        assert_eq!(nearest().into_closest().collect::<String>(), "b");
        assert_eq!(Nearest::<char>::new().into_closest().count(), 0);
    }
}
