//! What a caller may choose.

/// How an object is relocated.
///
/// ```
/// use core_reloc::{Options, Unresolved};
///
/// // As a loader wants it that runs nothing which would have to be poisoned.
/// let strict = Options::default().unresolved(Unresolved::Error);
/// assert!(strict.narrow);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Options {
    /// What becomes of unresolved relocations.
    pub unresolved: Unresolved,
    /// Whether the candidates of a root type narrow: after a relocation that some of them matched,
    /// only those count for the later relocations of the same root type. libbpf does so; the kernel,
    /// where it relocates itself, does not.
    pub narrow: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { unresolved: Unresolved::Poison, narrow: true }
    }
}

impl Options {
    /// These options with another choice for unresolved relocations.
    #[must_use]
    pub fn unresolved(self, unresolved: Unresolved) -> Self {
        Self { unresolved, ..self }
    }

    /// These options with another choice about narrowing.
    #[must_use]
    pub fn narrow(self, narrow: bool) -> Self {
        Self { narrow, ..self }
    }
}

/// What becomes of an instruction whose relocation is unresolved, and of a load or store that
/// cannot follow its field's new size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Unresolved {
    /// It is replaced by a call that the verifier refuses where it can be reached. Guarded code
    /// stays loadable.
    #[default]
    Poison,
    /// It is an error.
    Error,
    /// It is left as the compiler wrote it.
    Keep,
}
