//! The options of relocating.

/// The options of relocating an object.
///
/// ```
/// use core_reloc::{OnUnresolved, Options};
///
/// // Fail rather than poison an instruction.
/// let strict = Options::default().unresolved(OnUnresolved::Error);
/// assert!(strict.narrow);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Options {
    /// What happens to unresolved relocations.
    pub unresolved: OnUnresolved,
    /// Whether the candidates of a root type narrow: after a relocation that only some of them matched,
    /// only those remain for later relocations of the same root type. libbpf narrows; the kernel, when it
    /// relocates a program itself, does not.
    pub narrow: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { unresolved: OnUnresolved::Poison, narrow: true }
    }
}

impl Options {
    /// Returns these options with another policy for unresolved relocations.
    #[must_use]
    pub fn unresolved(self, unresolved: OnUnresolved) -> Self {
        Self { unresolved, ..self }
    }

    /// Returns these options with narrowing on or off.
    #[must_use]
    pub fn narrow(self, narrow: bool) -> Self {
        Self { narrow, ..self }
    }
}

/// What happens to the instruction of an unresolved relocation, and to a load or store that cannot change
/// to the new size of its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum OnUnresolved {
    /// It is replaced by a call that the verifier rejects if it is reachable. Guarded code still loads.
    #[default]
    Poison,
    /// It is an error.
    Error,
    /// It stays as the compiler wrote it.
    Keep,
}
