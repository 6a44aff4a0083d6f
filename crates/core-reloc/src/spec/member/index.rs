//! The members of a struct or union by name, for one that is searched again and again.

use alloc::vec::Vec;

use btf_types::{Btf, Name, StrOffset, Type, TypeId, raw};
use indexmap::IndexMap;
use smallvec::SmallVec;

use super::{Found, place};
use crate::{
    AccessPath,
    error::Cause,
    hash::{self, IdHasher},
    limits::MAX_PATH_LEN,
};

/// Finds what a [`MemberSearch`](super::MemberSearch) finds, without looking at all members.
///
/// It holds what such a search meets, in its order: the first member of each name, the first that
/// is nested so and so deep, and how the search ends if it ends early.
#[derive(Debug)]
pub(crate) struct MemberIndex {
    /// The first member of each name, sorted by hash, and by name where hashes are equal.
    entries: Vec<Entry>,
    /// The structs and unions that the members are in; the first is the one that is indexed.
    owners: Vec<Owner>,
    /// When the search first meets a member at each level of nesting, or deeper.
    deeper: SmallVec<[u32; 4]>,
    /// The error that is met where every member before it is passed.
    end: Option<Cause>,
}

/// A named member.
#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u32,
    /// When the search meets it: numbers grow from member to member.
    met: u32,
    /// Which of the owners it is in, and which of its members it is.
    owner: u32,
    index: u32,
}

/// A struct or union that the search enters.
#[derive(Debug, Clone, Copy)]
struct Owner {
    type_id: TypeId,
    /// The anonymous member that it is the type of: the owner of that, and which of its members.
    outer: u32,
    index: u32,
}

impl MemberIndex {
    /// Indexes a type whose modifiers and typedefs are behind, with all ids and names of `btf`.
    /// None if the search meets more than so many members.
    pub(crate) fn new<'a>(btf: &'a Btf<'a>, ty: Type<'a>, most: usize) -> Option<Self> {
        let mut walk = Walk {
            btf,
            entries: Vec::new(),
            owners: Vec::new(),
            deeper: SmallVec::new(),
            entered: IndexMap::default(),
            met: 0,
            most: u32::try_from(most).unwrap_or(u32::MAX),
        };
        let end = match walk.enter(ty, Owner { type_id: ty.id(), outer: 0, index: 0 }, 0) {
            Ok(_) => None,
            Err(Stop::Error(cause)) => Some(cause),
            Err(Stop::TooMany) => return None,
        };
        let Walk { mut entries, owners, deeper, .. } = walk;
        let name = |entry: &Entry| name(btf, &owners, *entry);
        entries.sort_unstable_by(|one, other| {
            let by_name = || name(one).cmp(&name(other));
            one.hash.cmp(&other.hash).then_with(by_name).then(one.met.cmp(&other.met))
        });
        entries.dedup_by(|later, first| later.hash == first.hash && name(later) == name(first));
        entries.shrink_to_fit();
        Some(Self { entries, owners, deeper, end })
    }

    /// Looks for a name in the type that was indexed. If it is found, the path leads to it; else it
    /// is as before.
    pub(crate) fn find<'a>(
        &self,
        btf: &'a Btf<'a>,
        wanted: Name<'_>,
        path: &mut AccessPath,
    ) -> Result<Option<Found>, Cause> {
        let hash = hash::name(&wanted);
        let position = self.entries.binary_search_by(|entry| {
            let by_name = || name(btf, &self.owners, *entry).cmp(&wanted);
            entry.hash.cmp(&hash).then_with(by_name)
        });
        let entry = position.ok().and_then(|position| self.entries.get(position));
        let levels = MAX_PATH_LEN.saturating_sub(path.len());
        match (entry, self.deeper.get(levels)) {
            (Some(entry), Some(too_deep)) if *too_deep <= entry.met => Err(Cause::TooDeep),
            (Some(entry), _) => Ok(self.found(btf, *entry, path)),
            (None, Some(_)) => Err(Cause::TooDeep),
            (None, None) => self.end.clone().map_or(Ok(None), Err),
        }
    }

    fn found<'a>(&self, btf: &'a Btf<'a>, entry: Entry, path: &mut AccessPath) -> Option<Found> {
        let (owner, member) = member(btf, &self.owners, entry.owner, entry.index)?;
        let order = owner.btf().byte_order();
        let (bits, bitfield_size) = place(member.offset.get(order), owner.kind_flag());
        let mut bit_offset = u64::from(bits);
        let mut steps: SmallVec<[u32; 8]> = SmallVec::from_slice(&[entry.index]);
        // The way out, from each owner to the one that it is an anonymous member of.
        let mut inner = entry.owner;
        while inner != 0 {
            let Owner { outer, index, .. } = *self.owners.get(inner as usize)?;
            let (owner, member) = self::member(btf, &self.owners, outer, index)?;
            let order = owner.btf().byte_order();
            let (bits, _) = place(member.offset.get(order), owner.kind_flag());
            bit_offset = bit_offset.saturating_add(bits.into());
            steps.push(index);
            inner = outer;
        }
        for index in steps.iter().rev() {
            path.push(*index).ok()?;
        }
        Some(Found {
            owner: owner.id(),
            index: entry.index,
            type_id: TypeId(member.type_id.get(order)),
            name_off: StrOffset(member.name_off.get(order)),
            bit_offset,
            bitfield_size,
        })
    }
}

