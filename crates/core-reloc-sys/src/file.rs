//! BTF out of a file: raw, or the `.BTF` section of an ELF file.

use std::{
    fmt,
    fs::File,
    io::{self, Cursor, Read, Seek, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
};

use btf_types::Btf;
use memmap2::Mmap;

use crate::{
    elf::btf_section,
    error::{FileError, Problem},
    map::SysfsBtf,
};

/// The most bytes of BTF that are read, a hundred times what a large kernel has: so that no file can
/// make us take all memory.
pub const MAX_LEN: u64 = 1 << 30;

/// The BTF of a file, and the file's path.
///
/// It owns the bytes. Of an ELF file it reads just the headers and the `.BTF` section; the running
/// kernel's own file it maps.
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
#[derive(Clone, Copy)]
enum Source {
    /// BTF that the running kernel shows.
    Kernel,
    /// A file that is BTF.
    Raw,
    /// An ELF file, whose `.BTF` section begins at this offset.
    Elf(u64),
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
        let path = path.into();
        match read(&path) {
            Ok((bytes, source)) => Ok(Self { path, bytes, source }),
            Err(problem) => Err(FileError { path, problem }),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes of the BTF.
    pub fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Mapped(map) => map,
            Bytes::Read(bytes) => bytes,
        }
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
        Btf::parse(self.bytes()).map_err(|error| self.error(error))
    }

    /// Parses a module's BTF, which continues its kernel's.
    ///
    /// # Errors
    /// [`Problem::Btf`].
    pub fn parse_split<'a>(&'a self, base: &'a Btf<'a>) -> Result<Btf<'a>, FileError> {
        Btf::parse_split(self.bytes(), base).map_err(|error| self.error(error))
    }

    /// An error about this file's BTF, with the file's path and the section's place.
    pub fn error(&self, error: btf_types::Error) -> FileError {
        let section = match self.source {
            Source::Elf(offset) => Some(offset),
            Source::Kernel | Source::Raw => None,
        };
        let problem = Problem::Btf { section, error };
        FileError { path: self.path.clone(), problem }
    }
}

impl fmt::Debug for BtfFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BtfFile")
            .field("path", &self.path)
            .field("len", &self.bytes().len())
            .field("is_mapped", &matches!(self.bytes, Bytes::Mapped(_)))
            .finish_non_exhaustive()
    }
}

/// The BTF of a file, and what the file is.
fn read(path: &Path) -> Result<(Bytes, Source), Problem> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(Problem::Directory);
    }
    let mut magic = Vec::new();
    Read::by_ref(&mut file).take(4).read_to_end(&mut magic)?;
    match magic.as_slice() {
        [] => Err(Problem::Empty),
        [0x9f, 0xeb, ..] | [0xeb, 0x9f, ..] => match SysfsBtf::new(&file).map(|btf| btf.map()) {
            Some(Ok(map)) => Ok((Bytes::Mapped(map), Source::Kernel)),
            // Not being able to map is no fault: the bytes can be read.
            Some(Err(_)) => Ok((Bytes::Read(read_behind(magic, file)?), Source::Kernel)),
            None => Ok((Bytes::Read(read_behind(magic, file)?), Source::Raw)),
        },
        b"\x7fELF" if metadata.is_file() => read_section(file),
        // One cannot go back and forth in a pipe.
        b"\x7fELF" => read_section(Cursor::new(read_behind(magic, file)?)),
        _ => Err(Problem::Unrecognised { found: magic }),
    }
}

fn read_section(mut file: impl Read + Seek) -> Result<(Bytes, Source), Problem> {
    let section = btf_section(&mut file)?;
    Ok((Bytes::Read(read_range(&mut file, &section)?), Source::Elf(section.start)))
}

/// The whole of a file whose first bytes have been read.
fn read_behind(mut start: Vec<u8>, file: File) -> Result<Vec<u8>, Problem> {
    // Of a pipe, nobody knows the length.
    let expected = file.metadata()?.len();
    check_len("the file", expected)?;
    reserve(&mut start, expected)?;
    file.take(MAX_LEN).read_to_end(&mut start)?;
    check_len("the file", start.len() as u64)?;
    Ok(start)
}

fn read_range(file: &mut (impl Read + Seek), range: &Range<u64>) -> Result<Vec<u8>, Problem> {
    let len = range.end.saturating_sub(range.start);
    check_len("the .BTF section", len)?;
    file.seek(SeekFrom::Start(range.start))?;
    let mut bytes = Vec::new();
    reserve(&mut bytes, len)?;
    file.take(len).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != len {
        let why = "the file became shorter while it was read";
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why).into());
    }
    Ok(bytes)
}

/// Memory that is not there is an error, like anything else that the system refuses.
fn reserve(bytes: &mut Vec<u8>, len: u64) -> io::Result<()> {
    let len = usize::try_from(len).map_err(io::Error::other)?;
    Ok(bytes.try_reserve_exact(len)?)
}

fn check_len(what: &'static str, len: u64) -> Result<(), Problem> {
    if len > MAX_LEN {
        return Err(Problem::TooLarge { what, len, allowed: MAX_LEN });
    }
    Ok(())
}
