//! How similar the name of a member is to that of the missing one.

use crate::similar::Wanted;

/// How similar two names are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Similarity {
    Equal,
    /// Equal but for the prefix of each struct: `bi_disk` and `bd_disk`.
    Stripped,
    /// Equal but for underscores before them.
    Underscored,
    /// By this percentage: most of the letters or words, or all of one of them.
    Near(u32),
    /// By this percentage: half of the words.
    Remote(u32),
}

/// The longest name that is compared word by word, in bytes.
const MAX_LEN: usize = 64;

/// The least percentage of equal letters, or of equal words, that makes names near.
const NEAR: usize = 60;
/// The least percentage of equal words that makes names similar at all.
const REMOTE: usize = 50;

/// The name of a missing member, which others are compared with.
#[derive(Debug)]
pub(super) struct LostName<'w> {
    name: &'w [u8],
    /// Without the prefix that the members of its struct have.
    stripped: &'w [u8],
    wanted: Wanted<'w>,
}

impl<'w> LostName<'w> {
    pub(super) fn new(name: &'w str, prefix: &[u8]) -> Self {
        let name = name.as_bytes();
        let stripped = strip(name, prefix);
        Self { name, stripped, wanted: Wanted::new(stripped) }
    }

    /// Returns how similar a name is, of a member of a struct whose members have a prefix.
    pub(super) fn similarity(&self, name: &[u8], prefix: &[u8]) -> Option<Similarity> {
        let without_underscores = |name: &'_ [u8]| {
            let start = name.iter().position(|byte| *byte != b'_').unwrap_or(name.len());
            name.len().saturating_sub(start)
        };
        if name == self.name {
            return Some(Similarity::Equal);
        }
        let (own, other) = (without_underscores(self.name), without_underscores(name));
        if own == other && own > 0 && ends_equally(self.name, name, own) {
            return Some(Similarity::Underscored);
        }
        let name = strip(name, prefix);
        if name == self.stripped {
            return Some(Similarity::Stripped);
        }
        let longer = name.len().max(self.stripped.len());
        if name.is_empty() || self.stripped.is_empty() || longer > MAX_LEN {
            return None;
        }
        let words = self.words(name);
        let equal = longer.saturating_sub(self.wanted.edit_distance(name));
        let letters = percent(equal, longer);
        // In a short name, every letter matters.
        let is_near = letters >= NEAR && equal > 2
            || words >= NEAR
            || self.wanted.is_extended(name) && self.stripped.len() >= 3
            || is_acronym(self.stripped, name);
        let all = letters.saturating_mul(3).saturating_add(words.saturating_mul(2)) / 5;
        let all = u32::try_from(all).unwrap_or_default();
        match words {
            _ if is_near => Some(Similarity::Near(all)),
            REMOTE.. => Some(Similarity::Remote(all)),
            _ => None,
        }
    }

    /// Returns the number of steps for comparing a name.
    pub(super) fn steps(&self, name: &[u8]) -> usize {
        let words =
            |name: &[u8]| name.iter().filter(|byte| **byte == b'_').count().saturating_add(1);
        if name.len().max(self.name.len()) > MAX_LEN {
            return name.len();
        }
        words(self.stripped).saturating_mul(words(name)).saturating_add(name.len())
    }

    /// Returns the percentage of words that both names have, of all. Words of which one is short for the
    /// other count half.
    fn words(&self, name: &[u8]) -> usize {
        let own: Vec<&[u8]> = words(self.stripped).collect();
        let other: Vec<&[u8]> = words(name).collect();
        let halves = |all: &[&[u8]], word: &[u8]| -> usize {
            all.iter().map(|other| halves(word, other)).max().unwrap_or_default()
        };
        let of_own = own.iter().map(|word| halves(&other, word));
        let of_other = other.iter().map(|word| halves(&own, word));
        let shared = of_own.chain(of_other).fold(0, usize::saturating_add);
        percent(shared, own.len().saturating_add(other.len()).saturating_mul(2))
    }
}

fn words(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    name.split(|byte| *byte == b'_').filter(|word| !word.is_empty())
}

/// Returns 2 for equal words, and 1 if one is short for the other: `stat`, `stats` and `statistics`, `mod` and
/// `module`, `cpu` and `percpu`.
fn halves(one: &[u8], other: &[u8]) -> usize {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    if short == long {
        return 2;
    }
    let is_long_enough = short.len() >= 3 && short.len().saturating_mul(2) >= long.len();
    let mut rest = long.iter();
    let is_in_order = short.iter().all(|byte| rest.any(|other| other == byte));
    let is_abbreviation = is_in_order && short.get(..2) == long.get(..2);
    usize::from(is_long_enough && (is_abbreviation || long.ends_with(short)))
}

/// Returns `true` if a name consists of the first letters of the other's words: `bdi`.
fn is_acronym(one: &[u8], other: &[u8]) -> bool {
    let stands_for = |short: &[u8], long: &[u8]| {
        short.len() >= 3 && words(long).map(|word| word.first()).eq(short.iter().map(Some))
    };
    stands_for(one, other) || stands_for(other, one)
}

fn ends_equally(one: &[u8], other: &[u8], len: usize) -> bool {
    one.iter().rev().take(len).eq(other.iter().rev().take(len))
}

fn strip<'n>(name: &'n [u8], prefix: &[u8]) -> &'n [u8] {
    name.strip_prefix(prefix).filter(|rest| !rest.is_empty()).unwrap_or(name)
}

fn percent(part: usize, whole: usize) -> usize {
    part.saturating_mul(100).checked_div(whole).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn similarity(lost: &str, name: &str) -> Option<Similarity> {
        LostName::new(lost, b"").similarity(name.as_bytes(), b"")
    }

    #[test]
    fn names_are_compared_by_letters_and_words() {
        assert_eq!(similarity("state", "state"), Some(Similarity::Equal));
        assert_eq!(similarity("state", "__state"), Some(Similarity::Underscored));
        assert_eq!(similarity("__refcnt", "refcnt"), Some(Similarity::Underscored));
        for (lost, name) in [
            ("poll_task", "rtpoll_task"),
            ("mod", "module"),
            ("backing_dev_info", "bdi"),
            ("lruvec_stat_cpu", "lruvec_stats_percpu"),
        ] {
            assert!(matches!(similarity(lost, name), Some(Similarity::Near(_))), "{lost} {name}");
        }
        for (lost, name) in
            [("nr_running", "nr_queued"), ("statistics", "stats"), ("cpu_slab", "cpu_sheaves")]
        {
            assert!(matches!(similarity(lost, name), Some(Similarity::Remote(_))), "{lost} {name}");
        }
        for (lost, name) in
            [("cpu_partial", "sheaf_capacity"), ("", "x"), ("state", "tags"), ("_", "a")]
        {
            assert_eq!(similarity(lost, name), None, "{lost} {name}");
        }
    }

    #[test]
    fn the_prefixes_of_structs_do_not_count() {
        let similarity = |lost: &str, name: &str| {
            LostName::new(lost, b"bi_").similarity(name.as_bytes(), b"bd_")
        };
        assert_eq!(similarity("bi_disk", "bd_disk"), Some(Similarity::Stripped));
        assert_eq!(similarity("bi_", "bd_"), None);
    }
}
