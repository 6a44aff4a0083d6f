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
