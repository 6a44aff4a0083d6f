//! A scope: BTFs that are searched for candidates together. The main BTF is one, the modules another.

use alloc::vec::Vec;

use btf_types::{Btf, Kind, TypeId};

use super::{index::NameIndex, key::NameKey, scan::scan};

/// The number of passes over a scope before it gets an index. Building one takes about as long as eight
/// passes.
const PASSES: u32 = 8;

/// BTFs that are searched together.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    btfs: Vec<&'a Btf<'a>>,
    /// The target's indexes, and those that were built here.
    indexes: Vec<NameIndex<'a>>,
    passes: u32,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(btfs: Vec<&'a Btf<'a>>, indexes: Vec<NameIndex<'a>>) -> Self {
        Self { btfs, indexes, passes: 0 }
    }

    /// Adds a BTF, which the indexes so far do not cover.
    pub(crate) fn add(&mut self, btf: &'a Btf<'a>) {
        self.btfs.push(btf);
        self.indexes.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.btfs.is_empty()
    }

    /// Searches for the keys at some positions. Reports each type that it finds: the position of its key,
    /// the position of its BTF, and its id. The types of one key are in the order of BTFs and ids.
    pub(crate) fn find(
        &mut self,
        keys: &[NameKey<'a>],
        positions: impl Iterator<Item = u32>,
        mut found: impl FnMut(u32, usize, TypeId),
    ) {
        let mut scanned = Vec::new();
        for position in positions {
            let Some(key) = keys.get(position as usize) else { continue };
            match self.index(key.kind) {
                Some(index) => {
                    index.find(*key).for_each(|(btf, id)| found(position, btf, id));
                }
                None => scanned.push(position),
            }
        }
        if !scanned.is_empty() {
            self.passes = self.passes.saturating_add(1);
            scan(&self.btfs, keys, &scanned, found);
        }
    }

    /// Returns the index of a kind, if there is one.
    pub(crate) fn known_index(&self, kind: Kind) -> Option<&NameIndex<'a>> {
        self.indexes.iter().find(|index| index.has(kind))
    }

    /// Returns the BTFs.
    pub(crate) fn btfs(&self) -> &[&'a Btf<'a>] {
        &self.btfs
    }

    /// Returns the index of a kind. It is built after [`PASSES`] passes.
    fn index(&mut self, kind: Kind) -> Option<&NameIndex<'a>> {
        if self.passes >= PASSES && !self.indexes.iter().any(|index| index.has(kind)) {
            self.indexes.push(NameIndex::with(kind, &self.btfs));
        }
        self.known_index(kind)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use btf_types::{ByteOrder, build::Builder};

    use super::*;

    #[test]
    fn an_index_is_built_after_eight_passes() {
        let mut btf = Builder::new(ByteOrder::Little);
        btf.structure("s", 8).finish();
        let bytes = btf.finish().unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        let keys = [NameKey::new(b"s", Kind::Struct)];
        let given = NameIndex::of_type_names(&[&btf]);
        for (given, passes) in
            [(vec![], [1, 2, 3, 4, 5, 6, 7, 8, 8, 8]), (vec![given.clone()], [0; 10])]
        {
            let mut scope = Scope::new([&btf].into(), given);
            for passes in passes {
                let mut found = Vec::new();
                scope.find(&keys, 0..1, |position, btf, id| found.push((position, btf, id)));
                assert_eq!((found, scope.passes), ([(0, 0, TypeId(1))].into(), passes));
            }
            assert_eq!(scope.indexes.len(), 1);
        }
    }
}
