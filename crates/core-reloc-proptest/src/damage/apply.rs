//! Overwriting one fact in well-formed BTF.

use btf_types::{
    ByteOrder, Info, Kind, TypeId,
    raw::{MAGIC, VERSION},
};

use super::Damage;
use crate::types::{
    desc::TypeDesc,
    graph::{Graph, index},
};

/// The length in bytes of the header that the builder writes.
pub(super) const HEADER: usize = 24;
/// The length in bytes of the record that every type starts with.
const RECORD: usize = 12;

/// The offsets of the header's fields.
const MAGIC_AT: usize = 0;
const VERSION_AT: usize = 2;
const HEADER_LEN_AT: usize = 4;
const TYPES_AT: usize = 8;
const TYPES_LEN_AT: usize = 12;
const STRINGS_AT: usize = 16;
const STRINGS_LEN_AT: usize = 20;

/// The offsets of the name, the info, and the size or type in a type's record.
const NAME_AT: usize = 0;
const INFO_AT: usize = 4;
const SIZE_OR_TYPE_AT: usize = 8;

/// Encodes a 32-bit word.
pub(super) fn encode_u32(value: u32, order: ByteOrder) -> [u8; 4] {
    match order {
        ByteOrder::Little => value.to_le_bytes(),
        ByteOrder::Big => value.to_be_bytes(),
    }
}

/// Encodes a 16-bit word.
pub(super) fn encode_u16(value: u16, order: ByteOrder) -> [u8; 2] {
    match order {
        ByteOrder::Little => value.to_le_bytes(),
        ByteOrder::Big => value.to_be_bytes(),
    }
}

/// Decodes a 32-bit word.
fn decode_u32(bytes: [u8; 4], order: ByteOrder) -> u32 {
    match order {
        ByteOrder::Little => u32::from_le_bytes(bytes),
        ByteOrder::Big => u32::from_be_bytes(bytes),
    }
}

/// Damages the BTF of a graph; `None` if the damage does not apply to it, or changes nothing.
pub(super) fn damaged(graph: &Graph, mut bytes: Vec<u8>, damage: &Damage) -> Option<Vec<u8>> {
    let good = bytes.clone();
    match damage {
        Damage::Truncated(by) => bytes.truncate(bytes.len().checked_sub(*by)?),
        Damage::Byte { at, xor } => *bytes.get_mut(*at)? ^= xor,
        damage => {
            let (at, value) = overwritten(graph, &bytes, damage)?;
            bytes.get_mut(at..at + value.len())?.copy_from_slice(&value);
        }
    }
    (bytes != good).then_some(bytes)
}

