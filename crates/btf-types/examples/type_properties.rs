//! How another project tests itself with generated types: here a tool that lists the holes in
//! structs, and what became of their members in a later kernel.
//!
//! ```sh
//! cargo test -p btf-types --features proptest --example type_properties
//! ```
#![allow(clippy::arithmetic_side_effects, reason = "the numbers are those of small types")]

use std::ops::Range;

use btf_types::{Btf, Kind, Result, Type};

/// The bits of a struct or union that belong to no member.
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

/// The names of the members that the first struct of a name has in one BTF but not in another.
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
    println!("lost since then: {:?}", lost("task_struct", &btf, &btf)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use btf_types::proptest::{Change, Packing, Profile, TypeDesc, evolution, graph};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// A compiler packs without gaps, but where bitfields end within a byte.
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

        /// The edits that made the later kernel say what must be gone.
        #[test]
        fn a_renamed_member_is_lost(evolution in evolution(Profile::object().edits(1..=1))) {
            let evolved = evolution.evolve();
            let Some(edit) = evolution.edits.first() else { return Ok(()) };
            let Change::RenameMember { member, name: new } = &edit.change else { return Ok(()) };
            let ty = evolution.local.get(edit.ty).unwrap();
            let name = ty.name();
            let alone = evolution.local.types.iter().filter(|ty| ty.name() == name).count() == 1;
            if ty.kind() != Kind::Struct || name.is_empty() || !alone {
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
