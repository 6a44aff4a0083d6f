//! Whether a target type matches the local one, member by member: the test of type_matches.
//!
//! Follows libbpf's `bpf_core_types_match` (BSD-2-Clause option).

use alloc::{collections::BTreeMap, rc::Rc, vec::Vec};

use btf_types::{Kind, Name, StrOffset, Type, TypeId};
use indexmap::IndexMap;

use crate::{
    budget::Budget,
    compare::Sides,
    error::Cause,
    essential::{Essential, essential_name},
    hash::IdHasher,
    limits::{MAX_TYPE_DEPTH, REMEMBERED_STEPS},
    value::Side,
};

/// Tests two types, whose names were compared before.
pub(crate) fn types_match(
    sides: Sides<'_>,
    local: TypeId,
    target: TypeId,
    budget: &mut Budget,
) -> Result<bool, Cause> {
    let mut test = Test { sides, budget, known: BTreeMap::new(), tables: IndexMap::default() };
    Ok(test.compare(Pair { local, target, behind_pointer: false }, MAX_TYPE_DEPTH)?.matches)
}

/// Two types to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

/// One test, which remembers the pairs that took many steps, so that composites whose members branch
/// are compared once. With fewer levels left than comparing a pair took, comparing it again would
/// run out of them: that is said without doing it.
struct Test<'a, 'b> {
    sides: Sides<'a>,
    budget: &'b mut Budget,
    known: BTreeMap<Pair, Compared>,
    /// The names of the members or enumerators of each target type met.
    tables: IndexMap<TypeId, Rc<NameTable>, IdHasher>,
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
        let before = self.budget.left();
        let matches = self.follow(pair, left.saturating_sub(1), &mut below)?;
        let compared = Compared { matches, levels: below.saturating_add(1) };
        if before.saturating_sub(self.budget.left()) >= REMEMBERED_STEPS {
            self.known.insert(pair, compared);
        }
        Ok(compared)
    }

    /// Compares two types and what they lead to through pointers, arrays and results.
    fn follow(&mut self, pair: Pair, left: u32, levels: &mut u32) -> Result<bool, Cause> {
        let Pair { mut local, mut target, mut behind_pointer } = pair;
        for _ in 0..MAX_TYPE_DEPTH {
            self.budget.spend(1)?;
            let (local_ty, target_ty) = self.types(local, target)?;
            if !self.names_match(local_ty.name_off(), target_ty.name_off())? {
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
    fn types(&mut self, local: TypeId, target: TypeId) -> Result<(Type<'a>, Type<'a>), Cause> {
        let local = self.sides.local.type_by_id(local).map_err(Cause::Local)?;
        let target = self.sides.target.type_by_id(target).map_err(Cause::Target)?;
        let local = self.budget.behind(local, Side::Local)?;
        Ok((local, self.budget.behind(target, Side::Target)?))
    }

    /// Whether the essential names are equal; nothing but the empty name equals the empty name.
    /// libbpf's `bpf_core_names_match`.
    fn names_match(&mut self, local: StrOffset, target: StrOffset) -> Result<bool, Cause> {
        let target = self.sides.target_name(target)?;
        let local = self.sides.local_name(local)?;
        self.budget.spend_name(local)?;
        self.budget.spend_name(target)?;
        Ok(essential_name(&local) == essential_name(&target))
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
            Kind::Array => match (local.array(), target.array()) {
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
        let candidates = target.members();
        let names = candidates.iter().map(|member| member.name_off());
        let table = self.table(target.id(), names)?;
        for member in local.members() {
            let mut matched = false;
            let wanted = self.local_wanted(member.name_off())?;
            for index in table.find(wanted, self.sides) {
                self.budget.spend(1)?;
                self.budget.spend_name(Name::new(wanted.name))?;
                let Some(candidate) = candidates.get(index) else { continue };
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
        let names = candidates.iter().map(|enumerator| enumerator.name_off());
        let table = self.table(target.id(), names)?;
        for enumerator in local.enumerators() {
            let wanted = self.local_wanted(enumerator.name_off())?;
            if table.find(wanted, self.sides).next().is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The table of the essential names of a target type's entries.
    fn table(
        &mut self,
        target: TypeId,
        names: impl Iterator<Item = StrOffset>,
    ) -> Result<Rc<NameTable>, Cause> {
        if let Some(table) = self.tables.get(&target) {
            return Ok(Rc::clone(table));
        }
        let mut entries = Vec::with_capacity(names.size_hint().0);
        for (index, name_off) in (0..).zip(names) {
            let name = self.sides.target_name(name_off)?;
            let hash = self.wanted(name)?.hash;
            entries.push(Entry { hash, index, name_off });
        }
        let table = Rc::new(NameTable::new(entries, self.sides));
        self.tables.insert(target, Rc::clone(&table));
        Ok(table)
    }

    fn local_wanted(&mut self, name_off: StrOffset) -> Result<Essential<'a>, Cause> {
        let name = self.sides.local_name(name_off)?;
        self.wanted(name)
    }

    /// The essential name, with its hash.
    fn wanted(&mut self, name: Name<'a>) -> Result<Essential<'a>, Cause> {
        self.budget.spend(1)?;
        self.budget.spend_name(name)?;
        Ok(Essential::of(name.as_bytes()))
    }
}

/// A member or enumerator of a target type.
struct Entry {
    hash: u32,
    index: u32,
    name_off: StrOffset,
}

/// The entries of a target type by hash, and by essential name where hashes are equal, since somebody
/// may have made many of one hash; those of one name in the order of their indices.
struct NameTable(Vec<Entry>);

impl NameTable {
    fn new(mut entries: Vec<Entry>, sides: Sides<'_>) -> Self {
        entries.sort_unstable_by_key(|entry| (entry.hash, entry.index));
        for same in entries.chunk_by_mut(|one, other| one.hash == other.hash) {
            if same.len() > 1 {
                let key = |entry: &Entry| (essential(entry, sides), entry.index);
                same.sort_unstable_by(|one, other| key(one).cmp(&key(other)));
            }
        }
        Self(entries)
    }

    /// The indices of the entries of an essential name.
    fn find<'a>(&self, wanted: Essential<'a>, sides: Sides<'a>) -> impl Iterator<Item = usize> {
        let place = move |entry: &Entry| {
            let by_name = || essential(entry, sides).cmp(wanted.name);
            entry.hash.cmp(&wanted.hash).then_with(by_name)
        };
        let start = self.0.partition_point(|entry| place(entry).is_lt());
        let rest = self.0.get(start..).unwrap_or_default();
        let same = rest.iter().take_while(move |entry| place(entry).is_eq());
        same.map(|entry| entry.index as usize)
    }
}

/// The essential name of an entry. It was read before.
fn essential<'a>(entry: &Entry, sides: Sides<'a>) -> &'a [u8] {
    essential_name(sides.target_name(entry.name_off).unwrap_or_default().as_bytes())
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
