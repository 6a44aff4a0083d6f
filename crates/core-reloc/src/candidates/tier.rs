//! The two places where candidates are looked for, one after the other: the main BTF, the modules.

use alloc::vec::Vec;

use btf_types::{Btf, TypeId};

use super::{index::NameIndex, scan::scan, wanted::Wanted};

/// How often a tier is looked through before it gets an index: making one takes about as long as
/// eight passes.
const PASSES: u32 = 8;

/// BTFs that are looked through together.
#[derive(Debug)]
pub(super) struct Tier<'a> {
    btfs: Vec<&'a Btf<'a>>,
    /// The index that the target has, if it has one.
    given: Option<&'a NameIndex<'a>>,
    /// Indexes of this tier's own.
    made: Vec<NameIndex<'a>>,
    passes: u32,
}

impl<'a> Tier<'a> {
    pub(super) fn new(btfs: Vec<&'a Btf<'a>>, given: Option<&'a NameIndex<'a>>) -> Self {
        Self { btfs, given, made: Vec::new(), passes: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.btfs.is_empty()
    }

    /// Looks for the wanted names at some positions, and reports each type that is found: the
    /// position of its name, that of its BTF, and its id. Those of one name come in the order of
    /// BTFs and ids.
    pub(super) fn find(
        &mut self,
        wanted: &[Wanted<'a>],
        positions: impl Iterator<Item = u32>,
        mut found: impl FnMut(u32, usize, TypeId),
    ) {
        let mut scanned = Vec::new();
        for position in positions {
            let Some(wanted) = wanted.get(position as usize) else { continue };
            match self.index(*wanted) {
                Some(index) => {
                    index.find(*wanted).for_each(|(place, id)| found(position, place, id));
                }
                None => scanned.push(position),
            }
        }
        if !scanned.is_empty() {
            self.passes = self.passes.saturating_add(1);
            scan(&self.btfs, wanted, &scanned, found);
        }
    }

    /// The index that has the wanted kind; it is made if passes have become many.
    fn index(&mut self, wanted: Wanted<'a>) -> Option<&NameIndex<'a>> {
        if let Some(given) = self.given.filter(|index| index.has(wanted.kind)) {
            return Some(given);
        }
        if self.passes >= PASSES && !self.made.iter().any(|index| index.has(wanted.kind)) {
            self.made.push(NameIndex::with(wanted.kind, &self.btfs));
        }
        self.made.iter().find(|index| index.has(wanted.kind))
    }
}

#[cfg(test)]
mod tests {
    use btf_types::{ByteOrder, Kind, build::Builder};

    use super::*;

    #[test]
    fn an_index_is_made_after_eight_passes() {
        let mut btf = Builder::new(ByteOrder::Little);
        btf.structure("s", 8).finish();
        let bytes = btf.finish().unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        let wanted = [Wanted::new(b"s", Kind::Struct)];
        let given = NameIndex::ordinary(&[&btf]);
        for (given, passes, made) in
            [(None, [1, 2, 3, 4, 5, 6, 7, 8, 8, 8], 1), (Some(&given), [0; 10], 0)]
        {
            let mut tier = Tier::new([&btf].into(), given);
            for passes in passes {
                let mut found = Vec::new();
                tier.find(&wanted, 0..1, |position, place, id| found.push((position, place, id)));
                assert_eq!((found, tier.passes), ([(0, 0, TypeId(1))].into(), passes));
            }
            assert_eq!(tier.made.len(), made);
        }
    }
}
