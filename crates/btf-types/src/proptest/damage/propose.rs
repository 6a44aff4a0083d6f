//! Random damages.

use super::{
    Damage,
    apply::{HEADER, damaged},
};
use crate::{
    TypeId,
    proptest::{Dice, Graph, graph::id},
};

/// How many random damages are tried before it is one that every BTF has a place for.
const TRIES: usize = 32;

/// A random damage that a graph has a place for.
pub(super) fn damage(graph: &Graph, dice: &mut Dice<'_>) -> Damage {
    let Ok(good) = graph.to_bytes() else { return Damage::Cut(1) };
    let mut tries = (0..TRIES).map(|_| any(graph, good.len(), dice));
    let fitting = tries.find(|damage| damaged(graph, good.clone(), damage).is_some());
    fitting.unwrap_or(Damage::Cut(1))
}

fn any(graph: &Graph, len: usize, dice: &mut Dice<'_>) -> Damage {
    let own = graph.types.len() - graph.base_len;
    let ty = id(graph.base_len + dice.within(0..=own.max(1) - 1));
    let nowhere = TypeId(dice.one_of([id(graph.types.len()).0, u32::MAX >> 1, u32::MAX]));
    let outside = dice.one_of([1 << 24, u32::MAX >> 1, u32::MAX]);
    let behind = dice.one_of([HEADER, len, 1 << 31]);
    let behind = u32::try_from(len + behind).unwrap_or(u32::MAX) & !3;
    let part = dice.within(0..=7);
    match dice.within(0..=29) {
        0 => Damage::Magic(dice.one_of([0, 0xeb00, 0x9f9f, u16::MAX])),
        1 => Damage::Version(dice.one_of([0, 2, 255])),
        2 => Damage::HeaderLen(dice.one_of([0, 8, 23, behind, u32::MAX])),
        3 => Damage::TypesAt(dice.one_of([1, 2, behind, u32::MAX])),
        4 => Damage::TypesLen(dice.one_of([behind, u32::MAX])),
        5 => Damage::StringsAt(dice.one_of([behind, u32::MAX])),
        6 => Damage::StringsLen(dice.one_of([behind, u32::MAX])),
        7 => Damage::Cut(dice.within(1..=len)),
        8 => Damage::FirstString,
        9 => Damage::LastString,
        10 => Damage::UnknownKind { ty, kind: dice.one_of([0, 20, 31, 64, 127]) },
        11 => Damage::Vlen { ty, vlen: dice.one_of([1 << 12, (1 << 16) - 1, (1 << 24) - 1]) },
        12 | 13 => Damage::Name { ty, offset: outside },
        14 | 15 => Damage::PartName { ty, part, offset: outside },
        16 | 17 => Damage::Reference { ty, to: nowhere },
        18 | 19 => Damage::PartReference { ty, part, to: nowhere },
        20 => Damage::Circle(ty),
        21 => Damage::Recursion { ty, part },
        22 => Damage::IntBits { ty, bits: dice.one_of([9, 33, 65, 129, 255]) },
        23 => Damage::Size { ty, size: dice.one_of([0, 3, 1 << 20, 1 << 29, u32::MAX]) },
        24 => {
            let offset = dice.one_of([1, 7, 1 << 23, 1 << 29, u32::MAX]);
            Damage::Offset { ty, part, offset }
        }
        25 => Damage::KindFlag(ty),
        _ => {
            let xor = u8::try_from(dice.within(1..=255)).unwrap_or(1);
            Damage::Byte { at: dice.within(0..=len - 1), xor }
        }
    }
}
