//! How similar the name of a member is to that of the missing one.

use std::collections::{BTreeMap, BTreeSet};

use crate::similar::Wanted;

/// How similar two names are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Similarity {
    /// By this percentage: half of the words.
    Remote(u32),
    /// By this percentage: most of the letters or words, or all of one of them.
    Near(u32),
    /// Equal but for underscores before them.
    Underscored,
    /// Equal but for the prefix of each struct: `bi_disk` and `bd_disk`.
    Stripped,
    Equal,
}

/// The longest name that is compared word by word, in bytes.
const MAX_LEN: usize = 64;

/// The least percentage of equal letters, or of equal words, that makes names near.
const NEAR: usize = 60;
/// The least percentage of equal words that makes names similar at all.
const REMOTE: usize = 50;

/// The fewest letters that make two words similar if both have them.
const MIN_STEM: usize = 4;

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
        let stripped = strip(name, prefix);
        if stripped == self.stripped {
            return Some(Similarity::Stripped);
        }
        // A missing member without the prefix may have become one with it, or the prefix may be a part of names.
        let whole = (self.name == self.stripped).then(|| self.spelled_like(name)).flatten();
        self.spelled_like(stripped).max(whole)
    }

    /// Returns how similar another name's letters and words are.
    fn spelled_like(&self, name: &[u8]) -> Option<Similarity> {
        let longer = name.len().max(self.stripped.len());
        if name.is_empty() || self.stripped.is_empty() || longer > MAX_LEN {
            return None;
        }
        let words = self.words(name);
        let equal = self.equal_letters(name);
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
        // Each word is compared with each, and the letters of both names twice.
        let of_words = words(self.stripped).saturating_mul(words(name)).saturating_mul(2);
        of_words.saturating_add(name.len().saturating_mul(3))
    }

    /// Returns `true` if one name is the other with words before or after it.
    pub(super) fn is_part_of(&self, name: &[u8], prefix: &[u8]) -> bool {
        let other = if self.name == self.stripped { name } else { strip(name, prefix) };
        let own = self.stripped;
        let (short, long) = if own.len() < other.len() { (own, other) } else { (other, own) };
        let before = long.strip_suffix(short).is_some_and(|before| before.ends_with(b"_"));
        before || long.strip_prefix(short).is_some_and(|after| after.starts_with(b"_"))
    }

    /// Returns the number of letters that both names have in one order, be it that of the names or that of their
    /// sorted words: a name's words may be turned around.
    fn equal_letters(&self, name: &[u8]) -> usize {
        let [own, other] = [self.stripped, name].map(sorted);
        let distance = Wanted::new(&own).edit_distance(&other);
        let longer = name.len().max(self.stripped.len());
        longer.saturating_sub(distance.min(self.wanted.edit_distance(name)))
    }

    /// Returns `true` if the name has several words, without the prefix of its struct.
    pub(super) fn has_words(&self) -> bool {
        words(self.stripped).count() > 1
    }

    /// Returns `true` if a word of both names is a rare one.
    pub(super) fn shares_rare_word(
        &self,
        name: &[u8],
        prefix: &[u8],
        counts: &WordCounts<'_>,
    ) -> bool {
        let mut own = words(self.stripped).filter(|word| counts.is_rare(word));
        own.any(|word| words(strip(name, prefix)).any(|other| other == word))
    }

    /// Returns the percentage of words that both names have, of all. Words of which one is short for the
    /// other, or of which half of the letters are equal, count half.
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
    if short.len() >= MIN_STEM && long.starts_with(short) {
        return 1;
    }
    let is_long_enough = short.len() >= 3 && short.len().saturating_mul(2) >= long.len();
    let mut rest = long.iter();
    let is_in_order = short.iter().all(|byte| rest.any(|other| other == byte));
    let is_abbreviation = is_in_order && short.get(..2) == long.get(..2);
    let is_short_form = is_long_enough && (is_abbreviation || long.ends_with(short));
    usize::from(is_short_form || share_stem(short, long))
}

/// Returns `true` if most of the letters of two words are the same piece: `polling` and `rtpoll`.
fn share_stem(short: &[u8], long: &[u8]) -> bool {
    let len = (long.len() / 2).saturating_add(1).max(MIN_STEM);
    short.windows(len).any(|stem| long.windows(len).any(|other| other == stem))
}

/// Returns a name with its words in the order of the alphabet.
fn sorted(name: &[u8]) -> Vec<u8> {
    let mut words: Vec<&[u8]> = words(name).collect();
    words.sort_unstable();
    words.join(&b'_')
}

/// How many members have a word in their names.
#[derive(Debug, Default)]
pub(super) struct WordCounts<'a>(BTreeMap<&'a [u8], usize>);

impl<'a> WordCounts<'a> {
    /// Adds the words of the name of a member of a struct whose members have a prefix.
    pub(super) fn add(&mut self, name: &'a [u8], prefix: &[u8]) {
        let words: BTreeSet<&[u8]> = words(strip(name, prefix)).collect();
        for word in words {
            let count = self.0.entry(word).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// Returns `true` for a word that one member has, which it therefore tells from all others. A letter or a
    /// number is no word.
    fn is_rare(&self, word: &[u8]) -> bool {
        let is_word = word.len() > 1 && word.iter().any(u8::is_ascii_alphabetic);
        is_word && self.0.get(word) == Some(&1)
    }
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
