//! Finding an enumerator by its essential name.

use btf_types::{Btf, Type};

use crate::{
    budget::Budget,
    error::Cause,
    names::{
        essential::{HashedName, essential_name},
        table::{NameTable, TableEntry},
    },
};

/// Finds the index of the first enumerator with an essential name. Strings longer than any name are
/// skipped.
pub(super) fn find_enumerator<'a>(
    btf: &'a Btf<'a>,
    ty: Type<'a>,
    essential: &[u8],
    budget: &mut Budget,
) -> Result<Option<u32>, Cause> {
    for (index, enumerator) in (0..).zip(ty.enumerators()) {
        budget.spend(1)?;
        // This test is cheap, and most names fail it.
        let rest = btf.string_and_rest(enumerator.name_off()).unwrap_or_default();
        if !rest.starts_with(essential) {
            continue;
        }
        let Ok(name) = btf.string(enumerator.name_off()) else { continue };
        budget.spend_name(&name)?;
        if essential_name(&name) == essential {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// Finds what [`find_enumerator`] finds, without looking at all enumerators.
#[derive(Debug)]
pub(super) struct EnumeratorIndex(NameTable);

impl EnumeratorIndex {
    /// Indexes an enum. Returns `None` if it has more than `limit` enumerators.
    pub(super) fn new<'a>(btf: &'a Btf<'a>, ty: Type<'a>, limit: usize) -> Option<Self> {
        if ty.enumerators().len() > limit {
            return None;
        }
        let entry = |index| {
            let name = HashedName::whole(essential(btf, ty, index)?);
            Some(TableEntry::new(name.hash, index))
        };
        let entries = (0..ty.vlen()).filter_map(entry).collect();
        Some(Self(NameTable::new(entries, |index| essential(btf, ty, index).unwrap_or_default())))
    }

    /// Finds the index of the first enumerator with an essential name, in the enum that was indexed.
    pub(super) fn find<'a>(
        &self,
        btf: &'a Btf<'a>,
        ty: Type<'a>,
        essential: &'a [u8],
    ) -> Option<u32> {
        let name = |index| self::essential(btf, ty, index).unwrap_or_default();
        self.0.find(HashedName::whole(essential), name).next()
    }
}

/// Reads the essential name of an enumerator.
fn essential<'a>(btf: &'a Btf<'a>, ty: Type<'a>, index: u32) -> Option<&'a [u8]> {
    let enumerator = ty.enumerators().get(index as usize)?;
    Some(essential_name(btf.string(enumerator.name_off()).ok()?.as_bytes()))
}

#[cfg(test)]
mod tests {
    use ::proptest::{collection::vec, prelude::*};
    use btf_types::{ByteOrder, Kind, build::Builder};

    use super::*;

    const NAMES: [&str; 8] = ["A", "AB", "A___x", "A___y", "AB___x", "B", "A____x", "AB__x"];

    proptest! {
        #[test]
        fn an_index_finds_what_a_search_finds(names in vec(0..NAMES.len(), 0..8)) {
            let mut btf = Builder::new(ByteOrder::Little);
            let mut enumeration = btf.enumeration("e", 4);
            for (value, name) in (0..).zip(&names) {
                enumeration = enumeration.enumerator(NAMES[*name], value);
            }
            enumeration.finish();
            let bytes = btf.finish().unwrap();
            let btf = Btf::parse(&bytes).unwrap();
            let ty = btf.find("e", Kind::Enum).unwrap();
            let index = EnumeratorIndex::new(&btf, ty, names.len()).unwrap();
            for wanted in NAMES.map(str::as_bytes) {
                let mut budget = Budget::for_input(0);
                let expected = find_enumerator(&btf, ty, wanted, &mut budget).unwrap();
                assert_eq!(index.find(&btf, ty, wanted), expected);
            }
            let fewer = names.len().checked_sub(1);
            assert!(fewer.is_none_or(|fewer| EnumeratorIndex::new(&btf, ty, fewer).is_none()));
        }
    }
}
