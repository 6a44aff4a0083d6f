//! The files that a command reads.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use core_reloc::elf::Object;
use core_reloc_sys::{BtfFile, ElfFile, read_elf, read_elf_from};
use core_reloc_targets::{self as targets, Files, Kernels, Limits, TargetError};
use rustix::fs::{FileType, fstat};

use crate::{failure::Failure, kept::kept, terminal};

/// Returns `true` if a path stands for standard input, or for standard output where a file is written.
pub(crate) fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

/// The paths of all files and folders that a command reads.
#[derive(Clone)]
pub(crate) struct Inputs<'a>(Vec<&'a Path>);

impl<'a> Inputs<'a> {
    /// Checks that at most one of the paths stands for standard input, which can be read only once.
    pub(crate) fn new(paths: Vec<&'a Path>) -> Result<Self, Failure> {
        match paths.iter().filter(|path| is_standard(path)).count() {
            0 | 1 => Ok(Self(paths)),
            _ => Err(Failure::SharedInput),
        }
    }

    /// Finds the file with an identity, also in folders. Files that cannot be examined are passed over:
    /// they cannot be read either.
    pub(crate) fn find(&self, identity: FileIdentity) -> Option<String> {
        self.0.iter().find_map(|path| {
            if is_standard(path) {
                let is_it = FileIdentity::of_standard_input() == Some(identity);
                return is_it.then(|| "standard input".to_string());
            }
            let mut files = Files::new(path).flatten();
            let file = files.find(|file| FileIdentity::of(file) == Some(identity))?;
            Some(file.display().to_string())
        })
    }
}

/// The identity of a regular file, which all links to it share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileIdentity {
    device: u64,
    inode: u64,
}

impl FileIdentity {
    /// Returns the identity of the file that a path leads to, if it is a regular file.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let file = fs::metadata(path).ok().filter(|file| file.is_file())?;
        Some(Self { device: file.dev(), inode: file.ino() })
    }

    fn of_standard_input() -> Option<Self> {
        let file = fstat(io::stdin()).ok()?;
        let is_regular = FileType::from_raw_mode(file.st_mode) == FileType::RegularFile;
        is_regular.then_some(Self { device: file.st_dev, inode: file.st_ino })
    }
}

/// Reads a BPF object's file.
pub(crate) fn read_object(path: &Path) -> Result<Vec<u8>, Failure> {
    Ok(if is_standard(path) { read_elf_from(path, io::stdin())? } else { read_elf(path)? })
}

/// Reads a BPF object's file, or maps it, until the program ends.
pub(crate) fn kept_object(path: &Path) -> Result<&'static [u8], Failure> {
    Ok(if is_standard(path) {
        kept(read_elf_from(path, io::stdin())?)
    } else {
        kept(ElfFile::open_leased(path)?).as_bytes()
    })
}

/// Reads BPF objects: files, and the objects in folders, in the order of their names. Other files in folders are
/// passed over.
pub(crate) fn read_objects(paths: &[PathBuf]) -> Result<Vec<(PathBuf, Vec<u8>)>, Failure> {
    let mut objects = Vec::new();
    for path in paths {
        if is_standard(path) || !path.is_dir() {
            objects.push((path.clone(), read_object(path)?));
            continue;
        }
        let count = objects.len();
        for file in Files::new(path) {
            let file = file?;
            if is_object(&file)? {
                let bytes = read_object(&file)?;
                objects.push((file, bytes));
            }
        }
        if objects.len() == count {
            return Err(Failure::NoObject(path.clone()));
        }
    }
    Ok(objects)
}

/// Returns `true` if a file starts as BPF objects do: a relocatable ELF file for BPF.
fn is_object(path: &Path) -> Result<bool, Failure> {
    /// The type of a relocatable file, `ET_REL`.
    const RELOCATABLE: u16 = 1;
    /// `EM_BPF`, and `EM_NONE` of old compilers.
    const MACHINES: [u16; 2] = [247, 0];
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(20).read_to_end(&mut start));
    read.map_err(|error| Failure::Read { path: path.to_path_buf(), error })?;
    let Some((magic, [_, order, _identity @ .., type_1, type_2, machine_1, machine_2])) =
        start.split_at_checked(4).filter(|_| start.len() == 20)
    else {
        return Ok(false);
    };
    let half = if *order == 2 { u16::from_be_bytes } else { u16::from_le_bytes };
    Ok(magic == b"\x7fELF"
        && half([*type_1, *type_2]) == RELOCATABLE
        && MACHINES.contains(&half([*machine_1, *machine_2])))
}

/// Parses a BPF object and validates all of its types, since the file is untrusted. Warns if there is
/// nothing to relocate in it.
pub(crate) fn parse_object<'a>(path: &Path, bytes: &'a [u8]) -> Result<Object<'a>, Failure> {
    let failure = |error| Failure::Object { path: path.to_path_buf(), error };
    let object = Object::parse(bytes).map_err(failure)?;
    object.validate().map_err(failure)?;
    if let Some(reason) = object.nothing_to_relocate() {
        terminal::warning(format_args!("{}: {reason}", path.display()));
    }
    Ok(object)
}

/// Reads the BTF of a file that contains exactly one.
pub(crate) fn open_target(path: &Path) -> Result<BtfFile, TargetError> {
    let limits = Limits::default();
    if is_standard(path) {
        targets::open_stream(path, io::stdin(), limits)
    } else {
        targets::open_leased(path, limits)
    }
}

/// Reads a file of text, unpacked if it is compressed.
pub(crate) fn read_unpacked(path: &Path, max_len: u64) -> Result<Vec<u8>, TargetError> {
    let limits = Limits::default().file(max_len);
    if is_standard(path) {
        targets::read_stream(path, io::stdin(), limits)
    } else {
        targets::read(path, limits)
    }
}

/// Searches a file or folder for kernels.
pub(crate) fn kernels(path: &Path) -> Kernels {
    let limits = Limits::default();
    if is_standard(path) {
        Kernels::of_stream(path, io::stdin(), limits)
    } else {
        Kernels::new(path, limits)
    }
}

/// Reads a whole file of any format, unless it has more than `max_len` bytes.
pub(crate) fn read_file(path: &Path, max_len: u64) -> Result<Vec<u8>, Failure> {
    let read = || {
        let mut bytes = Vec::new();
        let stream: Box<dyn Read> =
            if is_standard(path) { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
        stream.take(max_len.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > max_len {
            let problem = format!("the file has more than {max_len} bytes");
            return Err(io::Error::new(ErrorKind::FileTooLarge, problem));
        }
        Ok(bytes)
    };
    read().map_err(|error| Failure::Read { path: path.to_path_buf(), error })
}
