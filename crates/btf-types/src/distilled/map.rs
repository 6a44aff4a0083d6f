//! Which type of the kernel each distilled type stands for: libbpf's `btf_relocate_map_distilled_base`.

use alloc::{collections::BTreeMap, vec, vec::Vec};

use super::error::{Error, Result};
use crate::{Btf, Kind, KindSet, StrOffset, Type, TypeId};

/// The kinds of a distilled base.
const DISTILLED: KindSet =
    KindSet::of(&[Kind::Int, Kind::Float, Kind::Enum, Kind::Struct, Kind::Union, Kind::Fwd]);

/// The kinds of a kernel's types that distilled types stand for.
const CANDIDATES: KindSet = KindSet::of(&[
    Kind::Int,
    Kind::Float,
    Kind::Enum,
    Kind::Enum64,
    Kind::Struct,
    Kind::Union,
    Kind::Fwd,
]);

/// The ids and strings of a kernel by those of a distilled base.
pub(super) struct Map {
    /// The kernel's type for each distilled type, `void` for `void`.
    ids: Vec<TypeId>,
    /// The kernel's string for the name of each distilled type.
    names: BTreeMap<u32, StrOffset>,
    /// The number that is added to ids of the split BTF.
    pub(super) first_id: u32,
    /// The offset of the first string of the relocated BTF.
    pub(super) first_string: u32,
}

impl Map {
    /// Finds the type of the kernel for each type of the distilled base of `split`.
    pub(super) fn new<'a>(
        split: &'a Btf<'a>,
        distilled: &'a Btf<'a>,
        kernel: &Btf<'_>,
    ) -> Result<Self> {
        let embedded = embedded(split, distilled)?;
        let groups = Groups::of(distilled)?;
        let found = candidates(kernel, &groups);
        let mut map = Self {
            ids: vec![TypeId::VOID],
            names: BTreeMap::new(),
            first_id: kernel.next_id(),
            first_string: kernel.end_str_offset().0,
        };
        for ty in distilled.types() {
            let name = ty.name()?;
            let group = groups.find(name.as_bytes()).map_or(&[][..], |group| found.group(group));
            let is_embedded = embedded.get(ty.id().0 as usize).is_some_and(|embedded| *embedded);
            let mut fitting = fitting(ty, is_embedded, group);
            let (id, kind, size) = (ty.id(), ty.kind(), size(ty));
            let name = name.as_bytes();
            match (fitting.next(), fitting.next()) {
                (Some(only), None) => {
                    map.ids.push(only.id);
                    map.names.insert(ty.name_off().0, only.name_off);
                }
                (None, _) => {
                    return Err(Error::Missing { id, kind, name: name.into(), size });
                }
                (Some(first), Some(second)) => {
                    let candidates = [first.id, second.id];
                    return Err(Error::Ambiguous { id, kind, name: name.into(), size, candidates });
                }
            }
        }
        Ok(map)
    }

    /// Returns the kernel's type for a distilled type.
    pub(super) fn id(&self, distilled: TypeId) -> Option<TypeId> {
        self.ids.get(distilled.0 as usize).copied()
    }

    /// Returns the kernel's string for the name of a distilled type.
    pub(super) fn name(&self, distilled: StrOffset) -> Option<StrOffset> {
        if distilled == StrOffset::EMPTY {
            return Some(distilled);
        }
        self.names.get(&distilled.0).copied()
    }
}

/// Returns for each type of the distilled base, by id, whether a type of the split BTF contains it by value.
fn embedded<'a>(split: &'a Btf<'a>, distilled: &'a Btf<'a>) -> Result<Vec<bool>> {
    let mut embedded = vec![false; distilled.next_id() as usize];
    for composite in split.own_types_of(KindSet::of(&[Kind::Struct, Kind::Union])) {
        for member in composite.members() {
            let element = member.ty()?.innermost_element()?;
            if element.kind().is_composite()
                && let Some(mark) = embedded.get_mut(element.id().0 as usize)
            {
                *mark = true;
            }
        }
    }
    Ok(embedded)
}

/// The names of the distilled types. Types of one name are a group.
struct Groups<'a> {
    groups: BTreeMap<&'a [u8], u32>,
    /// One bit for the first two bytes of each name, which rejects most names of a kernel.
    starts: Vec<u64>,
}

impl<'a> Groups<'a> {
    /// Collects the names, and checks that the base is distilled.
    fn of(distilled: &'a Btf<'a>) -> Result<Self> {
        let mut names = Self { groups: BTreeMap::new(), starts: vec![0; 1 << 10] };
        for ty in distilled.types() {
            let name = ty.name()?;
            let (id, kind, is_named) = (ty.id(), ty.kind(), !name.is_empty());
            if !is_named || !DISTILLED.contains(kind) {
                return Err(Error::NotDistilled { id, kind, is_named });
            }
            if let Some((word, bit)) =
                distilled.string_and_rest(ty.name_off()).and_then(Self::place)
                && let Some(word) = names.starts.get_mut(word)
            {
                *word |= bit;
            }
            let next = u32::try_from(names.groups.len()).unwrap_or(u32::MAX);
            names.groups.entry(name.as_bytes()).or_insert(next);
        }
        Ok(names)
    }

