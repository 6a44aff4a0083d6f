//! Finding types by essential name and kind in a single pass, which keeps nothing.

use alloc::{vec, vec::Vec};

use btf_types::{Btf, Info, Kind, KindSet, StrOffset, TypeId};

use super::{buckets::Buckets, wanted::Wanted};
use crate::essential::Essential;

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
    for (place, btf) in btfs.iter().enumerate() {
        let order = btf.byte_order();
        btf.named_records(filter.kinds).for_each(|(id, record)| {
            let rest = btf.string_and_rest(StrOffset(record.name_off.get(order)));
            let Some(rest) = rest.filter(|rest| filter.may_want(rest)) else { return };
            let Some(name) = Essential::read(rest) else { return };
            let kind = Info(record.info.get(order)).kind();
            for (position, wanted) in names.find(name) {
                if wanted.is_of_kind(kind) {
                    found(position, place, id);
                }
            }
        });
    }
}

/// The wanted names in their order: by hash, and by name where hashes are equal, since somebody may
/// have made many of one hash.
struct Names<'w> {
    wanted: &'w [Wanted<'w>],
    /// The hash of each with its position.
    hashes: Vec<(u32, u32)>,
    buckets: Buckets,
    /// Tells most others apart at once.
    filter: Bits,
}

impl<'w> Names<'w> {
    /// The names at some positions, which grow; what is wanted is sorted.
    fn new(wanted: &'w [Wanted<'_>], positions: &[u32]) -> Self {
        let hash = |position: &u32| Some((wanted.get(*position as usize)?.hash, *position));
        let hashes: Vec<(u32, u32)> = positions.iter().filter_map(hash).collect();
        let buckets = Buckets::new(hashes.iter().map(|(hash, _)| *hash));
        let filter = Bits::new(hashes.iter().map(|(hash, _)| *hash));
        Self { wanted, hashes, buckets, filter }
    }

    /// Those that have a name: one for each kind.
    #[inline]
    fn find(&self, name: Essential<'_>) -> impl Iterator<Item = (u32, &'w Wanted<'w>)> {
        let Essential { name, hash } = name;
        let wanted = self.wanted;
        let get = move |(_, position): &(u32, u32)| {
            wanted.get(*position as usize).map(|wanted| (*position, wanted))
        };
        let range = if self.filter.may_have(hash) { self.buckets.range(hash) } else { 0..0 };
        let bucket = self.hashes.get(range).unwrap_or_default();
        let start = bucket.partition_point(|entry| {
            entry.0 < hash
                || entry.0 == hash && get(entry).is_some_and(|(_, wanted)| wanted.essential < name)
        });
        let rest = bucket.get(start..).unwrap_or_default();
        let same_hash = rest.iter().take_while(move |entry| entry.0 == hash);
        same_hash.map_while(get).take_while(move |(_, wanted)| wanted.essential == name)
    }
}

/// Tells most types apart from the wanted ones by the first bytes of their name.
struct Filter {
    /// The kinds whose names are looked at.
    kinds: KindSet,
    /// The first four bytes of the wanted names.
    starts: Bits,
    /// A bit for the first byte of each wanted name that is shorter than that.
    short: [u64; 4],
}

