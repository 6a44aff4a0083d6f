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
    /// By this percentage.
    Similar(u32),
}

/// The longest name that is compared word by word, in bytes.
const MAX_LEN: usize = 64;

/// The least percentage of equal letters, and of equal words, one of which makes names similar.
const LEAST_LETTERS: usize = 60;
const LEAST_WORDS: usize = 50;

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
        let letters = percent(longer.saturating_sub(self.wanted.edit_distance(name)), longer);
        let is_similar = letters >= LEAST_LETTERS
            || words >= LEAST_WORDS
            || self.wanted.is_extended(name) && self.stripped.len() >= 3
            || is_acronym(self.stripped, name);
        let all = letters.saturating_mul(3).saturating_add(words.saturating_mul(2)) / 5;
        is_similar.then(|| Similarity::Similar(u32::try_from(all).unwrap_or_default()))
    }

    /// Returns the number of steps for comparing a name.
    pub(super) fn steps(&self, name: &[u8]) -> usize {
        let words = |name: &[u8]| name.iter().filter(|byte| **byte == b'_').count().saturating_add(1);
        if name.len().max(self.name.len()) > MAX_LEN {
            return name.len();
        }
        words(self.stripped).saturating_mul(words(name)).saturating_add(name.len())
    }

    /// Returns the percentage of words that both names have, of all.
    fn words(&self, name: &[u8]) -> usize {
        let own: Vec<&[u8]> = words(self.stripped).collect();
        let other: Vec<&[u8]> = words(name).collect();
        let has = |all: &[&[u8]], word: &[u8]| all.iter().any(|other| is_one_word(word, other));
        let shared = own.iter().filter(|word| has(&other, word)).count();
        let shared = shared.saturating_add(other.iter().filter(|word| has(&own, word)).count());
        percent(shared, own.len().saturating_add(other.len()))
    }
}

fn words(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    name.split(|byte| *byte == b'_').filter(|word| !word.is_empty())
}

/// Returns `true` for equal words, and if one begins or ends with the other and is not twice as long:
/// `stat` and `stats`, `mod` and `module`.
fn is_one_word(one: &[u8], other: &[u8]) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    let is_part = long.starts_with(short) || long.ends_with(short);
    short == long || short.len() >= 3 && short.len().saturating_mul(2) >= long.len() && is_part
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
            ("mod", "module"),
            ("poll_task", "rtpoll_task"),
            ("backing_dev_info", "bdi"),
            ("nr_running", "nr_queued"),
            ("lruvec_stat_cpu", "lruvec_stats_percpu"),
        ] {
            assert!(matches!(similarity(lost, name), Some(Similarity::Similar(_))), "{lost} {name}");
        }
        for (lost, name) in [("cpu_partial", "sheaf_capacity"), ("", "x"), ("state", "tags"), ("_", "a")] {
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
