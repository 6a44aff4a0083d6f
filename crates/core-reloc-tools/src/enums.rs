//! The values of enumerators, of several BTFs.

use std::collections::BTreeMap;

use btf_types::Btf;
use core_reloc::enums::EnumReader;

/// A reader of enumerators for each BTF. Each finds out once whether its BTF states the signs of enums.
#[derive(Debug, Default)]
pub(crate) struct EnumReaders<'a> {
    /// By the address of the BTF.
    readers: BTreeMap<usize, EnumReader<'a>>,
}

impl<'a> EnumReaders<'a> {
    /// Returns the reader of a BTF.
    pub(crate) fn of(&mut self, btf: &'a Btf<'a>) -> &EnumReader<'a> {
        let address = std::ptr::from_ref(btf).addr();
        self.readers.entry(address).or_insert_with(|| EnumReader::new(btf))
    }
}
