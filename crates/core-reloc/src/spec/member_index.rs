//! The members of a struct or union by name, for one that is searched repeatedly.

use alloc::vec::Vec;

use btf_types::{Btf, StrOffset, Type, TypeId, raw};
use indexmap::IndexMap;
use smallvec::SmallVec;

use super::member::{FoundMember, offset_and_size};
use crate::{
    error::Cause,
    limits::MAX_PATH_LEN,
    names::{
        essential::HashedName,
        hash::IdHasher,
        table::{NameTable, TableEntry},
    },
    record::AccessPath,
};

/// Finds what a [`MemberSearch`](super::MemberSearch) finds, without looking at all members.
///
/// It records what such a search visits, in its order: the named members, the first member at each level
/// of nesting, and the error that ends the search early, if any.
#[derive(Debug)]
pub(super) struct MemberIndex {
    /// The positions in `members` of each name. The search visits them in that order.
    names: NameTable,
    members: Vec<Visited>,
    /// The structs and unions that contain the members; the first is the one that is indexed.
    owners: Vec<Owner>,
    /// For each level of nesting, the number of the first visit at that level or deeper.
    deeper: SmallVec<[u32; 4]>,
    /// The error that ends a search that finds nothing before it.
    end: Option<Cause>,
}

/// A named member.
#[derive(Debug, Clone, Copy)]
struct Visited {
    /// The number of the visit, counted over named and anonymous members.
    visit: u32,
    /// The position of the member's struct or union in `owners`.
    owner: u32,
    /// The member's index there.
    index: u32,
}

/// A struct or union that the search enters.
#[derive(Debug, Clone, Copy)]
struct Owner {
    type_id: TypeId,
    /// The anonymous member that it is the type of: the owner of that, and its index there.
    outer: u32,
    index: u32,
}

impl MemberIndex {
    /// Indexes a type whose modifiers and typedefs are stripped, with all ids and names of `btf`.
    /// Returns `None` if a search visits more than `limit` members.
    pub(super) fn new<'a>(btf: &'a Btf<'a>, ty: Type<'a>, limit: usize) -> Option<Self> {
        let mut builder = Builder {
            btf,
            names: Vec::new(),
            members: Vec::new(),
            owners: Vec::new(),
            deeper: SmallVec::new(),
            entered: IndexMap::default(),
            visits: 0,
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
        };
        let end = match builder.enter(ty, Owner { type_id: ty.id(), outer: 0, index: 0 }, 0) {
            Ok(_) => None,
            Err(Stop::Error(cause)) => Some(cause),
            Err(Stop::TooMany) => return None,
        };
        let Builder { names, members, owners, deeper, .. } = builder;
        let names = NameTable::new(names, |position| name(btf, &owners, &members, position));
        Some(Self { names, members, owners, deeper, end })
    }

    /// Finds a name in the type that was indexed. If it is found, the path leads to it; otherwise it is
    /// unchanged.
    pub(super) fn find<'a>(
        &self,
        btf: &'a Btf<'a>,
        wanted: &'a [u8],
        path: &mut AccessPath,
    ) -> Result<Option<FoundMember>, Cause> {
        let name = |position| name(btf, &self.owners, &self.members, position);
        let first = self.names.find(HashedName::whole(wanted), name).next();
        let member = first.and_then(|position| self.members.get(position as usize));
        let levels = MAX_PATH_LEN.saturating_sub(path.len());
        match (member, self.deeper.get(levels)) {
            (Some(member), Some(too_deep)) if *too_deep <= member.visit => Err(Cause::TooDeep),
            (Some(member), _) => Ok(self.found(btf, *member, path)),
            (None, Some(_)) => Err(Cause::TooDeep),
            (None, None) => self.end.clone().map_or(Ok(None), Err),
        }
    }

    fn found<'a>(
        &self,
        btf: &'a Btf<'a>,
        visited: Visited,
        path: &mut AccessPath,
    ) -> Option<FoundMember> {
        let (owner, member) = member(btf, &self.owners, visited.owner, visited.index)?;
        let order = owner.btf().byte_order();
        let (bits, bitfield_size) = offset_and_size(member.offset.get(order), owner.kind_flag());
        let mut bit_offset = u64::from(bits);
        let mut steps: SmallVec<[u32; 8]> = SmallVec::from_slice(&[visited.index]);
        // From each owner out to the one that it is an anonymous member of.
        let mut inner = visited.owner;
        while inner != 0 {
            let Owner { outer, index, .. } = *self.owners.get(inner as usize)?;
            let (owner, member) = self::member(btf, &self.owners, outer, index)?;
            let order = owner.btf().byte_order();
            let (bits, _) = offset_and_size(member.offset.get(order), owner.kind_flag());
            bit_offset = bit_offset.saturating_add(bits.into());
            steps.push(index);
            inner = outer;
        }
        for index in steps.iter().rev() {
            path.push(*index).ok()?;
        }
        Some(FoundMember {
            owner: owner.id(),
            index: visited.index,
            type_id: TypeId(member.type_id.get(order)),
            name_off: StrOffset(member.name_off.get(order)),
            bit_offset,
            bitfield_size,
        })
    }
}

