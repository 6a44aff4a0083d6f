//! Random damages.

use btf_types::TypeId;

use super::{
    Damage,
    apply::{HEADER, damaged},
};
use crate::{
    strategy::Random,
    types::graph::{Graph, id},
};

/// How many random damages are tried before one is used that applies to any BTF.
const TRIES: usize = 32;

/// Returns a random damage that applies to a graph.
pub(super) fn damage(graph: &Graph, random: &mut Random<'_>) -> Damage {
    let Ok(good) = graph.to_bytes() else { return Damage::Truncated(1) };
    let mut tries = (0..TRIES).map(|_| any(graph, good.len(), random));
    let fitting = tries.find(|damage| damaged(graph, good.clone(), damage).is_some());
    fitting.unwrap_or(Damage::Truncated(1))
}

fn any(graph: &Graph, len: usize, random: &mut Random<'_>) -> Damage {
    let own = graph.types.len() - graph.base_len;
    let ty = id(graph.base_len + random.within(0..=own.max(1) - 1));
    let bad_id = TypeId(random.one_of([id(graph.types.len()).0, u32::MAX >> 1, u32::MAX]));
    let bad_offset = random.one_of([1 << 24, u32::MAX >> 1, u32::MAX]);
    let past_end = random.one_of([HEADER, len, 1 << 31]);
    let past_end = u32::try_from(len + past_end).unwrap_or(u32::MAX) & !3;
    let part = random.within(0..=7);
    match random.within(0..=29) {
        0 => Damage::Magic(random.one_of([0, 0xeb00, 0x9f9f, u16::MAX])),
        1 => Damage::Version(random.one_of([0, 2, 255])),
        2 => Damage::HeaderLen(random.one_of([0, 8, 23, past_end, u32::MAX])),
        3 => Damage::TypesOffset(random.one_of([1, 2, past_end, u32::MAX])),
        4 => Damage::TypesLen(random.one_of([past_end, u32::MAX])),
        5 => Damage::StringsOffset(random.one_of([past_end, u32::MAX])),
        6 => Damage::StringsLen(random.one_of([past_end, u32::MAX])),
        7 => Damage::Truncated(random.within(1..=len)),
        8 => Damage::FirstString,
        9 => Damage::LastString,
        10 => Damage::UnknownKind { ty, kind: random.one_of([0, 23, 31, 64, 127]) },
        11 => Damage::Vlen { ty, vlen: random.one_of([1 << 12, (1 << 16) - 1, (1 << 24) - 1]) },
        12 | 13 => Damage::Name { ty, offset: bad_offset },
        14 | 15 => Damage::PartName { ty, part, offset: bad_offset },
        16 | 17 => Damage::Reference { ty, to: bad_id },
        18 | 19 => Damage::PartReference { ty, part, to: bad_id },
        20 => Damage::Cycle(ty),
        21 => Damage::ContainsItself { ty, part },
        22 => Damage::IntBits { ty, bits: random.one_of([9, 33, 65, 129, 255]) },
        23 => Damage::Size { ty, size: random.one_of([0, 3, 1 << 20, 1 << 29, u32::MAX]) },
        24 => {
            let offset = random.one_of([1, 7, 1 << 23, 1 << 29, u32::MAX]);
            Damage::Offset { ty, part, offset }
        }
        25 => Damage::KindFlag(ty),
        _ => {
            let xor = u8::try_from(random.within(1..=255)).unwrap_or(1);
            Damage::Byte { at: random.within(0..=len - 1), xor }
        }
    }
}
