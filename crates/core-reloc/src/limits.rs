//! Every ceiling of this crate, with where it comes from.
//!
//! Together they bound what input costs, whatever it is. For *n* bytes, those of both sides' BTF and of
//! the object, and *r* relocations:
//!
//! - **Time.** Reading takes time linear in *n*, and finding candidates *n* · log *n*. Resolving all
//!   relocations takes at most [`BASE_STEPS`] + [`STEPS_PER_BYTE`] · *n* + [`STEPS_PER_RELOCATION`] · *r*
//!   steps; a step looks at a member, a type or a candidate, and at a bounded number of bytes of names.
//!   Explaining takes at most [`EXPLANATIONS_STEPS`] more.
//! - **Memory.** At most 10 · *n* bytes and 1 MiB are held at once, the copy of the object that is
//!   patched included. A definition, or an explanation, is a text, and takes up to 16 MiB beside,
//!   for at most [`MAX_DEFINITION_LINES`] lines.
//!
//! The test `bounds` of the workspace lets an adversary's input grow, and measures both.

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
