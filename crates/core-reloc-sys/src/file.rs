//! The BTF in a file: raw, or the `.BTF` section of an ELF file.

#[cfg(feature = "lease")]
mod leased;
mod mapped;

use std::{
    fmt,
    io::{Cursor, Read, Seek},
    path::{Path, PathBuf},
};

use btf_types::{Btf, Header, StrOffset, distilled};
use rustix::system::uname;

use crate::{
    bytes::Bytes,
    elf::{BtfSection, btf_section},
    error::{FileError, FileProblem},
    map::{is_on_sysfs, map_kernel_btf},
    read::{ELF_MAGIC, MAX_LEN, Opened, read_range},
    release::{self, release_of_path},
};

/// The BTF of a file, with the file's path.
///
/// The value owns the bytes. Of an ELF file only the headers and the `.BTF` section are read. The
/// running kernel's BTF is mapped, which is safe because it never changes; every other file is read
/// into memory unless the caller asks for `BtfFile::open_leased` (feature `lease`), or uses the unsafe [`BtfFile::map`].
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
    content: Content,
    /// The release of the kernel, if the file states it.
    release: Option<String>,
    /// The kernel's version string, if it is known.
    version: Option<String>,
}

/// What is read of a file.
struct Content {
    bytes: Bytes,
    source: Source,
    /// The distilled base of the BTF.
    base: Option<Vec<u8>>,
    modinfo: Option<Vec<u8>>,
}

/// What kind of file the BTF comes from.
enum Source {
    /// The running kernel's BTF or a module's, on sysfs.
    Kernel,
    /// Raw BTF.
    Raw,
    /// An ELF file.
    Elf(BtfSection),
}

