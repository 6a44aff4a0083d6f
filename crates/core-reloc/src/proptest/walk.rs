//! The way of an access path through a described graph.

use std::vec::Vec;

use btf_types::{
    TypeId,
    proptest::{Graph, Layout, TypeDesc},
};

/// Where an access path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walked {
    /// The type that is there, modifiers and typedefs included.
    pub ty: TypeId,
    /// Its offset in bits from where the pointer to the root points.
    pub bit_offset: u64,
    /// The number of bits, of a bitfield.
    pub bits: Option<u8>,
    /// Whether the last number is an index of an array or of the root, rather than of a member.
    pub is_element: bool,
    /// Whether the last number is of a member that has no name.
    pub is_anonymous: bool,
    /// For each number but the first, the composite or array that it is an index of.
    pub holders: Vec<TypeId>,
}

/// Follows an access path as a compiler would make one; `None` if it leads nowhere.
pub fn walk(graph: &Graph, layout: &Layout, root: TypeId, path: &[u32]) -> Option<Walked> {
    let (first, rest) = path.split_first()?;
    let mut walked = Walked {
        ty: root,
        bit_offset: elements(layout, root, *first)?,
        bits: None,
        is_element: true,
        is_anonymous: false,
        holders: Vec::with_capacity(rest.len()),
    };
    for number in rest {
        let holder = graph.skip_modifiers_and_typedefs(walked.ty);
        let offset = match graph.get(holder)? {
            TypeDesc::Composite(composite) => {
                let index = usize::try_from(*number).ok()?;
                let member = composite.members.get(index)?;
                walked.ty = member.ty;
                walked.bits = member.bits;
                walked.is_element = false;
                walked.is_anonymous = member.name.is_empty();
                u64::from(*layout.offsets(holder).get(index)?)
            }
            TypeDesc::Array { element, .. } => {
                walked.ty = *element;
                walked.bits = None;
                walked.is_element = true;
                walked.is_anonymous = false;
                elements(layout, *element, *number)?
            }
            _ => return None,
        };
        walked.bit_offset = walked.bit_offset.checked_add(offset)?;
        walked.holders.push(holder);
    }
    Some(walked)
}

/// The size in bits of so many elements.
fn elements(layout: &Layout, element: TypeId, count: u32) -> Option<u64> {
    u64::from(layout.size(element)?).checked_mul(8)?.checked_mul(count.into())
}