/// Returns a member and the struct or union that contains it.
fn member<'a>(
    btf: &'a Btf<'a>,
    owners: &[Owner],
    owner: u32,
    index: u32,
) -> Option<(Type<'a>, &'a raw::Member)> {
    let owner = btf.type_by_id(owners.get(owner as usize)?.type_id).ok()?;
    Some((owner, owner.raw_members().get(index as usize)?))
}

/// Returns the name of the member at a position.
fn name<'a>(btf: &'a Btf<'a>, owners: &[Owner], members: &[Visited], position: u32) -> &'a [u8] {
    let visited = members.get(position as usize);
    let member = visited.and_then(|one| member(btf, owners, one.owner, one.index));
    let name = member.and_then(|(owner, member)| {
        btf.string(StrOffset(member.name_off.get(owner.btf().byte_order()))).ok()
    });
    name.unwrap_or_default().as_bytes()
}

/// Visits all members, and so searches for all names at once.
struct Builder<'a> {
    btf: &'a Btf<'a>,
    names: Vec<TableEntry>,
    members: Vec<Visited>,
    owners: Vec<Owner>,
    deeper: SmallVec<[u32; 4]>,
    /// The structs and unions that were entered, with the number of levels of members that they have;
    /// `None` for those whose members are still being visited.
    entered: IndexMap<TypeId, Option<usize>, IdHasher>,
    visits: u32,
    limit: u32,
}

/// The reason why the visits end early.
enum Stop {
    /// Every search ends here.
    Error(Cause),
    /// There are more members than the limit.
    TooMany,
}

impl<'a> Builder<'a> {
    /// Visits the members of a type, which are `depth` levels below the first type, and returns the
    /// number of levels that they have. A type that was entered before adds no new names; only its depth
    /// matters.
    fn enter(&mut self, ty: Type<'a>, owner: Owner, depth: usize) -> Result<usize, Stop> {
        match self.entered.get(&ty.id()) {
            Some(None) => return Err(Stop::Error(Cause::TooDeep)),
            Some(Some(0)) => return Ok(0),
            Some(Some(levels)) => {
                let levels = *levels;
                self.visit(depth.saturating_add(levels).saturating_sub(1))?;
                return Ok(levels);
            }
            None => self.entered.insert(ty.id(), None),
        };
        let number = u32::try_from(self.owners.len()).unwrap_or(u32::MAX);
        self.owners.push(owner);

        let order = ty.btf().byte_order();
        let mut levels = 0;
        for (index, member) in (0..).zip(ty.raw_members()) {
            let visit = self.visit(depth)?;
            levels = levels.max(1);
            let name_off = StrOffset(member.name_off.get(order));
            match self.btf.string_and_rest(name_off) {
                Some([0, ..]) | None => {
                    let inner = self.btf.type_by_id(TypeId(member.type_id.get(order)));
                    let inner = inner.and_then(Type::skip_modifiers_and_typedefs);
                    let inner = inner.map_err(|error| Stop::Error(Cause::Target(error)))?;
                    let owner = Owner { type_id: inner.id(), outer: number, index };
                    let below = self.enter(inner, owner, depth.saturating_add(1))?;
                    levels = levels.max(below.saturating_add(1));
                }
                // A string longer than any name is never searched for.
                Some(_) => {
                    if let Ok(name) = self.btf.string(name_off) {
                        let position = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
                        let hash = HashedName::whole(name.as_bytes()).hash;
                        self.names.push(TableEntry::new(hash, position));
                        self.members.push(Visited { visit, owner: number, index });
                    }
                }
            }
        }
        self.entered.insert(ty.id(), Some(levels));
        Ok(levels)
    }

