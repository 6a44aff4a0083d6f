//! Finding an enumerator by its essential name.

use alloc::vec::Vec;

use btf_types::{Btf, Type};

use crate::{budget::Budget, error::Cause, essential_name, hash};

/// Looks for the first enumerator of an essential name; its index. What is longer than any name is
/// none.
pub(crate) fn find_enumerator<'a>(
    btf: &'a Btf<'a>,
    ty: Type<'a>,
    essential: &[u8],
    budget: &mut Budget,
) -> Result<Option<u32>, Cause> {
    for (index, enumerator) in (0..).zip(ty.enumerators()) {
        budget.spend(1)?;
        // The first look is cheap, and most names fail it.
        let rest = btf.string_and_rest(enumerator.name_off()).unwrap_or_default();
        if !rest.starts_with(essential) {
            continue;
        }
        let Ok(name) = btf.string(enumerator.name_off()) else { continue };
        budget.spend_name(name)?;
        if essential_name(&name) == essential {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// Finds what [`find_enumerator`] finds, without looking at all enumerators.
#[derive(Debug)]
pub(crate) struct EnumeratorIndex {
    /// The hash and the index of the first enumerator of each name, sorted by hash, and by name
    /// where hashes are equal.
    entries: Vec<(u32, u32)>,
}

impl EnumeratorIndex {
    /// Indexes an enum. None if it has more than so many enumerators.
    pub(crate) fn new<'a>(btf: &'a Btf<'a>, ty: Type<'a>, most: usize) -> Option<Self> {
        if ty.enumerators().len() > most {
            return None;
        }
        let entry = |index| Some((hash::name(name(btf, ty, index)?), index));
        let mut entries: Vec<(u32, u32)> = (0..ty.vlen()).filter_map(entry).collect();
        let key = |(hash, index): &(u32, u32)| (*hash, name(btf, ty, *index), *index);
        entries.sort_unstable_by(|one, other| {
            one.0.cmp(&other.0).then_with(|| key(one).cmp(&key(other)))
        });
        entries.dedup_by(|later, first| {
            later.0 == first.0 && name(btf, ty, later.1) == name(btf, ty, first.1)
        });
        entries.shrink_to_fit();
        Some(Self { entries })
    }

    /// The index of the first enumerator of an essential name, in the enum that was indexed.
    pub(crate) fn find<'a>(&self, btf: &'a Btf<'a>, ty: Type<'a>, essential: &[u8]) -> Option<u32> {
        let hash = hash::name(essential);
        let position = self.entries.binary_search_by(|(other, index)| {
            let by_name = || name(btf, ty, *index).unwrap_or_default().cmp(essential);
            other.cmp(&hash).then_with(by_name)
        });
        self.entries.get(position.ok()?).map(|(_, index)| *index)
    }
}

/// The essential name of an enumerator.
fn name<'a>(btf: &'a Btf<'a>, ty: Type<'a>, index: u32) -> Option<&'a [u8]> {
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
