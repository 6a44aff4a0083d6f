//! The limits of this crate, and where each number comes from.

/// The most bytes of a page after unpacking. Pages are unpacked as a whole, so that this bounds the memory of
/// one access; the writer makes pages of some hundred KiB, and a single item that is larger is a page.
pub const MAX_PAGE: u32 = 16 << 20;

/// How many times its stored length a page may have after unpacking. Real pages have 3 to 12 times; without a
/// limit, a file of one MiB could ask for gigabytes.
pub const MAX_RATIO: u32 = 64;

/// The number of kernels, or builds of a module, that one is written as the difference from, one after the
/// other. Reading one kernel reads that many lists.
pub const MAX_CHAIN: u32 = 16;

/// The number of items that follow each other without an index, and that reading one of them may pass.
pub const BLOCK: u32 = 16;

/// The largest number of definitions or of structures: references take two of 32 bits for their kind.
pub const MAX_ITEMS: u32 = 1 << 30;

/// The longest name of a definition or member, in bytes: that of btf-types.
pub const MAX_NAME_LEN: usize = btf_types::limits::MAX_NAME_LEN;
