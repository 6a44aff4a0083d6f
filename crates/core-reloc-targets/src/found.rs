//! A kernel that was found, and what belongs to it.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

use core_reloc_sys::{BtfFile, MAX_LEN};
use object::ReadCache;

use crate::{
    Limits,
    contents::ArchiveFile,
    error::TargetError,
    image::Banner,
    layout::Companion,
    listing::{ListedModule, Listing},
    open::{Content, open_any, read},
    stored::{StoredKernel, StoredModule},
};

/// The BTF of a kernel, and the files of its modules, which are read only when they are asked for: few
/// objects need any, and a distribution's kernel has 4,000.
///
/// Which modules belong to a kernel, [`Kernels`](crate::Kernels) says.
#[derive(Debug)]
pub struct FoundKernel {
    file: BtfFile,
    source: Source,
}

/// Where a kernel was found.
#[derive(Debug)]
pub(crate) enum Source {
    /// Nothing belongs to it, as far as can be found.
    Alone,
    /// At a path that was given.
    Given(PathBuf, Limits),
    /// In a folder.
    Listed(PathBuf, Listing),
    /// In an entry of an archive.
    Archived(PathBuf, Arc<ArchiveFile>),
    /// In a store.
    Stored(StoredKernel),
}

impl FoundKernel {
    pub(crate) fn new(file: BtfFile, source: Source) -> Self {
        Self { file, source }
    }

    /// Returns `true` for a kernel from a store, whose type ids differ from those of the kernel.
    pub fn is_stored(&self) -> bool {
        matches!(self.source, Source::Stored(_))
    }

    /// Returns the kernel's BTF.
    pub fn file(&self) -> &BtfFile {
        &self.file
    }

    /// Returns the kernel's BTF without the modules.
    pub fn into_file(self) -> BtfFile {
        self.file
    }

