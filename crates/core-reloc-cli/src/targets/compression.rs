//! The compressions that kernels, modules and archives come in.

use std::fmt;

/// How something is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// gzip (RFC 1952).
    Gzip,
    /// xz.
    Xz,
    /// zstd (RFC 8878).
    Zstd,
    /// lz4's frames.
    Lz4,
    /// lz4's frames as they were at first; kernels still use them.
    Lz4Legacy,
    /// bzip2.
    Bzip2,
    /// LZMA with the header of the `.lzma` files of old.
    Lzma,
}

impl Compression {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Gzip, Self::Xz, Self::Zstd, Self::Lz4, Self::Lz4Legacy, Self::Bzip2, Self::Lzma];

    /// What the names of its files end in, behind a dot.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Gzip => "gz",
            Self::Xz => "xz",
            Self::Zstd => "zst",
            Self::Lz4 | Self::Lz4Legacy => "lz4",
            Self::Bzip2 => "bz2",
            Self::Lzma => "lzma",
        }
    }

    /// The compression that the bytes begin with, if they do.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|compression| compression.begins(bytes))
    }

    /// What its data begin with.
    pub(super) fn magic(self) -> &'static [u8] {
        match self {
            // The third byte stands for deflate, the only method there is.
            Self::Gzip => b"\x1f\x8b\x08",
            Self::Xz => b"\xfd7zXZ\0",
            Self::Zstd => b"\x28\xb5\x2f\xfd",
            Self::Lz4 => b"\x04\x22\x4d\x18",
            Self::Lz4Legacy => b"\x02\x21\x4c\x18",
            Self::Bzip2 => b"BZh",
            // No magic: the parameters that everybody uses, and the end of the dictionary's size.
            Self::Lzma => b"\x5d\0\0",
        }
    }

    /// Whether the bytes are the beginning of its data, by all that tells them from others'.
    pub(super) fn begins(self, bytes: &[u8]) -> bool {
        let Some(rest) = bytes.strip_prefix(self.magic()) else { return false };
        match self {
            Self::Xz | Self::Zstd | Self::Lz4 | Self::Lz4Legacy => true,
            // Three flags are reserved.
            Self::Gzip => rest.first().is_some_and(|flags| flags & 0xe0 == 0),
            // The block size, and what a block begins with, or the end if there is none: the digits
            // of pi, or those of its square root.
            Self::Bzip2 => rest.split_first().is_some_and(|(size, rest)| {
                let block = rest.starts_with(b"\x31\x41\x59\x26\x53\x59");
                let end = rest.starts_with(b"\x17\x72\x45\x38\x50\x90");
                matches!(size, b'1'..=b'9') && (block || end)
            }),
            Self::Lzma => begins_lzma(bytes),
        }
    }
}

/// Whether an lzma header makes sense: the parameters, the dictionary's size (a power of two), and the
/// size of the data, if it is known; and the first byte of the data, which is always 0.
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
