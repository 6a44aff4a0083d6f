//! Why a description is none of well-formed BTF.

use thiserror::Error;

use crate::{Kind, TypeId, build};

/// What is wrong with a [`Graph`](super::Graph). Strategies never make such graphs.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GraphError {
    /// A type refers to one that does not exist, or from a base to what is split on it.
    #[error("type {by} refers to {id}, which is not there for it")]
    NoSuchType {
        /// The type that refers.
        by: TypeId,
        /// What it refers to.
        id: TypeId,
    },
    /// A type contains itself, not through a pointer.
    #[error("type {id} contains itself")]
    ContainsItself {
        /// The type.
        id: TypeId,
    },
    /// A type without a size is where one is needed.
    #[error("type {id} ({kind}) has no size, and is used as if it had")]
    NoSize {
        /// The type.
        id: TypeId,
        /// Its kind.
        kind: Kind,
    },
    /// A size does not fit 32 bits, or an offset the bits that it is stored in.
    #[error("type {id} is too large")]
    TooLarge {
        /// The type.
        id: TypeId,
    },
    /// A bitfield is not of an INT or ENUM, or has more bits than that, or none.
    #[error("member {member} of type {id} cannot have {bits} bits")]
    BadBitfield {
        /// The STRUCT or UNION.
        id: TypeId,
        /// The member's index.
        member: usize,
        /// The bits that it was to have.
        bits: u8,
    },
    /// The builder refused it.
    #[error(transparent)]
    Build(#[from] build::Error),
    /// The base that was written cannot be read.
    #[error(transparent)]
    Read(#[from] crate::Error),
}
