//! Testing a tool with generated types: it lists the holes in structs, and the members that a later
//! kernel no longer has.
//!
//! ```sh
//! cargo test -p core-reloc-proptest --example type_properties
//! ```
#![allow(clippy::arithmetic_side_effects, reason = "the numbers are those of small types")]

use std::ops::Range;

use btf_types::{Btf, Kind, Result, Type};

/// Returns the bits of a struct or union that belong to no member.
fn holes(ty: Type<'_>) -> Result<Vec<Range<u32>>> {
    let mut taken = Vec::new();
    for member in ty.members() {
        let bits = match u32::from(member.bitfield_size()) {
            0 => member.ty()?.size()? * 8,
            bits => bits,
        };
        taken.push(member.bit_offset()..member.bit_offset() + bits);
    }
    taken.sort_by_key(|range| range.start);
    let mut holes = Vec::new();
    let mut end = 0;
    for range in taken {
        if range.start > end {
            holes.push(end..range.start);
        }
        end = end.max(range.end);
    }
    let size = ty.size()? * 8;
    if size > end {
        holes.push(end..size);
    }
    Ok(holes)
}

/// Returns the names of the members that the first struct with a name has in `old` but not in
/// `new`.
fn lost(name: &str, old: &Btf<'_>, new: &Btf<'_>) -> Result<Vec<String>> {
    let members = |btf: &Btf<'_>| -> Result<Vec<String>> {
        let ty = btf.find(name, Kind::Struct);
        ty.iter().flat_map(|ty| ty.members()).map(|member| Ok(member.name()?.to_string())).collect()
    };
    let (old, new) = (members(old)?, members(new)?);
    Ok(old.into_iter().filter(|name| !new.contains(name)).collect())
}

fn main() -> Result<()> {
    let path = "/sys/kernel/btf/vmlinux";
    let Ok(bytes) = std::fs::read(path) else {
        println!("this kernel has no BTF at {path}");
        return Ok(());
    };
    let btf = Btf::parse(&bytes)?;
    if let Some(ty) = btf.find("task_struct", Kind::Struct) {
        println!("holes in task_struct, in bits: {:?}", holes(ty)?);
    }
    println!("members lost since then: {:?}", lost("task_struct", &btf, &btf)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use core_reloc_proptest::{
        Profile, evolution,
        evolve::Change,
        graph,
        types::{Packing, TypeDesc},
    };
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Packed structs have no gaps, except after bitfields that end within a byte.
        #[test]
        fn packed_structs_have_no_holes(graph in graph(Profile::default().split(false))) {
            let bytes = graph.to_bytes().unwrap();
            let btf = Btf::parse(&bytes).unwrap();
            for (id, ty) in graph.iter() {
                let TypeDesc::Composite(desc) = ty else { continue };
                let bitfields = desc.members.iter().any(|member| member.bits.is_some());
                if desc.packing == Packing::Packed && !bitfields {
                    prop_assert_eq!(holes(btf.type_by_id(id).unwrap()).unwrap(), vec![]);
                }
            }
        }

        /// The edits that lead to the later kernel determine which members are lost.
        #[test]
        fn a_renamed_member_is_lost(evolution in evolution(Profile::object().edits(1..=1))) {
            let evolved = evolution.evolve();
            let Some(edit) = evolution.edits.first() else { return Ok(()) };
            let Change::RenameMember { member, name: new } = &edit.change else { return Ok(()) };
            let ty = evolution.local.get(edit.ty).unwrap();
            let name = ty.name();
            let unique = evolution.local.types.iter().filter(|ty| ty.name() == name).count() == 1;
            if ty.kind() != Kind::Struct || name.is_empty() || !unique {
                return Ok(());
            }
            let (local, kernel) =
                (evolution.local.to_bytes().unwrap(), evolved.main.to_bytes().unwrap());
            let (local, kernel) = (Btf::parse(&local).unwrap(), Btf::parse(&kernel).unwrap());
            let old = &ty.members()[*member].name;
            let expected = if new == old { vec![] } else { vec![old.clone()] };
            prop_assert_eq!(lost(name, &local, &kernel).unwrap(), expected);
        }
    }
}
