//! Specs: access paths spelled out against types, on the local and on the target side.
//!
//! Of a local spec all accessors are kept, since every candidate is searched for them; of a target spec
//! only the place that they lead to.

pub(crate) mod enumerator;
pub(crate) mod local;
pub(crate) mod member;
pub(crate) mod shared;
pub(crate) mod step;
pub(crate) mod target;

use btf_types::{Btf, Enumerator, StrOffset, Type, TypeId};
use smallvec::SmallVec;

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
    /// The same without them.
    pub(crate) behind: TypeId,
}

impl Accessor {
    /// An element of a type.
    pub(crate) fn element(ty: Type<'_>, index: u32) -> Self {
        let (type_id, behind) = (ty.id(), ty.id());
        Self { type_id, index, name_off: None, member_type: TypeId::VOID, behind }
    }

    /// The member that this is: the struct or union that it is in, and its index there.
    pub(crate) fn member(&self) -> Option<(TypeId, u32)> {
        self.name_off.map(|_| (self.type_id, self.index))
    }
}

/// The access path of a relocation, spelled out against the object's own types.
#[derive(Debug, Clone)]
pub(crate) struct LocalSpec<'a> {
    /// Named members and elements, of which the first is the root as an element; or one
    /// enumerator; or nothing, of a type.
    pub(crate) accessors: SmallVec<[Accessor; 4]>,
    /// What they lead to.
    pub(crate) place: Place<'a>,
}

/// What a spec leads to, on the local or on the target side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The BTF that all ids are of.
    pub(crate) btf: &'a Btf<'a>,
    /// The root type: the record's own type, or a candidate. Modifiers and typedefs are not
    /// skipped.
    pub(crate) root: TypeId,
    /// Where the field begins, in bits from the start of the root.
    pub(crate) bit_offset: u32,
    /// What is there.
    pub(crate) end: End<'a>,
}

/// What is at the end of a spec.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End<'a> {
    /// The root type itself.
    Type,
    /// A field, or an element, of it.
    Field(Field<'a>),
    /// An enumerator of it.
    Enumerator(Enumerator<'a>),
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

impl<'a> Place<'a> {
    /// The root type itself.
    pub(crate) fn of_root(btf: &'a Btf<'a>, root: TypeId) -> Self {
        Self { btf, root, bit_offset: 0, end: End::Type }
    }

    /// The field, if the spec leads to one.
    pub(crate) fn field(&self) -> Option<&Field<'a>> {
        match &self.end {
            End::Field(field) => Some(field),
            End::Type | End::Enumerator(_) => None,
        }
    }
}

/// A bit offset that is `bits` further on, if that still fits 32 bits.
#[inline]
pub(crate) fn advance(bit_offset: u32, bits: u64) -> Option<u32> {
    bit_offset.checked_add(u32::try_from(bits).ok()?)
}

/// Whether an array is flexible: without elements, and the last member of the struct or union that
/// it was reached in, which is given with the member's index. libbpf's `is_flex_arr`.
pub(crate) fn is_flexible(btf: &Btf<'_>, reached_by: Option<(TypeId, u32)>, len: u32) -> bool {
    let Some((owner, index)) = reached_by.filter(|_| len == 0) else { return false };
    let owner = btf.type_by_id(owner);
    owner.is_ok_and(|owner: Type<'_>| index.checked_add(1) == Some(owner.vlen()))
}
