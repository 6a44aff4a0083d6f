//! Resolving access paths in described graphs.

use btf_types::TypeId;

use crate::types::{desc::TypeDesc, graph::Graph, layout::Layout};

/// The member or element that an access path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedPath {
    /// Its type, before modifiers and typedefs are skipped.
    pub ty: TypeId,
    /// Its offset in bits from the address that the pointer to the root holds.
    pub bit_offset: u64,
    /// Its number of bits, if it is a bitfield.
    pub bits: Option<u8>,
    /// Whether the last number of the path indexes an array or the root pointer, rather than
    /// members.
    pub is_element: bool,
    /// Whether it is an anonymous member.
    pub is_anonymous: bool,
    /// The composite or array that each number indexes, except for the first number.
    pub containers: Vec<TypeId>,
}

/// Resolves an access path; `None` if it does not fit the types.
pub fn resolve_path(
    graph: &Graph,
    layout: &Layout,
    root: TypeId,
    path: &[u32],
) -> Option<ResolvedPath> {
    let (first, rest) = path.split_first()?;
    let mut resolved = ResolvedPath {
        ty: root,
        bit_offset: elements(layout, root, *first)?,
        bits: None,
        is_element: true,
        is_anonymous: false,
        containers: Vec::with_capacity(rest.len()),
    };
    for number in rest {
        let container = graph.skip_modifiers_and_typedefs(resolved.ty);
        let offset = match graph.get(container)? {
            TypeDesc::Composite(composite) => {
                let index = usize::try_from(*number).ok()?;
                let member = composite.members.get(index)?;
                resolved.ty = member.ty;
                resolved.bits = member.bits;
                resolved.is_element = false;
                resolved.is_anonymous = member.name.is_empty();
                u64::from(*layout.offsets(container).get(index)?)
            }
            TypeDesc::Array { element, .. } => {
                resolved.ty = *element;
                resolved.bits = None;
                resolved.is_element = true;
                resolved.is_anonymous = false;
                elements(layout, *element, *number)?
            }
            _ => return None,
        };
        resolved.bit_offset = resolved.bit_offset.checked_add(offset)?;
        resolved.containers.push(container);
    }
    Some(resolved)
}

/// Returns the size in bits of `count` elements.
fn elements(layout: &Layout, element: TypeId, count: u32) -> Option<u64> {
    u64::from(layout.size(element)?).checked_mul(8)?.checked_mul(count.into())
}
