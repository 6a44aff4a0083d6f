//! Settings of the generated graphs.

use std::ops::RangeInclusive;

use btf_types::{ByteOrder, Kind, PointerSize};

/// The settings of [`graph()`](crate::graph()), [`evolution()`](crate::evolution()) and
/// [`damaged()`](crate::damaged()). The default allows every kind of BTF.
///
/// ```
/// use btf_types::{ByteOrder, Kind};
/// use core_reloc_proptest::Profile;
///
/// let profile = Profile::default().types(1..=8).byte_order(ByteOrder::Big).without(Kind::Float);
/// assert_eq!(profile.byte_order, Some(ByteOrder::Big));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// The number of types in a graph. A few thousand at most: types contained by value are
    /// followed recursively.
    pub types: RangeInclusive<usize>,
    /// The maximum number of members, enumerators or parameters of a type.
    pub parts: usize,
    /// The weight of each kind. The first type is always an INT.
    pub kinds: Vec<(u32, Kind)>,
    /// The byte order; `None` for both.
    pub byte_order: Option<ByteOrder>,
    /// The size of a pointer; `None` for both.
    pub pointer_size: Option<PointerSize>,
    /// Whether some graphs are split on a base.
    pub split: bool,
    /// Whether two types of one kind, or two members of a composite, can have the same name.
    pub duplicates: bool,
    /// The number of edits in an evolution.
    pub edits: RangeInclusive<usize>,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            types: 1..=24,
            parts: 6,
            kinds: vec![
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
                (2, Kind::LocParam),
                (1, Kind::LocProto),
                (1, Kind::LocSec),
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
    /// Returns the profile of the BTF in a BPF object: not split on a base, with pointers of 8
    /// bytes, and without the inline sites that only kernels have.
    pub fn object() -> Self {
        let pointer_size = Some(PointerSize::Eight);
        let all = Self { types: 4..=32, pointer_size, split: false, ..Self::default() };
        [Kind::LocParam, Kind::LocProto, Kind::LocSec].into_iter().fold(all, Self::without)
    }

    /// Sets the number of types.
    #[must_use]
    pub fn types(self, types: RangeInclusive<usize>) -> Self {
        Self { types, ..self }
    }

    /// Sets the maximum number of members, enumerators and parameters.
    #[must_use]
    pub fn parts(self, parts: usize) -> Self {
        Self { parts, ..self }
    }

    /// Restricts graphs to one byte order.
    #[must_use]
    pub fn byte_order(self, order: ByteOrder) -> Self {
        Self { byte_order: Some(order), ..self }
    }

    /// Restricts graphs to one size of pointers.
    #[must_use]
    pub fn pointer_size(self, size: PointerSize) -> Self {
        Self { pointer_size: Some(size), ..self }
    }

    /// Sets whether some graphs are split on a base.
    #[must_use]
    pub fn split(self, split: bool) -> Self {
        Self { split, ..self }
    }

    /// Sets whether names can occur twice.
    #[must_use]
    pub fn duplicates(self, duplicates: bool) -> Self {
        Self { duplicates, ..self }
    }

    /// Sets the number of edits.
    #[must_use]
    pub fn edits(self, edits: RangeInclusive<usize>) -> Self {
        Self { edits, ..self }
    }

    /// Excludes a kind. Some INTs remain, since other types need them.
    #[must_use]
    pub fn without(mut self, kind: Kind) -> Self {
        self.kinds.retain(|(_, of)| *of != kind);
        self
    }
}