impl Filter {
    fn new(wanted: &[Wanted<'_>], positions: &[u32]) -> Self {
        let wanted = || positions.iter().filter_map(|position| wanted.get(*position as usize));
        let start = |wanted: &Wanted<'_>| wanted.essential.first_chunk().copied().map(start_hash);
        let starts: Vec<u32> = wanted().filter_map(start).collect();
        let mut kinds: KindSet = wanted().map(|wanted| wanted.kind).collect();
        if kinds.contains(Kind::Enum) {
            kinds.insert(Kind::Enum64);
        }
        // Which of these a type is would be hard to guess; to look at all of them is faster.
        if kinds.is_subset(KindSet::TYPE_NAMES) {
            kinds = KindSet::TYPE_NAMES;
        }
        let mut short = [0; 4];
        for Wanted { essential, .. } in wanted() {
            if let [first] | [first, _] | [first, _, _] = essential
                && let Some(word) = short.get_mut(usize::from(first >> 6))
            {
                *word |= 1 << (first & 63);
            }
        }
        Self { kinds, starts: Bits::new(starts.into_iter()), short }
    }

    /// Whether a wanted name may begin as some bytes do.
    #[inline]
    fn may_want(&self, name: &[u8]) -> bool {
        let start = name.first_chunk().copied().unwrap_or_default();
        let first = name.first().copied().unwrap_or(0);
        let short = self.short.get(usize::from(first >> 6));
        self.starts.may_have(start_hash(start))
            | short.is_some_and(|word| word & (1 << (first & 63)) != 0)
    }
}

/// A hash of the first bytes of a name.
#[inline]
fn start_hash(start: [u8; 4]) -> u32 {
    u32::from_le_bytes(start).wrapping_mul(0x9e37_79b1)
}

/// A set of hashes that says of a few others that it has them, too.
struct Bits(Vec<u64>);

impl Bits {
    fn new(hashes: impl ExactSizeIterator<Item = u32>) -> Self {
        // Sixteen bits for each keep chance hits below a sixteenth.
        let words = hashes.len().div_ceil(4).next_power_of_two();
        let mut bits = Self(vec![0; words]);
        for hash in hashes {
            let (word, bit) = bits.place(hash);
            if let Some(word) = bits.0.get_mut(word) {
                *word |= bit;
            }
        }
        bits
    }

    /// The word and bit of a hash.
    #[inline]
    fn place(&self, hash: u32) -> (usize, u64) {
        ((hash >> 8) as usize & self.0.len().wrapping_sub(1), 1 << (hash >> 26))
    }

    #[inline]
    fn may_have(&self, hash: u32) -> bool {
        let (word, bit) = self.place(hash);
        self.0.get(word).is_some_and(|word| word & bit != 0)
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
        let names = btf.types().filter_map(|ty| btf.string_and_rest(ty.name_off()));
        names.filter(|name| filter.may_want(name)).count()
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
        let names = |names: &[&str]| names.iter().copied().map(String::from).collect::<Vec<_>>();
        let short = names(&["a", "_b", "?cd"]);
        let flavors = names(&["a___x", "_b___x", "?cd___x"]);
        let same_start = names(&["ab", "_long_name", "?"]);
        let others = names(&["b", "A", "!", "cd", "ba_", "b___x"]);
        assert_eq!(let_through(&short, &short), 3);
        assert_eq!(let_through(&short, &flavors), 3);
        assert_eq!(let_through(&short, &same_start), 3);
        assert_eq!(let_through(&short, &others), 0);
        assert_eq!(let_through(&names(&["b_long_name"]), &others), 0);
        let both = names(&["a", "a_long_name"]);
        assert_eq!(let_through(&both, &both), 2);
    }

    #[test]
    fn all_of_many_names_are_found() {
        let names = numbered(0..2000);
        let mut btf = Builder::new(ByteOrder::Little);
        for name in &names {
            btf.structure(name, 0).finish();
        }
        let bytes = btf.finish().unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        // Every other one, in the order in which they are looked for.
        let mut wanted: Vec<(Wanted<'_>, u32)> = (1..)
            .zip(&names)
            .step_by(2)
            .map(|(id, name)| (Wanted::new(name.as_bytes(), Kind::Struct), id))
            .collect();
        wanted.sort_unstable();
        let (wanted, ids): (Vec<_>, Vec<_>) = wanted.into_iter().unzip();
        let positions: Vec<u32> = (0..).take(wanted.len()).collect();
        let mut found = Vec::new();
        scan(&[&btf], &wanted, &positions, |position, _, id| found.push((position, id.0)));
        found.sort_unstable();
        assert!(found.into_iter().eq((0..).zip(ids)));
    }
}
