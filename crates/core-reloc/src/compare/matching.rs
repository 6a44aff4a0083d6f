//! Whether a target type matches the local one, member by member: the test of type_matches.
//!
//! Follows libbpf's `bpf_core_types_match` (BSD-2-Clause option).

use btf_types::{Kind, StrOffset, Type, TypeId};
use indexmap::IndexMap;

use crate::{
    budget::Budget,
    compare::Sides,
    error::Cause,
    essential_name,
    hash::{self, IdHasher},
    limits::MAX_TYPE_DEPTH,
};

/// Tests two types, whose names were compared before.
pub(crate) fn types_match(
    sides: Sides<'_>,
    local: TypeId,
    target: TypeId,
    budget: &mut Budget,
) -> Result<bool, Cause> {
    let mut test = Test { sides, budget, known: IndexMap::default() };
    Ok(test.compare(Pair { local, target, behind_pointer: false }, MAX_TYPE_DEPTH)?.matches)
}

/// Two types to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Pair {
    local: TypeId,
    target: TypeId,
    /// Behind a pointer, a composite's members are not looked at.
    behind_pointer: bool,
}

/// What came of comparing two types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Compared {
    matches: bool,
    /// How many levels of members and parameters comparing took.
    levels: u32,
}

/// One test, which remembers every pair, so that composites whose members branch are compared
/// once. With fewer levels left than comparing a pair took, comparing it again would run out of
/// them: that is said without doing it.
struct Test<'a, 'b> {
    sides: Sides<'a>,
    budget: &'b mut Budget,
    known: IndexMap<Pair, Compared, IdHasher>,
}

/// Where a comparison stands: decided, or it goes on with the types that these two refer to.
enum Step {
    Decided(bool),
    Follow(Option<TypeId>, Option<TypeId>),
}

