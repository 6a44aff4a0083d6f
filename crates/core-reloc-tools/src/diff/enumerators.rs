//! The enumerators of two enums.

use std::collections::{BTreeMap, HashMap, VecDeque};

use btf_types::{Name, Type};
use core_reloc::{
    describe::quote,
    enums::{EnumReader, EnumValue},
};

use super::{
    compare::{Comparer, is_same_value},
    difference::{EnumeratorDiff, EnumeratorSide},
    kept::Room,
    merge::{merge, paired},
};
use crate::similar::Wanted;

/// The number of steps for each enumerator of two enums that differ.
const STEPS_PER_ENUMERATOR: usize = 16;

/// An enumerator with its name and value.
#[derive(Debug, Clone, Copy)]
struct Named<'a> {
    name: Name<'a>,
    value: EnumValue,
}

impl Named<'_> {
    fn side(&self, room: &mut Room) -> Option<EnumeratorSide> {
        let name = quote(&self.name);
        room.take::<EnumeratorSide>(name.len())?;
        Some(EnumeratorSide { name, value: self.value.value, is_guess: self.value.is_guess })
    }
}

/// Returns the enumerators of two enums that differ, or all of one: in the order of the new enum, where those that are
/// gone follow what they followed in the old one. `None` when no steps are left.
pub(super) fn diff<'a>(
    old: Option<(Type<'a>, EnumReader<'a>)>,
    new: Option<(Type<'a>, EnumReader<'a>)>,
    comparer: &mut Comparer,
    room: &mut Room,
) -> Option<Vec<EnumeratorDiff>> {
    let mut named = |of: Option<(Type<'a>, EnumReader<'a>)>| {
        let mut all = Vec::new();
        let Some((ty, values)) = of else { return Some(all) };
        for enumerator in ty.enumerators() {
            comparer.spend(STEPS_PER_ENUMERATOR)?;
            let name = comparer.name(enumerator.name())?;
            all.push(Named { name, value: values.value(enumerator) });
        }
        Some(all)
    };
    let (old, new) = (named(old)?, named(new)?);
    let mut pairs = pair(&old, &new);
    for (of_old, of_new) in renamed(&old, &new, &pairs) {
        if let Some(pair) = pairs.get_mut(of_new) {
            *pair = Some(of_old);
        }
    }
    let mut found = Vec::new();
    for (of_old, of_new) in merge(old.len(), &pairs) {
        let old = of_old.and_then(|at| old.get(at));
        let new = of_new.and_then(|at| new.get(at));
        if let (Some(old), Some(new)) = (old, new)
            && old.name == new.name
            && is_same_value(old.value, new.value)
        {
            continue;
        }
        let mut side = |one: Option<&Named<'_>>| match one {
            Some(one) => Some(Some(one.side(room)?)),
            None => Some(None),
        };
        let (old, new) = (side(old)?, side(new)?);
        found.push(EnumeratorDiff { old, new });
    }
    Some(found)
}

/// Returns the old enumerator of each new one: that of its name.
fn pair(old: &[Named<'_>], new: &[Named<'_>]) -> Vec<Option<usize>> {
    let mut by_name: HashMap<&[u8], VecDeque<usize>> = HashMap::new();
    for (at, one) in old.iter().enumerate() {
        by_name.entry(one.name.as_bytes()).or_default().push_back(at);
    }
    let new = new.iter();
    new.map(|one| by_name.get_mut(one.name.as_bytes()).and_then(VecDeque::pop_front)).collect()
}

/// Returns the enumerators that have another name now: those with the same value, if no other one has it, and a
/// similar name. Two of one value may also be two things.
fn renamed(old: &[Named<'_>], new: &[Named<'_>], pairs: &[Option<usize>]) -> Vec<(usize, usize)> {
    // By their values, those that only one enum has, if they are the only ones with the value.
    let alone = |all: &[Named<'_>], is_paired: &[bool]| {
        let mut by_value: BTreeMap<i128, Option<usize>> = BTreeMap::new();
        for (at, (one, is_paired)) in all.iter().zip(is_paired).enumerate() {
            let at = Some(at).filter(|_| !is_paired);
            by_value.entry(one.value.value).and_modify(|other| *other = None).or_insert(at);
        }
        by_value
    };
    let of_old = alone(old, &paired(old.len(), pairs));
    let of_new = alone(new, &pairs.iter().map(Option::is_some).collect::<Vec<_>>());
    let renamed = of_old.iter().filter_map(|(value, of_old)| {
        let (of_old, of_new) = ((*of_old)?, (*of_new.get(value)?)?);
        let (from, to) = (old.get(of_old)?.name, new.get(of_new)?.name);
        Wanted::new(&from).distance(&to).map(|_| (of_old, of_new))
    });
    renamed.collect()
}
