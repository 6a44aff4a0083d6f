//! Finding enumerators of all enums by name.

use alloc::vec::Vec;

use btf_types::{Btf, Type, TypeId};

use crate::{
    names::{
        essential::HashedName,
        table::{NameTable, TableEntry},
    },
    shared::Shared,
};

/// The names of the enumerators of all enums of some BTFs.
#[derive(Debug, Clone)]
pub(crate) struct EnumeratorNames<'a> {
    enums: NumberedEnums<'a>,
    names: Shared<NameTable>,
}

/// The enums of some BTFs. Their enumerators are numbered consecutively through all of them.
#[derive(Debug, Clone)]
struct NumberedEnums<'a> {
    btfs: Vec<&'a Btf<'a>>,
    /// The number of each enum's first enumerator, the position of its BTF, and its id.
    enums: Shared<[(u32, u32, TypeId)]>,
}

impl<'a> EnumeratorNames<'a> {
    /// Indexes the enumerators of the own types of some BTFs.
    pub(crate) fn of(btfs: &[&'a Btf<'a>]) -> Self {
        let (mut enums, mut entries) = (Vec::new(), Vec::new());
        let mut number = 0_u32;
        for (position, btf) in (0..).zip(btfs) {
            for ty in btf.own_types().filter(|ty| ty.kind().is_enum()) {
                enums.push((number, position, ty.id()));
                for enumerator in ty.enumerators() {
                    if let Ok(name) = enumerator.name() {
                        let hash = HashedName::whole(name.as_bytes()).hash;
                        entries.push(TableEntry::new(hash, number));
                    }
                    number = number.saturating_add(1);
                }
            }
        }
        let enums = NumberedEnums { btfs: btfs.to_vec(), enums: enums.into() };
        let names = NameTable::new(entries, |number| enums.name(number));
        Self { enums, names: Shared::new(names) }
    }

    /// Returns this index for other views of the same bytes, in the same order.
    #[cfg(feature = "owned")]
    pub(crate) fn of_same<'b>(&self, btfs: &[&'b Btf<'b>]) -> EnumeratorNames<'b> {
        let enums = NumberedEnums { btfs: btfs.to_vec(), enums: Shared::clone(&self.enums.enums) };
        EnumeratorNames { enums, names: Shared::clone(&self.names) }
    }

    /// Finds the enumerators with exactly this name, in the order of BTFs and ids: for each, the position of
    /// the BTF, the enum, and the index in it.
    pub(crate) fn find<'n>(
        &'n self,
        name: &'n [u8],
    ) -> impl Iterator<Item = (usize, Type<'a>, u32)> + 'n {
        self.names.find_with(HashedName::whole(name), |number| {
            let (position, ty, index) = self.enums.get(number)?;
            Some((enumerator_name(ty, index), (position, ty, index)))
        })
    }
}

impl<'a> NumberedEnums<'a> {
    /// Returns, for the number of an enumerator, the position of the BTF, the enum, and the index in it.
    fn get(&self, number: u32) -> Option<(usize, Type<'a>, u32)> {
        let next = self.enums.partition_point(|(first, ..)| *first <= number);
        let (first, position, id) = *self.enums.get(next.checked_sub(1)?)?;
        let ty = self.btfs.get(position as usize)?.type_by_id(id).ok()?;
        Some((position as usize, ty, number.checked_sub(first)?))
    }

    fn name(&self, number: u32) -> &'a [u8] {
        self.get(number).map_or(&[], |(_, ty, index)| enumerator_name(ty, index))
    }
}

fn enumerator_name(ty: Type<'_>, index: u32) -> &[u8] {
    let name = ty.enumerators().get(index as usize).and_then(|one| one.name().ok());
    name.unwrap_or_default().as_bytes()
}
