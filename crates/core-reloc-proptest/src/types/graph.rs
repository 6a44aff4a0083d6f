//! Type graphs.

use btf_types::{ByteOrder, TypeId};

use super::desc::TypeDesc;

/// A type graph without sizes and offsets, as a compiler has it before it writes BTF.
///
/// Types refer to each other by the ids that they have in the BTF: `types[0]` is `TypeId(1)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    /// The byte order of the BTF.
    pub byte_order: ByteOrder,
    /// The number of types in the base on which the others are split; 0 if there is no base.
    pub base_len: usize,
    /// The types, those of the base first.
    pub types: Vec<TypeDesc>,
}

impl Graph {
    /// Returns the type with an id; `None` for `void` and for ids that do not exist.
    pub fn get(&self, id: TypeId) -> Option<&TypeDesc> {
        self.types.get(index(id)?)
    }

    /// Returns the type with an id, mutably.
    pub fn get_mut(&mut self, id: TypeId) -> Option<&mut TypeDesc> {
        self.types.get_mut(index(id)?)
    }

    /// Appends a type, and returns its id.
    pub fn push(&mut self, ty: TypeDesc) -> TypeId {
        self.types.push(ty);
        id(self.types.len() - 1)
    }

    /// Iterates over all types with their ids.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (TypeId, &TypeDesc)> {
        self.types.iter().enumerate().map(|(index, ty)| (id(index), ty))
    }

    /// Returns the id of the underlying type, with typedefs, modifiers and type tags skipped. In a
    /// cycle of those, it returns any of them.
    pub fn skip_modifiers_and_typedefs(&self, id: TypeId) -> TypeId {
        let mut id = id;
        for _ in 0..self.types.len() {
            match self.get(id).and_then(TypeDesc::stands_for) {
                Some(of) => id = of,
                None => break,
            }
        }
        id
    }

    /// Returns the underlying type, with typedefs, modifiers and type tags skipped; `None` for
    /// `void`.
    pub fn resolve(&self, id: TypeId) -> Option<&TypeDesc> {
        self.get(self.skip_modifiers_and_typedefs(id))
    }

    /// Returns the size of a pointer in bytes, as readers of the BTF determine it: the size of the
    /// first INT that is named `long` or `unsigned long`; 8 if there is none.
    pub fn pointer_size(&self) -> u32 {
        let long = self.types.iter().find_map(|ty| match ty {
            TypeDesc::Int { name, size: size @ (4 | 8), .. } if is_long(name) => Some(*size),
            _ => None,
        });
        long.unwrap_or(8)
    }
}

/// Returns `true` if an INT of this name has the size of a pointer.
pub(crate) fn is_long(name: &str) -> bool {
    matches!(name, "long" | "unsigned long" | "long int" | "long unsigned int")
}

/// Returns the id of the type with an index.
pub(crate) fn id(index: usize) -> TypeId {
    TypeId(u32::try_from(index + 1).unwrap_or(u32::MAX))
}

/// Returns the index of the type with an id; `None` for `void`.
pub(crate) fn index(id: TypeId) -> Option<usize> {
    usize::try_from(id.0).ok()?.checked_sub(1)
}
