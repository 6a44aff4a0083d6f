//! The reasons why a relocation cannot be created from names.

use alloc::boxed::Box;

use btf_types::Error as BtfError;
use thiserror::Error;

use crate::record::AccessError;

/// The reason why a relocation cannot be created from names. `at` is the offset in the path, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// No type has the name.
    #[error("the local BTF has no type `{name}` that could be the root")]
    NoSuchType {
        /// The name.
        name: Box<str>,
    },
    /// The path is malformed.
    #[error("the path {problem} at byte {at}")]
    BadPath {
        /// The offset in the path.
        at: usize,
        /// The problem.
        problem: &'static str,
    },
    /// The type has no member of the name.
    #[error("`{within}` has no member `{member}` (byte {at} of the path)")]
    NoSuchMember {
        /// The name.
        member: Box<str>,
        /// The type.
        within: Box<str>,
        /// The offset in the path.
        at: usize,
    },
    /// The enum has no enumerator of the name.
    #[error("`{within}` has no enumerator `{enumerator}`")]
    NoSuchEnumerator {
        /// The name.
        enumerator: Box<str>,
        /// The enum.
        within: Box<str>,
    },
    /// The path goes through a pointer.
    #[error(
        "the path goes through a pointer, `{pointer}`, at byte {at}: end the path there, load the pointer, and make a second relocation that starts from `{to}`"
    )]
    ThroughPointer {
        /// The pointer's type.
        pointer: Box<str>,
        /// The type that it points to.
        to: Box<str>,
        /// The offset in the path.
        at: usize,
    },
    /// The path goes into a type without members or elements.
    #[error("`{within}` has no {what} (byte {at} of the path)")]
    NoParts {
        /// The type.
        within: Box<str>,
        /// Members or elements.
        what: &'static str,
        /// The offset in the path.
        at: usize,
    },
    /// An index is past the end of an array.
    #[error("index {index} is past the {len} elements of the array (byte {at} of the path)")]
    BeyondArray {
        /// The index.
        index: u32,
        /// The number of elements.
        len: u32,
        /// The offset in the path.
        at: usize,
    },
    /// The path is too long for an access string.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The local BTF is broken: a reference leads nowhere.
    #[error("local BTF: {0}")]
    Btf(#[from] BtfError),
    /// The search for a member was abandoned.
    #[error("{0}")]
    Search(Box<str>),
}
