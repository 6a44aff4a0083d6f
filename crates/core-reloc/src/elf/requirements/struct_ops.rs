//! Structs of functions that an object hands to the kernel: `.struct_ops` and `.struct_ops.link`.
//!
//! Follows libbpf's `init_struct_ops_maps` and `bpf_object__collect_st_ops_relos` (BSD-2-Clause option).

use alloc::{collections::BTreeMap, vec::Vec};

use btf_types::{Btf, Kind, KindSet, Name, Type, TypeId};

use super::function::Function;
use crate::elf::{
    file::Section,
    links::Links,
    symbols::{Place, Symbols},
};

/// A variable with functions for the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StructOps<'a> {
    /// The name of the variable.
    pub name: Name<'a>,
    /// Its struct, in the object's own types.
    pub struct_id: TypeId,
    /// Whether the section's name starts with `?`: loaders do not create it unless user space asks for it.
    pub is_optional: bool,
    /// Its bytes.
    pub data: &'a [u8],
    /// The functions that it has.
    pub callbacks: Vec<Callback>,
}

/// A function in a [`StructOps`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Callback {
    /// The offset of the pointer in the struct, in bytes.
    pub offset: u32,
    /// The index of the function.
    pub function: usize,
}

/// Returns the variables in a section, if it has the right name.
pub(super) fn struct_ops<'a>(
    btf: &'a Btf<'a>,
    section: &Section<'a>,
    bytes: &'a [u8],
    links: Option<&Links>,
    symbols: Symbols<'a>,
    functions: &[Function<'a>],
) -> Vec<StructOps<'a>> {
    let Some(is_optional) = is_struct_ops(section.name) else { return Vec::new() };
    let starts: BTreeMap<(u32, u64), usize> = (0..)
        .zip(functions)
        .map(|(index, function)| ((function.section_index, function.range.start), index))
        .collect();
    let variable = |ty: Type<'a>, offset: u32| {
        let described = ty.referenced().ok()??.skip_modifiers_and_typedefs().ok()?;
        let size = described.stated_size().filter(|_| described.kind() == Kind::Struct)?;
        let start = usize::try_from(offset).ok()?;
        let end = start.checked_add(usize::try_from(size).ok()?)?;
        let data = bytes.get(start..end)?;
        let range = (u64::from(offset), u64::from(offset).saturating_add(size.into()));
        let callback = |offset_in_section: u64, symbol: u32| {
            let symbol = symbols.get(symbol)?;
            let Place::Section(section) = symbol.place else { return None };
            let function = *starts.get(&(section, symbol.value))?;
            let offset = offset_in_section.checked_sub(offset.into())?;
            Some(Callback { offset: u32::try_from(offset).ok()?, function })
        };
        let links = links.map_or(&[][..], |links| links.range(range.0, range.1));
        let callbacks = links.iter().filter_map(|link| callback(link.offset, link.symbol));
        Some(StructOps {
            name: ty.name().ok()?,
            struct_id: described.id(),
            is_optional,
            data,
            callbacks: callbacks.collect(),
        })
    };
    let sections = btf.own_types_of(KindSet::from_iter([Kind::DataSec]));
    let named = sections.filter(|found| found.is_named(section.name.as_bytes()));
    named
        .flat_map(|found| found.variables())
        .filter_map(|entry| variable(btf.type_by_id(entry.type_id()).ok()?, entry.offset()))
        .collect()
}

/// Returns whether a section with this name is optional; `None` for other sections.
pub(super) fn is_struct_ops(name: Name<'_>) -> Option<bool> {
    match name.as_bytes() {
        b".struct_ops" | b".struct_ops.link" => Some(false),
        b"?.struct_ops" | b"?.struct_ops.link" => Some(true),
        _ => None,
    }
}
