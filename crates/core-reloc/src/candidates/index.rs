//! Finding types by essential name and kind with an index that is kept.

use alloc::vec::Vec;

use btf_types::{Btf, Kind, KindSet, StrOffset, Type, TypeId};

use super::{buckets::Buckets, wanted::Wanted};
use crate::essential::{Essential, essential_name};

/// The hashes of the essential names of the own types of some BTFs, sorted.
#[derive(Debug, Clone)]
pub(crate) struct NameIndex<'a> {
    kinds: KindSet,
    types: Numbered<'a>,
    /// The hash in the upper, the number in the lower half; those of one hash sorted by name.
    entries: Vec<u64>,
    buckets: Buckets,
}

/// The own types of some BTFs, numbered through all of them.
#[derive(Debug, Clone, Default)]
struct Numbered<'a> {
    /// Each BTF with the number of its first type.
    btfs: Vec<(u32, &'a Btf<'a>)>,
}

impl<'a> NameIndex<'a> {
    /// Indexes the kinds that C code names a root type by. Other named kinds (functions and variables,
    /// mostly) are rarely looked for, and have an index of their own where they are.
    pub(crate) fn ordinary(btfs: &[&'a Btf<'a>]) -> Self {
        Self::of(btfs, KindSet::TYPE_NAMES)
    }

    /// Indexes the kinds that a kind is one of: those of [`NameIndex::ordinary`], or all others.
    pub(super) fn with(kind: Kind, btfs: &[&'a Btf<'a>]) -> Self {
        if KindSet::TYPE_NAMES.contains(kind) {
            return Self::ordinary(btfs);
        }
        let others =
            (0..=u8::MAX).map(Kind::from_raw).filter(|kind| !KindSet::TYPE_NAMES.contains(*kind));
        Self::of(btfs, others.collect())
    }

    /// Indexes the own types of some BTFs that are of some kinds. Those whose name cannot be read
    /// have none.
    fn of(btfs: &[&'a Btf<'a>], kinds: KindSet) -> Self {
        let mut types = Numbered::default();
        let mut entries = Vec::new();
        let mut first = 0_u32;
        for btf in btfs {
            let (order, start) = (btf.byte_order(), btf.start_id().0);
            entries.extend(btf.named_records(kinds).filter_map(|(id, record)| {
                let name_off = StrOffset(record.name_off.get(order));
                let Essential { hash, .. } = Essential::read(btf.string_and_rest(name_off)?)?;
                let number = first.checked_add(id.0.checked_sub(start)?)?;
                Some((u64::from(hash) << 32) | u64::from(number))
            }));
            types.btfs.push((first, *btf));
            first = first.saturating_add(u32::try_from(btf.own_types().len()).unwrap_or(u32::MAX));
        }
        entries.sort_unstable();
        // Names of one hash, which somebody may have made many of, can then be told apart.
        for same_hash in entries.chunk_by_mut(|one, other| hash_of(*one) == hash_of(*other)) {
            let key = |entry: &u64| (types.essential_name(*entry), *entry);
            same_hash.sort_unstable_by(|one, other| key(one).cmp(&key(other)));
        }
        entries.shrink_to_fit();
        let buckets = Buckets::new(entries.iter().map(|entry| hash_of(*entry)));
        Self { kinds, types, entries, buckets }
    }

    /// Whether types of a kind are indexed.
    pub(super) fn has(&self, kind: Kind) -> bool {
        self.kinds.contains(kind)
    }

    /// The types that are wanted, in the order of BTFs and ids: each as the position of its BTF
    /// among those that are indexed, and its id.
    pub(super) fn find(&self, wanted: Wanted<'a>) -> impl Iterator<Item = (usize, TypeId)> {
        let bucket = self.entries.get(self.buckets.range(wanted.hash)).unwrap_or_default();
        let start = bucket.partition_point(|entry| hash_of(*entry) < wanted.hash);
        let from = bucket.get(start..).unwrap_or_default();
        let end = from.partition_point(|entry| hash_of(*entry) == wanted.hash);
        let same_hash = from.get(..end).unwrap_or_default();
        // They are sorted by name. Most often there is one, whose name is looked at only below.
        let start = match same_hash {
            [] | [_] => 0,
            several => several
                .partition_point(|entry| self.types.essential_name(*entry) < wanted.essential),
        };
        let types = same_hash.get(start..).unwrap_or_default().iter().map_while(move |entry| {
            let (position, ty) = self.types.get(*entry)?;
            let name = ty.name().ok()?;
            (essential_name(&name) == wanted.essential).then_some((position, ty))
        });
        types
            .filter(move |(_, ty)| wanted.is_of_kind(ty.kind()))
            .map(|(position, ty)| (position, ty.id()))
    }
}