impl BtfFile {
    /// Opens a file and reads its BTF, of [`MAX_LEN`] bytes at most.
    ///
    /// Checks only the magic; [`BtfFile::parse`] checks the rest.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, is empty, too large, neither BTF nor ELF, a
    /// damaged ELF file, or an ELF file without BTF.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, FileError> {
        Self::open_with_limit(path, MAX_LEN)
    }

    /// Opens a file like [`BtfFile::open`] and reads at most `max_len` bytes of BTF.
    ///
    /// The limit applies to raw BTF and to the sections `.BTF` and `.BTF.base` together; the rest of an ELF file is not read
    /// and may be larger.
    ///
    /// ```
    /// # use btf_types::{ByteOrder, build::Builder};
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("vmlinux.btf");
    /// # std::fs::write(&path, Builder::new(ByteOrder::Little).finish()?)?;
    /// use core_reloc_sys::{BtfFile, FileProblem};
    ///
    /// let error = BtfFile::open_with_limit(&path, 10).unwrap_err();
    /// assert!(matches!(error.problem, FileProblem::TooLarge { len: 25, allowed: 10, .. }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`BtfFile::open`].
    pub fn open_with_limit(path: impl Into<PathBuf>, max_len: u64) -> Result<Self, FileError> {
        Self::open_with(path.into(), max_len, |opened| opened.read_whole().map(Bytes::Read))
    }

    /// Opens a file and loads raw BTF with `load_raw`.
    pub(crate) fn open_with(
        path: PathBuf,
        max_len: u64,
        load_raw: impl FnOnce(Opened) -> Result<Bytes, FileProblem>,
    ) -> Result<Self, FileError> {
        match read_file(&path, max_len, load_raw) {
            Ok(content) => Ok(Self::new(path, content)),
            Err(problem) => Err(FileError { path, problem }),
        }
    }

    fn new(path: PathBuf, content: Content) -> Self {
        let (stated, version) = match content.source {
            Source::Kernel => {
                let uname = uname();
                let [release, version] = [uname.release(), uname.version()]
                    .map(|text| Some(text.to_string_lossy().into_owned()));
                (release, version)
            }
            Source::Raw | Source::Elf(_) => {
                (content.modinfo.as_deref().and_then(release::in_modinfo), None)
            }
        };
        let release = stated.or_else(|| release_of_path(&path));
        Self { path, content, release, version }
    }

    /// Takes the BTF out of a file's bytes, which were unpacked from another file for example.
    ///
    /// Errors name the file by `path`, which need not exist.
    ///
    /// # Errors
    /// Returns the errors of [`BtfFile::open`] that concern the bytes.
    pub fn from_bytes(path: impl Into<PathBuf>, bytes: Vec<u8>) -> Result<Self, FileError> {
        let path = path.into();
        match take_btf(bytes) {
            Ok(content) => Ok(Self::new(path, content)),
            Err(problem) => Err(FileError { path, problem }),
        }
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the bytes of the BTF.
    pub fn as_bytes(&self) -> &[u8] {
        self.content.bytes.as_slice()
    }

    /// Returns `true` if the BTF is split BTF, as modules have it.
    ///
    /// The string section of base BTF starts with the empty string. That of split BTF hardly ever does; if it
    /// does, most of the names are in the base.
    pub fn is_split(&self) -> bool {
        /// The most bytes of types of a module whose strings start so. Kernels have more.
        const MAX_LEN: usize = 1 << 20;
        let Ok(header) = Header::parse(self.as_bytes()) else { return false };
        let strings = self.as_bytes().get(header.strings()).unwrap_or_default();
        strings.first() != Some(&0)
            || header.types().len() <= MAX_LEN
                && Btf::parse(self.as_bytes()).is_ok_and(|btf| has_foreign_names(&btf))
    }

    /// Returns `true` if the running kernel publishes the BTF, which it has checked at boot.
    pub(crate) fn is_of_kernel(&self) -> bool {
        matches!(self.content.source, Source::Kernel)
    }

    /// Returns the distilled base that the split BTF continues, which is in the section `.BTF.base` of a
    /// module that was built out of tree.
    pub fn distilled_base(&self) -> Option<&[u8]> {
        self.content.base.as_deref()
    }

    /// Relocates a module from its distilled base onto its kernel's BTF ([`Btf::relocate_onto`]), on which
    /// [`BtfFile::parse_split`] parses the result.
    ///
    /// ```
    /// use core_reloc_sys::{BtfFile, FileError};
    ///
    /// /// Opens a module, in or out of tree, for a kernel.
    /// fn open_module(path: &str, kernel: &BtfFile) -> Result<BtfFile, FileError> {
    ///     let module = BtfFile::open(path)?;
    ///     match module.distilled_base() {
    ///         Some(_) => module.relocate_onto(&kernel.parse()?),
    ///         None => Ok(module),
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// Returns [`FileProblem::Distilled`] if a type of the distilled base is missing from the kernel or
    /// stands for several types, if the base is malformed, or if the file has none; [`FileProblem::Btf`] if
    /// `.BTF` is malformed.
    pub fn relocate_onto(&self, kernel: &Btf<'_>) -> Result<Self, FileError> {
        let distilled =
            |error| FileError { path: self.path.clone(), problem: FileProblem::Distilled(error) };
        let base = self.distilled_base().ok_or(distilled::Error::NoBase).map_err(distilled)?;
        let base = Btf::parse(base).map_err(|error| distilled(error.into()))?;
        let split = Btf::parse_split(self.as_bytes(), &base).map_err(|error| self.error(error))?;
        let bytes = split.relocate_onto(kernel).map_err(distilled)?;
        let source = match &self.content.source {
            Source::Elf(section) => Source::Elf(section.clone()),
            Source::Kernel | Source::Raw => Source::Raw,
        };
        let content = Content { bytes: Bytes::Read(bytes), source, base: None, modinfo: None };
        let (release, version) = (self.release.clone(), self.version.clone());
        Ok(Self { path: self.path.clone(), content, release, version })
    }

    /// Returns an error for split BTF on a distilled base, which means nothing on another.
    fn check_relocated(&self) -> Result<(), FileError> {
        match &self.content.base {
            None => Ok(()),
            Some(_) => {
                Err(FileError { path: self.path.clone(), problem: FileProblem::DistilledBase })
            }
        }
    }

    /// Parses base BTF.
    ///
    /// # Errors
    /// Returns [`FileProblem::Btf`] if the BTF is malformed; [`FileProblem::DistilledBase`] for a module
    /// that was built out of tree.
    pub fn parse(&self) -> Result<Btf<'_>, FileError> {
        self.check_relocated()?;
        Btf::parse(self.as_bytes())
            .map(|btf| self.with_pointer_size(btf))
            .map_err(|error| self.error(error))
    }

    /// Parses split BTF on its base: a module's on its kernel's.
    ///
    /// A module of another build of the kernel is an error ([`Btf::check_base`]). The modules that the
    /// running kernel publishes are not checked, since the kernel has done so.
    ///
    /// # Errors
    /// Returns [`FileProblem::Btf`] if the BTF is malformed or was made for another base;
    /// [`FileProblem::DistilledBase`] for a module that was built out of tree and not
    /// [relocated](BtfFile::relocate_onto).
    pub fn parse_split<'a>(&'a self, base: &'a Btf<'a>) -> Result<Btf<'a>, FileError> {
        self.check_relocated()?;
        let btf = Btf::parse_split(self.as_bytes(), base).map_err(|error| self.error(error))?;
        if !self.is_of_kernel() {
            self.check_base(&btf)?;
        }
        Ok(self.with_pointer_size(btf))
    }

    /// Checks that the split BTF of this file was made for its base: [`Btf::check_base`].
    ///
    /// # Errors
    /// Returns [`FileProblem::Btf`] if it was made for another base.
    pub fn check_base<'a>(&self, btf: &'a Btf<'a>) -> Result<(), FileError> {
        btf.check_base().map_err(|error| self.error(error))
    }

    /// Returns the release of the kernel that the file belongs to, as `uname -r` prints it: of the running
    /// kernel's own BTF; of a module with `vermagic` in its `.modinfo`; or the one that the
    /// [path](release_of_path) states.
    pub fn release(&self) -> Option<&str> {
        self.release.as_deref()
    }

    /// Sets the release of the kernel that the file belongs to.
    #[must_use]
    pub fn with_release(self, release: impl Into<String>) -> Self {
        Self { release: Some(release.into()), ..self }
    }

    /// Returns the version string of the kernel, as `uname -v` prints it: of the running kernel's own BTF, or the
    /// one that was set. BTF does not state it.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Sets the version string of the kernel.
    #[must_use]
    pub fn with_version(self, version: impl Into<String>) -> Self {
        Self { version: Some(version.into()), ..self }
    }

    /// Sets the pointer size, which an ELF header states and BTF does not.
    fn with_pointer_size<'a>(&self, btf: Btf<'a>) -> Btf<'a> {
        match self.section() {
            Some(section) => btf.with_pointer_size(section.pointer_size),
            None => btf,
        }
    }

    fn section(&self) -> Option<&BtfSection> {
        match &self.content.source {
            Source::Elf(section) => Some(section),
            Source::Kernel | Source::Raw => None,
        }
    }

    /// Makes an error of this file out of an error in its BTF, with the path and the section's
    /// offset.
    pub fn error(&self, error: btf_types::Error) -> FileError {
        let section = self.section().map(|section| section.range.start);
        let problem = FileProblem::Btf { section, error };
        FileError { path: self.path.clone(), problem }
    }
}

