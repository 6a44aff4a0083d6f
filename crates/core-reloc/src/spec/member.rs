//! Finding a member by name, through anonymous structs and unions.

use alloc::boxed::Box;

use btf_types::{Btf, StrOffset, Type, TypeId};
use indexmap::IndexMap;

use crate::{
    budget::Budget, error::Cause, limits::MAX_PATH_LEN, names::hash::IdHasher, record::AccessPath,
    side::Side,
};

/// A member that was found by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundMember {
    /// The struct or union that directly contains the member.
    pub owner: TypeId,
    /// The index of the member in its owner.
    pub index: u32,
    /// The member's type as declared.
    pub type_id: TypeId,
    /// The member's name.
    pub name_off: StrOffset,
    /// The offset in bits from the start of the type that was searched.
    pub bit_offset: u64,
    /// The size of a bitfield in bits; 0 for any other member.
    pub bitfield_size: u8,
}

/// The number of anonymous members that a search enters before it starts to remember which types lack the
/// name. Kernel types have a few dozen.
const FREE_VISITS: u32 = 64;

/// The number of bytes of a name that one step compares.
const BYTES_PER_STEP: usize = 128;

/// A depth-first search for a member by name, in the order of members. The first member with the name is
/// the result.
///
/// An anonymous struct or union is entered each time it occurs, up to [`FREE_VISITS`]; after that, one that
/// lacks the name is not searched again, so that the time stays linear where members of one type multiply
/// from level to level. The result is the same either way, including [`Cause::TooDeep`].
pub(crate) struct MemberSearch<'a, 's> {
    btf: &'a Btf<'a>,
    budget: &'s mut Budget,
    /// The path so far, to which the steps to the member are appended.
    path: &'s mut AccessPath,
    /// The name with its NUL.
    name: &'s [u8],
    visits: u32,
    /// Types that lack the name, with the number of levels of members that they have; `None` until the
    /// first one is remembered.
    without: Option<Box<IndexMap<TypeId, usize, IdHasher>>>,
}

/// The result of searching one struct or union.
enum Searched {
    Found(FoundMember),
    /// It lacks the name and has this many levels of members.
    Without(usize),
}

impl<'a, 's> MemberSearch<'a, 's> {
    /// Prepares a search for `name`, which ends with NUL, among types of `btf`. It starts from `path`.
    pub(crate) fn new(
        btf: &'a Btf<'a>,
        name: &'s [u8],
        path: &'s mut AccessPath,
        budget: &'s mut Budget,
    ) -> Self {
        Self { btf, budget, path, name, visits: 0, without: None }
    }

    /// Searches a type. If the member is found, the path leads to it; otherwise it is unchanged.
    pub(crate) fn find(&mut self, within: Type<'a>) -> Result<Option<FoundMember>, Cause> {
        match self.search(within)? {
            Searched::Found(found) => Ok(Some(found)),
            Searched::Without(_) => Ok(None),
        }
    }

    /// Searches a type whose modifiers and typedefs are stripped.
    fn search(&mut self, ty: Type<'a>) -> Result<Searched, Cause> {
        if let Some(levels) = self.without.as_ref().and_then(|without| without.get(&ty.id())) {
            return if self.path.len().saturating_add(*levels) > MAX_PATH_LEN {
                Err(Cause::TooDeep)
            } else {
                Ok(Searched::Without(*levels))
            };
        }

        // Long names that start alike take longer to compare.
        let steps = self.name.len().div_ceil(BYTES_PER_STEP);
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
                            let (bits, _) =
                                offset_and_size(member.offset.get(order), ty.kind_flag());
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
                    let (bits, bitfield_size) =
                        offset_and_size(member.offset.get(order), ty.kind_flag());
                    return Ok(Searched::Found(FoundMember {
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

    /// Searches the type of an anonymous member.
    fn enter(&mut self, type_id: TypeId) -> Result<Searched, Cause> {
        self.visits = self.visits.saturating_add(1);
        let ty = self.btf.type_by_id(type_id).map_err(Cause::Target)?;
        let ty = self.budget.strip(ty, Side::Target)?;
        self.search(ty)
    }
}

/// Splits a member's offset word into the offset and the bitfield size, both in bits.
#[inline]
pub(super) fn offset_and_size(offset: u32, has_bitfields: bool) -> (u32, u8) {
    if has_bitfields { (offset & 0x00ff_ffff, (offset >> 24) as u8) } else { (offset, 0) }
}
