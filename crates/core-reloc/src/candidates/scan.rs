//! Finding types by essential name and kind in one pass over a BTF, without an index.

use alloc::vec::Vec;

use btf_types::{Btf, Info, Kind, KindSet, StrOffset, TypeId};

use super::key::NameKey;
use crate::names::{
    bits::{Bits, Starts},
    essential::HashedName,
    table::{NameTable, TableEntry},
};

/// Searches the own types of some BTFs in one pass for the keys at some positions. Reports each type that
/// it finds, in the order of BTFs and ids: the position of its key, the position of its BTF, and its id.
pub(super) fn scan<'a>(
    btfs: &[&'a Btf<'a>],
    keys: &[NameKey<'_>],
    positions: &[u32],
    mut found: impl FnMut(u32, usize, TypeId),
) {
    let filter = Filter::new(keys, positions);
    let names = Names::new(keys, positions);
    let mut batch = Vec::with_capacity(BATCH);
    for (btf_position, btf) in btfs.iter().enumerate() {
        let order = btf.byte_order();
        let mut examine = |batch: &mut Vec<_>| {
            for (id, info, rest) in filter.of_batch(batch) {
                let Some(name) = HashedName::read_essential(rest) else { continue };
                if names.may_have(name) {
                    let kind = Info(*info).kind();
                    names.find_kind(name, kind, |position| found(position, btf_position, *id));
                }
            }
            batch.clear();
        };
        btf.named_records(filter.kinds).for_each(|(id, record)| {
            let rest = btf.string_and_rest(StrOffset(record.name_off.get(order)));
            batch.push((id, record.info.get(order), rest.unwrap_or_default()));
            if batch.len() == BATCH {
                examine(&mut batch);
            }
        });
        examine(&mut batch);
    }
}

/// The id and the info word of a type, and the strings from its name on.
type Named<'a> = (TypeId, u32, &'a [u8]);

/// The most types that are filtered together: as many as a word has bits.
const BATCH: usize = u64::BITS as usize;

/// The names of the keys. Several keys may share a name.
struct Names<'k> {
    keys: &'k [NameKey<'k>],
    table: NameTable,
    /// Rejects most other names.
    hashes: Bits,
}

impl<'k> Names<'k> {
    /// Returns the names of the keys at some positions.
    fn new(keys: &'k [NameKey<'_>], positions: &[u32]) -> Self {
        let entry =
            |position: &u32| Some(TableEntry::new(keys.get(*position as usize)?.hash, *position));
        let entries: Vec<TableEntry> = positions.iter().filter_map(entry).collect();
        let hashes = positions.iter().filter_map(|position| keys.get(*position as usize));
        let hashes = Bits::new(entries.len(), hashes.map(|key| key.hash));
        Self { keys, table: NameTable::new(entries, |position| essential(keys, position)), hashes }
    }

    /// Returns `false` if no key has the name.
    #[inline]
    fn may_have(&self, name: HashedName<'_>) -> bool {
        self.hashes.may_have(name.hash)
    }

    /// Finds the positions of the keys that have a name and a kind. Few types get here, and the loop over
    /// all is faster without this.
    #[inline(never)]
    fn find_kind(&self, name: HashedName<'_>, kind: Kind, mut found: impl FnMut(u32)) {
        let positions = self.table.find(name, |position| essential(self.keys, position));
        for position in positions {
            if self.keys.get(position as usize).is_some_and(|key| key.is_of_kind(kind)) {
                found(position);
            }
        }
    }
}

fn essential<'k>(keys: &[NameKey<'k>], position: u32) -> &'k [u8] {
    keys.get(position as usize).map_or(&[], |key| key.essential)
}

/// Rejects most types by the first bytes of their name.
struct Filter {
    /// The kinds whose names are examined.
    kinds: KindSet,
    starts: Starts,
}

