//! What a spec leads to.

use btf_types::{Btf, Enumerator, Type, TypeId};

/// What an access path leads to, in the local or in the target types.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Spec<'a> {
    /// The BTF that all ids belong to.
    pub btf: &'a Btf<'a>,
    /// The root type: the record's own type, or a candidate. Modifiers and typedefs are not
    /// stripped.
    pub root: TypeId,
    /// The offset of the field in bits from the start of the root; 0 for types and enumerators.
    pub bit_offset: u32,
    /// What is at the end of the path.
    pub end: End<'a>,
}

/// What is at the end of a spec.
#[derive(Debug, Clone, Copy)]
pub enum End<'a> {
    /// The root type itself.
    Type,
    /// A field, or an element, of the root type.
    Field(Field<'a>),
    /// An enumerator of the root type.
    Enumerator(Enumerator<'a>),
}

/// The field at the end of a spec.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Field<'a> {
    /// The type, with modifiers and typedefs stripped.
    pub ty: Type<'a>,
    /// Whether it is an array element (or the root) rather than a named member.
    pub is_element: bool,
    /// The size of a bitfield in bits; 0 for any other field.
    pub bitfield_size: u8,
}

impl<'a> Spec<'a> {
    /// Returns the spec of the root type itself.
    pub(crate) fn of_root(btf: &'a Btf<'a>, root: TypeId) -> Self {
        Self { btf, root, bit_offset: 0, end: End::Type }
    }

    /// Returns the field, if the spec leads to one.
    pub fn field(&self) -> Option<&Field<'a>> {
        match &self.end {
            End::Field(field) => Some(field),
            End::Type | End::Enumerator(_) => None,
        }
    }
}
