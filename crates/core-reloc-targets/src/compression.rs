//! The compression formats of kernels, modules and archives.

use std::{ffi::OsStr, fmt};

/// A compression format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// gzip (RFC 1952).
    Gzip,
    /// xz.
    Xz,
    /// zstd (RFC 8878).
    Zstd,
    /// lz4's frame format.
    Lz4,
    /// lz4's legacy frame format, which kernel images still use.
    Lz4Legacy,
    /// bzip2.
    Bzip2,
    /// LZMA with the header of `.lzma` files.
    Lzma,
}

impl Compression {
    /// All formats.
    pub const ALL: [Self; 7] =
        [Self::Gzip, Self::Xz, Self::Zstd, Self::Lz4, Self::Lz4Legacy, Self::Bzip2, Self::Lzma];

    /// Returns the extension of the format's files, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Gzip => "gz",
            Self::Xz => "xz",
            Self::Zstd => "zst",
            Self::Lz4 | Self::Lz4Legacy => "lz4",
            Self::Bzip2 => "bz2",
            Self::Lzma => "lzma",
        }
    }

    /// Returns the first format of [`Compression::ALL`] whose files have this extension.
    ///
    /// For the name of a kernel or module without its extension; what a file is, only its first
    /// bytes determine.
    ///
    /// ```
    /// use core_reloc_targets::Compression;
    ///
    /// assert_eq!(Compression::from_extension("zst".as_ref()), Some(Compression::Zstd));
    /// assert_eq!(Compression::from_extension("ko".as_ref()), None);
    /// ```
    pub fn from_extension(extension: &OsStr) -> Option<Self> {
        Self::ALL.into_iter().find(|compression| compression.extension() == extension)
    }

    /// Returns the format of data that start with `bytes`.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|compression| compression.matches(bytes))
    }

    /// Returns the bytes with which all data of the format start.
    pub(crate) fn magic(self) -> &'static [u8] {
        match self {
            // The third byte stands for deflate, the only method.
            Self::Gzip => b"\x1f\x8b\x08",
            Self::Xz => b"\xfd7zXZ\0",
            Self::Zstd => b"\x28\xb5\x2f\xfd",
            Self::Lz4 => b"\x04\x22\x4d\x18",
            Self::Lz4Legacy => b"\x02\x21\x4c\x18",
            Self::Bzip2 => b"BZh",
            // The format has no magic. These are the default parameters, and the low bytes of the
            // dictionary's size.
            Self::Lzma => b"\x5d\0\0",
        }
    }

    /// Returns `true` if the bytes start as data of this format, as far as that can be checked.
    pub(crate) fn matches(self, bytes: &[u8]) -> bool {
        let Some(rest) = bytes.strip_prefix(self.magic()) else { return false };
        match self {
            Self::Xz | Self::Zstd | Self::Lz4 | Self::Lz4Legacy => true,
            // Three flags are reserved.
            Self::Gzip => rest.first().is_some_and(|flags| flags & 0xe0 == 0),
            // The block size, then a block's magic (pi) or the end of the stream (its square root).
            Self::Bzip2 => rest.split_first().is_some_and(|(size, rest)| {
                let block = rest.starts_with(b"\x31\x41\x59\x26\x53\x59");
                let end = rest.starts_with(b"\x17\x72\x45\x38\x50\x90");
                matches!(size, b'1'..=b'9') && (block || end)
            }),
            Self::Lzma => begins_lzma(bytes),
        }
    }
}

/// Returns `true` if an lzma header is plausible: the dictionary's size is a power of two, the size
/// of the data is unknown or below 256 GiB, and the first byte of the data is 0, as it always is.
fn begins_lzma(bytes: &[u8]) -> bool {
    let read = || {
        let (dictionary, rest) = bytes.get(1..)?.split_first_chunk()?;
        let (size, data) = rest.split_first_chunk()?;
        Some((u32::from_le_bytes(*dictionary), u64::from_le_bytes(*size), data.first()?))
    };
    read().is_some_and(|(dictionary, size, data)| {
        dictionary.is_power_of_two() && (size == u64::MAX || size < 1 << 38) && *data == 0
    })
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Lz4Legacy => "lz4 (legacy)",
            Self::Bzip2 => "bzip2",
            Self::Lzma => "lzma",
        })
    }
}
