//! Damaged BTF: well-formed except for one fact, and bytes that no encoder wrote.
//!
//! [`damaged()`](crate::damaged()) is the strategy of [`Damaged`] graphs;
//! [`noise()`](crate::noise()) generates arbitrary bytes.
//!
//! ```
//! use btf_types::{Btf, ByteOrder, TypeId};
//! use core_reloc_proptest::{
//!     damage::{Damage, Damaged, Detection},
//!     types::{Graph, TypeDesc},
//! };
//!
//! let pointer = TypeDesc::Ptr(TypeId::VOID);
//! let damaged = Damaged {
//!     graph: Graph { byte_order: ByteOrder::Big, base_len: 0, types: vec![pointer] },
//!     damage: Damage::Reference { ty: TypeId(1), to: TypeId(7) },
//! };
//! let bytes = damaged.to_bytes().unwrap();
//! assert_eq!(damaged.damage.detection(), Detection::Validate);
//! assert!(Btf::parse(&bytes).unwrap().validate().is_err());
//! ```

mod apply;
pub(crate) mod noise;
mod propose;

use btf_types::TypeId;

use crate::{
    strategy::{Random, Shrink},
    types::{
        error::GraphError,
        graph::Graph,
        profile::Profile,
        reduce::{GraphCut, Renumbering},
    },
};

/// A graph whose BTF has one wrong fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// The graph. If it is split on a base, the base is not damaged.
    pub graph: Graph,
    /// The wrong fact.
    pub damage: Damage,
}

/// The wrong fact of damaged BTF. Types are given by their ids in the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// The magic is wrong.
    Magic(u16),
    /// The version is wrong.
    Version(u8),
    /// The header's length is less than the minimum, or more than the whole file's.
    HeaderLen(u32),
    /// The type section's offset is not a multiple of 4, or is past the end.
    TypesOffset(u32),
    /// The type section's length reaches past its end.
    TypesLen(u32),
    /// The string section's offset is such that the section ends past the end of the file.
    StringsOffset(u32),
    /// The string section's length is such that the section ends past the end of the file.
    StringsLen(u32),
    /// This many bytes are missing at the end.
    Truncated(usize),
    /// The first string of BTF without a base is not empty.
    FirstString,
    /// The last string is not terminated.
    LastString,
    /// A type has an unknown kind.
    UnknownKind {
        /// The type.
        ty: TypeId,
        /// The kind's number.
        kind: u8,
    },
    /// The vlen of a type is larger than the file has room for.
    Vlen {
        /// The type.
        ty: TypeId,
        /// The wrong vlen.
        vlen: u32,
    },
    /// The name offset of a type is outside of the strings.
    Name {
        /// The type.
        ty: TypeId,
        /// The wrong offset.
        offset: u32,
    },
    /// The name offset of a member, enumerator or parameter is outside of the strings.
    PartName {
        /// The type.
        ty: TypeId,
        /// The index of the part.
        part: usize,
        /// The wrong offset.
        offset: u32,
    },
    /// A type refers to a type that does not exist.
    Reference {
        /// The type that refers.
        ty: TypeId,
        /// The id that does not exist.
        to: TypeId,
    },
    /// A member, parameter or variable refers to a type that does not exist.
    PartReference {
        /// The type.
        ty: TypeId,
        /// The index of the part.
        part: usize,
        /// The id that does not exist.
        to: TypeId,
    },
    /// A typedef, modifier, type tag or array refers to itself.
    Cycle(TypeId),
    /// A composite is the type of one of its members.
    ContainsItself {
        /// The composite.
        ty: TypeId,
        /// The index of the member.
        part: usize,
    },
    /// An INT has more bits than its size holds.
    IntBits {
        /// The INT.
        ty: TypeId,
        /// The wrong number of bits.
        bits: u8,
    },
    /// The size of a type is wrong, which a reader cannot detect.
    Size {
        /// The type.
        ty: TypeId,
        /// The wrong size in bytes.
        size: u32,
    },
    /// The offset of a member is wrong, which a reader cannot detect.
    Offset {
        /// The composite.
        ty: TypeId,
        /// The index of the member.
        part: usize,
        /// The wrong offset as stored, with the size of a bitfield in the upper 8 bits.
        offset: u32,
    },
    /// The kind_flag of a type is inverted, which a reader cannot detect.
    KindFlag(TypeId),
    /// One byte is wrong, with unknown consequences.
    Byte {
        /// The offset of the byte.
        at: usize,
        /// The value that is combined with it by exclusive or.
        xor: u8,
    },
}

