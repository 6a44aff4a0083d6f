//! Damaged BTF: a good one in which one fact is wrong.

mod apply;
mod propose;

use std::vec::Vec;

use super::{Dice, Graph, GraphCut, GraphError, Profile, Renumbering, Shrink};
use crate::TypeId;

/// A graph that is written well, but for one fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// The graph. Its base, if it is split on one, is not damaged.
    pub graph: Graph,
    /// What is wrong.
    pub damage: Damage,
}

/// The fact that is wrong. Types are given by their ids in the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// The magic is another number.
    Magic(u16),
    /// The version is another number.
    Version(u8),
    /// The header is shorter than any, or longer than everything there is.
    HeaderLen(u32),
    /// The type section begins elsewhere: not at a multiple of 4, or behind the end.
    TypesAt(u32),
    /// The type section is longer, so that it reaches into the strings.
    TypesLen(u32),
    /// The string section begins elsewhere, so that it ends behind the end.
    StringsAt(u32),
    /// The string section is longer, so that it ends behind the end.
    StringsLen(u32),
    /// So many bytes are missing at the end.
    Cut(usize),
    /// The first string of a BTF that stands alone is not the empty one.
    FirstString,
    /// The last string has no end.
    LastString,
    /// A type is of a kind that nobody knows.
    UnknownKind {
        /// The type.
        ty: TypeId,
        /// The number of the kind.
        kind: u8,
    },
    /// A type has more members, enumerators, parameters or variables than there is room for.
    Vlen {
        /// The type.
        ty: TypeId,
        /// How many it says it has.
        vlen: u32,
    },
    /// The name of a type is none of the strings.
    Name {
        /// The type.
        ty: TypeId,
        /// Where it is said to be.
        offset: u32,
    },
    /// The name of a member, enumerator or parameter is none of the strings.
    PartName {
        /// The type.
        ty: TypeId,
        /// The index of the part.
        part: usize,
        /// Where it is said to be.
        offset: u32,
    },
    /// A type refers to one that does not exist.
    Reference {
        /// The type.
        ty: TypeId,
        /// What it refers to.
        to: TypeId,
    },
    /// A member, parameter or variable refers to a type that does not exist.
    PartReference {
        /// The type.
        ty: TypeId,
        /// The index of the part.
        part: usize,
        /// What it refers to.
        to: TypeId,
    },
    /// A typedef, modifier, tag or array is of itself.
    Circle(TypeId),
    /// A composite is a member of itself.
    Recursion {
        /// The composite.
        ty: TypeId,
        /// The index of the member.
        part: usize,
    },
    /// An INT has more bits than its size holds.
    IntBits {
        /// The INT.
        ty: TypeId,
        /// How many it says it has.
        bits: u8,
    },
    /// A type has another size than it should: no reader can know.
    Size {
        /// The type.
        ty: TypeId,
        /// The size in bytes.
        size: u32,
    },
    /// A member is elsewhere: no reader can know.
    Offset {
        /// The composite.
        ty: TypeId,
        /// The index of the member.
        part: usize,
        /// What is stored as its offset, a bitfield's size included.
        offset: u32,
    },
    /// A type's kind_flag says the opposite: no reader can know.
    KindFlag(TypeId),
    /// Some byte is another one: nobody knows what that does.
    Byte {
        /// Which byte.
        at: usize,
        /// What it is combined with by exclusive or.
        xor: u8,
    },
}

/// Who must notice a damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Notice {
    /// [`Btf::parse`](crate::Btf::parse), since nothing can be told of what comes behind.
    Parse,
    /// [`Btf::validate`](crate::Btf::validate), and who follows the reference.
    Validate,
    /// Maybe nobody: it reads well, but it is not what a compiler would have written.
    Maybe,
}

impl Damage {
    /// Who must notice it.
    pub fn notice(&self) -> Notice {
        match self {
            Self::Magic(_)
            | Self::Version(_)
            | Self::HeaderLen(_)
            | Self::TypesAt(_)
            | Self::TypesLen(_)
            | Self::StringsAt(_)
            | Self::StringsLen(_)
            | Self::Cut(_)
            | Self::FirstString
            | Self::LastString
            | Self::UnknownKind { .. }
            | Self::Vlen { .. } => Notice::Parse,
            Self::Name { .. }
            | Self::PartName { .. }
            | Self::Reference { .. }
            | Self::PartReference { .. }
            | Self::Circle(_)
            | Self::Recursion { .. }
            | Self::IntBits { .. } => Notice::Validate,
            Self::Size { .. } | Self::Offset { .. } | Self::KindFlag(_) | Self::Byte { .. } => {
                Notice::Maybe
            }
        }
    }

    /// The type that is damaged, to change its id.
    fn ty_mut(&mut self) -> Option<&mut TypeId> {
        match self {
            Self::UnknownKind { ty, .. }
            | Self::Vlen { ty, .. }
            | Self::Name { ty, .. }
            | Self::PartName { ty, .. }
            | Self::Reference { ty, .. }
            | Self::PartReference { ty, .. }
            | Self::Circle(ty)
            | Self::Recursion { ty, .. }
            | Self::IntBits { ty, .. }
            | Self::Size { ty, .. }
            | Self::Offset { ty, .. }
            | Self::KindFlag(ty) => Some(ty),
            _ => None,
        }
    }

    /// The part that is damaged, to change its index.
    fn part_mut(&mut self) -> Option<&mut usize> {
        match self {
            Self::PartName { part, .. }
            | Self::PartReference { part, .. }
            | Self::Recursion { part, .. }
            | Self::Offset { part, .. } => Some(part),
            _ => None,
        }
    }

    fn moved(&self, moved: &Renumbering) -> Option<Self> {
        let mut damage = self.clone();
        let old = damage.ty_mut().copied();
        if let (Some(part), Some(of)) = (damage.part_mut(), old) {
            *part = moved.part(of, *part)?;
        }
        if let Some(ty) = damage.ty_mut() {
            *ty = moved.id(*ty)?;
        }
        Some(damage)
    }
}

impl Damaged {
    /// A random damage of a random graph; [`damaged()`](super::damaged()) is the strategy of it.
    pub fn generate(profile: &Profile, dice: &mut Dice<'_>) -> Self {
        let graph = Graph::generate(profile, dice);
        let damage = propose::damage(&graph, dice);
        Self { graph, damage }
    }

    /// The damaged bytes: of a split graph, only of what is split.
    ///
    /// # Errors
    /// As [`Graph::to_bytes`]. A damage that the graph has no place for leaves the bytes good.
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
        let (graph, moved) = self.graph.reduced(cut)?;
        let damage = self.damage.moved(&moved)?;
        apply::damaged(&graph, graph.to_bytes().ok()?, &damage)?;
        Some(Self { graph, damage })
    }
}
