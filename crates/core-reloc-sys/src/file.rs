//! BTF out of a file: raw, or the `.BTF` section of an ELF file.

use std::{
    fmt,
    io::{Cursor, Read, Seek},
    path::{Path, PathBuf},
};

use btf_types::{Btf, Header};
use memmap2::Mmap;

use crate::{
    elf::{BtfSection, btf_section},
    error::{FileError, Problem},
    map::{SysfsBtf, map},
    read::{ELF_MAGIC, Opened, read_range},
};

/// The BTF of a file, and the file's path.
///
/// It owns the bytes. Of an ELF file it reads just the headers and the `.BTF` section; the running
/// kernel's own file it maps, and others if the caller answers for them: see [`BtfFile::map`].
///
/// ```
/// use btf_types::Kind;
/// use core_reloc_sys::BtfFile;
///
/// # use btf_types::{ByteOrder, build::Builder};
/// # let mut builder = Builder::new(ByteOrder::Little);
/// # builder.fwd_struct("task_struct");
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("vmlinux.btf");
/// # std::fs::write(&path, builder.finish()?)?;
/// let file = BtfFile::open(&path)?;
/// let btf = file.parse()?;
/// assert!(btf.find("task_struct", Kind::Fwd).is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct BtfFile {
    path: PathBuf,
    bytes: Bytes,
    source: Source,
}

/// What a file turned out to be.
enum Source {
    /// BTF that the running kernel shows.
    Kernel,
    /// A file that is BTF.
    Raw,
    /// An ELF file.
    Elf(BtfSection),
}

enum Bytes {
    Mapped(Mmap),
    Read(Vec<u8>),
}

impl BtfFile {
    /// Takes the BTF out of a file, and looks no further than its magic: see [`BtfFile::parse`].
    ///
    /// # Errors
    /// A file that cannot be read, is empty, is neither BTF nor ELF, or is an ELF file that is
    /// damaged or has no BTF.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, FileError> {
        Self::open_with(path.into(), Opened::read_whole_bytes)
    }

    /// As [`BtfFile::open`], but a file that is BTF and nothing else is mapped, which takes half the
    /// time, and memory only where it is looked at.
    ///
    /// ```
    /// # use btf_types::{ByteOrder, build::Builder};
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("vmlinux.btf");
    /// # std::fs::write(&path, Builder::new(ByteOrder::Little).finish()?)?;
    /// use core_reloc_sys::BtfFile;
    ///
    /// // SAFETY: nobody writes to this file.
    /// let file = unsafe { BtfFile::map(&path) }?;
    /// assert!(file.parse()?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Safety
    /// Nobody may write to the file or cut it short as long as the value lives. Replacing the file by
    /// another one, as package managers and careful writers do, is harmless.
    ///
    /// # Errors
    /// As [`BtfFile::open`].
    #[expect(unsafe_code, reason = "the caller answers for the file")]
    pub unsafe fn map(path: impl Into<PathBuf>) -> Result<Self, FileError> {
        Self::open_with(path.into(), |opened| {
            opened.check_len()?;
            // SAFETY: the caller answers for it.
            match unsafe { map(&opened.file) } {
                Ok(map) => Ok(Bytes::Mapped(map)),
                // Not everything that can be read can be mapped.
                Err(_) => opened.read_whole_bytes(),
            }
        })
    }

    fn open_with(
        path: PathBuf,
        take_raw: impl FnOnce(Opened) -> Result<Bytes, Problem>,
    ) -> Result<Self, FileError> {
        match read(&path, take_raw) {
            Ok((bytes, source)) => Ok(Self { path, bytes, source }),
            Err(problem) => Err(FileError { path, problem }),
        }
    }

    /// Takes the BTF out of a file's bytes that are in memory already, because they were unpacked from
    /// another file for example. `path` is what errors call the file.
    ///
    /// # Errors
    /// As [`BtfFile::open`], without those of reading.
    pub fn from_bytes(path: impl Into<PathBuf>, bytes: Vec<u8>) -> Result<Self, FileError> {
        let path = path.into();
        match take(bytes) {
            Ok((bytes, source)) => Ok(Self { path, bytes, source }),
            Err(problem) => Err(FileError { path, problem }),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes of the BTF.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Mapped(map) => map,
            Bytes::Read(bytes) => bytes,
        }
    }

    /// Whether the BTF continues a base, as a module's does: its strings do not begin with the empty
    /// one, which only a base has.
    pub fn is_split(&self) -> bool {
        let strings = |header: Header| self.as_bytes().get(header.strings())?.first().copied();
        Header::parse(self.as_bytes()).is_ok_and(|header| strings(header) != Some(0))
    }

    /// Whether the running kernel vouches for the bytes: it has checked them before it showed them.
    pub(crate) fn is_of_kernel(&self) -> bool {
        matches!(self.source, Source::Kernel)
    }

    /// Parses BTF that stands alone.
    ///
    /// # Errors
    /// [`Problem::Btf`].
    pub fn parse(&self) -> Result<Btf<'_>, FileError> {
        Btf::parse(self.as_bytes())
            .map(|btf| self.with_pointer_size(btf))
            .map_err(|error| self.error(error))
    }

    /// Parses a module's BTF, which continues its kernel's.
    ///
    /// # Errors
    /// [`Problem::Btf`].
    pub fn parse_split<'a>(&'a self, base: &'a Btf<'a>) -> Result<Btf<'a>, FileError> {
        Btf::parse_split(self.as_bytes(), base)
            .map(|btf| self.with_pointer_size(btf))
            .map_err(|error| self.error(error))
    }

    /// The file knows the size of its pointers, if it is ELF; BTF alone does not say it.
    fn with_pointer_size<'a>(&self, btf: Btf<'a>) -> Btf<'a> {
        match self.section() {
            Some(section) => btf.with_pointer_size(section.pointer_size),
            None => btf,
        }
    }

    fn section(&self) -> Option<&BtfSection> {
        match &self.source {
            Source::Elf(section) => Some(section),
            Source::Kernel | Source::Raw => None,
        }
    }

    /// An error about this file's BTF, with the file's path and the section's place.
    pub fn error(&self, error: btf_types::Error) -> FileError {
        let section = self.section().map(|section| section.place.start);
        let problem = Problem::Btf { section, error };
        FileError { path: self.path.clone(), problem }
    }
}

