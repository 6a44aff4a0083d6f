//! Tables of jumps, in `.jumptables`: where `gotox` may lead.
//!
//! clang 22 writes them. An instruction loads the address of a table by a link to the table's symbol, which has
//! its size. The table has the offsets of instructions in their section. Follows libbpf's `create_jt_map`
//! (BSD-2-Clause option).

use alloc::{collections::BTreeMap, vec::Vec};

use btf_types::ByteOrder;

use super::super::symbols::{Place, Symbols};

/// The section of all tables.
pub(super) const SECTION: &str = ".jumptables";

/// A table of jumps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct JumpTable<'a> {
    /// The entries, with 8 bytes each.
    pub bytes: &'a [u8],
    /// The byte order of the entries.
    pub order: ByteOrder,
}

impl<'a> JumpTable<'a> {
    /// Returns where the entries lead: offsets in bytes in the section of the code that uses the table.
    pub fn targets(&self) -> impl ExactSizeIterator<Item = u64> + 'a {
        let (entries, _) = self.bytes.as_chunks::<8>();
        let order = self.order;
        entries.iter().map(move |entry| match order {
            ByteOrder::Little => u64::from_le_bytes(*entry),
            ByteOrder::Big => u64::from_be_bytes(*entry),
        })
    }
}

/// The tables of an object, and which symbol in the symbol table each has.
#[derive(Debug, Default)]
pub(super) struct JumpTables<'a> {
    pub(super) list: Vec<JumpTable<'a>>,
    by_symbol: BTreeMap<u32, usize>,
}

impl<'a> JumpTables<'a> {
    /// Finds the tables in a section: its number, and its bytes.
    pub(super) fn of(
        symbols: Symbols<'a>,
        (section, all): (u32, &'a [u8]),
        order: ByteOrder,
    ) -> Self {
        let mut tables = Self::default();
        for (number, symbol) in (0..).zip(symbols.iter()) {
            if symbol.place != Place::Section(section) {
                continue;
            }
            let offset = |offset: u64| usize::try_from(offset).ok();
            let end = symbol.value.checked_add(symbol.size).and_then(offset);
            let bytes = offset(symbol.value).zip(end).and_then(|(start, end)| all.get(start..end));
            // The symbol of the whole section has no size.
            if let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) {
                tables.by_symbol.insert(number, tables.list.len());
                tables.list.push(JumpTable { bytes, order });
            }
        }
        tables
    }

    /// Returns the table of a symbol.
    pub(super) fn of_symbol(&self, symbol: u32) -> Option<usize> {
        self.by_symbol.get(&symbol).copied()
    }
}
