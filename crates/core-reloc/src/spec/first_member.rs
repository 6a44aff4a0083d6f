//! Which of many candidates have the first member of an access path.
//!
//! Without this, each relocation of a root type would search all of its candidates, although none may have
//! the member.

use alloc::{collections::BTreeMap, vec::Vec};

use btf_types::{StrOffset, Type};

use super::{local::LocalSpec, mismatch::Mismatch};
use crate::{
    budget::Budget,
    candidates::{Candidate, Remaining},
    error::Cause,
    limits::MANY_CANDIDATES,
    names::{
        essential::HashedName,
        table::{NameTable, TableEntry},
    },
    shared::Shared,
    target::Target,
};

/// Candidates, each with what ruled it out.
pub(crate) type RuledOut = Shared<[(Candidate, Mismatch)]>;

/// The candidates that may have the first member of a path. The others lack it.
#[derive(Debug)]
pub(crate) struct Selection {
    /// Their positions among the original candidates, in ascending order.
    pub(crate) positions: Shared<[u32]>,
    /// The mismatch of each original candidate, if it lacks the member.
    pub(crate) lacking: RuledOut,
}

/// The tables of the groups of candidates, by the number of the group.
#[derive(Debug, Default)]
pub(super) struct FirstMembers(BTreeMap<u32, Group>);

/// What is known about a group of candidates.
#[derive(Debug)]
enum Group {
    /// One relocation has searched it.
    Searched,
    Table(MemberNames),
    /// Most of its candidates are not flat.
    Useless,
}

/// The names of the members of the flat candidates of a group: of those without anonymous members.
#[derive(Debug)]
struct MemberNames {
    /// The positions in `members` of each name.
    names: NameTable,
    /// The position of the candidate, and the index of the member in it.
    members: Vec<(u32, u32)>,
    /// The positions of the other candidates, which are searched for any name.
    not_flat: Vec<u32>,
    lacking: RuledOut,
    /// The results of searches, by the offset of the local name. Together, those of different names are no
    /// larger than the table.
    found: BTreeMap<StrOffset, Shared<[u32]>>,
}

/// The accessor of the first member; the one before is the root type.
const FIRST: usize = 1;

impl FirstMembers {
    /// Selects the candidates to search for a field. Returns `None` if all are to be searched.
    pub(super) fn select(
        &mut self,
        local: &LocalSpec<'_>,
        target: &Target<'_>,
        candidates: Remaining<'_>,
        budget: &mut Budget,
    ) -> Result<Option<Selection>, Cause> {
        if candidates.len() < MANY_CANDIDATES {
            return Ok(None);
        }
        let Some(name_off) = first_name(local) else { return Ok(None) };
        let Ok(name) = local.spec.btf.string(name_off) else { return Ok(None) };
        let number = candidates.group();
        match self.0.get(&number) {
            // The first relocation may be the only one.
            None => {
                self.0.insert(number, Group::Searched);
                return Ok(None);
            }
            Some(Group::Searched) => {
                let group = MemberNames::new(target, candidates.original(), budget)
                    .map_or(Group::Useless, Group::Table);
                self.0.insert(number, group);
            }
            Some(_) => {}
        }
        let Some(Group::Table(table)) = self.0.get_mut(&number) else { return Ok(None) };
        budget.spend(1)?;
        let mut positions = match table.found.get(&name_off) {
            Some(found) => found.clone(),
            None => {
                budget.spend_name(&name)?;
                let found: Shared<[u32]> = table.find(target, &name).into();
                budget.spend(found.len())?;
                table.found.insert(name_off, found.clone());
                found
            }
        };
        if let Some(remaining) = candidates.positions() {
            budget.spend(positions.len())?;
            let is_left = |position: &u32| remaining.binary_search(position).is_ok();
            positions = positions.iter().copied().filter(is_left).collect();
        }
        Ok(Some(Selection { positions, lacking: table.lacking.clone() }))
    }
}

