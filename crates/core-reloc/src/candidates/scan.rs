//! Finding types by essential name and kind in a single pass, which keeps nothing.

use alloc::{vec, vec::Vec};

use btf_types::{Btf, Info, Kind, KindSet, StrOffset, TypeId};

use super::{buckets::Buckets, wanted::Wanted};
use crate::{essential_name, hash};

/// Looks in one pass over the own types of some BTFs for the wanted names at some positions, and
/// reports each type that is found: the position of its name, that of its BTF, and its id; in the
/// order of BTFs and ids. What is wanted is sorted, and so are the positions.
pub(super) fn scan<'a>(
    btfs: &[&'a Btf<'a>],
    wanted: &[Wanted<'_>],
    positions: &[u32],
    mut found: impl FnMut(u32, usize, TypeId),
) {
    let filter = Filter::new(wanted, positions);
    let names = Names::new(wanted, positions);
    let mut batch = Vec::with_capacity(BATCH);
    for (place, btf) in btfs.iter().enumerate() {
        let order = btf.byte_order();
        let mut records = btf.own_records(filter.looked_at());
        loop {
            batch.extend(records.by_ref().take(BATCH));
            if batch.is_empty() {
                break;
            }
            batch.retain(|(_, record)| {
                let kind = Info(record.info.get(order)).kind();
                let name_off = StrOffset(record.name_off.get(order));
                // Both, and not one after the other: which types pass one is hard to guess.
                filter.may_want(btf, name_off) & filter.kinds.contains(kind)
            });
            for (id, record) in batch.drain(..) {
                let Ok(name) = btf.string(StrOffset(record.name_off.get(order))) else { continue };
                let kind = Info(record.info.get(order)).kind();
                for (position, wanted) in names.find(essential_name(&name)) {
                    if wanted.is_of_kind(kind) {
                        found(position, place, id);
                    }
                }
            }
        }
    }
}

/// How many types are looked at together: the first bytes of their names, which are all over the
/// strings, are then fetched at the same time rather than one after the other.
const BATCH: usize = 64;

/// The wanted names in their order: by hash, and by name where hashes are equal, since somebody may
/// have made many of one hash.
struct Names<'w> {
    wanted: &'w [Wanted<'w>],
    /// The hash of each with its position.
    hashes: Vec<(u32, u32)>,
    buckets: Buckets,
}

impl<'w> Names<'w> {
    /// The names at some positions, which grow; what is wanted is sorted.
    fn new(wanted: &'w [Wanted<'_>], positions: &[u32]) -> Self {
        let hash = |position: &u32| Some((wanted.get(*position as usize)?.hash, *position));
        let hashes: Vec<(u32, u32)> = positions.iter().filter_map(hash).collect();
        let buckets = Buckets::new(hashes.iter().map(|(hash, _)| *hash));
        Self { wanted, hashes, buckets }
    }

    /// Those that have a name: one for each kind.
    #[inline]
    fn find(&self, essential: &[u8]) -> impl Iterator<Item = (u32, &'w Wanted<'w>)> {
        let hash = hash::name(essential);
        let wanted = self.wanted;
        let get = move |(_, position): &(u32, u32)| {
            wanted.get(*position as usize).map(|wanted| (*position, wanted))
        };
        let bucket = self.hashes.get(self.buckets.range(hash)).unwrap_or_default();
        let start = bucket.partition_point(|entry| {
            entry.0 < hash
                || entry.0 == hash
                    && get(entry).is_some_and(|(_, wanted)| wanted.essential < essential)
        });
        let rest = bucket.get(start..).unwrap_or_default();
        let same_hash = rest.iter().take_while(move |entry| entry.0 == hash);
        same_hash.map_while(get).take_while(move |(_, wanted)| wanted.essential == essential)
    }
}

/// Tells most types apart from the wanted ones by their kind and the first bytes of their name.
struct Filter {
    kinds: KindSet,
    /// A bit for each hash of the first four bytes of a wanted name; a power of two of words.
    starts: Vec<u64>,
    /// A bit for each first byte of the wanted names that are shorter than that.
    short: [u64; 4],
}

