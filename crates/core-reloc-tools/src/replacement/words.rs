//! The words of names, which have underscores between them.

use std::collections::{BTreeMap, BTreeSet};

/// The fewest letters that make two words similar if both have them.
const MIN_STEM: usize = 4;

/// The longest word that is compared piece by piece. Longer ones are no words.
const MAX_WORD: usize = 16;

/// Returns the words of a name.
pub(super) fn words(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    name.split(|byte| *byte == b'_').filter(|word| !word.is_empty())
}

/// Returns 2 for equal words, and 1 if one is short for the other: `stat`, `stats` and `statistics`, `mod` and
/// `module`, `cpu` and `percpu`, or if they have most of their letters in common: `polling` and `rtpoll`.
pub(super) fn halves(one: &[u8], other: &[u8]) -> usize {
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
    if long.len() > MAX_WORD {
        return false;
    }
    let len = (long.len() / 2).saturating_add(1).max(MIN_STEM);
    short.windows(len).any(|stem| long.windows(len).any(|other| other == stem))
}

/// Returns a name with its words in the order of the alphabet.
pub(super) fn sorted(name: &[u8]) -> Vec<u8> {
    let mut words: Vec<&[u8]> = words(name).collect();
    words.sort_unstable();
    words.join(&b'_')
}

/// How many members have a word in their names.
#[derive(Debug, Default)]
pub(super) struct WordCounts<'a>(BTreeMap<&'a [u8], usize>);

impl<'a> WordCounts<'a> {
    /// Adds the words of a member's name.
    pub(super) fn add(&mut self, name: &'a [u8]) {
        let words: BTreeSet<&[u8]> = words(name).collect();
        for word in words {
            let count = self.0.entry(word).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// Returns `true` for a word that one member has, which it therefore tells from all others. A letter or a
    /// number is no word.
    pub(super) fn is_rare(&self, word: &[u8]) -> bool {
        let is_word = word.len() > 1 && word.iter().any(u8::is_ascii_alphabetic);
        is_word && self.0.get(word) == Some(&1)
    }
}

/// Returns `true` if a name consists of the first letters of the other's words: `bdi`.
pub(super) fn is_acronym(one: &[u8], other: &[u8]) -> bool {
    let stands_for = |short: &[u8], long: &[u8]| {
        short.len() >= 3 && words(long).map(|word| word.first()).eq(short.iter().map(Some))
    };
    stands_for(one, other) || stands_for(other, one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_equal_similar_or_different() {
        let halves = |one: &str, other: &str| halves(one.as_bytes(), other.as_bytes());
        assert_eq!(halves("stat", "stat"), 2);
        for (one, other) in [
            ("stat", "statistics"),
            ("mod", "module"),
            ("percpu", "cpu"),
            ("temperature", "temp"),
            ("polling", "rtpoll"),
        ] {
            assert_eq!((halves(one, other), halves(other, one)), (1, 1), "{one} {other}");
        }
        for (one, other) in [("running", "runnable"), ("rx", "tx"), ("queue", "disk"), ("", "a")] {
            assert_eq!((halves(one, other), halves(other, one)), (0, 0), "{one} {other}");
        }
    }

    #[test]
    fn a_word_that_one_member_has_is_rare() {
        let mut counts = WordCounts::default();
        for name in ["worker_private", "io_context", "io_uring", "seq_1", "a_b"] {
            counts.add(name.as_bytes());
        }
        let is_rare = |word: &str| counts.is_rare(word.as_bytes());
        assert!(is_rare("worker") && is_rare("uring"));
        assert!(!is_rare("io") && !is_rare("1") && !is_rare("a") && !is_rare("pf"));
    }
}
