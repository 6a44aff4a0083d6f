//! Finding a member by name, through anonymous structs and unions.

use btf_types::{Btf, StrOffset, Type, TypeId, raw};
use indexmap::IndexMap;
use smallvec::SmallVec;

use crate::{budget::Budget, error::Cause, hash::IdHasher, limits::MAX_PATH_LEN};

/// A member that was found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// The struct or union that the member is in directly.
    pub(crate) owner: TypeId,
    /// Which of its members it is.
    pub(crate) index: u32,
    /// The member's type, modifiers and typedefs included.
    pub(crate) type_id: TypeId,
    /// The member's name.
    pub(crate) name_off: StrOffset,
    /// The offset in bits from the start of the type that was searched.
    pub(crate) bit_offset: u64,
    /// The index at every step, from the type that was searched to the member.
    pub(crate) path: SmallVec<[u32; 4]>,
}

/// How many anonymous members a search enters before it begins to remember where it has been.
/// Kernel types have a few dozen.
const FREE_VISITS: u32 = 64;

/// A search for a name, depth first, in the order of members: the first of the name counts.
///
/// Every anonymous struct or union is entered as often as it occurs, up to a point; from there on,
/// one that was searched in vain is not searched again, so that the time stays linear where members
/// of one type multiply from level to level. What is found, or that it is too deep, is the same as
/// without remembering.
pub(crate) struct MemberSearch<'a, 's> {
    btf: &'a Btf<'a>,
    budget: &'s mut Budget,
    /// The name with its NUL.
    name: &'s [u8],
    visits: u32,
    /// Types that do not have the name, with how many levels of members they have.
    without: IndexMap<TypeId, usize, IdHasher>,
}

/// What became of one struct or union.
enum Searched {
    Found(Found),
    /// The name is not there; so many levels of members were seen.
    Without(usize),
}

impl<'a, 's> MemberSearch<'a, 's> {
    /// A search for `name`, which ends in NUL, among types of `btf`.
    pub(crate) fn new(btf: &'a Btf<'a>, name: &'s [u8], budget: &'s mut Budget) -> Self {
        Self { btf, budget, name, visits: 0, without: IndexMap::default() }
    }

    /// Looks in a type, from a spec that has `depth` steps so far.
    pub(crate) fn find(&mut self, within: TypeId, depth: usize) -> Result<Option<Found>, Cause> {
        match self.search(within, depth)? {
            Searched::Found(mut found) => {
                // The steps were noted on the way back.
                found.path.reverse();
                Ok(Some(found))
            }
            Searched::Without(_) => Ok(None),
        }
    }

    fn search(&mut self, within: TypeId, depth: usize) -> Result<Searched, Cause> {
        let ty = self.btf.type_by_id(within).and_then(Type::skip_modifiers_and_typedefs);
        let ty = ty.map_err(Cause::Target)?;
        if let Some(levels) = self.without.get(&ty.id()) {
            return if depth.saturating_add(*levels) > MAX_PATH_LEN {
                Err(Cause::TooDeep)
            } else {
                Ok(Searched::Without(*levels))
            };
        }

        self.budget.spend(ty.raw_members().len())?;
        let order = ty.btf().byte_order();
        let bits = |member: &raw::Member| {
            let offset = member.offset.get(order);
            if ty.kind_flag() { offset & 0x00ff_ffff } else { offset }
        };
        let mut levels = 0;
        for (index, member) in (0..).zip(ty.raw_members()) {
            if depth >= MAX_PATH_LEN {
                return Err(Cause::TooDeep);
            }
            levels = levels.max(1);
            let name_off = StrOffset(member.name_off.get(order));
            let type_id = TypeId(member.type_id.get(order));
            match self.btf.string_and_rest(name_off) {
                Some([0, ..]) | None => match self.enter(type_id, depth.saturating_add(1))? {
                    Searched::Found(mut found) => {
                        found.bit_offset = found.bit_offset.saturating_add(bits(member).into());
                        found.path.push(index);
                        return Ok(Searched::Found(found));
                    }
                    Searched::Without(below) => levels = levels.max(below.saturating_add(1)),
                },
                Some(name) if name.starts_with(self.name) => {
                    return Ok(Searched::Found(Found {
                        owner: ty.id(),
                        index,
                        type_id,
                        name_off,
                        bit_offset: bits(member).into(),
                        path: SmallVec::from_slice(&[index]),
                    }));
                }
                Some(_) => {}
            }
        }
        if self.visits > FREE_VISITS {
            self.without.insert(ty.id(), levels);
        }
        Ok(Searched::Without(levels))
    }

    /// Looks in the type of an anonymous member.
    fn enter(&mut self, type_id: TypeId, depth: usize) -> Result<Searched, Cause> {
        self.visits = self.visits.saturating_add(1);
        self.search(type_id, depth)
    }
}