/// A member, and the struct or union that it is in.
fn member<'a>(
    btf: &'a Btf<'a>,
    owners: &[Owner],
    owner: u32,
    index: u32,
) -> Option<(Type<'a>, &'a raw::Member)> {
    let owner = btf.type_by_id(owners.get(owner as usize)?.type_id).ok()?;
    Some((owner, owner.raw_members().get(index as usize)?))
}

/// The name of an entry.
fn name<'a>(btf: &'a Btf<'a>, owners: &[Owner], entry: Entry) -> Name<'a> {
    let name = member(btf, owners, entry.owner, entry.index).and_then(|(owner, member)| {
        btf.string(StrOffset(member.name_off.get(owner.btf().byte_order()))).ok()
    });
    name.unwrap_or_default()
}

/// A search for all names at once.
struct Walk<'a> {
    btf: &'a Btf<'a>,
    entries: Vec<Entry>,
    owners: Vec<Owner>,
    deeper: SmallVec<[u32; 4]>,
    /// The structs and unions that were entered, with how many levels of members they have; none
    /// for those on the way to here.
    entered: IndexMap<TypeId, Option<usize>, IdHasher>,
    met: u32,
    most: u32,
}

/// Why a walk ends early.
enum Stop {
    /// Every search ends here.
    Error(Cause),
    /// There are more members than the caller wants to index.
    TooMany,
}

impl<'a> Walk<'a> {
    /// Goes through the members of a type, which are so many levels below the first; how many levels
    /// there are. A type that was gone through before has no name that did not come before, and only
    /// its depth counts.
    fn enter(&mut self, ty: Type<'a>, owner: Owner, depth: usize) -> Result<usize, Stop> {
        match self.entered.get(&ty.id()) {
            Some(None) => return Err(Stop::Error(Cause::TooDeep)),
            Some(Some(0)) => return Ok(0),
            Some(Some(levels)) => {
                let levels = *levels;
                self.meet(depth.saturating_add(levels).saturating_sub(1))?;
                return Ok(levels);
            }
            None => self.entered.insert(ty.id(), None),
        };
        let number = u32::try_from(self.owners.len()).unwrap_or(u32::MAX);
        self.owners.push(owner);

        let order = ty.btf().byte_order();
        let mut levels = 0;
        for (index, member) in (0..).zip(ty.raw_members()) {
            let met = self.meet(depth)?;
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
                // What is longer than any name is not looked for.
                Some(_) => self.entries.extend(self.btf.string(name_off).ok().map(|name| Entry {
                    hash: hash::name(&name),
                    met,
                    owner: number,
                    index,
                })),
            }
        }
        self.entered.insert(ty.id(), Some(levels));
        Ok(levels)
    }

    /// Meets a member at a level; its number.
    fn meet(&mut self, depth: usize) -> Result<u32, Stop> {
        let met = self.met;
        while self.deeper.len() <= depth.min(MAX_PATH_LEN) {
            self.deeper.push(met);
        }
        if depth >= MAX_PATH_LEN {
            return Err(Stop::Error(Cause::TooDeep));
        }
        if met >= self.most {
            return Err(Stop::TooMany);
        }
        self.met = met.saturating_add(1);
        Ok(met)
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use ::proptest::{collection::vec, prelude::*};
    use btf_types::{ByteOrder, IntEncoding, build::Builder};

    use super::*;
    use crate::{budget::Budget, spec::member::MemberSearch};

    const NAMES: [&str; 6] = ["", "a", "b", "ab", "c", "not there"];

    /// The name of a member, and which struct it is of.
    type Member = (usize, u32);

    /// The structs, with ids from 1; then an INT, and a typedef of the first struct.
    fn build(structs: &[Vec<Member>]) -> Vec<u8> {
        let mut btf = Builder::new(ByteOrder::Big);
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

    /// A search and an index answer the same, whatever was stepped through before.
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
                let found = index.find(&btf, name.into(), &mut path);

                let with_nul = [name.as_bytes(), &[0]].concat();
                let mut budget = Budget::for_input(1 << 20);
                let mut search = MemberSearch::new(&btf, &with_nul, &mut same_path, &mut budget);
                let expected = search.find(ty);
                assert_eq!(found, expected, "{name} in {} behind {before} steps", ty.id());
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

        /// Every struct has an anonymous member of one of the next three, so that searches go deep.
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
    fn a_type_with_more_members_than_wanted_has_no_index() {
        let bytes = build(&[[(0, 1), (1, 2)].into(), [(2, 2), (3, 2)].into()]);
        let btf = Btf::parse(&bytes).unwrap();
        let first = btf.type_by_id(TypeId(1)).unwrap();
        assert!(MemberIndex::new(&btf, first, 3).is_none());
        assert!(MemberIndex::new(&btf, first, 4).is_some());
    }
}
