//! Every ceiling of this crate, with where it comes from.

/// How many numbers an access string may have, and how many steps a search through anonymous
/// members may take: libbpf's `BPF_CORE_SPEC_MAX_LEN`.
pub const MAX_PATH_LEN: usize = 64;

/// How many levels of pointers, arrays and results, and how many of parameters and members, the
/// tests for compatibility and match follow: libbpf's 32.
pub const MAX_TYPE_DEPTH: u32 = 32;

/// How much of a root type's or field's name an error quotes, in bytes.
pub const MAX_QUOTE: usize = 256;

/// Steps of searching and testing that any session may take; see the `budget` module. A
/// `type_matches` of the kernel's largest structures takes about 10⁵.
pub const BASE_STEPS: u64 = 1 << 22;

/// Steps that every byte of BTF adds, the target's and the local one's.
pub const STEPS_PER_BYTE: u64 = 16;

/// Steps that every relocation adds.
pub const STEPS_PER_RELOCATION: u64 = 1024;

/// How many bytes of names count as a step where each is looked at. Most names are shorter.
pub const NAME_BYTES_PER_STEP: usize = 32;

/// How many steps a test of two types must take to be remembered: the others are repeated where
/// they are met again. What is remembered then takes little memory for what it saves.
pub const REMEMBERED_STEPS: u64 = 128;

/// A type that is searched again and again gets an index after so many steps for each of its members
/// or enumerators, or twice as many. These are not more than its bytes grant, so that no number of
/// searches in one type runs out of steps.
pub const INDEXED_AFTER: u64 = 64;

/// How many lines the definition of one type may have: nested anonymous types multiply. The
/// kernel's longest, an enum, has about 1,500.
pub const MAX_DEFINITION_LINES: usize = 1 << 14;

/// How many members, names and types one explanation, and all of an object's together, may look at
/// to find a likely cure: about ten passes over the members of a kernel, and as many hundred.
pub const EXPLANATION_STEPS: u64 = 1 << 21;

/// See [`EXPLANATION_STEPS`].
pub const EXPLANATIONS_STEPS: u64 = 1 << 27;
