//! Finding types by essential name and kind: an index that is kept, and a single pass that is not.

use alloc::{vec, vec::Vec};

use btf_types::{Btf, Kind, KindSet, Name, StrOffset, Type, TypeId};

use crate::{compare::field::kinds_are_compatible, essential_name, hash};

/// Kinds that C code names a root type by. Other named kinds (functions and variables, mostly) are
/// left out of an index, and looked for in a pass over the types.
const INDEXED: [Kind; 8] = [
    Kind::Int,
    Kind::Struct,
    Kind::Union,
    Kind::Enum,
    Kind::Enum64,
    Kind::Fwd,
    Kind::Typedef,
    Kind::Float,
];

/// What a candidate must have: a kind and an essential name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Wanted<'a> {
    /// The kind; ENUM for both widths of enums.
    kind: Kind,
    /// The name without its flavor.
    essential: &'a [u8],
}

impl<'a> Wanted<'a> {
    /// What candidates of a local root type must have.
    pub(crate) fn by(root: Type<'a>, name: Name<'a>) -> Self {
        let kind = if root.kind().is_enum() { Kind::Enum } else { root.kind() };
        Self { kind, essential: essential_name(name.as_bytes()) }
    }

    /// Whether a type is wanted; one whose name cannot be read is not.
    fn is(&self, ty: Type<'_>) -> bool {
        kinds_are_compatible(self.kind, ty.kind())
            && ty.name().is_ok_and(|name| essential_name(&name) == self.essential)
    }
}

/// The hashes of the essential names of a BTF's own types, sorted.
#[derive(Debug, Clone)]
pub(crate) struct NameIndex {
    /// The hash in the upper, the id in the lower half.
    entries: Vec<u64>,
}

impl NameIndex {
    /// Indexes a BTF's own types. Types whose name cannot be read have none.
    pub(crate) fn new(btf: &Btf<'_>) -> Self {
        let order = btf.byte_order();
        let mut entries: Vec<u64> = btf
            .own_records(INDEXED.into_iter().collect())
            .filter_map(|(id, record)| {
                let name_off = StrOffset(record.name_off.get(order));
                if name_off == StrOffset::EMPTY {
                    return None;
                }
                let hash = hash::name(essential_name(&btf.string(name_off).ok()?));
                Some((u64::from(hash) << 32) | u64::from(id.0))
            })
            .collect();
        entries.sort_unstable();
        entries.shrink_to_fit();
        Self { entries }
    }

    /// The ids of the types that are wanted, in ascending order; none for a kind that is not
    /// indexed.
    pub(crate) fn find<'a>(
        &'a self,
        btf: &'a Btf<'a>,
        wanted: Wanted<'a>,
    ) -> Option<impl Iterator<Item = TypeId> + 'a> {
        if !INDEXED.contains(&wanted.kind) {
            return None;
        }
        let hash = hash::name(wanted.essential);
        let start = self.entries.partition_point(|entry| entry >> 32 < u64::from(hash));
        let entries = self.entries.get(start..).unwrap_or_default();
        let same_hash = entries.iter().take_while(move |entry| **entry >> 32 == u64::from(hash));
        #[expect(clippy::cast_possible_truncation, reason = "the lower half is the id")]
        let ids = same_hash.map(|entry| TypeId(*entry as u32));
        Some(ids.filter(move |id| btf.type_by_id(*id).is_ok_and(|ty| wanted.is(ty))))
    }
}

/// Looks for many names in one pass over a BTF's own types, and reports each that is found with its
/// position among the wanted ones, in the order of ids.
pub(crate) fn scan<'a>(
    btf: &'a Btf<'a>,
    wanted: &[Wanted<'_>],
    mut found: impl FnMut(usize, TypeId),
) {
    let filter = Filter::new(wanted);
    let mut by_name: Vec<(u32, usize)> = Vec::with_capacity(wanted.len());
    for (position, wanted) in wanted.iter().enumerate() {
        by_name.push((hash::name(wanted.essential), position));
    }
    by_name.sort_unstable();

    let order = btf.byte_order();
    for (id, record) in btf.own_records(filter.kinds) {
        let name_off = StrOffset(record.name_off.get(order));
        if !filter.may_want(btf, name_off) {
            continue;
        }
        let (Ok(name), Ok(ty)) = (btf.string(name_off), btf.type_by_id(id)) else { continue };
        let hash = hash::name(essential_name(&name));
        let start = by_name.partition_point(|(other, _)| *other < hash);
        let rest = by_name.get(start..).unwrap_or_default();
        for (_, position) in rest.iter().take_while(|(other, _)| *other == hash) {
            if wanted.get(*position).is_some_and(|wanted| wanted.is(ty)) {
                found(*position, id);
            }
        }
    }
}

/// Tells most types apart from the wanted ones by their kind and the first bytes of their name.
struct Filter {
    kinds: KindSet,
    /// A bit for each hash of the first four bytes of a wanted name; a power of two of words.
    starts: Vec<u64>,
    /// A bit for each first byte of the wanted names that are shorter than that.
    short: [u64; 4],
}

impl Filter {
    fn new(wanted: &[Wanted<'_>]) -> Self {
        // Sixteen bits for each name keep chance hits below a sixteenth.
        let words = wanted.len().div_ceil(4).next_power_of_two();
        let mut filter = Self { kinds: KindSet::default(), starts: vec![0; words], short: [0; 4] };
        for Wanted { kind, essential } in wanted {
            filter.kinds.insert(*kind);
            if kind.is_enum() {
                filter.kinds.insert(Kind::Enum64);
            }
            match essential {
                [a, b, c, d, ..] => {
                    let (word, bit) = filter.start_bit([*a, *b, *c, *d]);
                    if let Some(word) = filter.starts.get_mut(word) {
                        *word |= bit;
                    }
                }
                [first, ..] => {
                    if let Some(word) = filter.short.get_mut(usize::from(first >> 6)) {
                        *word |= 1 << (first & 63);
                    }
                }
                [] => {}
            }
        }
        filter
    }

    /// The word and bit of [`Filter::starts`] of the first bytes of a name.
    #[inline]
    fn start_bit(&self, start: [u8; 4]) -> (usize, u64) {
        let hash = u32::from_le_bytes(start).wrapping_mul(0x9e37_79b1);
        let word = (hash >> 8) as usize & self.starts.len().wrapping_sub(1);
        (word, 1 << (hash >> 26))
    }

    #[inline]
    fn may_want(&self, btf: &Btf<'_>, name_off: StrOffset) -> bool {
        let Some(name) = btf.string_and_rest(name_off) else { return false };
        if let [a, b, c, d, ..] = name {
            let (word, bit) = self.start_bit([*a, *b, *c, *d]);
            if self.starts.get(word).is_some_and(|word| word & bit != 0) {
                return true;
            }
        }
        let first = name.first().copied().unwrap_or(0);
        self.short.get(usize::from(first >> 6)).is_some_and(|word| word & (1 << (first & 63)) != 0)
    }
}
