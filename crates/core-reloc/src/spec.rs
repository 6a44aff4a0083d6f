//! Specs: access paths spelled out against types, on the local and on the target side.

pub(crate) mod enumerator;
pub(crate) mod local;
pub(crate) mod member;
pub(crate) mod target;

use btf_types::{Btf, StrOffset, Type, TypeId};
use smallvec::SmallVec;

use crate::AccessPath;

/// One step of a spec that means something: a named member, an array element, or an enumerator.
/// Anonymous structs and unions on the way leave no accessor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accessor {
    /// For a member, the struct or union that it is in directly; for an element, the element's
    /// type; for an enumerator, the enum. Modifiers and typedefs are behind.
    pub(crate) type_id: TypeId,
    /// Which member, element or enumerator.
    pub(crate) index: u32,
    /// The name of the member or enumerator; none for an element.
    pub(crate) name_off: Option<StrOffset>,
    /// The type of the member, modifiers and typedefs included; for others, `void`.
    pub(crate) member_type: TypeId,
}

/// An access path against one root type, with what it leads to.
///
/// Type-based relocations have no accessors and no path.
#[derive(Debug, Clone)]
pub(crate) struct Spec<'a> {
    /// The BTF that all ids are of.
    pub(crate) btf: &'a Btf<'a>,
    /// The root type: the record's own type, or a candidate. Modifiers and typedefs are not
    /// skipped.
    pub(crate) root: TypeId,
    /// The high-level spec: named members and elements. The first is the root as an element.
    pub(crate) accessors: SmallVec<[Accessor; 4]>,
    /// The low-level spec of a target: one index for every step, anonymous members included. A local
    /// one's is the relocation's own access path, and is not kept twice.
    pub(crate) path: AccessPath,
    /// Where the field begins, in bits from the start of the root.
    pub(crate) bit_offset: u32,
    /// What the last accessor leads to; none for types and enumerators.
    pub(crate) field: Option<Field<'a>>,
}

/// What a field-based spec leads to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    /// The type, modifiers and typedefs behind.
    pub(crate) ty: Type<'a>,
    /// Whether it is an array element (or the root) rather than a named member.
    pub(crate) is_element: bool,
    /// The size in bits, of a bitfield; else 0.
    pub(crate) bitfield_size: u8,
}

impl<'a> Spec<'a> {
    /// A spec of the root type alone.
    pub(crate) fn of_root(btf: &'a Btf<'a>, root: TypeId) -> Self {
        Self {
            btf,
            root,
            accessors: SmallVec::new(),
            path: AccessPath::default(),
            bit_offset: 0,
            field: None,
        }
    }

    /// Goes on to a named member, whose type's modifiers and typedefs are behind.
    pub(crate) fn push_member(&mut self, accessor: Accessor, ty: Type<'a>, bitfield_size: u8) {
        self.accessors.push(accessor);
        self.field = Some(Field { ty, is_element: false, bitfield_size });
    }

    /// Goes on to an array element, or begins at the root as one.
    pub(crate) fn push_element(&mut self, index: u32, ty: Type<'a>) {
        self.accessors.push(Accessor {
            type_id: ty.id(),
            index,
            name_off: None,
            member_type: TypeId::VOID,
        });
        self.field = Some(Field { ty, is_element: true, bitfield_size: 0 });
    }

    /// Moves on by `bits`, or says that the offset no longer fits 32 bits.
    pub(crate) fn advance(&mut self, bits: u64) -> Option<()> {
        let bits = u32::try_from(bits).ok()?;
        self.bit_offset = self.bit_offset.checked_add(bits)?;
        Some(())
    }
}

/// Whether an array is flexible: without elements, and the last member of the struct or union that
/// it was reached in. libbpf's `is_flex_arr`.
pub(crate) fn is_flexible(btf: &Btf<'_>, reached_by: Option<&Accessor>, len: u32) -> bool {
    let Some(Accessor { type_id, index, name_off: Some(_), .. }) = reached_by else { return false };
    let composite = btf.type_by_id(*type_id);
    len == 0
        && composite.is_ok_and(|composite: Type<'_>| index.checked_add(1) == Some(composite.vlen()))
}
