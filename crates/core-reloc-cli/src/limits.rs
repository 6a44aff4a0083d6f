//! Every limit, with its reason. Those of objects and targets are in the crates that read them:
//! [`core_reloc_sys::MAX_LEN`] and [`core_reloc_targets::Limits`].

/// The most bytes of a verifier's log: four times the largest log that the kernel writes.
pub(crate) const MAX_LOG: u64 = 64 << 20;

/// The most bytes of a list of symbols: `/proc/kallsyms` has about 12 MB.
pub(crate) const MAX_SYMBOLS: u64 = 128 << 20;

/// The most bytes of a kernel's configuration, which has about 250 KB.
pub(crate) const MAX_CONFIG: u64 = 16 << 20;

/// The most bytes of a baseline: a hundred problems on each kernel of BTFHub take less.
pub(crate) const MAX_BASELINE: u64 = 128 << 20;

/// The most links from an output's path to the file that is written: as many as Linux follows.
pub(crate) const MAX_LINKS: usize = 40;

/// The most bytes of a line of a shard's report: an object of 25,000 relocations takes a tenth.
pub(crate) const MAX_REPORT_LINE: u64 = 64 << 20;

/// The most bytes of what is kept of a shard's report.
pub(crate) const MAX_RECORDS: u64 = 1 << 30;

/// The most bytes of what an earlier run of `minimize` wrote, unpacked: for 107 objects, the kernels of BTFHub have about
/// 35 MB.
pub(crate) const MAX_EARLIER: u64 = 1 << 30;

/// The most bytes of the manifest in it, and of each minimized BTF in a folder.
pub(crate) const MAX_MANIFEST: u64 = 64 << 20;
