//! How similar the name of a member is to that of the missing one.

use super::words::{WordCounts, halves, is_acronym, sorted, words};
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
        let mut distance = self.wanted.edit_distance(name);
        if [self.stripped, name].iter().all(|name| name.contains(&b'_')) {
            let [own, other] = [self.stripped, name].map(sorted);
            distance = distance.min(Wanted::new(&own).edit_distance(&other));
        }
        name.len().max(self.stripped.len()).saturating_sub(distance)
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

    /// Returns the percentage of words that both names have, of all. Similar words count half.
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

fn ends_equally(one: &[u8], other: &[u8], len: usize) -> bool {
    one.iter().rev().take(len).eq(other.iter().rev().take(len))
}

/// Returns a name without the prefix that the members of its struct have.
pub(super) fn strip<'n>(name: &'n [u8], prefix: &[u8]) -> &'n [u8] {
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
    fn a_name_with_its_words_turned_around_is_nearer() {
        let turned = similarity("idle_h_nr_running", "h_nr_idle");
        assert!(turned > similarity("idle_h_nr_running", "h_nr_runnable"));
    }

    #[test]
    fn names_with_a_word_more_are_parts_of_each_other() {
        let is_part =
            |lost: &str, name: &str| LostName::new(lost, b"").is_part_of(name.as_bytes(), b"i_");
        for (lost, name) in
            [("nr_running", "h_nr_running"), ("h_nr_running", "nr_running"), ("uport", "uport_dev")]
        {
            assert!(is_part(lost, name), "{lost} {name}");
        }
        for (lost, name) in [
            ("overload", "overloaded"),
            ("poll_task", "rtpoll_task"),
            ("idle_h_nr_running", "h_nr_idle"),
            ("state", "state"),
        ] {
            assert!(!is_part(lost, name), "{lost} {name}");
        }
    }

    #[test]
    fn a_member_without_the_prefix_may_have_got_it() {
        let similarity = |lost: &str, name: &str| {
            LostName::new(lost, b"rtpoll_").similarity(name.as_bytes(), b"rtpoll_")
        };
        // The prefix of most members is a part of this name.
        assert!(similarity("polling_total", "rtpoll_total") > similarity("polling_total", "total"));
        assert_eq!(similarity("total", "rtpoll_total"), Some(Similarity::Stripped));
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