/// Returns the offset at which a damage overwrites the BTF, and the new bytes.
fn overwritten(graph: &Graph, bytes: &[u8], damage: &Damage) -> Option<(usize, Vec<u8>)> {
    let order = graph.byte_order;
    let read = |at: usize| Some(decode_u32(*bytes.get(at..)?.first_chunk()?, order));
    let word = |at: usize, value: u32| Some((at, encode_u32(value, order).to_vec()));
    let own = |ty: &TypeId| {
        let at = index(*ty).filter(|at| *at >= graph.base_len)?;
        let before = graph.types.get(graph.base_len..at)?;
        Some((HEADER + before.iter().map(len).sum::<usize>(), graph.types.get(at)?))
    };
    match damage {
        Damage::Magic(magic) => {
            let value = encode_u16(*magic, order).to_vec();
            let is_magic = *magic == MAGIC || *magic == MAGIC.swap_bytes();
            (!is_magic).then_some((MAGIC_AT, value))
        }
        Damage::Version(version) => {
            (*version != VERSION).then(|| (VERSION_AT, [*version].to_vec()))
        }
        Damage::HeaderLen(len) => word(HEADER_LEN_AT, *len),
        Damage::TypesOffset(at) => word(TYPES_AT, *at),
        Damage::TypesLen(len) => word(TYPES_LEN_AT, *len),
        Damage::StringsOffset(at) => word(STRINGS_AT, *at),
        Damage::StringsLen(len) => word(STRINGS_LEN_AT, *len),
        Damage::FirstString if graph.base_len == 0 => {
            Some((HEADER + read(STRINGS_AT)? as usize, b"x".to_vec()))
        }
        Damage::LastString if read(STRINGS_LEN_AT)? > 0 => {
            Some((bytes.len().checked_sub(1)?, b"x".to_vec()))
        }
        Damage::UnknownKind { ty, kind } => {
            let (at, _) = own(ty)?;
            let info = Info(read(at + INFO_AT)?);
            let unknown = Kind::from_raw(*kind);
            matches!(unknown, Kind::Void | Kind::Unknown(_)).then_some(())?;
            word(at + INFO_AT, Info::new(unknown, info.vlen(), info.kind_flag()).0)
        }
        Damage::Vlen { ty, vlen } => {
            let (at, desc) = own(ty)?;
            let (_, part_len) = parts(desc)?;
            // The file has no room for that many parts.
            (*vlen as usize * part_len > bytes.len()).then_some(())?;
            let info = Info(read(at + INFO_AT)?);
            word(at + INFO_AT, Info::new(info.kind(), *vlen, info.kind_flag()).0)
        }
        Damage::Name { ty, offset } => word(own(ty)?.0 + NAME_AT, *offset),
        Damage::PartName { ty, part, offset } => {
            let (at, desc) = own(ty)?;
            let named =
                matches!(desc, TypeDesc::Composite(_) | TypeDesc::Enum(_) | TypeDesc::FuncProto(_));
            word(part_at(at, desc, *part).filter(|_| named)?, *offset)
        }
        Damage::Reference { ty, to } => word(reference_at(own(ty)?)?, to.0),
        Damage::PartReference { ty, part, to } => {
            let (at, desc) = own(ty)?;
            let within = match desc {
                TypeDesc::Composite(_) | TypeDesc::FuncProto(_) => 4,
                TypeDesc::DataSec { .. } | TypeDesc::LocProto(_) | TypeDesc::LocSec { .. } => 0,
                _ => return None,
            };
            word(part_at(at, desc, *part)? + within, to.0)
        }
        Damage::Cycle(ty) => {
            let own = own(ty)?;
            let by_value = matches!(
                own.1,
                TypeDesc::Typedef { .. }
                    | TypeDesc::Modifier(..)
                    | TypeDesc::TypeTag { .. }
                    | TypeDesc::Array { .. }
            );
            word(reference_at(own).filter(|_| by_value)?, ty.0)
        }
        Damage::ContainsItself { ty, part } => {
            let (at, desc) = own(ty)?;
            matches!(desc, TypeDesc::Composite(_)).then_some(())?;
            word(part_at(at, desc, *part)? + 4, ty.0)
        }
        Damage::IntBits { ty, bits } => match own(ty)? {
            (at, TypeDesc::Int { size, .. }) if u32::from(*bits) > size * 8 => {
                let encoding = read(at + RECORD)?;
                word(at + RECORD, encoding & !0xff | u32::from(*bits))
            }
            _ => None,
        },
        Damage::Size { ty, size } => match own(ty)? {
            (
                at,
                TypeDesc::Int { .. }
                | TypeDesc::Float { .. }
                | TypeDesc::Composite(_)
                | TypeDesc::Enum(_)
                | TypeDesc::DataSec { .. },
            ) => word(at + SIZE_OR_TYPE_AT, *size),
            _ => None,
        },
        Damage::Offset { ty, part, offset } => {
            let (at, desc) = own(ty)?;
            matches!(desc, TypeDesc::Composite(_)).then_some(())?;
            word(part_at(at, desc, *part)? + 8, *offset)
        }
        Damage::KindFlag(ty) => {
            let at = own(ty)?.0 + INFO_AT;
            let info = Info(read(at)?);
            word(at, Info::new(info.kind(), info.vlen(), !info.kind_flag()).0)
        }
        Damage::FirstString | Damage::LastString | Damage::Truncated(_) | Damage::Byte { .. } => {
            None
        }
    }
}

/// Returns the offset of a type's reference to another type, given the offset of its record.
fn reference_at((at, ty): (usize, &TypeDesc)) -> Option<usize> {
    match ty {
        TypeDesc::Array { .. } => Some(at + RECORD),
        TypeDesc::Ptr(_)
        | TypeDesc::Typedef { .. }
        | TypeDesc::Modifier(..)
        | TypeDesc::TypeTag { .. }
        | TypeDesc::FuncProto(_)
        | TypeDesc::Func { .. }
        | TypeDesc::Var { .. }
        | TypeDesc::DeclTag { .. } => Some(at + SIZE_OR_TYPE_AT),
        _ => None,
    }
}

/// Returns the offset of a part of a type, given the offset of the type's record.
fn part_at(at: usize, ty: &TypeDesc, part: usize) -> Option<usize> {
    let (count, len) = parts(ty)?;
    (part < count).then_some(at + RECORD + part * len)
}

/// Returns the number of parts that are written for a type, and the length of each in bytes.
fn parts(ty: &TypeDesc) -> Option<(usize, usize)> {
    let count = ty.part_count();
    match ty {
        TypeDesc::Composite(_) | TypeDesc::DataSec { .. } | TypeDesc::LocSec { .. } => {
            Some((count, 12))
        }
        TypeDesc::LocProto(_) => Some((count, 4)),
        TypeDesc::Enum(desc) => Some((count, if desc.wide { 12 } else { 8 })),
        TypeDesc::FuncProto(desc) => Some((count + usize::from(desc.variadic), 8)),
        _ => None,
    }
}

/// Returns the length of a type in bytes.
fn len(ty: &TypeDesc) -> usize {
    let after_record = match ty {
        TypeDesc::Int { .. } | TypeDesc::Var { .. } | TypeDesc::DeclTag { .. } => 4,
        TypeDesc::Array { .. } => 12,
        TypeDesc::LocParam { values, .. } => 4 + 4 * values.len(),
        ty => parts(ty).map_or(0, |(count, len)| count * len),
    };
    RECORD + after_record
}
