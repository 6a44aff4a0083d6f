//! Keeps what comparisons of whole types use: for compatibility, and for a match.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    hash::RandomState,
};

use btf_types::{Btf, Kind, StrOffset, Type, TypeId};
use core_reloc::{
    Cause, budget::Budget, compare::kinds_are_compatible, essential_name, limits::MAX_TYPE_DEPTH,
};

use indexmap::IndexMap;

use super::kept::{KeptSide, strip};

/// Keeps what the test for compatibility uses of a target type: the kinds at every level.
pub(super) fn keep_compatible(
    kept: &mut KeptSide<'_, '_>,
    target: Type<'_>,
    budget: &mut Budget,
) -> Result<(), Cause> {
    let btf = target.btf();
    let mut seen = BTreeSet::new();
    let mut open = VecDeque::from([(target.id(), 0)]);
    while let Some((id, level)) = open.pop_front() {
        budget.spend(1)?;
        let Some(ty) = btf.type_by_id(id).ok().and_then(strip) else { continue };
        if level > LEVELS || !seen.insert(ty.id()) {
            continue;
        }
        let mut open = |id| open.push_back((id, level.saturating_add(1)));
        kept.shape(ty);
        match ty.kind() {
            Kind::Array => ty.array().map(|array| array.element).into_iter().for_each(open),
            Kind::Ptr | Kind::FuncProto => {
                kept.follow(ty);
                budget.spend(ty.params().len())?;
                let params = ty.params().iter().map(|param| param.type_id());
                params.chain(ty.referenced_id()).for_each(&mut open);
            }
            _ => {}
        }
    }
    Ok(())
}

/// The pairs of types that were compared for a match, in one BTF of the target, each with its level.
pub(super) type ComparedPairs = BTreeMap<Pair, u32>;

/// Keeps what the test for a match uses: of each target type the members and enumerators with the name of
/// a local one, and at least as many as the local type has. Pairs that were compared before are skipped.
pub(super) fn keep_matching(
    kept: &mut KeptSide<'_, '_>,
    local: Type<'_>,
    target: Type<'_>,
    budget: &mut Budget,
    compared: &mut ComparedPairs,
) -> Result<(), Cause> {
    let (local_btf, target_btf) = (local.btf(), target.btf());
    let mut matching = Matching { kept, budget, open: VecDeque::new(), compared, level: 0 };
    matching.push(local.id(), target.id(), false)?;
    while let Some((pair, level)) = matching.open.pop_front() {
        let local = local_btf.type_by_id(pair.local).ok().and_then(strip);
        let target = target_btf.type_by_id(pair.target).ok().and_then(strip);
        if let (Some(local), Some(target)) = (local, target)
            && level <= LEVELS
        {
            matching.level = level.saturating_add(1);
            matching.compare(local, target, pair.through_pointer)?;
        }
    }
    Ok(())
}

/// The steps of comparing a pair of types, besides those for their members. They bound the memory for the
/// pairs.
const STEPS_PER_PAIR: usize = 8;

/// The number of levels of types to keep. With one more than comparisons follow, they are as deep as before.
const LEVELS: u32 = MAX_TYPE_DEPTH + 1;

/// Two types that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pair {
    local: TypeId,
    target: TypeId,
    /// Whether the types were reached through a pointer: the members of composites are then not compared.
    through_pointer: bool,
}

/// The pairs of types that a test for a match compares.
struct Matching<'w, 'k, 'a> {
    kept: &'w mut KeptSide<'k, 'a>,
    budget: &'w mut Budget,
    /// The pairs to compare, each with its level. Those of a level precede those of the next.
    open: VecDeque<(Pair, u32)>,
    compared: &'w mut ComparedPairs,
    /// One more than the level of the pair that is compared.
    level: u32,
}