/// Returns the name of the first member, if the path leads to it from the root itself: from another element
/// of the root, the size of a candidate decides whether there is an error.
fn first_name(local: &LocalSpec<'_>) -> Option<StrOffset> {
    let root = local.accessors.first()?;
    if root.index != 0 { None } else { local.accessors.get(FIRST)?.name_off }
}

impl MemberNames {
    /// Reads the members of all candidates. Returns `None` if most are not flat, or the budget is too
    /// small.
    fn new(target: &Target<'_>, candidates: &[Candidate], budget: &mut Budget) -> Option<Self> {
        let (mut entries, mut members, mut not_flat) = (Vec::new(), Vec::new(), Vec::new());
        let mut lacking = Vec::with_capacity(candidates.len());
        for (position, candidate) in (0..).zip(candidates) {
            let mismatch = Mismatch::NoMember { accessor: FIRST, target: candidate.type_id };
            lacking.push((*candidate, mismatch));
            let before = (entries.len(), members.len());
            let ty = target.candidate(*candidate).ok().filter(|ty| ty.kind().is_composite());
            if ty.and_then(|ty| add(ty, position, &mut entries, &mut members, budget)).is_none() {
                entries.truncate(before.0);
                members.truncate(before.1);
                not_flat.push(position);
            }
            budget.spend(1).ok()?;
        }
        if not_flat.len() > candidates.len() / 2 {
            return None;
        }
        let names = NameTable::new(entries, |number| name(target, candidates, &members, number));
        Some(Self { names, members, not_flat, lacking: lacking.into(), found: BTreeMap::new() })
    }

    /// Returns the positions of the candidates that may have a member of a name.
    fn find<'a>(&'a self, target: &'a Target<'a>, wanted: &'a [u8]) -> Vec<u32> {
        let read = |number| {
            let (position, index) = *self.members.get(number as usize)?;
            let (candidate, _) = *self.lacking.get(position as usize)?;
            Some((member_name(target, candidate, index)?, position))
        };
        let found = self.names.find_with(HashedName::whole(wanted), read);
        let mut positions: Vec<u32> = found.chain(self.not_flat.iter().copied()).collect();
        positions.sort_unstable();
        positions.dedup();
        positions
    }
}

/// Adds the names of the members of a candidate. Returns `None` if one of them has no name.
fn add(
    ty: Type<'_>,
    position: u32,
    entries: &mut Vec<TableEntry>,
    members: &mut Vec<(u32, u32)>,
    budget: &mut Budget,
) -> Option<()> {
    let (btf, order) = (ty.btf(), ty.btf().byte_order());
    budget.spend(ty.raw_members().len()).ok()?;
    for (index, member) in (0..).zip(ty.raw_members()) {
        let name_off = StrOffset(member.name_off.get(order));
        if let Some([0, ..]) | None = btf.string_and_rest(name_off) {
            return None;
        }
        // A string longer than any name is never searched for.
        let Ok(name) = btf.string(name_off) else { continue };
        budget.spend_name(&name).ok()?;
        let number = u32::try_from(members.len()).ok()?;
        entries.push(TableEntry::new(HashedName::whole(&name).hash, number));
        members.push((position, index));
    }
    Some(())
}

fn name<'a>(
    target: &'a Target<'a>,
    candidates: &[Candidate],
    members: &[(u32, u32)],
    number: u32,
) -> &'a [u8] {
    let name = members.get(number as usize).and_then(|(position, index)| {
        member_name(target, *candidates.get(*position as usize)?, *index)
    });
    name.unwrap_or_default()
}

fn member_name<'a>(target: &Target<'a>, candidate: Candidate, index: u32) -> Option<&'a [u8]> {
    let ty = target.candidate(candidate).ok()?;
    let member = ty.raw_members().get(index as usize)?;
    let name = ty.btf().string(StrOffset(member.name_off.get(ty.btf().byte_order())));
    Some(name.ok()?.as_bytes())
}
