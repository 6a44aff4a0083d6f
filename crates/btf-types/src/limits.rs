//! Every ceiling of this crate, with where it comes from.
//!
//! They bound the work that hostile bytes can cause. None is reached by what compilers and pahole
//! write.

/// The longest name, in bytes, that is read. The kernel takes `KSYM_NAME_LEN`, 512; compilers of
/// languages that mangle write longer ones. With it a million types that all point into one long
/// string cost linear time.
pub const MAX_NAME_LEN: usize = 4096;

/// How many types [`Type::skip_modifiers`](crate::Type::skip_modifiers) and its like look at before
/// they call it a cycle. The kernel allows 32 (`MAX_RESOLVE_DEPTH`); libbpf follows without end.
pub const MAX_MODIFIER_CHAIN: usize = 128;

/// How many types a size is resolved through: libbpf's `MAX_RESOLVE_DEPTH`.
pub const MAX_RESOLVE_DEPTH: usize = 32;

/// The last id that a type may have: libbpf keeps ids in an `int`.
pub const MAX_TYPE_ID: u32 = i32::MAX as u32;

/// The last offset that a string may have, a base's strings included: libbpf's
/// `BTF_MAX_STR_OFFSET`.
pub const MAX_STR_OFFSET: u32 = i32::MAX as u32;
