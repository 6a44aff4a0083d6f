//! Errors of queries.

use core_reloc::{Error, generate::GenerateError};
use thiserror::Error as ThisError;

/// The reason why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum QueryError {
    /// Neither a type nor an enumerator has the name.
    #[error("there is no type or enumerator `{name}`")]
    NoSuchName {
        /// The name.
        name: Box<str>,
    },
    /// The type has no such member, element or enumerator, or the path is invalid.
    #[error(transparent)]
    Path(#[from] GenerateError),
    /// The types are broken, or the field has no offset.
    #[error(transparent)]
    Value(#[from] Error),
}