impl Matching<'_, '_, '_> {
    fn compare(
        &mut self,
        local: Type<'_>,
        target: Type<'_>,
        through_pointer: bool,
    ) -> Result<(), Cause> {
        self.kept.shape(target);
        if !kinds_are_compatible(local.kind(), target.kind()) {
            return Ok(());
        }
        match local.kind() {
            Kind::Enum | Kind::Enum64 => {
                let names = target.enumerators().iter().map(|enumerator| enumerator.name_off());
                let names = self.by_essential_name(target.btf(), names)?;
                for enumerator in local.enumerators() {
                    let named = find(&names, local.btf(), enumerator.name_off());
                    named.iter().take(1).for_each(|index| self.kept.entry(target, *index));
                }
                self.kept.at_least(target, local.vlen());
            }
            Kind::Struct | Kind::Union if !through_pointer => {
                let names = target.members().iter().map(|member| member.name_off());
                let targets = self.by_essential_name(target.btf(), names)?;
                let names = local.members().iter().map(|member| member.name_off());
                let locals = self.by_essential_name(local.btf(), names)?;
                for (name, locals) in locals {
                    let targets = targets.get(name).map_or(&[][..], Vec::as_slice);
                    self.budget.spend(targets.len())?;
                    targets.iter().for_each(|index| self.kept.entry(target, *index));
                    let targets = types_of(target, targets);
                    for local in types_of(local, &locals) {
                        self.budget.spend(targets.len())?;
                        for target in &targets {
                            self.push(local, *target, false)?;
                        }
                    }
                }
                self.kept.at_least(target, local.vlen());
            }
            Kind::Ptr | Kind::FuncProto => {
                self.kept.follow(target);
                let through_pointer = through_pointer || local.kind() == Kind::Ptr;
                for (local, target) in local.params().iter().zip(target.params()) {
                    self.budget.spend(1)?;
                    self.push(local.type_id(), target.type_id(), through_pointer)?;
                }
                for (local, target) in local.referenced_id().into_iter().zip(target.referenced_id())
                {
                    self.push(local, target, through_pointer)?;
                }
            }
            Kind::Array => {
                for (local, target) in local.array().into_iter().zip(target.array()) {
                    self.push(local.element, target.element, through_pointer)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Adds a pair of the next level, unless it was compared at that level or above.
    fn push(&mut self, local: TypeId, target: TypeId, through_pointer: bool) -> Result<(), Cause> {
        let pair = Pair { local, target, through_pointer };
        if self.compared.get(&pair).is_none_or(|level| *level > self.level) {
            self.budget.spend(STEPS_PER_PAIR)?;
            self.compared.insert(pair, self.level);
            self.open.push_back((pair, self.level));
        }
        Ok(())
    }

    /// Returns the indices of a target type's members or enumerators by essential name.
    fn by_essential_name<'n>(
        &mut self,
        btf: &'n Btf<'n>,
        names: impl ExactSizeIterator<Item = StrOffset>,
    ) -> Result<Indices<'n>, Cause> {
        self.budget.spend(names.len())?;
        let mut indices = Indices::default();
        for (index, name_off) in (0..).zip(names) {
            let Ok(name) = btf.string(name_off) else { continue };
            self.budget.spend_name(&name)?;
            indices.entry(essential_name(name.as_bytes())).or_default().push(index);
        }
        Ok(indices)
    }
}

/// Returns the types of some members.
fn types_of(ty: Type<'_>, members: &[u32]) -> BTreeSet<TypeId> {
    let members = members.iter().filter_map(|index| ty.members().get(*index as usize));
    members.map(|member| member.type_id()).collect()
}

/// The indices of members or enumerators by name, in ascending order.
type Indices<'n> = IndexMap<&'n [u8], Vec<u32>, RandomState>;

/// Returns the indices for the essential name of a local member or enumerator.
fn find<'i>(indices: &'i Indices<'_>, local: &Btf<'_>, name_off: StrOffset) -> &'i [u32] {
    let name = local.string(name_off).ok();
    let found = name.and_then(|name| indices.get(essential_name(name.as_bytes())));
    found.map_or(&[], Vec::as_slice)
}
