//! Opening a file that may be of any format.

use std::{fs::File, io::Read, path::Path};

use core_reloc_sys::{BtfFile, FileError, FileProblem};
use object::ReadCache;

use crate::{
    Limits,
    archive::Archive,
    error::{TargetError, TargetProblem},
    image::wrapped_kernel,
    input::{Format, Input},
    kernel_names::KernelNames,
    single::{single, unpacked},
    stored::StoredKernels,
};

/// What a file contains.
pub(crate) enum Content {
    /// One BTF.
    Single(BtfFile),
    /// Any number of them.
    Archive(Archive),
    /// Kernels of a store.
    Store(StoredKernels),
}

/// Reads the BTF of a file of any format that contains exactly one.
///
/// Other files in an archive are ignored if their format is unknown. All bytes are read into
/// memory, within the limits; `open_leased` (feature `lease`) and [`map`](crate::map()) map raw BTF instead. The file may
/// change or become shorter meanwhile: the result is then a value with some of its bytes, or an error.
///
/// ```
/// use core_reloc_targets::{Limits, open};
///
/// # use btf_types::{ByteOrder, build::Builder};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("6.1.btf");
/// # std::fs::write(&path, Builder::new(ByteOrder::Little).finish()?)?;
/// let file = open(&path, Limits::default())?;
/// println!("{}: {} types", file.path().display(), file.parse()?.len());
///
/// let error = open(&path, Limits::default().file(10)).unwrap_err();
/// assert!(error.to_string().ends_with("the file has 25 bytes, at most 10 are read"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Returns an error if the file cannot be read, is damaged, exceeds a limit, is of an unknown
/// format, or contains no BTF or several.
pub fn open(path: &Path, limits: Limits) -> Result<BtfFile, TargetError> {
    let open_plain = |path: &Path| BtfFile::open_with_limit(path, limits.file);
    open_only(path, limits, open_plain)
}

/// Opens a file like [`open`], but maps raw BTF where the system keeps the file from changing meanwhile:
/// [`BtfFile::open_leased`], which handles `SIGIO`. It is for programs, not for libraries in them.
///
/// ```
/// use core_reloc_targets::{Limits, open_leased};
///
/// # use btf_types::{ByteOrder, build::Builder};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("6.1.btf");
/// # std::fs::write(&path, Builder::new(ByteOrder::Little).finish()?)?;
/// let file = open_leased(&path, Limits::default())?;
/// assert!(file.parse()?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Returns the errors of [`open`].
#[cfg(feature = "lease")]
pub fn open_leased(path: &Path, limits: Limits) -> Result<BtfFile, TargetError> {
    open_only(path, limits, |path| BtfFile::open_leased(path, limits.file))
}

/// Reads the BTF of a stream that contains exactly one, such as standard input, as [`open`] does.
///
/// The path names the stream in errors, and need not exist.
///
/// ```
/// use std::path::Path;
///
/// use core_reloc_targets::{Limits, open_stream};
///
/// # use btf_types::{ByteOrder, build::Builder};
/// let bytes = Builder::new(ByteOrder::Little).finish()?;
/// let file = open_stream(Path::new("-"), std::io::Cursor::new(bytes), Limits::default())?;
/// assert!(file.parse()?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Returns the errors of [`open`].
pub fn open_stream(
    path: &Path,
    stream: impl Read + Send + 'static,
    limits: Limits,
) -> Result<BtfFile, TargetError> {
    only(path, stream_content(path, stream, limits)?)
}

/// Reads a file without BTF, such as a kernel's configuration, and unpacks it if it is compressed.
///
/// ```
/// use core_reloc_targets::{Limits, read};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("config-6.1.0");
/// # std::fs::write(&path, "CONFIG_HZ=250\n")?;
/// assert_eq!(read(&path, Limits::default())?, b"CONFIG_HZ=250\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Returns an error if the file cannot be read, or has more than [`Limits::file`] bytes, packed or not.
pub fn read(path: &Path, limits: Limits) -> Result<Vec<u8>, TargetError> {
    let file = open_file(path).map_err(|problem| TargetError::new(path, problem))?;
    read_stream(path, file, limits)
}

