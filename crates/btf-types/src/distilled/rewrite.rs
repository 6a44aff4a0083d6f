//! Writing split BTF with the ids and strings of another base.

use alloc::vec::Vec;

use super::{
    error::{Error, Result},
    map::Map,
};
use crate::{
    Btf, Kind, StrOffset, Type, TypeId,
    error::Error as ReadError,
    layout::Role,
    limits::{MAX_STR_OFFSET, MAX_TYPE_ID},
    raw,
};

/// Returns the bytes of split BTF with the words that refer to its distilled base, or to its own types and
/// strings, replaced. No word moves.
pub(super) fn rewrite<'a>(split: &'a Btf<'a>, map: &Map) -> Result<Vec<u8>> {
    let types = split.header().types();
    let (before, rest) = split_at(split.as_bytes(), types.start);
    let (_, after) = split_at(rest, types.len());
    let mut bytes = Vec::with_capacity(split.as_bytes().len());
    bytes.extend_from_slice(before);
    for ty in split.own_types() {
        rewrite_type(split, ty, map, &mut bytes)?;
    }
    bytes.extend_from_slice(after);
    Ok(bytes)
}

fn split_at(bytes: &[u8], at: usize) -> (&[u8], &[u8]) {
    bytes.split_at_checked(at).unwrap_or((bytes, &[]))
}

fn rewrite_type<'a>(
    split: &'a Btf<'a>,
    ty: Type<'a>,
    map: &Map,
    bytes: &mut Vec<u8>,
) -> Result<()> {
    if let Kind::Unknown(kind) = ty.kind() {
        return Err(Error::UnknownKind { id: ty.id(), kind });
    }
    for (index, (role, word)) in ty.words().enumerate() {
        let word = match role {
            Role::Name => string(split, ty, map, StrOffset(word))?.0,
            Role::Type => id(split, map, TypeId(word))?.0,
            Role::Number => word,
        };
        bytes.extend_from_slice(zerocopy::IntoBytes::as_bytes(&raw::U32::new(
            word,
            split.byte_order(),
        )));
        // The info word is after the name.
        if index == 0 {
            bytes.extend_from_slice(zerocopy::IntoBytes::as_bytes(&ty.raw().info));
        }
    }
    Ok(())
}

/// Returns the new id of a type.
fn id(split: &Btf<'_>, map: &Map, old: TypeId) -> Result<TypeId> {
    let last = split.next_id().saturating_sub(1);
    if old.0 > last {
        return Err(ReadError::NoSuchType { id: old, last }.into());
    }
    if let Some(index) = old.0.checked_sub(split.start_id().0) {
        return Ok(TypeId(moved("type ids", index, map.first_id, MAX_TYPE_ID)?));
    }
    // Every type of the distilled base is in the map.
    map.id(old).ok_or(ReadError::NoSuchType { id: old, last }.into())
}

/// Returns the new offset of a string.
fn string<'a>(split: &'a Btf<'a>, ty: Type<'a>, map: &Map, old: StrOffset) -> Result<StrOffset> {
    if let Some(index) = old.0.checked_sub(split.start_str_offset().0) {
        if old >= split.end_str_offset() {
            let end = split.end_str_offset().0;
            return Err(ReadError::NoSuchString { offset: old, end }.into());
        }
        let moved = moved("string offsets", index, map.first_string, MAX_STR_OFFSET)?;
        return Ok(StrOffset(moved));
    }
    if let Some(name) = map.name(old) {
        return Ok(name);
    }
    Err(Error::UnmappedString { id: ty.id(), name: split.string(old)?.as_bytes().into() })
}

/// Returns an index counted from another start.
fn moved(what: &'static str, index: u32, start: u32, allowed: u32) -> Result<u32> {
    let found = u64::from(index).saturating_add(start.into());
    match u32::try_from(found) {
        Ok(moved) if moved <= allowed => Ok(moved),
        _ => Err(ReadError::TooMany { what, found, allowed }.into()),
    }
}
