//! What a file is, by its first bytes.

use super::Compression;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Raw BTF, of either byte order.
    Btf,
    /// ELF.
    Elf,
    /// A kernel image that is not ELF; the word for it.
    Image(&'static str),
    /// Compressed data.
    Packed(Compression),
    /// A tar archive.
    Tar,
}

/// How many bytes tell what a file is: s390's magic ends there.
pub(super) const HEAD_LEN: usize = 0x1000e;

/// For error messages.
pub(super) const EXPECTED: &str =
    "BTF, ELF, a kernel image, a tar archive or compressed data of these";

/// Kernel images: where the bytes are that tell them, and what these are.
const IMAGES: &[(usize, &[u8], &str)] = &[
    (0x202, b"HdrS", "x86 kernel image"),
    (56, b"ARMd", "arm64 kernel image"),
    (56, b"RSC\x05", "riscv kernel image"),
    (36, b"\x18\x28\x6f\x01", "arm kernel image"),
    (0x10008, b"S390EP", "s390 kernel image"),
    // Last, because the others may be EFI programs too.
    (0, b"MZ", "EFI program"),
];

impl Format {
    /// What a file is that begins with `head`.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        let holds = |offset: usize, magic: &[u8]| {
            head.get(offset..).is_some_and(|bytes| bytes.starts_with(magic))
        };
        if holds(0, b"\x9f\xeb") || holds(0, b"\xeb\x9f") {
            return Some(Self::Btf);
        }
        if holds(0, b"\x7fELF") {
            return Some(Self::Elf);
        }
        if let Some(compression) = Compression::of(head) {
            return Some(Self::Packed(compression));
        }
        if holds(257, b"ustar") {
            return Some(Self::Tar);
        }
        let image = IMAGES.iter().find(|(offset, magic, _)| holds(*offset, magic));
        image.map(|(_, _, name)| Self::Image(name))
    }
}
