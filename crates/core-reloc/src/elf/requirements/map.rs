//! The maps that an object defines, in `.maps`.
//!
//! Follows libbpf's `parse_btf_map_def` (BSD-2-Clause option), as far as the kernel must know the map.

use alloc::vec::Vec;

use btf_types::{Btf, Kind, KindSet, Name, Type, TypeId};

use super::constants::MapType;

/// A map that an object defines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Map<'a> {
    /// The name of the variable.
    pub name: Name<'a>,
    /// The variable.
    pub id: TypeId,
    /// The type.
    pub map_type: MapType,
    /// The number of entries: 0 if the object leaves it to user space, or if the type has none.
    pub max_entries: u32,
}

/// Returns the maps of an object in the order of their definition.
pub(super) fn maps<'a>(btf: &'a Btf<'a>) -> Vec<Map<'a>> {
    let sections = btf.own_types_of(KindSet::from_iter([Kind::DataSec]));
    let maps = sections.filter(|section| section.is_named(b".maps"));
    maps.flat_map(|section| section.variables())
        .filter_map(|entry| map(btf.type_by_id(entry.type_id()).ok()?))
        .collect()
}

fn map(variable: Type<'_>) -> Option<Map<'_>> {
    let definition = variable.referenced().ok()??.skip_modifiers_and_typedefs().ok()?;
    let number = |name: &str| {
        let member = definition
            .members()
            .into_iter()
            .find(|member| member.name().is_ok_and(|it| it == name))?;
        number(member.ty().ok()?)
    };
    Some(Map {
        name: variable.name().ok()?,
        id: variable.id(),
        map_type: MapType(number("type")?),
        max_entries: number("max_entries").unwrap_or(0),
    })
}

/// Returns the number that a member states by its type: a pointer to an array of that many elements
/// (the macro `__uint`).
fn number(ty: Type<'_>) -> Option<u32> {
    let pointer = ty.skip_modifiers_and_typedefs().ok()?;
    let array = pointer.referenced().ok()??.skip_modifiers_and_typedefs().ok()?;
    Some(array.array()?.len)
}
