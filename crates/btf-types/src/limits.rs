//! The limits of this crate, and where each number comes from.
//!
//! They bound the work that hostile bytes can cause. BTF from compilers and pahole stays below all of them.

/// The length of the longest name that is read, in bytes. The kernel's limit is `KSYM_NAME_LEN`, 512;
/// compilers that mangle names write longer ones. Because of this limit, reading the names of a million
/// types that all refer into one long string takes linear time.
pub const MAX_NAME_LEN: usize = 4096;

/// The number of types that [`Type::skip_modifiers`](crate::Type::skip_modifiers) and similar functions
/// follow before they report a cycle. The kernel's limit is 32 (`MAX_RESOLVE_DEPTH`); libbpf has none.
pub const MAX_MODIFIER_CHAIN: usize = 128;

/// The number of types that [`Type::size`](crate::Type::size) follows: libbpf's `MAX_RESOLVE_DEPTH`.
pub const MAX_RESOLVE_DEPTH: usize = 32;

/// The largest type id: libbpf stores ids in an `int`.
pub const MAX_TYPE_ID: u32 = i32::MAX as u32;

/// The largest string offset, including the base's strings: libbpf's `BTF_MAX_STR_OFFSET`.
pub const MAX_STR_OFFSET: u32 = i32::MAX as u32;
