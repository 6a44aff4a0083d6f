//! Input that is read from front to back, and its format, which its first bytes determine.

use std::io::{self, Cursor, Read};

use core_reloc_sys::FileProblem;

use crate::{Compression, error::TargetProblem, limits::MAX_ROOM};

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Raw BTF, of either byte order.
    Btf,
    /// ELF.
    Elf,
    /// A kernel image that is not ELF; its name in messages.
    Image(&'static str),
    /// Compressed data.
    Packed(Compression),
    /// A tar archive.
    Tar,
    /// A store of kernels.
    Store,
}

/// How many bytes determine the format: s390's magic ends there.
const HEAD_LEN: usize = 0x1000e;

/// The known formats, for messages.
const EXPECTED: &str = "BTF, ELF, a kernel image, a tar archive or compressed data of these";

/// The magics of kernel images: offset, bytes, and name in messages.
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
    /// Returns the format of a file that starts with `head`.
    fn of(head: &[u8]) -> Option<Self> {
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
        if holds(0, btf_store::MAGIC.as_bytes()) {
            return Some(Self::Store);
        }
        if holds(257, b"ustar") {
            return Some(Self::Tar);
        }
        let image = IMAGES.iter().find(|(offset, magic, _)| holds(*offset, magic));
        image.map(|(_, _, name)| Self::Image(name))
    }
}

/// A file, an archive entry, or the unpacked data of one of these.
pub(crate) struct Input<'a> {
    head: Vec<u8>,
    rest: Box<dyn Read + Send + 'a>,
    /// The compression that the data are unpacked from: the likely cause of a read error.
    packed: Option<Compression>,
    /// The number of bytes that there are said to be.
    expected: u64,
}

impl<'a> Input<'a> {
    /// Reads the first bytes.
    pub(crate) fn new(reader: impl Read + Send + 'a) -> Result<Self, TargetProblem> {
        Self::read_head(Box::new(reader), None)
    }

    /// Reads the first bytes of data that are being unpacked.
    pub(crate) fn unpacked(
        reader: impl Read + Send + 'a,
        packed: Compression,
    ) -> Result<Self, TargetProblem> {
        Self::read_head(Box::new(reader), Some(packed))
    }

    fn read_head(
        mut rest: Box<dyn Read + Send + 'a>,
        packed: Option<Compression>,
    ) -> Result<Self, TargetProblem> {
        let mut head = Vec::new();
        match Read::by_ref(&mut rest).take(HEAD_LEN as u64).read_to_end(&mut head) {
            Ok(_) => Ok(Self { head, rest, packed, expected: 0 }),
            Err(error) => Err(read_problem(packed, error)),
        }
    }

    /// Sets the number of bytes that a header claims, for which room is made at once, up to a limit.
    pub(crate) fn expecting(self, len: u64) -> Self {
        Self { expected: len, ..self }
    }

    /// Returns the format, if it is known.
    pub(crate) fn format(&self) -> Option<Format> {
        Format::of(&self.head)
    }

    /// Returns the compression that the data are unpacked from.
    pub(crate) fn packed(&self) -> Option<Compression> {
        self.packed
    }

    /// Returns the problem of input whose format is unknown.
    pub(crate) fn unrecognized(&self) -> TargetProblem {
        if self.head.is_empty() {
            return FileProblem::Empty.into();
        }
        let found = self.head.iter().copied().take(4).collect();
        FileProblem::Unrecognized { found, expected: EXPECTED }.into()
    }

    /// Returns a reader of the whole input, the first bytes included.
    pub(crate) fn into_reader(self) -> impl Read + Send + 'a {
        Cursor::new(self.head).chain(self.rest)
    }

    /// Reads the whole input into memory, unless it has more than `allowed` bytes.
    pub(crate) fn read_whole(self, allowed: u64) -> Result<Vec<u8>, TargetProblem> {
        let packed = self.packed;
        let mut bytes = self.head;
        let rest = allowed.saturating_add(1).saturating_sub(bytes.len() as u64);
        let expected = usize::try_from(self.expected.min(MAX_ROOM)).unwrap_or_default();
        // Without this room the bytes are moved each time that the buffer grows.
        let more = expected.saturating_sub(bytes.len());
        bytes.try_reserve_exact(more).map_err(io::Error::other)?;
        // `read_to_end` grows the buffer as bytes arrive, and reports a lack of memory as an error.
        self.rest
            .take(rest)
            .read_to_end(&mut bytes)
            .map_err(|error| read_problem(packed, error))?;
        let len = bytes.len() as u64;
        if len > allowed {
            let what = if packed.is_some() { "the unpacked file" } else { "the file" };
            return Err(FileProblem::TooLarge { what, len, allowed }.into());
        }
        Ok(bytes)
    }
}

/// Returns the problem of a read error.
pub(crate) fn read_problem(packed: Option<Compression>, error: io::Error) -> TargetProblem {
    match packed {
        Some(format) => TargetProblem::Packed { format, error },
        None => error.into(),
    }
}
