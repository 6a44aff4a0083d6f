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
    /// A relocation resolves differently with the minimized BTF.
    ///
    /// This is expected only for type_id_target of a type that several modules have, whose ids agree or
    /// disagree by chance, and for types that are nested, or go through typedefs, more deeply than
    /// compilers generate.
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
