//! What generated graphs are like.

use core::ops::RangeInclusive;
use std::vec::Vec;

use crate::{ByteOrder, Kind, PointerSize};

/// What generated graphs are like. The default is BTF of any sort.
///
/// ```
/// use btf_types::{ByteOrder, Kind, proptest::Profile};
///
/// let profile = Profile::default().types(1..=8).byte_order(ByteOrder::Big).without(Kind::Float);
/// assert_eq!(profile.byte_order, Some(ByteOrder::Big));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// How many types a graph has; some more where one needs another. At most some thousands: types
    /// nest recursively.
    pub types: RangeInclusive<usize>,
    /// How many members, enumerators or parameters a type has at most.
    pub parts: usize,
    /// How likely each kind is. The first type is an INT, whatever this says.
    pub kinds: Vec<(u32, Kind)>,
    /// The byte order; either if `None`.
    pub byte_order: Option<ByteOrder>,
    /// The size of a pointer; either if `None`.
    pub pointer_size: Option<PointerSize>,
    /// Whether some graphs are split on a base.
    pub split: bool,
    /// Whether names may occur twice: of two types of one kind, and of two members.
    pub duplicates: bool,
    /// How many edits make a target of a local graph.
    pub edits: RangeInclusive<usize>,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            types: 1..=24,
            parts: 6,
            kinds: std::vec![
                (16, Kind::Int),
                (3, Kind::Float),
                (14, Kind::Ptr),
                (10, Kind::Array),
                (24, Kind::Struct),
                (10, Kind::Union),
                (6, Kind::Enum),
                (3, Kind::Enum64),
                (3, Kind::Fwd),
                (9, Kind::Typedef),
                (3, Kind::Volatile),
                (4, Kind::Const),
                (2, Kind::Restrict),
                (2, Kind::TypeTag),
                (4, Kind::FuncProto),
                (2, Kind::Func),
                (1, Kind::Var),
                (1, Kind::DataSec),
                (1, Kind::DeclTag),
            ],
            byte_order: None,
            pointer_size: None,
            split: true,
            duplicates: false,
            edits: 0..=8,
        }
    }
}

impl Profile {
    /// What a compiler writes into a BPF object: it stands alone, and pointers have 8 bytes.
    pub fn object() -> Self {
        let pointer_size = Some(PointerSize::Eight);
        Self { types: 4..=32, pointer_size, split: false, ..Self::default() }
    }

    /// This profile with another number of types.
    #[must_use]
    pub fn types(self, types: RangeInclusive<usize>) -> Self {
        Self { types, ..self }
    }

    /// This profile with another number of members, enumerators and parameters at most.
    #[must_use]
    pub fn parts(self, parts: usize) -> Self {
        Self { parts, ..self }
    }

    /// This profile with one byte order.
    #[must_use]
    pub fn byte_order(self, order: ByteOrder) -> Self {
        Self { byte_order: Some(order), ..self }
    }

    /// This profile with one size of pointers.
    #[must_use]
    pub fn pointer_size(self, size: PointerSize) -> Self {
        Self { pointer_size: Some(size), ..self }
    }

    /// This profile with another choice about split graphs.
    #[must_use]
    pub fn split(self, split: bool) -> Self {
        Self { split, ..self }
    }

    /// This profile with another choice about names that occur twice.
    #[must_use]
    pub fn duplicates(self, duplicates: bool) -> Self {
        Self { duplicates, ..self }
    }

    /// This profile with another number of edits.
    #[must_use]
    pub fn edits(self, edits: RangeInclusive<usize>) -> Self {
        Self { edits, ..self }
    }

    /// This profile without a kind. INTs stay where others need one.
    #[must_use]
    pub fn without(mut self, kind: Kind) -> Self {
        self.kinds.retain(|(_, of)| *of != kind);
        self
    }
}
