//! What a file may unpack to.

use core_reloc_sys::MAX_LEN;

/// What a file may unpack to. Beyond it there is an error; until then, memory is not taken before
/// there are bytes to fill it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The most bytes of one file, kernel or archive entry, as it is and unpacked. An unpacked kernel
    /// of a distribution has about 70 MB; with debug information, it may have a gigabyte.
    pub file: u64,
    /// The most bytes of a whole archive, unpacked. Only one entry at a time is in memory. The BTF of
    /// a kernel has about 5 MB, so this is some thousand kernels.
    pub archive: u64,
    /// The most entries of an archive.
    pub entries: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file: MAX_LEN, archive: 16 << 30, entries: 1 << 16 }
    }
}

impl Limits {
    /// With another limit for one file.
    #[must_use]
    pub fn file(self, file: u64) -> Self {
        Self { file, ..self }
    }

    /// With another limit for a whole archive.
    #[must_use]
    pub fn archive(self, archive: u64) -> Self {
        Self { archive, ..self }
    }

    /// With another limit for the entries of an archive.
    #[must_use]
    pub fn entries(self, entries: u64) -> Self {
        Self { entries, ..self }
    }
}

/// The most memory for what a decompressor looks back on. Kernels are packed with 128 MiB at most.
pub(super) const MAX_DICTIONARY: u32 = 256 << 20;

/// How many places of an image are tried that look like compressed data: such bytes also occur by
/// chance, in the code of decompressors for example.
pub(super) const MAX_PAYLOADS: usize = 64;

/// How many places that look like BTF are parsed, the largest first.
pub(super) const MAX_BTF_CANDIDATES: usize = 8;

/// How many of the places that were tried an error names.
pub(super) const MAX_ATTEMPTS: usize = 4;

/// The longest name of an archive's entry, as Linux's `PATH_MAX` has it, and some more for what else
/// may stand in an extended header.
pub(super) const MAX_ENTRY_HEADER: u64 = 64 << 10;

/// How deep folders are searched.
pub(super) const MAX_FOLDER_DEPTH: usize = 64;