    /// Returns the group of a name.
    fn find(&self, name: &[u8]) -> Option<u32> {
        self.groups.get(name).copied()
    }

    /// Returns `false` for most names that are not in a group. `rest` starts with the name.
    fn may_contain(&self, rest: &[u8]) -> bool {
        let place = Self::place(rest);
        place.is_some_and(|(word, bit)| self.starts.get(word).is_some_and(|word| word & bit != 0))
    }

    /// Returns the word and the bit of a name, which its NUL byte follows: the second byte of a short one.
    fn place(rest: &[u8]) -> Option<(usize, u64)> {
        let [first, second] = *rest.first_chunk::<2>()?;
        Some((usize::from(first) << 2 | usize::from(second >> 6), 1 << (second & 63)))
    }
}

/// A type of the kernel that has the name of a distilled type. The order is by group, kind, and size.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    group: u32,
    kind: Kind,
    /// The size in bytes; 0 for a FWD.
    size: u32,
    /// The flags of an INT's encoding, or whether a FWD declares a union.
    flags: u32,
    id: TypeId,
    name_off: StrOffset,
}

/// The candidates of all groups, sorted.
struct Candidates(Vec<Candidate>);

impl Candidates {
    /// Returns those of one group.
    fn group(&self, group: u32) -> &[Candidate] {
        range(&self.0, |candidate| candidate.group.cmp(&group))
    }
}

/// Returns the part of a sorted slice that compares as equal.
fn range<T>(sorted: &[T], order: impl Fn(&T) -> core::cmp::Ordering) -> &[T] {
    let start = sorted.partition_point(|element| order(element).is_lt());
    let end = sorted.partition_point(|element| order(element).is_le());
    sorted.get(start..end).unwrap_or_default()
}

/// Finds all types of the kernel with the name of a distilled type.
fn candidates(kernel: &Btf<'_>, groups: &Groups<'_>) -> Candidates {
    let mut found = Vec::new();
    let mut next = Some(kernel);
    while let Some(btf) = next {
        let order = btf.byte_order();
        for (id, record) in btf.named_records(CANDIDATES) {
            let name_off = StrOffset(record.name_off.get(order));
            if !btf.string_and_rest(name_off).is_some_and(|rest| groups.may_contain(rest)) {
                continue;
            }
            // A name that cannot be read is not that of a distilled type.
            let Some(group) = btf.string(name_off).ok().and_then(|name| groups.find(&name)) else {
                continue;
            };
            let Ok(ty) = btf.type_by_id(id) else { continue };
            let (kind, size, flags) = (ty.kind(), size(ty), flags(ty));
            found.push(Candidate { group, kind, size, flags, id, name_off });
        }
        next = btf.base();
    }
    found.sort_unstable();
    Candidates(found)
}

/// Returns the candidates that a distilled type can stand for. `group` has those of its name.
fn fitting<'c>(
    ty: Type<'_>,
    is_embedded: bool,
    group: &'c [Candidate],
) -> impl Iterator<Item = &'c Candidate> + use<'c> {
    let (size, flags) = (size(ty), flags(ty));
    let of_kind = |kind: Kind| range(group, |candidate| candidate.kind.cmp(&kind));
    let of_size = |kind| range(of_kind(kind), |candidate| candidate.size.cmp(&size));
    let with_flags = |kind| {
        range(of_kind(kind), |candidate| (candidate.size, candidate.flags).cmp(&(size, flags)))
    };
    let (structs, unions) = (of_kind(Kind::Struct), of_kind(Kind::Union));
    let has_several = structs.len().saturating_add(unions.len()) > 1;
    let forward =
        |is_union| range(of_kind(Kind::Fwd), |candidate| candidate.flags.cmp(&u32::from(is_union)));
    let composite = |kind| {
        let composites = if is_embedded || has_several { of_size(kind) } else { of_kind(kind) };
        let forward = if is_embedded { &[] } else { forward(kind == Kind::Union) };
        [composites, forward]
    };
    let parts: [&[Candidate]; 2] = match ty.kind() {
        Kind::Int => [with_flags(Kind::Int), &[]],
        Kind::Float => [of_size(Kind::Float), &[]],
        Kind::Enum => [of_size(Kind::Enum), of_size(Kind::Enum64)],
        kind @ (Kind::Struct | Kind::Union) => composite(kind),
        Kind::Fwd => {
            let forward = forward(ty.kind_flag());
            let composites = if ty.kind_flag() { unions } else { structs };
            // A FWD has no size to choose by.
            match (has_several, forward) {
                (true, []) => [structs, unions],
                (true, forward) => [forward, &[]],
                (false, forward) => [composites, forward],
            }
        }
        _ => [&[], &[]],
    };
    parts.into_iter().flatten()
}

/// Returns the size of a type in bytes; 0 for a FWD.
fn size(ty: Type<'_>) -> u32 {
    ty.stated_size().unwrap_or(0)
}

/// Returns the flags of an INT's encoding, or 1 for the FWD of a union.
fn flags(ty: Type<'_>) -> u32 {
    const FLAGS: u32 = 0xf << 24;
    let encoding = ty.int().map(|int| int.0 & FLAGS);
    encoding.unwrap_or_else(|| u32::from(ty.fwd_is_union() == Some(true)))
}
