//! The comparison of type_matches: does a target type match the local one, member by member?
//!
//! Follows libbpf's `bpf_core_types_match` (BSD-2-Clause option).

use alloc::{collections::BTreeMap, rc::Rc, vec::Vec};

use btf_types::{Kind, Name, StrOffset, Type, TypeId};
use indexmap::IndexMap;

use crate::{
    budget::Budget,
    error::Cause,
    limits::{MAX_TYPE_DEPTH, REMEMBERED_STEPS},
    names::{
        essential::{HashedName, essential_name},
        hash::IdHasher,
        table::{NameTable, TableEntry},
    },
    side::{Side, Sides},
};

/// Compares two types.
pub(crate) fn types_match(
    sides: Sides<'_>,
    local: TypeId,
    target: TypeId,
    budget: &mut Budget,
) -> Result<bool, Cause> {
    let mut comparison =
        Comparison { sides, budget, known: BTreeMap::new(), tables: IndexMap::default() };
    Ok(comparison.compare(Pair { local, target, through_pointer: false }, MAX_TYPE_DEPTH)?.matches)
}

/// Two types to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    local: TypeId,
    target: TypeId,
    /// Whether the types were reached through a pointer: the members of composites are then not compared.
    through_pointer: bool,
}

/// The outcome of comparing two types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Compared {
    matches: bool,
    /// The number of levels of members and parameters that were compared.
    levels: u32,
}

/// One comparison. It remembers the pairs that took many steps, so that composites that are reached through
/// several members are compared once. A remembered pair that needs more levels than are left is too deep.
struct Comparison<'a, 'b> {
    sides: Sides<'a>,
    budget: &'b mut Budget,
    known: BTreeMap<Pair, Compared>,
    /// The essential names of the members or enumerators of each target type compared so far, with
    /// their indices.
    tables: IndexMap<TypeId, Rc<NameTable>, IdHasher>,
}

/// The result of comparing one level: decided, or dependent on the types that these two refer to.
enum Level {
    Decided(bool),
    Follow(Option<TypeId>, Option<TypeId>),
}