/// The bytes of the BTF, so that a value which keeps its BTF can take the file without a copy.
///
/// ```
/// use btf_types::OwnedBtf;
///
/// let Ok(file) = core_reloc_sys::kernel_btf() else { return };
/// let kernel = OwnedBtf::parse(file);
/// # assert!(kernel.is_ok());
/// ```
impl AsRef<[u8]> for BtfFile {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Debug for BtfFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BtfFile")
            .field("path", &self.path)
            .field("len", &self.as_bytes().len())
            .field("is_mapped", &!matches!(self.content.bytes, Bytes::Read(_)))
            .finish_non_exhaustive()
    }
}

/// Returns `true` if most types have names that are not in the BTF itself.
fn has_foreign_names(btf: &Btf<'_>) -> bool {
    let names = btf.own_types().map(|ty| ty.name_off()).filter(|name| *name != StrOffset::EMPTY);
    let (foreign, own): (Vec<_>, Vec<_>) =
        names.partition(|name| btf.string_and_rest(*name).is_none());
    foreign.len() > own.len()
}

/// Reads the BTF of a file; loads raw BTF with `load_raw`.
fn read_file(
    path: &Path,
    max_len: u64,
    load_raw: impl FnOnce(Opened) -> Result<Bytes, FileProblem>,
) -> Result<Content, FileProblem> {
    let opened = Opened::open(path, max_len)?;
    match opened.magic.as_slice() {
        [0x9f, 0xeb, ..] | [0xeb, 0x9f, ..] if is_on_sysfs(&opened.file) => {
            opened.check_len()?;
            let bytes = match map_kernel_btf(&opened.file) {
                Ok(Some(map)) => Bytes::Mapped(map),
                Ok(None) | Err(_) => Bytes::Read(opened.read_whole()?),
            };
            Ok(Content { bytes, source: Source::Kernel, base: None, modinfo: None })
        }
        [0x9f, 0xeb, ..] | [0xeb, 0x9f, ..] => Ok(raw(load_raw(opened)?)),
        ELF_MAGIC if opened.is_seekable => read_section(opened.file, max_len),
        ELF_MAGIC => read_section(Cursor::new(opened.read_whole()?), max_len),
        _ => Err(unrecognized(opened.magic)),
    }
}

/// Takes the BTF out of bytes in memory.
fn take_btf(bytes: Vec<u8>) -> Result<Content, FileProblem> {
    match bytes.as_slice() {
        [] => Err(FileProblem::Empty),
        [0x9f, 0xeb, ..] | [0xeb, 0x9f, ..] => Ok(raw(Bytes::Read(bytes))),
        [0x7f, b'E', b'L', b'F', ..] => read_section(Cursor::new(bytes), MAX_LEN),
        other => Err(unrecognized(other.iter().copied().take(4).collect())),
    }
}

fn unrecognized(found: Vec<u8>) -> FileProblem {
    FileProblem::Unrecognized { found, expected: "BTF (9f eb, eb 9f) or ELF (7f 45 4c 46)" }
}

fn raw(bytes: Bytes) -> Content {
    Content { bytes, source: Source::Raw, base: None, modinfo: None }
}

fn read_section(mut file: impl Read + Seek, max_len: u64) -> Result<Content, FileProblem> {
    let section = btf_section(&mut file)?;
    let bytes = read_range(&mut file, "the .BTF section", &section.range, max_len)?;
    let left = max_len.saturating_sub(bytes.len() as u64);
    let mut read = |what, range: &Option<_>, max_len| {
        let bytes = range.as_ref().map(|range| read_range(&mut file, what, range, max_len));
        bytes.transpose()
    };
    let base = read("the .BTF.base section", &section.base, left)?;
    let modinfo = read("the .modinfo section", &section.modinfo, u64::MAX)?;
    Ok(Content { bytes: Bytes::Read(bytes), source: Source::Elf(section), base, modinfo })
}