    /// Counts a visit at a level and returns its number.
    fn visit(&mut self, depth: usize) -> Result<u32, Stop> {
        let visit = self.visits;
        while self.deeper.len() <= depth.min(MAX_PATH_LEN) {
            self.deeper.push(visit);
        }
        if depth >= MAX_PATH_LEN {
            return Err(Stop::Error(Cause::TooDeep));
        }
        if visit >= self.limit {
            return Err(Stop::TooMany);
        }
        self.visits = visit.saturating_add(1);
        Ok(visit)
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use ::proptest::{collection::vec, prelude::*};
    use btf_types::{ByteOrder, IntEncoding, build};

    use super::*;
    use crate::{budget::Budget, spec::member::MemberSearch};

    const NAMES: [&str; 6] = ["", "a", "b", "ab", "c", "not there"];

    /// A member: the index of its name, and the position of the struct that is its type.
    type Member = (usize, u32);

    /// Returns the structs, with ids from 1; then an INT, and a typedef of the first struct.
    fn build(structs: &[Vec<Member>]) -> Vec<u8> {
        let mut btf = build::Builder::new(ByteOrder::Big);
        for members in structs {
            let mut composite = btf.structure("", 64);
            for (at, (name, ty)) in (0..).zip(members) {
                composite = composite.member(NAMES[*name], TypeId(1 + ty), 32 * at);
            }
            composite.finish();
        }
        btf.int("int", 4, IntEncoding::new(32, 0));
        btf.typedef("first", TypeId(1));
        btf.finish().unwrap()
    }

    /// Checks that a search and an index give the same result, for paths of several lengths before it.
    fn check(structs: &[Vec<Member>]) {
        let bytes = build(structs);
        let btf = Btf::parse(&bytes).unwrap();
        for ty in btf.own_types().take(structs.len().min(12)) {
            let index = MemberIndex::new(&btf, ty, usize::MAX).unwrap();
            for (name, before) in NAMES[1..]
                .iter()
                .flat_map(|name| [1, 2, 60, 62, 63, 64].map(|before| (*name, before)))
            {
                let mut path = AccessPath::default();
                (0..before).for_each(|step| path.push(step).unwrap());
                let mut same_path = path.clone();
                let found = index.find(&btf, name.as_bytes(), &mut path);

                let with_nul = [name.as_bytes(), &[0]].concat();
                let mut budget = Budget::for_input(1 << 20);
                let mut search = MemberSearch::new(&btf, &with_nul, &mut same_path, &mut budget);
                let expected = search.find(ty);
                assert_eq!(found, expected, "{name} in {} after {before} steps", ty.id());
                if expected.is_ok() {
                    assert_eq!(path, same_path);
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn an_index_finds_what_a_search_finds(
            structs in vec(vec((prop_oneof![3 => Just(0), 2 => 1..5_usize], 0..9_u32), 0..5), 1..7)
        ) {
            check(&structs);
        }

        /// Every struct has an anonymous member whose type is one of the next three, so that searches go
        /// deep.
        #[test]
        fn nested_structs_are_as_deep_in_an_index_as_in_a_search(
            structs in vec(vec((0..5_usize, 1..4_u32), 1..3), 60..75)
        ) {
            let structs: Vec<Vec<Member>> = (0..).zip(structs).map(|(at, mut members)| {
                members.iter_mut().for_each(|(_, ty)| *ty += at);
                members.push((0, at + 1));
                members
            }).collect();
            check(&structs);
        }
    }

    #[test]
    fn a_type_with_more_members_than_the_limit_has_no_index() {
        let bytes = build(&[[(0, 1), (1, 2)].into(), [(2, 2), (3, 2)].into()]);
        let btf = Btf::parse(&bytes).unwrap();
        let first = btf.type_by_id(TypeId(1)).unwrap();
        assert!(MemberIndex::new(&btf, first, 3).is_none());
        assert!(MemberIndex::new(&btf, first, 4).is_some());
    }
}
