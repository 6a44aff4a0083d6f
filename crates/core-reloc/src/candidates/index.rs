//! Finding types by essential name and kind with an index.

use alloc::vec::Vec;

use btf_types::{Btf, Kind, KindSet, StrOffset, Type, TypeId, raw};

use super::key::NameKey;
use crate::{
    names::{
        essential::{HashedName, essential_name},
        table::{NameTable, TableEntry},
    },
    shared::Shared,
};

/// The essential names of the own types of some BTFs.
#[derive(Debug, Clone)]
pub(crate) struct NameIndex<'a> {
    kinds: KindSet,
    types: NumberedTypes<'a>,
    /// Shared by clones, and by the same BTFs elsewhere in memory.
    names: Shared<NameTable>,
}

/// The own types of some BTFs, numbered consecutively through all of them.
#[derive(Debug, Clone, Default)]
struct NumberedTypes<'a> {
    /// Each BTF with the number of its first type.
    btfs: Vec<(u32, &'a Btf<'a>)>,
}

impl<'a> NameIndex<'a> {
    /// Indexes the kinds that C code can name as a root type. Other named kinds (mostly functions and
    /// variables) are rarely searched for, and get a separate index if they are.
    pub(crate) fn of_type_names(btfs: &[&'a Btf<'a>]) -> Self {
        Self::of(btfs, KindSet::TYPE_NAMES)
    }

    /// Indexes all kinds that [`NameIndex::of_type_names`] leaves out.
    pub(crate) fn of_other_names(btfs: &[&'a Btf<'a>]) -> Self {
        let others =
            (0..=u8::MAX).map(Kind::from_raw).filter(|kind| !KindSet::TYPE_NAMES.contains(*kind));
        Self::of(btfs, others.collect())
    }

    /// Indexes the group of kinds that a kind belongs to: those of [`NameIndex::of_type_names`], or all
    /// others.
    pub(crate) fn with(kind: Kind, btfs: &[&'a Btf<'a>]) -> Self {
        if KindSet::TYPE_NAMES.contains(kind) {
            Self::of_type_names(btfs)
        } else {
            Self::of_other_names(btfs)
        }
    }

    /// Indexes the own types of some BTFs that have one of the kinds and a readable name.
    fn of(btfs: &[&'a Btf<'a>], kinds: KindSet) -> Self {
        let mut types = NumberedTypes::default();
        let mut entries = Vec::new();
        let mut first = 0_u32;
        for btf in btfs {
            let (order, start) = (btf.byte_order(), btf.start_id().0);
            let entry = |(id, record): (TypeId, &raw::Type)| {
                let name_off = StrOffset(record.name_off.get(order));
                let name = HashedName::read_essential(btf.string_and_rest(name_off)?)?;
                let number = first.checked_add(id.0.checked_sub(start)?)?;
                Some(TableEntry::new(name.hash, number))
            };
            // Faster than `extend`, which asks for one after the other.
            btf.named_records(kinds).filter_map(entry).for_each(|entry| entries.push(entry));
            types.btfs.push((first, *btf));
            first = first.saturating_add(u32::try_from(btf.own_types().len()).unwrap_or(u32::MAX));
        }
        let names = NameTable::new(entries, |number| types.essential_name(number));
        Self { kinds, types, names: Shared::new(names) }
    }

    /// Returns this index for other views of the same bytes, in the same order.
    #[cfg(feature = "owned")]
    pub(crate) fn of_same<'b>(&self, btfs: &[&'b Btf<'b>]) -> NameIndex<'b> {
        let firsts = self.types.btfs.iter().map(|(first, _)| *first);
        let types = NumberedTypes { btfs: firsts.zip(btfs.iter().copied()).collect() };
        NameIndex { kinds: self.kinds, types, names: Shared::clone(&self.names) }
    }

    /// Returns `true` if types of a kind are indexed.
    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.kinds.contains(kind)
    }

    /// Finds the types of a key, in the order of BTFs and ids: for each, the position of its BTF among those
    /// that are indexed, and its id.
    pub(crate) fn find(&self, key: NameKey<'a>) -> impl Iterator<Item = (usize, TypeId)> {
        let types = self.names.find_with(key.name(), |number| {
            let (position, ty) = self.types.get(number)?;
            Some((essential_name(ty.name().ok()?.as_bytes()), (position, ty)))
        });
        types
            .filter(move |(_, ty)| key.is_of_kind(ty.kind()))
            .map(|(position, ty)| (position, ty.id()))
    }

    /// Finds the types of exactly a name and kind, in the order of BTFs and ids: each with the position of
    /// its BTF among those that are indexed.
    pub(crate) fn find_exactly<'n>(
        &'n self,
        name: &'n str,
        kind: Kind,
    ) -> impl Iterator<Item = (usize, Type<'a>)> + 'n {
        let types = self.names.find_with(HashedName::essential(name.as_bytes()), |number| {
            let (position, ty) = self.types.get(number)?;
            Some((essential_name(ty.name().ok()?.as_bytes()), (position, ty)))
        });
        types.filter(move |(_, ty)| ty.kind() == kind && ty.name().is_ok_and(|found| found == name))
    }
}

impl<'a> NumberedTypes<'a> {
    /// Returns the type with a number, and the position of its BTF.
    fn get(&self, number: u32) -> Option<(usize, Type<'a>)> {
        let next = self.btfs.partition_point(|(first, _)| *first <= number);
        let position = next.checked_sub(1)?;
        let (first, btf) = *self.btfs.get(position)?;
        let id = btf.start_id().0.checked_add(number.checked_sub(first)?)?;
        Some((position, btf.type_by_id(TypeId(id)).ok()?))
    }

    fn essential_name(&self, number: u32) -> &'a [u8] {
        let name = self.get(number).and_then(|(_, ty)| ty.name().ok());
        essential_name(name.unwrap_or_default().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use btf_types::{ByteOrder, build::Builder};

    use super::*;
    use crate::candidates::scan::scan;

    #[test]
    fn an_index_finds_what_a_scan_finds() {
        let mut main = Builder::new(ByteOrder::Little);
        main.structure("other", 1).finish();
        main.structure("one", 1).finish();
        main.union("one", 1).finish();
        main.structure("other___flavor", 1).finish();
        main.structure("unrelated", 1).finish();
        let main = main.finish().unwrap();
        let main = Btf::parse(&main).unwrap();
        let mut split = Builder::split(&main);
        split.structure("other", 2).finish();
        let split = split.finish().unwrap();
        let split = Btf::parse_split(&split, &main).unwrap();

        let btfs = [&main, &split];
        let keys = [("other", Kind::Struct), ("one", Kind::Union), ("one", Kind::Struct)];
        let keys = keys.map(|(name, kind)| NameKey::new(name.as_bytes(), kind));
        let expected = [vec![(0, 1), (0, 4), (1, 6)], vec![(0, 3)], vec![(0, 2)]];

        let index = NameIndex::with(Kind::Union, &btfs);
        let find = |key: &NameKey<'_>| index.find(*key).map(|(at, id)| (at, id.0)).collect();
        assert_eq!(keys.iter().map(find).collect::<Vec<Vec<_>>>(), expected);
        let mut found = vec![Vec::new(); 3];
        scan(&btfs, &keys, &[0, 1, 2], |position, at, id| {
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
