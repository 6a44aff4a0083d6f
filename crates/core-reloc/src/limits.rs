//! Every ceiling of this crate, with the source of each number.
//!
//! Together they bound the cost of any input. For *n* bytes of input, those of the local BTF, the target BTF
//! and the object, and *r* relocations:
//!
//! - **Time.** Reading takes time linear in *n*, and finding candidates *n* · log *n*. Resolving all
//!   relocations takes at most [`BASE_STEPS`] + [`STEPS_PER_BYTE`] · *n* + [`STEPS_PER_RELOCATION`] · *r*
//!   steps. A step looks at a member, a type or a candidate, and at a bounded number of bytes of names.
//!   After the first two relocations of a root type, candidates that lack the first member of a field take
//!   no steps, because [`MANY_CANDIDATES`] or more of them share a table of their members.
//! - **Memory.** At most 10 · *n* bytes and 1 MiB are held at once, including the copy of the object that
//!   is patched.
//!
//! The workspace's test `bounds` measures both on hostile inputs of growing size.

/// The largest number of numbers in an access string, and of steps from a type to a member through
/// anonymous members: libbpf's `BPF_CORE_SPEC_MAX_LEN`.
pub const MAX_PATH_LEN: usize = 64;

/// The largest number of levels of pointers, arrays and results, and of parameters and members, that
/// comparisons of types follow: libbpf's 32.
pub const MAX_TYPE_DEPTH: u32 = 32;

/// The largest part of a name that a message quotes, in bytes.
pub const MAX_QUOTE: usize = 256;

/// The steps of searches and comparisons that every session may take; see [`Budget`](crate::budget::Budget).
/// A `type_matches` of the kernel's largest structures takes about 10⁵, and 1,000 relocations that each try
/// 1,000 candidates about 6 · 10⁶.
pub const BASE_STEPS: u64 = 1 << 23;

/// The steps that every byte of BTF adds, local and target.
pub const STEPS_PER_BYTE: u64 = 16;

/// The steps that every relocation adds.
pub const STEPS_PER_RELOCATION: u64 = 1024;

/// The number of bytes of a name that count as one step where all are compared. Most names are shorter.
pub const NAME_BYTES_PER_STEP: usize = 32;

/// The number of steps that a comparison of two types must take to be remembered. Cheaper comparisons are
/// repeated, because remembering them would take more memory than it is worth.
pub const REMEMBERED_STEPS: u64 = 128;

/// The steps of trying one candidate, besides those for its members and types.
pub const STEPS_PER_CANDIDATE: usize = 4;

/// The steps of remembering one candidate that remains after narrowing: they bound the memory.
pub const STEPS_PER_KEPT_CANDIDATE: usize = 32;

/// The number of candidates from which the candidates of a root type get a table of their members, so that
/// a relocation tries only those that have the first member of its path. Real kernels have a few types of
/// one name, at most.
pub const MANY_CANDIDATES: usize = 16;

/// The number of steps for each member or enumerator of a type, or twice that number, after which a type
/// that is searched repeatedly gets an index. A type's bytes grant at least as many, so that no number of
/// searches in one type exhausts the budget.
pub const INDEXED_AFTER: u64 = 64;
