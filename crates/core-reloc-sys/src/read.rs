//! Reading files with bounded memory.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
};

use crate::error::{FileError, FileProblem};

/// The most bytes that are read of a file: 1 GiB.
///
/// BTF and BPF objects take less than a hundredth of it.
pub const MAX_LEN: u64 = 1 << 30;

pub(crate) const ELF_MAGIC: &[u8] = b"\x7fELF";

/// The format of objects, for messages.
const EXPECTED_ELF: &str = "ELF (7f 45 4c 46)";

/// Reads a whole ELF file, such as a BPF object, of [`MAX_LEN`] bytes at most.
///
/// ```
/// use std::path::Path;
///
/// let program = core_reloc_sys::read_elf(Path::new("/proc/self/exe"))?;
/// assert!(program.starts_with(b"\x7fELF"));
/// # Ok::<(), core_reloc_sys::FileError>(())
/// ```
///
/// # Errors
/// Returns an error if the file cannot be read, is a directory, empty, too large, or does not start
/// with ELF's magic.
pub fn read_elf(path: &Path) -> Result<Vec<u8>, FileError> {
    let read = Opened::open_elf(path).and_then(Opened::read_whole);
    read.map_err(|problem| FileError { path: path.to_path_buf(), problem })
}

/// Reads a whole ELF file from a stream, such as standard input, of [`MAX_LEN`] bytes at most.
///
/// Errors name the stream by `path`, which need not exist.
///
/// ```
/// let error = core_reloc_sys::read_elf_from("standard input", &b"#!/bin/sh"[..]).unwrap_err();
/// let expected = "standard input: starts with 23 21 2f 62, expected ELF (7f 45 4c 46)";
/// assert_eq!(error.to_string(), expected);
/// ```
///
/// # Errors
/// Returns an error if the stream cannot be read, is empty, too large, or does not start with ELF's
/// magic.
pub fn read_elf_from(
    path: impl Into<PathBuf>,
    mut stream: impl Read,
) -> Result<Vec<u8>, FileError> {
    let mut read = || {
        let mut bytes = read_magic(&mut stream)?;
        if bytes != ELF_MAGIC {
            return Err(FileProblem::Unrecognized { found: bytes, expected: EXPECTED_ELF });
        }
        read_rest(&mut stream, &mut bytes, MAX_LEN)?;
        Ok(bytes)
    };
    read().map_err(|problem| FileError { path: path.into(), problem })
}

/// An open file and its first bytes.
pub(crate) struct Opened {
    /// The file, positioned after the first bytes.
    pub(crate) file: File,
    /// The first four bytes, or all of a shorter file; never empty.
    pub(crate) magic: Vec<u8>,
    /// `false` for pipes and devices.
    pub(crate) is_seekable: bool,
    pub(crate) max_len: u64,
}

impl Opened {
    /// Opens an ELF file of which at most [`MAX_LEN`] bytes will be read.
    pub(crate) fn open_elf(path: &Path) -> Result<Self, FileProblem> {
        let opened = Self::open(path, MAX_LEN)?;
        if opened.magic == ELF_MAGIC {
            Ok(opened)
        } else {
            Err(FileProblem::Unrecognized { found: opened.magic, expected: EXPECTED_ELF })
        }
    }

    /// Opens a file of which at most `max_len` bytes will be read.
    pub(crate) fn open(path: &Path, max_len: u64) -> Result<Self, FileProblem> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(FileProblem::Directory);
        }
        let magic = read_magic(&mut file)?;
        Ok(Self { file, magic, is_seekable: metadata.is_file(), max_len })
    }

    /// Checks that the file is not larger than the limit.
    pub(crate) fn check_len(&self) -> Result<(), FileProblem> {
        check_len("the file", self.file.metadata()?.len(), self.max_len)
    }

    /// Reads all of the file's bytes.
    pub(crate) fn read_whole(self) -> Result<Vec<u8>, FileProblem> {
        self.check_len()?;
        let Self { file, magic: mut bytes, max_len, .. } = self;
        // 0 for a pipe.
        reserve(&mut bytes, file.metadata()?.len().min(max_len))?;
        read_rest(file, &mut bytes, max_len)?;
        Ok(bytes)
    }
}

/// Reads the first four bytes, or all of a shorter stream, which must not be empty.
fn read_magic(stream: impl Read) -> Result<Vec<u8>, FileProblem> {
    let mut magic = Vec::new();
    stream.take(4).read_to_end(&mut magic)?;
    if magic.is_empty() { Err(FileProblem::Empty) } else { Ok(magic) }
}

/// Reads the rest of a stream of which some bytes have been read, at most `max_len` bytes in all.
fn read_rest(stream: impl Read, bytes: &mut Vec<u8>, max_len: u64) -> Result<(), FileProblem> {
    let more = max_len.saturating_add(1).saturating_sub(bytes.len() as u64);
    stream.take(more).read_to_end(bytes)?;
    check_len("the file", bytes.len() as u64, max_len)
}

/// Reads a range of a file, which `what` names in errors.
pub(crate) fn read_range(
    mut file: impl Read + Seek,
    what: &'static str,
    range: &Range<u64>,
    max_len: u64,
) -> Result<Vec<u8>, FileProblem> {
    let len = range.end.saturating_sub(range.start);
    check_len(what, len, max_len)?;
    file.seek(SeekFrom::Start(range.start))?;
    let mut bytes = Vec::new();
    reserve(&mut bytes, len)?;
    file.take(len).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != len {
        let reason = "the file became shorter while it was read";
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, reason).into());
    }
    Ok(bytes)
}

/// Reserves memory, or returns an error if there is not enough.
fn reserve(bytes: &mut Vec<u8>, len: u64) -> io::Result<()> {
    let len = usize::try_from(len).map_err(io::Error::other)?;
    Ok(bytes.try_reserve_exact(len)?)
}

pub(crate) fn check_len(what: &'static str, len: u64, allowed: u64) -> Result<(), FileProblem> {
    if len > allowed {
        return Err(FileProblem::TooLarge { what, len, allowed });
    }
    Ok(())
}