impl<'a> Numbered<'a> {
    /// The type of an entry's number, and the position of its BTF.
    fn get(&self, entry: u64) -> Option<(usize, Type<'a>)> {
        #[expect(clippy::cast_possible_truncation, reason = "the lower half is the number")]
        let number = entry as u32;
        let behind = self.btfs.partition_point(|(first, _)| *first <= number);
        let position = behind.checked_sub(1)?;
        let (first, btf) = *self.btfs.get(position)?;
        let id = btf.start_id().0.checked_add(number.checked_sub(first)?)?;
        Some((position, btf.type_by_id(TypeId(id)).ok()?))
    }

    fn essential_name(&self, entry: u64) -> &'a [u8] {
        let name = self.get(entry).and_then(|(_, ty)| ty.name().ok());
        essential_name(name.unwrap_or_default().as_bytes())
    }
}

fn hash_of(entry: u64) -> u32 {
    (entry >> 32) as u32
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, format, string::String, vec};

    use btf_types::{ByteOrder, build::Builder};

    use super::*;
    use crate::candidates::scan::scan;
    use crate::hash;

    /// Names of one hash, which are found by trying.
    fn collision() -> [String; 2] {
        let mut seen = HashMap::new();
        (0..1_000_000)
            .find_map(|number| {
                let name = format!("n{number}");
                let other = seen.insert(hash::name(name.as_bytes()), name.clone())?;
                Some([other, name])
            })
            .expect("2²⁰ names have many collisions among 2³² hashes")
    }

    #[test]
    fn names_of_one_hash_are_told_apart() {
        let [one, other] = collision();
        let mut main = Builder::new(ByteOrder::Little);
        main.structure(&other, 1).finish();
        main.structure(&one, 1).finish();
        main.union(&one, 1).finish();
        main.structure(format!("{other}___flavor"), 1).finish();
        main.structure("unrelated", 1).finish();
        let main = main.finish().unwrap();
        let main = Btf::parse(&main).unwrap();
        let mut split = Builder::split(&main);
        split.structure(&other, 2).finish();
        let split = split.finish().unwrap();
        let split = Btf::parse_split(&split, &main).unwrap();

        let btfs = [&main, &split];
        let wanted = [(&other, Kind::Struct), (&one, Kind::Union), (&one, Kind::Struct)];
        let wanted = wanted.map(|(name, kind)| Wanted::new(name.as_bytes(), kind));
        let expected = [vec![(0, 1), (0, 4), (1, 6)], vec![(0, 3)], vec![(0, 2)]];
        // A scan takes them sorted.
        let mut cases: Vec<_> = wanted.into_iter().zip(expected).collect();
        cases.sort_unstable();
        let (wanted, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();

        let index = NameIndex::with(Kind::Union, &btfs);
        let find = |wanted: &Wanted<'_>| index.find(*wanted).map(|(at, id)| (at, id.0)).collect();
        assert_eq!(wanted.iter().map(find).collect::<Vec<Vec<_>>>(), expected);
        let mut found = vec![Vec::new(); 3];
        scan(&btfs, &wanted, &[0, 1, 2], |position, at, id| {
            found[position as usize].push((at, id.0));
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn every_kind_is_in_one_index() {
        let indexes = [Kind::Typedef, Kind::Func].map(|kind| NameIndex::with(kind, &[]));
        for kind in Kind::ALL {
            assert_eq!(indexes.iter().filter(|index| index.has(kind)).count(), 1, "{kind}");
        }
        assert!(indexes[0].has(Kind::Enum) && indexes[1].has(Kind::Var));
    }
}