/// Reads a stream without BTF, as [`read`] does.
///
/// # Errors
/// Returns the errors of [`read`].
pub fn read_stream(
    path: &Path,
    stream: impl Read + Send + 'static,
    limits: Limits,
) -> Result<Vec<u8>, TargetError> {
    let here = |problem: TargetProblem| TargetError::new(path, problem);
    let input = unpacked(path, Input::new(stream).map_err(here)?)?;
    input.read_whole(limits.file).map_err(here)
}

/// Reads the BTF of a file that contains exactly one; opens raw BTF and ELF with `open_plain`.
pub(crate) fn open_only(
    path: &Path,
    limits: Limits,
    open_plain: impl FnOnce(&Path) -> Result<BtfFile, FileError>,
) -> Result<BtfFile, TargetError> {
    only(path, content(path, limits, open_plain)?)
}

/// Returns the only BTF of a file.
fn only(path: &Path, content: Content) -> Result<BtfFile, TargetError> {
    let mut next: Box<dyn FnMut() -> Option<Result<BtfFile, TargetError>>> = match content {
        Content::Single(file) => return Ok(file),
        Content::Archive(mut archive) => Box::new(move || archive.next_target()),
        Content::Store(mut store) => {
            let mut found = KernelNames::default();
            store.names().for_each(|name| found.add(name));
            if found.len() > 1 {
                let problem = TargetProblem::SeveralKernels { name: None, found: found.into() };
                return Err(TargetError::new(path, problem));
            }
            Box::new(move || store.next_target())
        }
    };
    let mut only: Option<BtfFile> = None;
    while let Some(found) = next() {
        match (found, &only) {
            (Err(error), _) if error.is_unrecognized() => {}
            (Err(error), _) => return Err(error),
            (Ok(file), None) => only = Some(file),
            (Ok(file), Some(first)) => {
                let paths = [first, &file].map(|file| file.path().to_path_buf());
                return Err(TargetError::new(path, TargetProblem::Several(paths)));
            }
        }
    }
    only.ok_or_else(|| TargetError::new(path, TargetProblem::NoTarget))
}

/// Opens a file of any format.
pub(crate) fn open_any(path: &Path, limits: Limits) -> Result<Content, TargetError> {
    content(path, limits, |path| BtfFile::open_with_limit(path, limits.file))
}

fn content(
    path: &Path,
    limits: Limits,
    open_plain: impl FnOnce(&Path) -> Result<BtfFile, FileError>,
) -> Result<Content, TargetError> {
    // A pipe can be read only once, and so not by `open_plain` first.
    if path.metadata().is_ok_and(|metadata| metadata.is_file()) {
        match open_plain(path) {
            Ok(file) => return Ok(Content::Single(file)),
            Err(FileError { problem: FileProblem::Unrecognized { .. }, .. }) => {}
            // The ELF file may wrap a kernel.
            Err(error) if matches!(error.problem, FileProblem::NoSection) => {
                let headers = File::open(path).map(ReadCache::new);
                let headers = headers.map_err(|error| TargetError::new(path, error))?;
                if wrapped_kernel(&headers).is_none() {
                    return Err(error.into());
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    let file = open_file(path).map_err(|problem| TargetError::new(path, problem))?;
    stream_content(path, file, limits)
}

/// Opens a file that is not a folder.
fn open_file(path: &Path) -> Result<File, TargetProblem> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(FileProblem::Directory.into());
    }
    Ok(file)
}

/// Reads a stream of any format.
pub(crate) fn stream_content(
    path: &Path,
    stream: impl Read + Send + 'static,
    limits: Limits,
) -> Result<Content, TargetError> {
    let input = Input::new(stream).map_err(|problem| TargetError::new(path, problem))?;
    let input = unpacked(path, input)?;
    match input.format() {
        Some(Format::Tar) => Ok(Content::Archive(Archive::new(path, input, limits))),
        Some(Format::Store) => {
            let bytes = input.read_whole(limits.store);
            let bytes = bytes.map_err(|problem| TargetError::new(path, problem))?;
            Ok(Content::Store(StoredKernels::open(path, bytes, limits)?))
        }
        _ => Ok(Content::Single(single(path, input, limits)?)),
    }
}
