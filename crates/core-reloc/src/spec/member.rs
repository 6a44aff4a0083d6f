//! Finding a member by name, through anonymous structs and unions.

pub(crate) mod index;

use alloc::boxed::Box;

use btf_types::{Btf, StrOffset, Type, TypeId};
use indexmap::IndexMap;

use crate::{
    AccessPath, budget::Budget, error::Cause, hash::IdHasher, limits::MAX_PATH_LEN, value::Side,
};

/// A member that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// The size in bits, of a bitfield; else 0.
    pub(crate) bitfield_size: u8,
}

/// How many anonymous members a search enters before it begins to remember where it has been.
/// Kernel types have a few dozen.
const FREE_VISITS: u32 = 64;

/// How many bytes of a name are compared in a step.
const COMPARED_AT_ONCE: usize = 128;

/// A search for a name, depth first, in the order of members: the first of the name counts.
///
/// Every anonymous struct or union is entered as often as it occurs, up to a point; from there on,
/// one that was searched in vain is not searched again, so that the time stays linear where members
/// of one type multiply from level to level. What is found, or that it is too deep, is the same as
/// without remembering.
pub(crate) struct MemberSearch<'a, 's> {
    btf: &'a Btf<'a>,
    budget: &'s mut Budget,
    /// The steps so far, to which those to the member are added.
    path: &'s mut AccessPath,
    /// The name with its NUL.
    name: &'s [u8],
    visits: u32,
    /// Types that do not have the name, with how many levels of members they have; none before the
    /// first is remembered.
    without: Option<Box<IndexMap<TypeId, usize, IdHasher>>>,
}

/// What became of one struct or union.
enum Searched {
    Found(Found),
    /// The name is not there; so many levels of members were seen.
    Without(usize),
}

impl<'a, 's> MemberSearch<'a, 's> {
    /// A search for `name`, which ends in NUL, among types of `btf`, that goes on from `path`.
    pub(crate) fn new(
        btf: &'a Btf<'a>,
        name: &'s [u8],
        path: &'s mut AccessPath,
        budget: &'s mut Budget,
    ) -> Self {
        Self { btf, budget, path, name, visits: 0, without: None }
    }

    /// Looks in a type. If the member is found, the path leads to it; else it is as before.
    pub(crate) fn find(&mut self, within: Type<'a>) -> Result<Option<Found>, Cause> {
        match self.search(within)? {
            Searched::Found(found) => Ok(Some(found)),
            Searched::Without(_) => Ok(None),
        }
    }

    /// Looks in a type whose modifiers and typedefs are behind.
    fn search(&mut self, ty: Type<'a>) -> Result<Searched, Cause> {
        if let Some(levels) = self.without.as_ref().and_then(|without| without.get(&ty.id())) {
            return if self.path.len().saturating_add(*levels) > MAX_PATH_LEN {
                Err(Cause::TooDeep)
            } else {
                Ok(Searched::Without(*levels))
            };
        }

        // Long names, which may begin alike, take longer to compare.
        let steps = self.name.len().div_ceil(COMPARED_AT_ONCE);
        self.budget.spend(ty.raw_members().len().saturating_mul(steps))?;
        let order = ty.btf().byte_order();
        let first = self.name.first().copied().unwrap_or(0);
        let mut levels = 0;
        for (index, member) in (0_u32..).zip(ty.raw_members()) {
            if self.path.len() >= MAX_PATH_LEN {
                return Err(Cause::TooDeep);
            }
            levels = levels.max(1);
            let name_off = StrOffset(member.name_off.get(order));
            match self.btf.string_and_rest(name_off) {
                Some([0, ..]) | None => {
                    let type_id = TypeId(member.type_id.get(order));
                    self.path.push(index)?;
                    match self.enter(type_id)? {
                        Searched::Found(mut found) => {
                            let (bits, _) = place(member.offset.get(order), ty.kind_flag());
                            found.bit_offset = found.bit_offset.saturating_add(bits.into());
                            return Ok(Searched::Found(found));
                        }
                        Searched::Without(below) => levels = levels.max(below.saturating_add(1)),
                    }
                    self.path.pop();
                }
                // Most names differ in the first byte.
                Some(name @ [start, ..]) if *start == first && name.starts_with(self.name) => {
                    self.path.push(index)?;
                    let (bits, bitfield_size) = place(member.offset.get(order), ty.kind_flag());
                    return Ok(Searched::Found(Found {
                        owner: ty.id(),
                        index,
                        type_id: TypeId(member.type_id.get(order)),
                        name_off,
                        bit_offset: bits.into(),
                        bitfield_size,
                    }));
                }
                Some(_) => {}
            }
        }
        if self.visits > FREE_VISITS {
            self.without.get_or_insert_default().insert(ty.id(), levels);
        }
        Ok(Searched::Without(levels))
    }

    /// Looks in the type of an anonymous member.
    fn enter(&mut self, type_id: TypeId) -> Result<Searched, Cause> {
        self.visits = self.visits.saturating_add(1);
        let ty = self.btf.type_by_id(type_id).map_err(Cause::Target)?;
        let ty = self.budget.behind(ty, Side::Target)?;
        self.search(ty)
    }
}

/// The offset of a member and the size of a bitfield, both in bits, from the word that holds them.
#[inline]
fn place(offset: u32, has_bitfields: bool) -> (u32, u8) {
    if has_bitfields { (offset & 0x00ff_ffff, (offset >> 24) as u8) } else { (offset, 0) }
}