impl Filter {
    fn new(keys: &[NameKey<'_>], positions: &[u32]) -> Self {
        let keys = || positions.iter().filter_map(|position| keys.get(*position as usize));
        let mut kinds: KindSet = keys().map(|key| key.kind).collect();
        if kinds.contains(Kind::Enum) {
            kinds.insert(Kind::Enum64);
        }
        // The processor cannot predict which of these kinds a type has; examining all of them is faster.
        if kinds.is_subset(KindSet::TYPE_NAMES) {
            kinds = KindSet::TYPE_NAMES;
        }
        Self { kinds, starts: Starts::new(positions.len(), keys().map(|key| key.essential)) }
    }

    /// Returns those of at most [`BATCH`] types whose names may match.
    ///
    /// Few names of a large BTF are in the processor's caches. The first loop only loads them, and no branch depends
    /// on one, so that many loads are under way at the same time.
    #[inline]
    fn of_batch<'t, 'n>(&self, types: &'t [Named<'n>]) -> impl Iterator<Item = &'t Named<'n>> {
        let mut starts = [[0; 4]; BATCH];
        for (start, (_, _, rest)) in starts.iter_mut().zip(types) {
            *start = rest.first_chunk().copied().unwrap_or_else(|| padded(rest));
        }
        let may_match = starts.iter().rev().map(|start| self.may_match(start));
        let marked = may_match.fold(0_u64, |marked, may| marked << 1 | u64::from(may));
        let rest = core::iter::successors(Some(marked), |rest| Some(rest & rest.wrapping_sub(1)));
        let positions = rest.take_while(|rest| *rest != 0).map(u64::trailing_zeros);
        positions.filter_map(|position| types.get(position as usize))
    }

    /// Returns `false` if no key's name starts as a string does.
    #[inline]
    fn may_match(&self, string: &[u8]) -> bool {
        self.starts.may_match(string)
    }
}

/// Returns the bytes of a string at the end of its section, which are less than four.
#[cold]
fn padded(string: &[u8]) -> [u8; 4] {
    let mut start = [0; 4];
    start.iter_mut().zip(string).for_each(|(slot, byte)| *slot = *byte);
    start
}

#[cfg(test)]
mod tests {
    use std::{format, string::String};

    use btf_types::{ByteOrder, build::Builder};

    use super::*;

    /// Counts the names that pass a filter for the wanted ones.
    fn passing(wanted: &[String], names: &[String]) -> usize {
        let mut btf = Builder::new(ByteOrder::Little);
        for name in names {
            btf.structure(name, 0).finish();
        }
        let bytes = btf.finish().unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        let wanted: Vec<NameKey<'_>> =
            wanted.iter().map(|name| NameKey::new(name.as_bytes(), Kind::Struct)).collect();
        let positions: Vec<u32> = (0..).take(wanted.len()).collect();
        let filter = Filter::new(&wanted, &positions);
        let names = btf.types().filter_map(|ty| btf.string_and_rest(ty.name_off()));
        names.filter(|name| filter.may_match(name)).count()
    }

    /// Names that start with the four digits of a number.
    fn numbered(numbers: core::ops::Range<u32>) -> Vec<String> {
        numbers.map(|number| format!("{number:04}_name")).collect()
    }

    #[test]
    fn few_other_names_pass_the_filter() {
        // Each wanted name sets one bit in sixteen: fewer than a sixteenth of the others hit one.
        let (wanted, others) = (numbered(0..256), numbered(256..4352));
        assert_eq!(passing(&wanted, &wanted), 256);
        let chance = passing(&wanted, &others);
        assert!((1..4096 / 16 + 64).contains(&chance), "{chance}");
    }

    #[test]
    fn short_names_are_filtered_by_their_first_byte() {
        let names = |names: &[&str]| names.iter().copied().map(String::from).collect::<Vec<_>>();
        let short = names(&["a", "_b", "?cd"]);
        let flavors = names(&["a___x", "_b___x", "?cd___x"]);
        let same_start = names(&["ab", "_long_name", "?"]);
        let others = names(&["b", "A", "!", "cd", "ba_", "b___x"]);
        assert_eq!(passing(&short, &short), 3);
        assert_eq!(passing(&short, &flavors), 3);
        assert_eq!(passing(&short, &same_start), 3);
        assert_eq!(passing(&short, &others), 0);
        assert_eq!(passing(&names(&["b_long_name"]), &others), 0);
        let both = names(&["a", "a_long_name"]);
        assert_eq!(passing(&both, &both), 2);
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
        // Every second one, in the order of keys.
        let mut wanted: Vec<(NameKey<'_>, u32)> = (1..)
            .zip(&names)
            .step_by(2)
            .map(|(id, name)| (NameKey::new(name.as_bytes(), Kind::Struct), id))
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