impl<'a> Comparison<'a, '_> {
    fn compare(&mut self, pair: Pair, levels_left: u32) -> Result<Compared, Cause> {
        if let Some(known) = self.known.get(&pair) {
            return if known.levels > levels_left { Err(Cause::TooDeep) } else { Ok(*known) };
        }
        if levels_left == 0 {
            return Err(Cause::TooDeep);
        }
        // This level itself, and those below.
        let mut below = 0;
        let before = self.budget.remaining();
        let matches = self.follow(pair, levels_left.saturating_sub(1), &mut below)?;
        let compared = Compared { matches, levels: below.saturating_add(1) };
        if before.saturating_sub(self.budget.remaining()) >= REMEMBERED_STEPS {
            self.known.insert(pair, compared);
        }
        Ok(compared)
    }

    /// Compares two types and those that they refer to as pointers, arrays and prototypes.
    fn follow(&mut self, pair: Pair, levels_left: u32, levels: &mut u32) -> Result<bool, Cause> {
        let Pair { mut local, mut target, mut through_pointer } = pair;
        for _ in 0..MAX_TYPE_DEPTH {
            self.budget.spend(1)?;
            let (local_ty, target_ty) = self.types(local, target)?;
            if !self.names_match(local_ty.name_off(), target_ty.name_off())? {
                return Ok(false);
            }
            let step = self.step(local_ty, target_ty, through_pointer, levels_left, levels)?;
            through_pointer |= local_ty.kind() == Kind::Ptr;
            match step {
                Level::Decided(matches) => return Ok(matches),
                Level::Follow(Some(local_id), Some(target_id)) => {
                    (local, target) = (local_id, target_id);
                }
                Level::Follow(..) => return Ok(false),
            }
        }
        Err(Cause::TooDeep)
    }

    /// Returns the two types with modifiers and typedefs stripped.
    fn types(&mut self, local: TypeId, target: TypeId) -> Result<(Type<'a>, Type<'a>), Cause> {
        let local = self.sides.local.type_by_id(local).map_err(Cause::Local)?;
        let target = self.sides.target.type_by_id(target).map_err(Cause::Target)?;
        let local = self.budget.strip(local, Side::Local)?;
        Ok((local, self.budget.strip(target, Side::Target)?))
    }

    /// Returns `true` if the essential names are equal. Only an empty name equals an empty name.
    /// libbpf's `bpf_core_names_match`.
    fn names_match(&mut self, local: StrOffset, target: StrOffset) -> Result<bool, Cause> {
        let target = self.sides.target_name(target)?;
        let local = self.sides.local_name(local)?;
        self.budget.spend_name(&local)?;
        self.budget.spend_name(&target)?;
        Ok(essential_name(&local) == essential_name(&target))
    }

    fn step(
        &mut self,
        local: Type<'a>,
        target: Type<'a>,
        through_pointer: bool,
        levels_left: u32,
        levels: &mut u32,
    ) -> Result<Level, Cause> {
        let same_kind = local.kind() == target.kind();
        Ok(Level::Decided(match local.kind() {
            Kind::Void => same_kind,
            Kind::Fwd => forward_matches(local, target, through_pointer),
            Kind::Enum | Kind::Enum64 => {
                target.kind().is_enum() && self.enumerators_match(local, target)?
            }
            Kind::Struct | Kind::Union if through_pointer => same_kind || declares(target, local),
            Kind::Struct | Kind::Union => {
                same_kind && self.members_match(local, target, levels_left, levels)?
            }
            Kind::Int => {
                let signed = |ty: Type<'_>| ty.int().is_some_and(|int| int.is_signed());
                same_kind
                    && local.stated_size() == target.stated_size()
                    && signed(local) == signed(target)
            }
            Kind::Ptr if same_kind => {
                return Ok(Level::Follow(local.referenced_id(), target.referenced_id()));
            }
            Kind::Array => match (local.array(), target.array()) {
                (Some(local), Some(target)) if local.len == target.len => {
                    return Ok(Level::Follow(Some(local.element), Some(target.element)));
                }
                _ => false,
            },
            Kind::FuncProto if same_kind => {
                if self.params_match(local, target, through_pointer, levels_left, levels)? {
                    return Ok(Level::Follow(local.referenced_id(), target.referenced_id()));
                }
                false
            }
            _ => false,
        }))
    }

    fn params_match(
        &mut self,
        local: Type<'a>,
        target: Type<'a>,
        through_pointer: bool,
        levels_left: u32,
        levels: &mut u32,
    ) -> Result<bool, Cause> {
        if local.vlen() != target.vlen() {
            return Ok(false);
        }
        for (local, target) in local.params().iter().zip(target.params()) {
            let pair = Pair { local: local.type_id(), target: target.type_id(), through_pointer };
            let compared = self.compare(pair, levels_left)?;
            *levels = (*levels).max(compared.levels);
            if !compared.matches {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns `true` if for every local member there is a target member that has its name and matches.
    fn members_match(
        &mut self,
        local: Type<'a>,
        target: Type<'a>,
        levels_left: u32,
        levels: &mut u32,
    ) -> Result<bool, Cause> {
        if local.vlen() > target.vlen() {
            return Ok(false);
        }
        let candidates = target.members();
        let name_off = |index: u32| candidates.get(index as usize).map(|member| member.name_off());
        let (table, sides) = (self.table(target, name_off)?, self.sides);
        for member in local.members() {
            let mut matched = false;
            let wanted = self.local_name(member.name_off())?;
            for index in table.find(wanted, |index| essential(sides, name_off(index))) {
                self.budget.spend(1)?;
                self.budget.spend_name(wanted.name)?;
                let Some(candidate) = candidates.get(index as usize) else { continue };
                let pair = Pair {
                    local: member.type_id(),
                    target: candidate.type_id(),
                    through_pointer: false,
                };
                let compared = self.compare(pair, levels_left)?;
                *levels = (*levels).max(compared.levels);
                if compared.matches {
                    matched = true;
                    break;
                }
            }
            if !matched {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns `true` if the sizes are equal and the target has an enumerator with the name of every local
    /// one.
    fn enumerators_match(&mut self, local: Type<'a>, target: Type<'a>) -> Result<bool, Cause> {
        if local.stated_size() != target.stated_size() || local.vlen() > target.vlen() {
            return Ok(false);
        }
        let candidates = target.enumerators();
        let name_off = |index: u32| candidates.get(index as usize).map(|one| one.name_off());
        let (table, sides) = (self.table(target, name_off)?, self.sides);
        for enumerator in local.enumerators() {
            let wanted = self.local_name(enumerator.name_off())?;
            let mut found = table.find(wanted, |index| essential(sides, name_off(index)));
            if found.next().is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns the table of the essential names of a target type's members or enumerators. `name_off`
    /// returns the name at an index.
    fn table(
        &mut self,
        target: Type<'a>,
        name_off: impl Fn(u32) -> Option<StrOffset>,
    ) -> Result<Rc<NameTable>, Cause> {
        if let Some(table) = self.tables.get(&target.id()) {
            return Ok(Rc::clone(table));
        }
        let mut entries = Vec::with_capacity(target.vlen() as usize);
        for index in 0..target.vlen() {
            let name = self.sides.target_name(name_off(index).unwrap_or_default())?;
            entries.push(TableEntry::new(self.hashed(name)?.hash, index));
        }
        let sides = self.sides;
        let table = NameTable::new(entries, |index| essential(sides, name_off(index)));
        let table = Rc::new(table);
        self.tables.insert(target.id(), Rc::clone(&table));
        Ok(table)
    }

    fn local_name(&mut self, name_off: StrOffset) -> Result<HashedName<'a>, Cause> {
        let name = self.sides.local_name(name_off)?;
        self.hashed(name)
    }

    /// Hashes the essential part of a name.
    fn hashed(&mut self, name: Name<'a>) -> Result<HashedName<'a>, Cause> {
        self.budget.spend(1)?;
        self.budget.spend_name(&name)?;
        Ok(HashedName::essential(name.as_bytes()))
    }
}

/// Returns the essential name of a member or enumerator of the target, whose name was read before.
fn essential<'a>(sides: Sides<'a>, name_off: Option<StrOffset>) -> &'a [u8] {
    let name = sides.target_name(name_off.unwrap_or_default());
    essential_name(name.unwrap_or_default().as_bytes())
}

/// Returns `true` if a target type matches a local forward declaration.
fn forward_matches(local: Type<'_>, target: Type<'_>, through_pointer: bool) -> bool {
    if target.kind() == Kind::Fwd {
        local.kind_flag() == target.kind_flag()
    } else {
        through_pointer && declares(local, target)
    }
}

/// Returns `true` if a type is a forward declaration of a composite's kind.
fn declares(forward: Type<'_>, composite: Type<'_>) -> bool {
    match composite.kind() {
        Kind::Struct => forward.fwd_is_union() == Some(false),
        Kind::Union => forward.fwd_is_union() == Some(true),
        _ => false,
    }
}
