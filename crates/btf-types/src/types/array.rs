//! Arrays.

use crate::{ByteOrder, TypeId, raw};

/// What an ARRAY is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Array {
    /// The type of an element.
    pub element: TypeId,
    /// The type of an index.
    pub index: TypeId,
    /// How many elements; 0 for a flexible array.
    pub len: u32,
}

impl Array {
    #[inline]
    pub(crate) fn read(record: &raw::Array, order: ByteOrder) -> Self {
        Self {
            element: TypeId(record.elem_type.get(order)),
            index: TypeId(record.index_type.get(order)),
            len: record.nelems.get(order),
        }
    }
}