impl<'a> Test<'a, '_> {
    fn compare(&mut self, pair: Pair, left: u32) -> Result<Compared, Cause> {
        if let Some(known) = self.known.get(&pair) {
            return if known.levels > left { Err(Cause::TooDeep) } else { Ok(*known) };
        }
        if left == 0 {
            return Err(Cause::TooDeep);
        }
        // This level itself, and those below.
        let mut below = 0;
        let matches = self.follow(pair, left.saturating_sub(1), &mut below)?;
        let compared = Compared { matches, levels: below.saturating_add(1) };
        self.known.insert(pair, compared);
        Ok(compared)
    }

    /// Compares two types and what they lead to through pointers, arrays and results.
    fn follow(&mut self, pair: Pair, left: u32, levels: &mut u32) -> Result<bool, Cause> {
        let Pair { mut local, mut target, mut behind_pointer } = pair;
        for _ in 0..MAX_TYPE_DEPTH {
            self.budget.spend(1)?;
            let (local_ty, target_ty) = self.types(local, target)?;
            if !self.sides.names_match(local_ty.name_off(), target_ty.name_off())? {
                return Ok(false);
            }
            let step = self.step(local_ty, target_ty, behind_pointer, left, levels)?;
            behind_pointer |= local_ty.kind() == Kind::Ptr;
            match step {
                Step::Decided(matches) => return Ok(matches),
                Step::Follow(Some(local_id), Some(target_id)) => {
                    (local, target) = (local_id, target_id);
                }
                Step::Follow(..) => return Ok(false),
            }
        }
        Err(Cause::TooDeep)
    }

    /// The two types behind modifiers and typedefs.
    fn types(&self, local: TypeId, target: TypeId) -> Result<(Type<'a>, Type<'a>), Cause> {
        let local = self.sides.local.type_by_id(local).and_then(Type::skip_modifiers_and_typedefs);
        let target =
            self.sides.target.type_by_id(target).and_then(Type::skip_modifiers_and_typedefs);
        Ok((local.map_err(Cause::Local)?, target.map_err(Cause::Target)?))
    }

    fn step(
        &mut self,
        local: Type<'a>,
        target: Type<'a>,
        behind_pointer: bool,
        left: u32,
        levels: &mut u32,
    ) -> Result<Step, Cause> {
        let same_kind = local.kind() == target.kind();
        Ok(Step::Decided(match local.kind() {
            Kind::Void => same_kind,
            Kind::Fwd => forward_matches(local, target, behind_pointer),
            Kind::Enum | Kind::Enum64 => {
                target.kind().is_enum() && self.enumerators_match(local, target)?
            }
            Kind::Struct | Kind::Union if behind_pointer => same_kind || declares(target, local),
            Kind::Struct | Kind::Union => {
                same_kind && self.members_match(local, target, left, levels)?
            }
            Kind::Int => {
                let signed = |ty: Type<'_>| ty.int().is_some_and(|int| int.is_signed());
                same_kind
                    && local.stated_size() == target.stated_size()
                    && signed(local) == signed(target)
            }
            Kind::Ptr if same_kind => {
                return Ok(Step::Follow(local.referenced_id(), target.referenced_id()));
            }
            Kind::Array if same_kind => match (local.array(), target.array()) {
                (Some(local), Some(target)) if local.len == target.len => {
                    return Ok(Step::Follow(Some(local.element), Some(target.element)));
                }
                _ => false,
            },
            Kind::FuncProto if same_kind => {
                if self.params_match(local, target, behind_pointer, left, levels)? {
                    return Ok(Step::Follow(local.referenced_id(), target.referenced_id()));
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
        behind_pointer: bool,
        left: u32,
        levels: &mut u32,
    ) -> Result<bool, Cause> {
        if local.vlen() != target.vlen() {
            return Ok(false);
        }
        for (local, target) in local.params().iter().zip(target.params()) {
            let pair = Pair { local: local.type_id(), target: target.type_id(), behind_pointer };
            let compared = self.compare(pair, left)?;
            *levels = (*levels).max(compared.levels);
            if !compared.matches {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether every local member has one of its name in the target that matches.
    fn members_match(
        &mut self,
        local: Type<'a>,
        target: Type<'a>,
        left: u32,
        levels: &mut u32,
    ) -> Result<bool, Cause> {
        if local.vlen() > target.vlen() {
            return Ok(false);
        }
        let table = self.names(target.members().iter().map(|member| member.name_off()))?;
        let candidates = target.members();
        for member in local.members() {
            let name = self.sides.local_name(member.name_off())?;
            let mut matched = false;
            for index in table.find(&name) {
                self.budget.spend(1)?;
                let Some(candidate) = candidates.get(index) else { continue };
                if !self.sides.names_match(member.name_off(), candidate.name_off())? {
                    continue;
                }
                let pair = Pair {
                    local: member.type_id(),
                    target: candidate.type_id(),
                    behind_pointer: false,
                };
                let compared = self.compare(pair, left)?;
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

    /// Whether the sizes agree, and every local enumerator has one of its name in the target.
    fn enumerators_match(&mut self, local: Type<'a>, target: Type<'a>) -> Result<bool, Cause> {
        if local.stated_size() != target.stated_size() || local.vlen() > target.vlen() {
            return Ok(false);
        }
        let candidates = target.enumerators();
        let table = self.names(candidates.iter().map(|enumerator| enumerator.name_off()))?;
        for enumerator in local.enumerators() {
            let name = self.sides.local_name(enumerator.name_off())?;
            let mut matched = false;
            for index in table.find(&name) {
                self.budget.spend(1)?;
                let Some(candidate) = candidates.get(index) else { continue };
                if self.sides.names_match(enumerator.name_off(), candidate.name_off())? {
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

    /// A table of the essential names of target entries.
    fn names(&mut self, names: impl Iterator<Item = StrOffset>) -> Result<NameTable, Cause> {
        let mut entries = alloc::vec::Vec::with_capacity(names.size_hint().0);
        for (index, name_off) in names.enumerate() {
            self.budget.spend(1)?;
            entries.push((hash::name(essential_name(&self.sides.target_name(name_off)?)), index));
        }
        entries.sort_unstable();
        Ok(NameTable(entries))
    }
}

/// The hashes of names with their indices, sorted: equal names in the order of their indices.
struct NameTable(alloc::vec::Vec<(u32, usize)>);

impl NameTable {
    /// The indices of the entries that may have the essential name of `name`.
    fn find(&self, name: &[u8]) -> impl Iterator<Item = usize> {
        let wanted = hash::name(essential_name(name));
        let start = self.0.partition_point(|(hash, _)| *hash < wanted);
        let rest = self.0.get(start..).unwrap_or_default();
        rest.iter().take_while(move |(hash, _)| *hash == wanted).map(|(_, index)| *index)
    }
}

/// Whether a local forward declaration is matched.
fn forward_matches(local: Type<'_>, target: Type<'_>, behind_pointer: bool) -> bool {
    if target.kind() == Kind::Fwd {
        local.kind_flag() == target.kind_flag()
    } else {
        behind_pointer && declares(local, target)
    }
}

/// Whether a type is a forward declaration of the sort that a composite is of.
fn declares(forward: Type<'_>, composite: Type<'_>) -> bool {
    match composite.kind() {
        Kind::Struct => forward.fwd_is_union() == Some(false),
        Kind::Union => forward.fwd_is_union() == Some(true),
        _ => false,
    }
}