impl Filter {
    fn new(wanted: &[Wanted<'_>], positions: &[u32]) -> Self {
        // Sixteen bits for each name keep chance hits below a sixteenth.
        let words = positions.len().div_ceil(4).next_power_of_two();
        let mut filter = Self { kinds: KindSet::default(), starts: vec![0; words], short: [0; 4] };
        let wanted = positions.iter().filter_map(|position| wanted.get(*position as usize));
        for Wanted { kind, essential, .. } in wanted {
            filter.kinds.insert(*kind);
            if kind.is_enum() {
                filter.kinds.insert(Kind::Enum64);
            }
            match essential {
                [a, b, c, d, ..] => {
                    let (word, bit) = filter.start_bit([*a, *b, *c, *d]);
                    if let Some(word) = filter.starts.get_mut(word) {
                        *word |= bit;
                    }
                }
                [first, ..] => {
                    if let Some(word) = filter.short.get_mut(usize::from(first >> 6)) {
                        *word |= 1 << (first & 63);
                    }
                }
                [] => {}
            }
        }
        filter
    }

    /// The kinds whose records are looked at.
    fn looked_at(&self) -> KindSet {
        if self.kinds.is_subset(KindSet::TYPE_NAMES) { KindSet::TYPE_NAMES } else { self.kinds }
    }

    /// The word and bit of [`Filter::starts`] of the first bytes of a name.
    #[inline]
    fn start_bit(&self, start: [u8; 4]) -> (usize, u64) {
        let hash = u32::from_le_bytes(start).wrapping_mul(0x9e37_79b1);
        let word = (hash >> 8) as usize & self.starts.len().wrapping_sub(1);
        (word, 1 << (hash >> 26))
    }

    #[inline]
    fn may_want(&self, btf: &Btf<'_>, name_off: StrOffset) -> bool {
        let Some(name) = btf.string_and_rest(name_off) else { return false };
        let start = name.first_chunk().copied().unwrap_or_default();
        let (word, bit) = self.start_bit(start);
        let is_start = self.starts.get(word).is_some_and(|word| word & bit != 0);
        let first = name.first().copied().unwrap_or(0);
        let short = self.short.get(usize::from(first >> 6));
        is_start | short.is_some_and(|word| word & (1 << (first & 63)) != 0)
    }
}

#[cfg(test)]
mod tests {
    use std::{format, string::String};

    use btf_types::{ByteOrder, build::Builder};

    use super::*;

    /// How many of some names a filter for others lets through.
    fn let_through(wanted: &[String], names: &[String]) -> usize {
        let mut btf = Builder::new(ByteOrder::Little);
        for name in names {
            btf.structure(name, 0).finish();
        }
        let bytes = btf.finish().unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        let wanted: Vec<Wanted<'_>> =
            wanted.iter().map(|name| Wanted::new(name.as_bytes(), Kind::Struct)).collect();
        let positions: Vec<u32> = (0..).take(wanted.len()).collect();
        let filter = Filter::new(&wanted, &positions);
        btf.types().filter(|ty| filter.may_want(&btf, ty.name_off())).count()
    }

    /// Names that begin with the four digits of numbers.
    fn numbered(numbers: core::ops::Range<u32>) -> Vec<String> {
        numbers.map(|number| format!("{number:04}_name")).collect()
    }

    #[test]
    fn what_is_not_wanted_is_rarely_looked_up() {
        // Every name sets one of sixteen bits for each: less than a sixteenth of others hit one.
        let (wanted, others) = (numbered(0..256), numbered(256..4352));
        assert_eq!(let_through(&wanted, &wanted), 256);
        let chance = let_through(&wanted, &others);
        assert!((1..4096 / 16 + 64).contains(&chance), "{chance}");
    }

    #[test]
    fn short_names_are_told_apart_by_their_first_byte() {
        let wanted = ["a", "_b", "?cd", "0"].map(String::from);
        let others = ["b", "A", "!", "cd", "ba", "B_long_name"].map(String::from);
        let same_start = ["ab", "_long_name", "?", "0000"].map(String::from);
        assert_eq!(let_through(&wanted, &wanted), 4);
        let both = ["a", "a_long_name"].map(String::from);
        assert_eq!(let_through(&both, &both), 2);
        assert_eq!(let_through(&wanted, &others), 0);
        assert_eq!(let_through(&wanted, &same_start), 4);
    }
}
