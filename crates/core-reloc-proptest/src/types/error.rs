//! The errors of type graphs.

use btf_types::{Kind, TypeId, build};
use thiserror::Error;

/// The reason why a [`Graph`](super::Graph) is not well-formed. Generated graphs always are.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GraphError {
    /// A type refers to a type that does not exist, or a type of the base to one that is not in the
    /// base.
    #[error("type {by} refers to type {id}, which does not exist or is not in its base")]
    NoSuchType {
        /// The type that refers.
        by: TypeId,
        /// The type that it refers to.
        id: TypeId,
    },
    /// A type contains itself by value.
    #[error("type {id} contains itself")]
    ContainsItself {
        /// The type.
        id: TypeId,
    },
    /// A type without a size is used where a size is needed.
    #[error("type {id} ({kind}) has no size, but is used by value")]
    NoSize {
        /// The type.
        id: TypeId,
        /// Its kind.
        kind: Kind,
    },
    /// A size does not fit in 32 bits, or a member offset in the bits that store it.
    #[error("type {id} is too large")]
    TooLarge {
        /// The type.
        id: TypeId,
    },
    /// The type of a bitfield is not an INT or enum, or it has no bits, or more than its type.
    #[error("member {member} of type {id} cannot have {bits} bits")]
    BadBitfield {
        /// The STRUCT or UNION.
        id: TypeId,
        /// The member's index.
        member: usize,
        /// The number of bits.
        bits: u8,
    },
    /// The BTF builder reported an error.
    #[error(transparent)]
    Build(#[from] build::Error),
    /// The BTF of the base cannot be parsed.
    #[error(transparent)]
    Base(#[from] btf_types::Error),
}