/// The function that must reject damaged BTF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Detection {
    /// [`Btf::parse`](btf_types::Btf::parse), because nothing after the damage can be located.
    Parse,
    /// [`Btf::validate`](btf_types::Btf::validate), and every function that follows the wrong
    /// reference.
    Validate,
    /// No function is required to: the BTF can be read, but no compiler would have written it.
    NotGuaranteed,
}

impl Damage {
    /// Returns which function must detect the damage.
    pub fn detection(&self) -> Detection {
        match self {
            Self::Magic(_)
            | Self::Version(_)
            | Self::HeaderLen(_)
            | Self::TypesOffset(_)
            | Self::TypesLen(_)
            | Self::StringsOffset(_)
            | Self::StringsLen(_)
            | Self::Truncated(_)
            | Self::FirstString
            | Self::LastString
            | Self::UnknownKind { .. }
            | Self::Vlen { .. } => Detection::Parse,
            Self::Name { .. }
            | Self::PartName { .. }
            | Self::Reference { .. }
            | Self::PartReference { .. }
            | Self::Cycle(_)
            | Self::ContainsItself { .. }
            | Self::IntBits { .. } => Detection::Validate,
            Self::Size { .. } | Self::Offset { .. } | Self::KindFlag(_) | Self::Byte { .. } => {
                Detection::NotGuaranteed
            }
        }
    }

    /// The id of the damaged type.
    fn ty_mut(&mut self) -> Option<&mut TypeId> {
        match self {
            Self::UnknownKind { ty, .. }
            | Self::Vlen { ty, .. }
            | Self::Name { ty, .. }
            | Self::PartName { ty, .. }
            | Self::Reference { ty, .. }
            | Self::PartReference { ty, .. }
            | Self::Cycle(ty)
            | Self::ContainsItself { ty, .. }
            | Self::IntBits { ty, .. }
            | Self::Size { ty, .. }
            | Self::Offset { ty, .. }
            | Self::KindFlag(ty) => Some(ty),
            _ => None,
        }
    }

    /// The index of the damaged part.
    fn part_mut(&mut self) -> Option<&mut usize> {
        match self {
            Self::PartName { part, .. }
            | Self::PartReference { part, .. }
            | Self::ContainsItself { part, .. }
            | Self::Offset { part, .. } => Some(part),
            _ => None,
        }
    }

    /// Returns the damage of a reduced graph; `None` if the damaged type or part was removed.
    fn renumbered(&self, renumbering: &Renumbering) -> Option<Self> {
        let mut damage = self.clone();
        let old = damage.ty_mut().copied();
        if let (Some(part), Some(of)) = (damage.part_mut(), old) {
            *part = renumbering.part(of, *part)?;
        }
        if let Some(ty) = damage.ty_mut() {
            *ty = renumbering.id(*ty)?;
        }
        Some(damage)
    }
}

impl Damaged {
    /// Generates a random graph with a random damage; [`damaged()`](crate::damaged()) is the
    /// strategy.
    pub fn generate(profile: &Profile, random: &mut Random<'_>) -> Self {
        let graph = Graph::generate(profile, random);
        let damage = propose::damage(&graph, random);
        Self { graph, damage }
    }

    /// Writes the damaged BTF; for a split graph, only the split part.
    ///
    /// If the damage does not apply to the graph, the BTF is written without it.
    ///
    /// # Errors
    /// As [`Graph::to_bytes`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, GraphError> {
        let good = self.graph.to_bytes()?;
        Ok(apply::damaged(&self.graph, good.clone(), &self.damage).unwrap_or(good))
    }
}

impl Shrink for Damaged {
    type Cut = GraphCut;

    fn cuts(&self) -> Vec<GraphCut> {
        self.graph.cuts()
    }

    fn cut(&self, cut: &GraphCut) -> Option<Self> {
        let (graph, renumbering) = self.graph.reduced(cut)?;
        let damage = self.damage.renumbered(&renumbering)?;
        apply::damaged(&graph, graph.to_bytes().ok()?, &damage)?;
        Some(Self { graph, damage })
    }
}
