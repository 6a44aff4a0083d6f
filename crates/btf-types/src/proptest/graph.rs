//! Descriptions of type graphs: types that refer to each other by id.

use std::vec::Vec;

use super::TypeDesc;
use crate::{ByteOrder, TypeId};

/// A type graph, as a compiler holds it before it writes BTF: sizes and offsets follow from the
/// types, they are not stored. See [`Graph::layout`] and [`Graph::to_bytes`].
///
/// Types refer to each other by the id that they have in the BTF: `types[0]` is `TypeId(1)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    /// The byte order that is written.
    pub byte_order: ByteOrder,
    /// How many of the first types are in a base, on which the rest is split. 0 stands alone.
    pub base_len: usize,
    /// The types, a base's first.
    pub types: Vec<TypeDesc>,
}

impl Graph {
    /// The type of an id; `None` for `void` and for ids that do not exist.
    pub fn get(&self, id: TypeId) -> Option<&TypeDesc> {
        self.types.get(index(id)?)
    }

    /// As [`Graph::get`], to change it.
    pub fn get_mut(&mut self, id: TypeId) -> Option<&mut TypeDesc> {
        self.types.get_mut(index(id)?)
    }

    /// Adds a type.
    pub fn push(&mut self, ty: TypeDesc) -> TypeId {
        self.types.push(ty);
        id(self.types.len() - 1)
    }

    /// All types with their ids.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (TypeId, &TypeDesc)> {
        self.types.iter().enumerate().map(|(index, ty)| (id(index), ty))
    }

    /// The id behind typedefs, modifiers and type tags. A chain that is a circle ends somewhere in
    /// it.
    pub fn skip_modifiers_and_typedefs(&self, id: TypeId) -> TypeId {
        let mut id = id;
        for _ in 0..self.types.len() {
            match self.get(id) {
                Some(
                    TypeDesc::Typedef { of, .. }
                    | TypeDesc::Modifier(_, of)
                    | TypeDesc::TypeTag { of, .. },
                ) => id = *of,
                _ => break,
            }
        }
        id
    }

    /// The type behind typedefs, modifiers and type tags; `None` for `void`.
    pub fn resolve(&self, id: TypeId) -> Option<&TypeDesc> {
        self.get(self.skip_modifiers_and_typedefs(id))
    }

    /// The size of a pointer in bytes, as readers tell it: that of the first INT called `long` or
    /// `unsigned long`, else 8.
    pub fn pointer_size(&self) -> u32 {
        let long = self.types.iter().find_map(|ty| match ty {
            TypeDesc::Int { name, size: size @ (4 | 8), .. } if is_long(name) => Some(*size),
            _ => None,
        });
        long.unwrap_or(8)
    }
}

/// Whether an INT of this name is as wide as a pointer.
pub(super) fn is_long(name: &str) -> bool {
    matches!(name, "long" | "unsigned long" | "long int" | "long unsigned int")
}

/// The id of a type by its place among the types.
pub(super) fn id(index: usize) -> TypeId {
    TypeId(u32::try_from(index + 1).unwrap_or(u32::MAX))
}

/// The place of a type among the types, by its id.
pub(super) fn index(id: TypeId) -> Option<usize> {
    usize::try_from(id.0).ok()?.checked_sub(1)
}