    /// Returns the release and the version string of the kernel, as `uname -r` and `uname -v` print them, as far as
    /// they are known. For those, a vmlinux file is read that states them outside of its BTF.
    ///
    /// ```
    /// use core_reloc_targets::{Found, Kernels, Limits};
    ///
    /// # use btf_types::{ByteOrder, build::Builder};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("6.1.0-50-amd64.btf");
    /// # std::fs::write(&path, Builder::new(ByteOrder::Little).finish()?)?;
    /// let kernel = Kernels::new(&path, Limits::default()).choose(None)?;
    /// assert_eq!(kernel.build(), (Some("6.1.0-50-amd64".to_string()), None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn build(&self) -> (Option<String>, Option<String>) {
        let known = (self.file.release(), self.file.version());
        let path = match &self.source {
            Source::Given(path, _) | Source::Listed(path, _) if known.1.is_none() => path,
            _ => return (known.0.map(str::to_string), known.1.map(str::to_string)),
        };
        // The path of a part of a file is another.
        let whole = Some(path).filter(|path| path.as_path() == self.file.path());
        let file = whole.and_then(|path| File::open(path).ok()).map(ReadCache::new);
        match file.and_then(|file| Banner::of_elf(&file, MAX_LEN)) {
            Some(Banner { release, version }) => {
                (Some(release), Some(version).filter(|version| !version.is_empty()))
            }
            None => (known.0.map(str::to_string), None),
        }
    }

    /// Returns the files that may be the kernel's modules, by their paths, and sorted by these. In a folder or
    /// store they are not read yet, so that [`FoundModule::open`] decides; the modules of an archive are, in one
    /// pass over all of it, and stay in memory as long as one of its kernels.
    ///
    /// Whether a module was built for this kernel only shows when its BTF is parsed
    /// ([`BtfFile::parse_split`]).
    ///
    /// # Errors
    /// Returns [`TooManyModules`](crate::TargetProblem::TooManyModules) if the modules in an archive exceed the
    /// limit.
    pub fn modules(&self) -> Result<Vec<FoundModule>, TargetError> {
        let release = self.file.release();
        let in_files = |modules: Vec<ListedModule>, limits| {
            let module = |module: ListedModule| FoundModule {
                name: module.name.clone(),
                content: Module::File(module, limits),
            };
            modules.into_iter().map(module).collect()
        };
        let in_memory = |modules: Vec<(Arc<BtfFile>, String)>| -> Vec<FoundModule> {
            let module = |(file, name)| FoundModule { name, content: Module::Read(file) };
            modules.into_iter().map(module).collect()
        };
        Ok(match &self.source {
            Source::Alone => Vec::new(),
            Source::Given(path, limits) => {
                let listing = Listing::around(path, release, *limits);
                in_files(listing.modules_of(path, release), *limits)
            }
            Source::Listed(path, listing) => {
                in_files(listing.modules_of(path, release), listing.limits())
            }
            Source::Stored(kernel) => {
                let module = |(module, name)| FoundModule { name, content: Module::Stored(module) };
                kernel.modules().map(module).collect()
            }
            Source::Archived(entry, archive) => in_memory(archive.modules_of(entry, release)?),
        })
    }

    /// Returns `false` if no file may be a module of the kernel. Reads no file; so that an archive which was not
    /// read to its end may have modules.
    pub fn may_have_modules(&self) -> bool {
        match &self.source {
            Source::Alone => false,
            Source::Stored(kernel) => kernel.has_modules(),
            Source::Archived(_, archive) => archive.may_have_modules(),
            _ => self.modules().is_ok_and(|modules| !modules.is_empty()),
        }
    }

    /// Reads the kernel's symbols: `System.map-RELEASE` beside `vmlinuz-RELEASE`, if there is such a file.
    /// The one that Debian installs says only where the symbols are.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub fn symbols(&self) -> Result<Option<Vec<u8>>, TargetError> {
        self.companion(Companion::Symbols)
    }

    /// Reads the kernel's configuration: `config-RELEASE` beside `vmlinuz-RELEASE`, if there is such a file.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub fn config(&self) -> Result<Option<Vec<u8>>, TargetError> {
        self.companion(Companion::Config)
    }

    fn companion(&self, companion: Companion) -> Result<Option<Vec<u8>>, TargetError> {
        let (path, limits) = match &self.source {
            Source::Alone | Source::Stored(_) => return Ok(None),
            Source::Given(path, limits) => (path, *limits),
            Source::Listed(path, listing) => (path, listing.limits()),
            Source::Archived(entry, archive) => return Ok(archive.companion_of(entry, companion)),
        };
        match companion.of(path).filter(|path| path.is_file()) {
            Some(path) => read(&path, limits).map(Some),
            None => Ok(None),
        }
    }
}

/// A file that belongs to a kernel as a module, not read yet if it is in a folder or store.
#[derive(Debug, Clone)]
pub struct FoundModule {
    name: String,
    content: Module,
}

#[derive(Debug, Clone)]
enum Module {
    File(ListedModule, Limits),
    Read(Arc<BtfFile>),
    Stored(StoredModule),
}

impl FoundModule {
    /// Returns the module's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        match &self.content {
            Module::File(module, _) => &module.path,
            Module::Read(file) => file.path(),
            Module::Stored(module) => module.path(),
        }
    }

    /// Reads the module's BTF; `None` if the file has no types, or is not a module.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, or is damaged, and its name says that it is a module; or if
    /// the modules of a kernel in a store that were opened exceed the limit.
    pub fn open(&self) -> Result<Option<Arc<BtfFile>>, TargetError> {
        let (module, limits) = match &self.content {
            Module::File(module, limits) => (module, *limits),
            Module::Read(file) => return Ok(Some(Arc::clone(file))),
            Module::Stored(module) => return module.open().map(|file| Some(Arc::new(file))),
        };
        match open_any(&module.path, limits) {
            Ok(Content::Single(file)) if file.is_split() => Ok(Some(Arc::new(file))),
            // Damaged BTF does not show whether it is split.
            Ok(Content::Single(file)) if module.is_named => {
                file.parse().map(|_| None).map_err(TargetError::from)
            }
            Ok(_) => Ok(None),
            Err(error) if error.is_not_a_kernel() || !module.is_named => Ok(None),
            Err(error) => Err(error),
        }
    }
}
