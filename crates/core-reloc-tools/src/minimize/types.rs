//! What the tests of whole types look at: for compatibility, and for a match.

use std::collections::{BTreeMap, BTreeSet};

use btf_types::{Btf, Kind, StrOffset, Type, TypeId};

use super::marks::{Marks, behind};
use core_reloc::{Cause, budget::Budget, compare::kinds_are_compatible, essential_name};

/// Keeps what the test for compatibility may look at, from a target type on: kinds, at every level.
pub(super) fn keep_compatible(
    marks: &mut Marks<'_>,
    target: Type<'_>,
    budget: &mut Budget,
) -> Result<(), Cause> {
    let btf = target.btf();
    let mut seen = BTreeSet::new();
    let mut open = vec![target.id()];
    while let Some(id) = open.pop() {
        budget.spend(1)?;
        let Some(ty) = btf.type_by_id(id).ok().and_then(behind) else { continue };
        if !seen.insert(ty.id()) {
            continue;
        }
        marks.shape(ty);
        match ty.kind() {
            Kind::Array => open.extend(ty.array().map(|array| array.element)),
            Kind::Ptr | Kind::FuncProto => {
                marks.follow(ty);
                budget.spend(ty.params().len())?;
                open.extend(ty.params().iter().map(|param| param.type_id()));
                open.extend(ty.referenced_id());
            }
            _ => {}
        }
    }
    Ok(())
}

/// Keeps what the test for a match looks at: of each target type the members and enumerators that
/// bear the name of a local one, and as many as the local type has.
pub(super) fn keep_matching(
    marks: &mut Marks<'_>,
    local: Type<'_>,
    target: Type<'_>,
    budget: &mut Budget,
) -> Result<(), Cause> {
    let (local_btf, target_btf) = (local.btf(), target.btf());
    let first = Pair { local: local.id(), target: target.id(), behind_pointer: false };
    let mut walk = Walk { marks, budget, open: vec![first] };
    let mut seen = BTreeSet::new();
    while let Some(pair) = walk.open.pop() {
        walk.budget.spend(1)?;
        let local = local_btf.type_by_id(pair.local).ok().and_then(behind);
        let target = target_btf.type_by_id(pair.target).ok().and_then(behind);
        if let (Some(local), Some(target)) = (local, target)
            && seen.insert((local.id(), target.id(), pair.behind_pointer))
        {
            walk.compare(local, target, pair.behind_pointer)?;
        }
    }
    Ok(())
}

/// Two types that are compared.
struct Pair {
    local: TypeId,
    target: TypeId,
    /// Behind a pointer, a composite's members are not looked at.
    behind_pointer: bool,
}

struct Walk<'w, 'a> {
    marks: &'w mut Marks<'a>,
    budget: &'w mut Budget,
    open: Vec<Pair>,
}

impl Walk<'_, '_> {
    fn compare(
        &mut self,
        local: Type<'_>,
        target: Type<'_>,
        behind_pointer: bool,
    ) -> Result<(), Cause> {
        self.marks.shape(target);
        if !kinds_are_compatible(local.kind(), target.kind()) {
            return Ok(());
        }
        match local.kind() {
            Kind::Enum | Kind::Enum64 => {
                let names = target.enumerators().iter().map(|enumerator| enumerator.name_off());
                let table = self.table(target.btf(), names)?;
                for enumerator in local.enumerators() {
                    let named = table.find(local.btf(), enumerator.name_off());
                    named.iter().take(1).for_each(|index| self.marks.part_of(target, *index));
                }
                self.marks.at_least(target, local.vlen());
            }
            Kind::Struct | Kind::Union if !behind_pointer => {
                let names = target.members().iter().map(|member| member.name_off());
                let table = self.table(target.btf(), names)?;
                for member in local.members() {
                    for index in table.find(local.btf(), member.name_off()) {
                        self.budget.spend(1)?;
                        self.marks.part_of(target, *index);
                        if let Some(named) = target.members().get(*index as usize) {
                            self.push(member.type_id(), named.type_id(), false);
                        }
                    }
                }
                self.marks.at_least(target, local.vlen());
            }
            Kind::Ptr | Kind::FuncProto => {
                self.marks.follow(target);
                let behind_pointer = behind_pointer || local.kind() == Kind::Ptr;
                for (local, target) in local.params().iter().zip(target.params()) {
                    self.budget.spend(1)?;
                    self.push(local.type_id(), target.type_id(), behind_pointer);
                }
                for (local, target) in local.referenced_id().into_iter().zip(target.referenced_id())
                {
                    self.push(local, target, behind_pointer);
                }
            }
            Kind::Array => {
                for (local, target) in local.array().into_iter().zip(target.array()) {
                    self.push(local.element, target.element, behind_pointer);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, local: TypeId, target: TypeId, behind_pointer: bool) {
        self.open.push(Pair { local, target, behind_pointer });
    }

    /// The essential names of a target type's members or enumerators.
    fn table<'n>(
        &mut self,
        btf: &'n Btf<'n>,
        names: impl ExactSizeIterator<Item = StrOffset>,
    ) -> Result<NameTable<'n>, Cause> {
        self.budget.spend(names.len())?;
        let mut table: BTreeMap<&[u8], Vec<u32>> = BTreeMap::new();
        for (index, name_off) in (0..).zip(names) {
            let Ok(name) = btf.string(name_off) else { continue };
            self.budget.spend_name(&name)?;
            table.entry(essential_name(name.as_bytes())).or_default().push(index);
        }
        Ok(NameTable(table))
    }
}

/// The indices of entries, by essential name, in their order.
struct NameTable<'n>(BTreeMap<&'n [u8], Vec<u32>>);

impl NameTable<'_> {
    fn find(&self, local: &Btf<'_>, name_off: StrOffset) -> &[u32] {
        let name = local.string(name_off).ok();
        let found = name.and_then(|name| self.0.get(essential_name(name.as_bytes())));
        found.map_or(&[], Vec::as_slice)
    }
}
