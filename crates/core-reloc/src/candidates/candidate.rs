//! A candidate.

use btf_types::TypeId;

/// A target type that has the essential name and the kind of a local root type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Candidate {
    /// The type.
    pub type_id: TypeId,
    /// The module that defines it, as an index of [`Target::modules`](crate::Target::modules); `None`
    /// for the main BTF.
    pub module: Option<u32>,
}
