//! How many types, members and enumerators differ.

use std::collections::BTreeMap;

use super::{
    class::TypeClass,
    difference::{Change, TypeDiff},
};

/// The numbers of differences.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Totals {
    /// The types of each class that one of the kernels has, in the order of [`TypeClass::ALL`].
    pub classes: Vec<ClassTotals>,
    /// The members of types that both kernels have.
    pub members: MemberTotals,
    /// The enumerators of enums that both kernels have.
    pub enumerators: EntryTotals,
}

/// The numbers of types of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClassTotals {
    /// The class.
    pub class: TypeClass,
    /// Those that differ.
    pub different: EntryTotals,
    /// Those that do not.
    pub equal: usize,
}

/// The numbers of things that differ, each counted once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct EntryTotals {
    /// Those that both kernels have under one name.
    pub changed: usize,
    /// Those that have another name in the new kernel.
    pub renamed: usize,
    /// Those that only the old kernel has.
    pub gone: usize,
    /// Those that only the new kernel has.
    pub new: usize,
}

impl EntryTotals {
    fn add(&mut self, change: Change) {
        let count = match change {
            Change::Changed => &mut self.changed,
            Change::Renamed => &mut self.renamed,
            Change::Gone => &mut self.gone,
            Change::New => &mut self.new,
        };
        *count = count.saturating_add(1);
    }
}

/// The numbers of members that differ. One that was moved and resized counts as both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct MemberTotals {
    /// Those with another offset.
    pub moved: usize,
    /// Those with another size.
    pub resized: usize,
    /// Those with another type.
    pub retyped: usize,
    /// Those with another name.
    pub renamed: usize,
    /// Those that only the old type has.
    pub gone: usize,
    /// Those that only the new type has.
    pub new: usize,
}

impl Totals {
    /// Counts differences. `equal` has the number of equal types of each class.
    pub(super) fn of(types: &[TypeDiff], equal: &BTreeMap<TypeClass, usize>) -> Self {
        let mut totals = Self::default();
        let mut classes: BTreeMap<TypeClass, EntryTotals> = BTreeMap::new();
        for ty in types {
            classes.entry(ty.class).or_default().add(ty.change());
            for member in &ty.members {
                let counts = &mut totals.members;
                let add = |count: &mut usize, is_counted: bool| {
                    *count = count.saturating_add(usize::from(is_counted));
                };
                add(&mut counts.moved, member.moved_by().is_some());
                add(&mut counts.resized, member.is_resized());
                add(&mut counts.retyped, member.is_retyped);
                add(&mut counts.renamed, member.change() == Change::Renamed);
                add(&mut counts.gone, member.change() == Change::Gone);
                add(&mut counts.new, member.change() == Change::New);
            }
            for enumerator in &ty.enumerators {
                totals.enumerators.add(enumerator.change());
            }
        }
        for class in TypeClass::ALL {
            let different = classes.get(&class).copied();
            let of_equal = equal.get(&class).copied();
            if different.is_some() || of_equal.is_some() {
                totals.classes.push(ClassTotals {
                    class,
                    different: different.unwrap_or_default(),
                    equal: of_equal.unwrap_or_default(),
                });
            }
        }
        totals
    }
}
