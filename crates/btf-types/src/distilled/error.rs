//! Errors of relocating split BTF from its distilled base.

use alloc::vec::Vec;

use thiserror::Error;

use crate::{Kind, Name, TypeId};

/// The reason why split BTF cannot be relocated from its distilled base onto a kernel.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The BTF has no base.
    #[error("the BTF has no base")]
    NoBase,

    /// A type of the base is of a kind that a distilled base does not have, or has no name.
    #[error("type {id} of the base is {}, which no distilled base has", unnamed(*.kind, *.is_named))]
    NotDistilled {
        /// The type.
        id: TypeId,
        /// Its kind.
        kind: Kind,
        /// Whether it has a name.
        is_named: bool,
    },

    /// The kernel has no type that a distilled type can stand for.
    #[error(
        "the kernel has no {kind} {} of {size} bytes for type {id} of the distilled base",
        Name::new(name)
    )]
    Missing {
        /// The distilled type.
        id: TypeId,
        /// Its kind.
        kind: Kind,
        /// Its name.
        name: Vec<u8>,
        /// Its size in bytes; 0 for a FWD.
        size: u32,
    },

    /// The kernel has several types that a distilled type may stand for.
    #[error(
        "the kernel has several types for {kind} {} of {size} bytes, type {id} of the distilled base: {} and {}",
        Name::new(name), .candidates[0], .candidates[1]
    )]
    Ambiguous {
        /// The distilled type.
        id: TypeId,
        /// Its kind.
        kind: Kind,
        /// Its name.
        name: Vec<u8>,
        /// Its size in bytes; 0 for a FWD.
        size: u32,
        /// The first two of the kernel's types.
        candidates: [TypeId; 2],
    },

    /// A name in the split BTF is a string of the distilled base that is not the name of a type there.
    #[error(
        "type {id} uses the string {} of the distilled base, which is not the name of a type",
        Name::new(name)
    )]
    UnmappedString {
        /// The type with the name, itself or in one of its entries.
        id: TypeId,
        /// The string.
        name: Vec<u8>,
    },

    /// A type is of a kind that this library does not know, and may refer to other types.
    #[error("type {id} of unknown kind {kind} cannot be relocated")]
    UnknownKind {
        /// The type.
        id: TypeId,
        /// The number of its kind.
        kind: u8,
    },

    /// The split BTF or its base is malformed.
    #[error(transparent)]
    Read(#[from] crate::Error),
}

/// Returns the kind, and that the type has no name.
fn unnamed(kind: Kind, is_named: bool) -> alloc::string::String {
    if is_named { alloc::format!("a {kind}") } else { alloc::format!("a {kind} without a name") }
}

/// The result of relocating split BTF.
pub type Result<T, E = Error> = core::result::Result<T, E>;
