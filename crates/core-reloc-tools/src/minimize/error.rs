//! Errors of minimizing.

use btf_types::{Error as BtfError, build::Error as BuildError};
use thiserror::Error;

/// The reason why there is no minimized BTF.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MinimizeError {
    /// The target's main BTF is split.
    #[error(
        "the target's main BTF is split: use its base as the target, and the split BTF as a module"
    )]
    SplitMain,
    /// No relocation needs a type of the target, so the minimized BTF would have no types. Readers reject
    /// such BTF.
    #[error(
        "the minimized BTF would have no types, because no relocation needs one of the target: {results}"
    )]
    Empty {
        /// The results of the relocations, as text.
        results: Box<str>,
    },
    /// Finding out what a relocation needs takes too much work for BTF of this size. This is expected only for
    /// types that are nested so that their members multiply.
    #[error("{subject}: finding out what it needs takes too much work for BTF of this size")]
    TooComplex {
        /// The index of the object.
        object: usize,
        /// The relocation, as text.
        subject: Box<str>,
    },
    /// A relocation resolves differently with the minimized BTF.
    ///
    /// This is expected only for types that are nested, or go through typedefs, more deeply than compilers
    /// generate; for type_id_target of a type that thousands of modules define; and if the size of pointers
    /// was given with [`Btf::with_pointer_size`](btf_types::Btf::with_pointer_size), which no INT of the
    /// target states.
    #[error(
        "{subject} resolves to {full} with the full BTF, and to {minimized} with the minimized one"
    )]
    Differs {
        /// The index of the object.
        object: usize,
        /// The relocation, as text.
        subject: Box<str>,
        /// Its result with the full BTF.
        full: Box<str>,
        /// Its result with the minimized BTF.
        minimized: Box<str>,
    },
    /// The minimized BTF cannot be written.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The minimized BTF cannot be parsed.
    #[error("minimized BTF: {0}")]
    Read(#[from] BtfError),
}
