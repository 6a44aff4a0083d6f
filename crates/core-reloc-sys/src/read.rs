//! Reading files of any sort without taking more memory than they are worth.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    path::Path,
};

use crate::error::{FileError, Problem};

/// The most bytes that are read of a file. BTF and BPF objects have a hundredth of it; what is larger
/// is some other file, or endless.
pub const MAX_LEN: u64 = 1 << 30;

pub(crate) const ELF_MAGIC: &[u8] = b"\x7fELF";

/// Reads the whole of an ELF file: a BPF object.
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
/// A file that cannot be read, is a directory, empty, too large, or does not begin as ELF.
pub fn read_elf(path: &Path) -> Result<Vec<u8>, FileError> {
    let read = || {
        let opened = Opened::open(path)?;
        if opened.magic == ELF_MAGIC {
            opened.read_whole()
        } else {
            Err(Problem::Unrecognised { found: opened.magic, expected: "ELF (7f 45 4c 46)" })
        }
    };
    read().map_err(|problem| FileError { path: path.to_path_buf(), problem })
}

/// An open file, and its first bytes.
pub(crate) struct Opened {
    /// The file, behind the first bytes.
    pub(crate) file: File,
    /// The first four bytes; fewer of a shorter file, but some.
    pub(crate) magic: Vec<u8>,
    /// Whether one can go back and forth in it.
    pub(crate) is_seekable: bool,
}

impl Opened {
    pub(crate) fn open(path: &Path) -> Result<Self, Problem> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(Problem::Directory);
        }
        let mut magic = Vec::new();
        Read::by_ref(&mut file).take(4).read_to_end(&mut magic)?;
        if magic.is_empty() {
            return Err(Problem::Empty);
        }
        Ok(Self { file, magic, is_seekable: metadata.is_file() })
    }

    /// Looks whether the file is larger than what is read.
    pub(crate) fn check_len(&self) -> Result<(), Problem> {
        check_len("the file", self.file.metadata()?.len())
    }

    /// All of the file's bytes.
    pub(crate) fn read_whole(self) -> Result<Vec<u8>, Problem> {
        let Self { file, magic: mut bytes, .. } = self;
        // Of a pipe, this is 0.
        let expected = file.metadata()?.len();
        check_len("the file", expected)?;
        reserve(&mut bytes, expected)?;
        file.take(MAX_LEN).read_to_end(&mut bytes)?;
        check_len("the file", bytes.len() as u64)?;
        Ok(bytes)
    }
}

/// Some of a file's bytes.
pub(crate) fn read_range(
    mut file: impl Read + Seek,
    what: &'static str,
    range: &Range<u64>,
) -> Result<Vec<u8>, Problem> {
    let len = range.end.saturating_sub(range.start);
    check_len(what, len)?;
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
