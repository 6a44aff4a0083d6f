//! Every limit, with its reason.

use core_reloc_sys::MAX_LEN;

/// How much of a file is read, and how much it may unpack to.
///
/// What exceeds a limit is an error that states the size found and the size allowed. Memory grows
/// with the bytes that are read, never with a size that a header claims.
///
/// ```
/// use core_reloc_targets::Limits;
///
/// let limits = Limits::default().file(64 << 20);
/// assert_eq!(limits.file, 64 << 20);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The most bytes of one file, kernel or archive entry, both packed and unpacked; of a plain
    /// ELF file, the most bytes of its `.BTF` section. The default is 1 GiB: a distribution's
    /// kernel unpacks to about 70 MB, with debug information to about a gigabyte.
    pub file: u64,
    /// The most bytes of a whole archive, unpacked. Only one entry at a time is in memory. The
    /// default is 16 GiB, some thousand kernels: the BTF of a kernel has about 5 MB.
    pub archive: u64,
    /// The most bytes of a store, unpacked if it is compressed as a whole: all of it is in memory. The default
    /// is 1 GiB, a hundred times what the four thousand kernels of BTFHub come to.
    pub store: u64,
    /// The most entries of an archive, and the most kernels of a store. The default is 65536.
    pub entries: u64,
    /// The most bytes of the modules' BTF, symbols and configurations of an archive, which are kept
    /// in memory together, and of the modules that are opened of a kernel in a store. The default is
    /// 512 MiB: the 4,000 modules of a distribution's kernel have about 60 MB.
    pub modules: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file: MAX_LEN,
            archive: 16 << 30,
            store: 1 << 30,
            entries: 1 << 16,
            modules: 512 << 20,
        }
    }
}

impl Limits {
    /// Sets the limit of one file.
    #[must_use]
    pub fn file(self, file: u64) -> Self {
        Self { file, ..self }
    }

    /// Sets the limit of a whole archive.
    #[must_use]
    pub fn archive(self, archive: u64) -> Self {
        Self { archive, ..self }
    }

    /// Sets the limit of a store.
    #[must_use]
    pub fn store(self, store: u64) -> Self {
        Self { store, ..self }
    }

    /// Sets the limit of an archive's entries.
    #[must_use]
    pub fn entries(self, entries: u64) -> Self {
        Self { entries, ..self }
    }

    /// Sets the limit of an archive's modules.
    #[must_use]
    pub fn modules(self, modules: u64) -> Self {
        Self { modules, ..self }
    }
}

/// The most memory for a decompressor's dictionary. Kernels are packed with 128 MiB at most.
pub(crate) const MAX_DICTIONARY: u32 = 256 << 20;

/// The most memory that is reserved for an entry because a header claims its size. It is not used before bytes
/// arrive. The BTF of a kernel has about 5 MB.
pub(crate) const MAX_ROOM: u64 = 16 << 20;

/// The most places of an image that are unpacked because they look like compressed data. Such bytes
/// also occur by chance, in the code of decompressors for example.
pub(crate) const MAX_PAYLOADS: usize = 64;

/// The most places that look like BTF and are parsed, the largest first.
pub(crate) const MAX_BTF_CANDIDATES: usize = 8;

/// The most places that an error lists.
pub(crate) const MAX_ATTEMPTS: usize = 4;

/// The most section headers of an ELF file.
pub(crate) const MAX_SECTIONS: u32 = 1 << 17;

/// The most bytes of an extended header, which holds the name of an archive entry: Linux's
/// `PATH_MAX`, and as much again for other fields, with room to spare.
pub(crate) const MAX_ENTRY_HEADER: u64 = 64 << 10;

/// The depth to which folders are searched.
pub(crate) const MAX_FOLDER_DEPTH: usize = 64;
