//! Every ceiling of this crate, with the source of each number.
//!
//! Explaining takes at most [`EXPLANATIONS_STEPS`] steps beside those of relocating. A definition or an
//! explanation is a text of up to 16 MiB, for at most [`MAX_DEFINITION_LINES`] lines.

/// How many lines the definition of one type may have: nested anonymous types multiply. The
/// kernel's longest, an enum, has about 1,500.
pub const MAX_DEFINITION_LINES: usize = 1 << 12;

/// How many members, names and types one explanation, and all of an object's together, may look at
/// to find a likely cure: about ten passes over the members of a kernel, and as many hundred.
/// Definitions that are compared count too; where no steps are left, there is only the reason.
pub const EXPLANATION_STEPS: u64 = 1 << 21;

/// How many steps it takes to look at a member later, besides those for the bytes of its path: what is
/// kept of a search then takes little memory.
pub const STEPS_FOR_LATER: u64 = 64;

/// See [`EXPLANATION_STEPS`].
pub const EXPLANATIONS_STEPS: u64 = 1 << 27;