impl fmt::Debug for BtfFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BtfFile")
            .field("path", &self.path)
            .field("len", &self.as_bytes().len())
            .field("is_mapped", &matches!(self.bytes, Bytes::Mapped(_)))
            .finish_non_exhaustive()
    }
}

/// The BTF of a file, and what the file is. What is BTF and nothing else is taken as the caller likes.
fn read(
    path: &Path,
    take_raw: impl FnOnce(Opened) -> Result<Bytes, Problem>,
) -> Result<(Bytes, Source), Problem> {
    let opened = Opened::open(path)?;
    match opened.magic.as_slice() {
        [0x9f, 0xeb, ..] | [0xeb, 0x9f, ..] => read_raw(opened, take_raw),
        ELF_MAGIC if opened.is_seekable => read_section(opened.file),
        ELF_MAGIC => read_section(Cursor::new(opened.read_whole()?)),
        _ => Err(unrecognised(opened.magic)),
    }
}

/// The same of bytes in memory.
fn take(bytes: Vec<u8>) -> Result<(Bytes, Source), Problem> {
    match bytes.as_slice() {
        [] => Err(Problem::Empty),
        [0x9f, 0xeb, ..] | [0xeb, 0x9f, ..] => Ok((Bytes::Read(bytes), Source::Raw)),
        [0x7f, b'E', b'L', b'F', ..] => read_section(Cursor::new(bytes)),
        other => Err(unrecognised(other.iter().copied().take(4).collect())),
    }
}

fn unrecognised(found: Vec<u8>) -> Problem {
    Problem::Unrecognised { found, expected: "BTF (9f eb, eb 9f) or ELF (7f 45 4c 46)" }
}

fn read_raw(
    opened: Opened,
    take_raw: impl FnOnce(Opened) -> Result<Bytes, Problem>,
) -> Result<(Bytes, Source), Problem> {
    let Some(shown) = SysfsBtf::new(&opened.file) else {
        return Ok((take_raw(opened)?, Source::Raw));
    };
    let bytes = match shown.map() {
        Ok(map) => Bytes::Mapped(map),
        // Older kernels cannot map it. The bytes can be read all the same.
        Err(_) => opened.read_whole_bytes()?,
    };
    Ok((bytes, Source::Kernel))
}

impl Opened {
    fn read_whole_bytes(self) -> Result<Bytes, Problem> {
        self.read_whole().map(Bytes::Read)
    }
}

fn read_section(mut file: impl Read + Seek) -> Result<(Bytes, Source), Problem> {
    let section = btf_section(&mut file)?;
    let bytes = read_range(file, "the .BTF section", &section.place)?;
    Ok((Bytes::Read(bytes), Source::Elf(section)))
}
