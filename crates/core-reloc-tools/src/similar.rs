//! Similar names: the distance of one name from another, and the nearest of many.

use std::collections::BTreeSet;

/// The maximum number of names or types that are suggested in place of a missing one.
pub(crate) const MAX_SUGGESTIONS: usize = 3;

/// The longest name that is compared, in bytes: the bits of a word. No typing error is longer.
const MAX_LEN: usize = u64::BITS as usize;

/// The number of steps for looking at a name and its type or member: it takes as long as comparing this number
/// of bytes.
pub(crate) const STEPS_PER_NAME: usize = 16;

/// The number of steps for each similar name, which is formatted and ranked.
pub(crate) const STEPS_PER_SIMILAR_NAME: usize = 128;

/// A name that others are compared with.
#[derive(Debug, Clone)]
pub(crate) struct Wanted<'w> {
    name: &'w [u8],
    /// The positions of each byte in the name, a bit for each. They are empty for a name that is longer than
    /// [`MAX_LEN`].
    positions: [u64; 256],
}

impl<'w> Wanted<'w> {
    pub(crate) fn new(name: &'w [u8]) -> Self {
        let mut positions = [0; 256];
        for (position, byte) in name.iter().take(MAX_LEN).enumerate() {
            if let Some(positions) = positions.get_mut(usize::from(*byte)) {
                *positions |= 1 << position;
            }
        }
        Self { name, positions }
    }

    /// Returns the distance of a name from the wanted one, if it is near enough to be what was meant.
    ///
    /// The distance is the number of bytes to insert, delete or replace, at most a third of the name. A
    /// name that only has a prefix or suffix added, such as `__state` for `state`, is near too. Equal names
    /// have no distance.
    pub(crate) fn distance(&self, name: &[u8]) -> Option<usize> {
        let wanted = self.name;
        if wanted.is_empty() || name.is_empty() || wanted == name {
            return None;
        }
        let limit = self.limit(name);
        if wanted.len() >= 3 && self.is_extended(name) {
            let added = name.len().saturating_sub(wanted.len());
            return (added <= limit.saturating_add(2)).then_some(added.min(2));
        }
        if wanted.len().abs_diff(name.len()) > limit || wanted.len().max(name.len()) > MAX_LEN {
            return None;
        }
        // A name of which every byte changes has nothing in common with the wanted one.
        Some(self.edit_distance(name))
            .filter(|distance| *distance <= limit && *distance < wanted.len())
    }

    /// Returns the distance of a name from one that a person typed. It is stricter than
    /// [`Wanted::distance`] with short names, in which every letter matters, and counts a prefix or suffix
    /// as one letter.
    pub(crate) fn typing_distance(&self, name: &[u8]) -> Option<usize> {
        let distance = self.distance(name)?;
        if self.is_extended(name) {
            return Some(1);
        }
        (distance.saturating_mul(3) < self.name.len()).then_some(distance)
    }

    /// Returns the number of steps for comparing a name: one for each of its bytes, as each takes the same
    /// time however long the wanted name is. Most names are too short or too long to be compared.
    pub(crate) fn steps(&self, name: &[u8]) -> usize {
        let is_near = self.name.len().abs_diff(name.len()) <= self.limit(name);
        if is_near { name.len() } else { 1 }
    }

    /// Returns the greatest distance of a name that is near enough.
    fn limit(&self, name: &[u8]) -> usize {
        self.name.len().max(name.len()).div_ceil(3)
    }

    /// Returns `true` if a name is the wanted one with a prefix or suffix.
    pub(crate) fn is_extended(&self, name: &[u8]) -> bool {
        name.ends_with(self.name) || name.starts_with(self.name)
    }

    /// Computes the Levenshtein distance from a name that has at most [`MAX_LEN`] bytes, as neither has.
    ///
    /// This is the algorithm of Myers (1999) in the form of Hyyrö (2003). The table of distances of all
    /// prefixes has a column for each byte of `name`. Neighbors differ by at most 1, so a column is two
    /// words: the rows at which the distance is larger than above, and those at which it is smaller.
    pub(crate) fn edit_distance(&self, name: &[u8]) -> usize {
        let Some(last) = self.name.len().checked_sub(1) else { return name.len() };
        let last = 1_u64 << (last % MAX_LEN);
        let (mut larger, mut smaller) = (u64::MAX, 0);
        let mut distance = self.name.len();
        for byte in name {
            let equal = self.positions.get(usize::from(*byte)).copied().unwrap_or_default();
            let carried = (equal & larger).wrapping_add(larger) ^ larger;
            let diagonal = carried | equal | smaller;
            // Compared with the column before.
            let right_larger = smaller | !(diagonal | larger);
            let right_smaller = larger & diagonal;
            if right_larger & last != 0 {
                distance = distance.saturating_add(1);
            } else if right_smaller & last != 0 {
                distance = distance.saturating_sub(1);
            }
            // The first row counts the bytes of `name`.
            let right_larger = (right_larger << 1) | 1;
            larger = (right_smaller << 1) | !(diagonal | right_larger);
            smaller = right_larger & diagonal;
        }
        distance
    }
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
    use proptest::prelude::*;

    use super::*;

    /// Computes the Levenshtein distance by its definition, row by row.
    fn levenshtein(one: &[u8], other: &[u8]) -> usize {
        let mut row: Vec<usize> = (0..=other.len()).collect();
        for (above, byte) in (1..).zip(one) {
            let mut diagonal = std::mem::replace(&mut row[0], above);
            for (index, other) in (1..).zip(other) {
                let replaced = diagonal + usize::from(byte != other);
                diagonal = row[index];
                row[index] = replaced.min(diagonal + 1).min(row[index - 1] + 1);
            }
        }
        row[other.len()]
    }

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
            assert_eq!(levenshtein(one.as_bytes(), other.as_bytes()), distance, "{one} {other}");
            let wanted = Wanted::new(one.as_bytes());
            assert_eq!(wanted.edit_distance(other.as_bytes()), distance, "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn the_edit_distance_of_random_names_is_levenshteins(
            one in "[a-c]{0,64}", other in "[a-c]{0,64}"
        ) {
            let (one, other) = (one.as_bytes(), other.as_bytes());
            prop_assert_eq!(Wanted::new(one).edit_distance(other), levenshtein(one, other));
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
            let distance = Wanted::new(wanted.as_bytes()).distance(name.as_bytes());
            assert_eq!(distance, expected, "{wanted} {name}");
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
            let distance = Wanted::new(typed.as_bytes()).typing_distance(name.as_bytes());
            assert_eq!(distance, expected, "{typed} {name}");
        }
    }

    #[test]
    fn long_names_are_similar_only_with_a_prefix_or_suffix() {
        let long = "x".repeat(65);
        let wanted = Wanted::new(long.as_bytes());
        assert_eq!(wanted.distance(format!("{long}y").as_bytes()), Some(1));
        assert_eq!(wanted.distance(format!("y{}", &long[1..]).as_bytes()), None);
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
