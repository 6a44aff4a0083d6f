//! A table that finds numbers by names.

use alloc::vec::Vec;

use super::{buckets::Buckets, essential::HashedName};

/// Finds the numbers that have a name, in ascending order.
///
/// The table stores hashes and numbers; its owner reads the name of a number. Entries with the same hash
/// are sorted by name, so that an input with many colliding names costs a binary search, not a scan.
#[derive(Debug, Clone)]
pub(crate) struct NameTable {
    entries: Vec<TableEntry>,
    buckets: Buckets,
}

/// A hash in the upper half and a number in the lower, so that entries sort as plain integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TableEntry(u64);

impl TableEntry {
    #[inline]
    pub(crate) fn new(hash: u32, number: u32) -> Self {
        Self((u64::from(hash) << 32) | u64::from(number))
    }

    #[inline]
    fn hash(self) -> u32 {
        (self.0 >> 32) as u32
    }

    #[inline]
    fn number(self) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "the lower half is the number")]
        let number = self.0 as u32;
        number
    }
}

impl NameTable {
    /// Creates a table from entries in any order. `name` reads the name of a number.
    pub(crate) fn new<'a>(mut entries: Vec<TableEntry>, name: impl Fn(u32) -> &'a [u8]) -> Self {
        entries.sort_unstable();
        for same_hash in entries.chunk_by_mut(|one, other| one.hash() == other.hash()) {
            if same_hash.len() > 1 {
                let key = |entry: &TableEntry| (name(entry.number()), *entry);
                same_hash.sort_unstable_by(|one, other| key(one).cmp(&key(other)));
            }
        }
        entries.shrink_to_fit();
        let buckets = Buckets::new(entries.iter().map(|entry| entry.hash()));
        Self { entries, buckets }
    }

    /// Finds the numbers of a name. `name` reads names as it did for [`NameTable::new`].
    #[inline]
    pub(crate) fn find<'a, F: Fn(u32) -> &'a [u8]>(
        &self,
        wanted: HashedName<'a>,
        name: F,
    ) -> impl Iterator<Item = u32> + use<'_, 'a, F> {
        self.find_with(wanted, move |number| Some((name(number), number)))
    }

    /// Finds the numbers of a name, and returns what `read` returns for each together with its name.
    #[inline]
    pub(crate) fn find_with<'a, T, F: Fn(u32) -> Option<(&'a [u8], T)>>(
        &self,
        wanted: HashedName<'a>,
        read: F,
    ) -> impl Iterator<Item = T> + use<'_, 'a, T, F> {
        let HashedName { name: wanted, hash } = wanted;
        let bucket = self.entries.get(self.buckets.range(hash)).unwrap_or_default();
        let start = bucket.partition_point(|entry| entry.hash() < hash);
        let from = bucket.get(start..).unwrap_or_default();
        let end = from.partition_point(|entry| entry.hash() == hash);
        let same_hash = from.get(..end).unwrap_or_default();
        // There is usually one, whose name is read once.
        let start = match same_hash {
            [] | [_] => 0,
            several => several.partition_point(|entry| {
                read(entry.number()).is_some_and(|(name, _)| name < wanted)
            }),
        };
        let rest = same_hash.get(start..).unwrap_or_default();
        rest.iter().map_while(move |entry| {
            let (name, found) = read(entry.number())?;
            (name == wanted).then_some(found)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, format, string::String, vec};

    use super::*;

    /// Returns two names with the same hash.
    fn collision() -> [String; 2] {
        let mut seen = HashMap::new();
        (0..1_u32 << 20)
            .find_map(|number| {
                let name = format!("n{number}");
                let other = seen.insert(HashedName::whole(name.as_bytes()).hash, name.clone())?;
                Some([other, name])
            })
            .expect("2²⁰ names have many collisions among 2³² hashes")
    }

    #[test]
    fn names_with_the_same_hash_are_distinguished() {
        let [one, other] = collision();
        let names = [&other, &one, "unrelated", &other, &one].map(str::as_bytes);
        let hash = |name: &[u8]| HashedName::whole(name).hash;
        let entries = (0..).zip(names).map(|(number, name)| TableEntry::new(hash(name), number));
        let name = |number: u32| names[number as usize];
        let table = NameTable::new(entries.collect(), name);
        for (wanted, expected) in [
            (one.as_str(), vec![1, 4]),
            (other.as_str(), vec![0, 3]),
            ("unrelated", vec![2]),
            ("missing", vec![]),
        ] {
            let found = table.find(HashedName::whole(wanted.as_bytes()), name);
            assert_eq!(found.collect::<Vec<_>>(), expected, "{wanted}");
        }
    }

    #[test]
    fn an_empty_table_finds_nothing() {
        let table = NameTable::new(Vec::new(), |_| b"");
        assert_eq!(table.find(HashedName::whole(b""), |_| b"").count(), 0);
    }
}
