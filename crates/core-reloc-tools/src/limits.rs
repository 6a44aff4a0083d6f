//! The ceilings of this crate, each with the reason for its value.
//!
//! Explaining takes at most [`MAX_OBJECT_STEPS`] steps in addition to those of relocating. A definition
//! or an explanation is a text of at most 16 MiB and [`MAX_DEFINITION_LINES`] lines.

/// The maximum number of lines in the definition of one type. The longest in the kernel, an enum, has
/// about 1,500; nested anonymous types could multiply.
pub const MAX_DEFINITION_LINES: usize = 1 << 12;

/// The size of a header, in bytes, at which nothing more is written. That of a kernel has 3 MB; anonymous
/// types, which are defined where they are used, could multiply.
pub const MAX_HEADER_SIZE: usize = 1 << 27;

/// The maximum number of steps that one explanation may spend on finding suggestions: several passes over
/// the names of a kernel. A type, member or enumerator takes a few steps, and so does each byte of a name that
/// is compared, or of a definition. When no steps are left, an explanation has only a reason.
pub const MAX_EXPLANATION_STEPS: u64 = 1 << 23;

/// The maximum number of steps for all explanations of an [`Explainer`](crate::explain::Explainer). They
/// take less than a second.
pub const MAX_OBJECT_STEPS: u64 = 1 << 25;

/// The maximum number of types that answer a question. In a kernel, a name stands for at most a few.
pub const MAX_ANSWERS: usize = 64;

/// The maximum number of steps that a search for names similar to that of a
/// [`query`](crate::query::similar_names) may take, or all that a [`diff`](crate::diff) spends on finding out what
/// became of members: about a second.
pub const MAX_SEARCH_STEPS: u64 = 1 << 27;

/// The number of steps that a [`diff`](crate::diff) may take for each byte of the two kernels: ten times what real
/// kernels take. A type, a member or enumerator, and each qualifier or pointer of its type takes a step.
pub const DIFF_STEPS_PER_BYTE: u64 = 16;

/// The number of steps that every [`diff`](crate::diff) may take besides.
pub const BASE_DIFF_STEPS: u64 = 1 << 20;

/// The maximum number of steps for finding out what became of one member that is gone (see
/// [`diff`](crate::diff)).
pub const MAX_RENAME_STEPS: u64 = 1 << 17;

/// The number of steps for each entry that a search keeps, in addition to one for each byte of its path.
/// It bounds the memory of a search.
pub const STEPS_PER_KEPT_ENTRY: usize = 64;

/// The maximum number of frames on a path through a program: the verifier's `MAX_CALL_FRAMES`.
pub const MAX_FRAMES: usize = 8;

/// The number of states that are followed from one instruction before they are merged into one.
pub const MAX_PATHS_PER_INSN: usize = 16;

/// The maximum number of steps for the paths of one program, in instructions times frames. The verifier's
/// limit is a million instructions (`BPF_COMPLEXITY_LIMIT_INSNS`), and merging takes fewer.
pub const MAX_PATH_STEPS: u64 = 1 << 18;

/// The maximum number of steps for the paths of all programs of an object, and for finding the functions of each
/// program, their instructions and what they use. No verdict is given on programs for which none is left.
pub const MAX_OBJECT_PATH_STEPS: u64 = 1 << 22;

/// The maximum number of steps for following values through all functions of an object, in instructions:
/// about ten times what the largest real object takes.
pub const MAX_FLOW_STEPS: u64 = 1 << 24;
