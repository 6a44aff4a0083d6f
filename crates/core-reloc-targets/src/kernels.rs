//! The kernels of a file or folder, with their modules.

use std::{
    fmt,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
    vec,
};

use core_reloc_sys::BtfFile;

use crate::{
    Limits,
    archive::Archive,
    choice::Choice,
    contents::ArchiveFile,
    error::{TargetError, TargetProblem},
    found::{FoundKernel, Source},
    kernel_store::KernelStore,
    layout::{Layout, Role},
    listing::Listing,
    open::{Content, open_any, stream_content},
    stored::StoredKernels,
};

/// An item of [`Kernels`].
#[derive(Debug)]
pub enum Found {
    /// A kernel.
    Kernel(FoundKernel),
    /// A file in a folder or archive that is neither a kernel nor a module of one, and why it is not.
    Other(TargetError),
}

/// The kernels in a file or folder: files sorted by name, the entries of an archive in its order.
///
/// Files of a folder or archive that are no kernels are [`Found::Other`]. A file that is given by its path
/// must be a kernel; anything else is an error.
///
/// # Modules
/// Which modules belong to a kernel ([`FoundKernel::modules`]), the names of the files say:
///
/// | modules | of the kernel |
/// | --- | --- |
/// | `6.1.nf_conntrack.btf`, or any file in `6.1.modules/` | `6.1.btf` beside it |
/// | `lib/modules/6.1.0-50-amd64/**/*.ko.xz` | of that release, as the kernel or its path states it |
/// | others, such as those in `/sys/kernel/btf` | the only kernel of the innermost folder that has one |
///
/// In an archive the names of the entries say it. For a file that is given by its path, modules are searched
/// for beside it; for `boot/vmlinuz-RELEASE`, in `lib/modules/RELEASE`; and for `/sys/kernel/btf/vmlinux`, in
/// its folder. A stream is read only once, so that its modules belong to none.
///
/// Files named as modules (`.ko`, also compressed) are not searched for kernels, nor are `System.map` and
/// `config`. Files with the inline sites of a kernel or module, such as `vmlinux.inline`, are passed over.
///
/// ```
/// use core_reloc_targets::{Found, Kernels, Limits};
///
/// # use btf_types::{Btf, ByteOrder, TypeId, build::Builder};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path();
/// # let kernel = Builder::new(ByteOrder::Little).finish()?;
/// # let kernel = Btf::parse(&kernel)?;
/// # let mut module = Builder::split(&kernel);
/// # module.typedef("state_t", TypeId(0));
/// # std::fs::write(path.join("6.1.btf"), kernel.as_bytes())?;
/// # std::fs::write(path.join("6.1.tun.btf"), module.finish()?)?;
/// # std::fs::write(path.join("README"), "BTF of kernels.")?;
/// for found in Kernels::new(path, Limits::default()) {
///     match found? {
///         Found::Kernel(kernel) => {
///             println!("{}", kernel.file().path().display());
///             for module in kernel.modules()? {
///                 if let Some(file) = module.open()? {
///                     println!("  {}: {} bytes", module.name(), file.as_bytes().len());
///                 }
///             }
///         }
///         Found::Other(error) => println!("not a kernel: {error}"),
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Kernels {
    limits: Limits,
    /// The path that is searched.
    root: PathBuf,
    /// What is known of kernels while one is chosen.
    choice: Option<Choice>,
    /// The path that must be a kernel, if it is a file.
    given: Option<PathBuf>,
    /// The folder that is searched.
    listing: Option<Listing>,
    errors: vec::IntoIter<TargetError>,
    files: vec::IntoIter<PathBuf>,
    /// A file that was looked at, and comes next.
    opened: Option<(PathBuf, Result<Content, TargetError>)>,
    /// A stream that is not read yet.
    stream: Option<Result<Content, TargetError>>,
    archive: Option<ArchiveKernels>,
    store: Option<StoredKernels>,
}

impl Kernels {
    /// Searches a file or folder.
    pub fn new(path: &Path, limits: Limits) -> Self {
        if !path.is_dir() {
            let given = Some(path.to_path_buf());
            return Self { given, ..Self::of_files(path, vec![path.to_path_buf()], limits) };
        }
        let (listing, errors) = Listing::new(path, limits);
        let files = listing.files().map(Path::to_path_buf).collect();
        let errors = errors.into_iter();
        Self { listing: Some(listing), errors, ..Self::of_files(path, files, limits) }
    }

    /// Searches a stream, such as standard input, as if the path were that of a file.
    pub fn of_stream(path: &Path, stream: impl Read + Send + 'static, limits: Limits) -> Self {
        let stream = Some(stream_content(path, stream, limits));
        let given = Some(path.to_path_buf());
        Self { given, stream, ..Self::of_files(path, Vec::new(), limits) }
    }

    /// Searches one of the [files](Listing::files) of a folder, which need not be a kernel.
    pub fn in_listing(listing: &Listing, file: &Path) -> Self {
        let files = Self::of_files(file, vec![file.to_path_buf()], listing.limits());
        Self { listing: Some(listing.clone()), ..files }
    }

    fn of_files(root: &Path, files: Vec<PathBuf>, limits: Limits) -> Self {
        Self {
            limits,
            root: root.to_path_buf(),
            choice: None,
            given: None,
            listing: None,
            errors: Vec::new().into_iter(),
            files: files.into_iter(),
            opened: None,
            stream: None,
            archive: None,
            store: None,
        }
    }

    /// Returns the kernel with a name, or without a name the only one, with its modules.
    ///
    /// The name is the release that the kernel states, or the end of its path: `6.1.0-50-amd64`, or with folders
    /// as many as are needed, `debian/12/amd64/6.1.0-50-amd64`. Of a store, only this kernel is extracted; files
    /// are read until two kernels are found.
    ///
    /// ```
    /// use core_reloc_targets::{Kernels, Limits};
    ///
    /// # use btf_types::{ByteOrder, build::Builder};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path();
    /// # for name in ["6.1.0-50", "6.1.0-57"] {
    /// #     let bytes = Builder::new(ByteOrder::Little).finish()?;
    /// #     std::fs::write(path.join(format!("{name}.btf")), bytes)?;
    /// # }
    /// let kernel = Kernels::new(path, Limits::default()).choose(Some("6.1.0-57"))?;
    /// assert_eq!(kernel.file().release(), Some("6.1.0-57"));
    ///
    /// let error = Kernels::new(path, Limits::default()).choose(None).unwrap_err();
    /// assert!(error.to_string().ends_with("has several kernels: 6.1.0-50, 6.1.0-57"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`NoSuchKernel`](crate::TargetProblem::NoSuchKernel) or
    /// [`SeveralKernels`](crate::TargetProblem::SeveralKernels), with the kernels that there are; or why a file
    /// cannot be read, if no other has a kernel of the name.
    pub fn choose(mut self, name: Option<&str>) -> Result<FoundKernel, TargetError> {
        self.choice = Some(Choice::new(name));
        let (mut chosen, mut failed) = (None, None);
        while let Some(found) = self.next() {
            let (Some(choice), Ok(Found::Kernel(kernel))) = (&mut self.choice, &found) else {
                failed = failed.or(found.err());
                continue;
            };
            if choice.takes(kernel, &self.root) {
                chosen = chosen.or(found.ok());
                if choice.is_ambiguous() {
                    break;
                }
            }
        }
        let choice = self.choice.take().unwrap_or_default();
        match chosen {
            Some(Found::Kernel(kernel)) if !choice.is_ambiguous() => Ok(kernel),
            None if failed.is_some() => Err(failed.unwrap_or_else(|| choice.error(&self.root))),
            _ => Err(choice.error(&self.root)),
        }
    }

    /// Returns the store, if that is what is read next. Its kernels are then in both, here one by one.
    ///
    /// ```
    /// use btf_store::Selection;
    /// use core_reloc_targets::{Kernels, Limits};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("debian.store");
    /// # std::fs::write(&path, btf_store::Writer::new().finish()?)?;
    /// let mut kernels = Kernels::new(&path, Limits::default());
    /// if let Some(kernels) = kernels.store() {
    ///     for group in kernels.store().groups(&Selection::new().types(["task_struct"]))? {
    ///         println!("{} kernels have the same task_struct", group.kernels().len());
    ///     }
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn store(&mut self) -> Option<KernelStore> {
        let content = match &self.stream {
            Some(content) => content,
            None => {
                self.opened = self.opened.take().or_else(|| self.open_next());
                &self.opened.as_ref()?.1
            }
        };
        match content {
            Ok(Content::Store(store)) => Some(KernelStore(Arc::clone(store.file()))),
            _ => None,
        }
    }

    fn open_next(&mut self) -> Option<(PathBuf, Result<Content, TargetError>)> {
        let path = self.files.next()?;
        let content = open_any(&path, self.limits);
        Some((path, content))
    }

    /// Opens a store; while one kernel is chosen, only for those with its name.
    fn enter(&mut self, mut store: StoredKernels) {
        if let Some(choice) = &mut self.choice {
            choice.look_at(&mut store);
        }
        self.store = Some(store);
    }

    /// Returns what the file at a path is; `None` if it is not mentioned.
    fn found(
        &self,
        path: &Path,
        file: Result<BtfFile, TargetError>,
    ) -> Option<Result<Found, TargetError>> {
        let is_given = |path: &Path| self.given.as_deref() == Some(path);
        if let Some(listing) = &self.listing {
            listing.note(path, file.as_ref().is_ok_and(|file| !file.is_split()));
        }
        let file = match file {
            Ok(file) => file,
            Err(error) if error.is_not_a_kernel() && !is_given(&error.path) => {
                return Some(Ok(Found::Other(error)));
            }
            Err(error) => return Some(Err(error)),
        };
        if file.is_split() && !is_given(file.path()) {
            let is_known = |listing: &Listing| listing.has_kernel_of(path);
            if has_inline_sites(file.path()) || self.listing.as_ref().is_some_and(is_known) {
                return None;
            }
            let error = TargetError::new(file.path(), TargetProblem::Module);
            return Some(Ok(Found::Other(error)));
        }
        let source = match (&self.listing, &self.given) {
            (Some(listing), _) => Source::Listed(path.to_path_buf(), listing.clone()),
            (None, Some(given)) if is_given(path) => Source::Given(given.clone(), self.limits),
            _ => Source::Alone,
        };
        Some(Ok(Found::Kernel(FoundKernel::new(file, source))))
    }
}

/// Returns `true` for a file with the inline sites of a kernel or module.
fn has_inline_sites(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "inline")
}

impl fmt::Debug for Kernels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kernels")
            .field("limits", &self.limits)
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl Iterator for Kernels {
    type Item = Result<Found, TargetError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.errors.next() {
            return Some(Err(error));
        }
        loop {
            if let Some(archive) = &mut self.archive {
                match archive.next() {
                    Some(found) => return Some(found),
                    None => self.archive = None,
                }
            }
            if let Some(store) = &mut self.store {
                match store.next() {
                    Some(kernel) => {
                        return Some(kernel.map(|(file, kernel)| {
                            Found::Kernel(FoundKernel::new(file, Source::Stored(kernel)))
                        }));
                    }
                    None => self.store = None,
                }
            }
            if let Some(stream) = self.stream.take() {
                match stream {
                    Ok(Content::Archive(archive)) => {
                        self.archive = Some(ArchiveKernels::of_stream(archive));
                    }
                    Ok(Content::Store(store)) => self.enter(store),
                    Ok(Content::Single(file)) => {
                        let path = file.path().to_path_buf();
                        let found = self.found(&path, Ok(file));
                        // What belongs to the path of a stream is unknown.
                        return found.map(|found| found.map(Found::alone));
                    }
                    Err(error) => return self.found(Path::new(""), Err(error)),
                }
                continue;
            }
            let (path, content) = self.opened.take().or_else(|| self.open_next())?;
            let file = match content {
                Ok(Content::Archive(archive)) => {
                    self.archive = Some(ArchiveKernels::new(archive, self.limits));
                    continue;
                }
                Ok(Content::Store(store)) => {
                    self.enter(store);
                    continue;
                }
                Ok(Content::Single(file)) => Ok(file),
                Err(error) => Err(error),
            };
            if let Some(found) = self.found(&path, file) {
                return Some(found);
            }
        }
    }
}

impl Found {
    /// Returns the same without what belongs to the kernel.
    fn alone(self) -> Self {
        match self {
            Self::Kernel(kernel) => {
                Self::Kernel(FoundKernel::new(kernel.into_file(), Source::Alone))
            }
            other => other,
        }
    }
}

/// The kernels of an archive.
struct ArchiveKernels {
    archive: Archive,
    /// The archive's file, to read modules from; `None` for a stream.
    file: Option<Arc<ArchiveFile>>,
    /// The paths of the kernels so far.
    kernels: Vec<PathBuf>,
    /// Entries with a module's types: the path in the archive, and the whole path.
    modules: Vec<(PathBuf, PathBuf)>,
    /// There are entries that are no kernels.
    has_others: bool,
    /// The modules without a kernel, once the end of the archive was reached.
    rest: Option<vec::IntoIter<TargetError>>,
}

impl ArchiveKernels {
    fn new(archive: Archive, limits: Limits) -> Self {
        // A pipe cannot be read again.
        let is_file = archive.path().metadata().is_ok_and(|metadata| metadata.is_file());
        let file = is_file.then(|| Arc::new(ArchiveFile::new(archive.path(), limits)));
        let (kernels, modules) = (Vec::new(), Vec::new());
        Self { archive, file, kernels, modules, has_others: false, rest: None }
    }

    fn of_stream(archive: Archive) -> Self {
        let (kernels, modules) = (Vec::new(), Vec::new());
        Self { archive, file: None, kernels, modules, has_others: false, rest: None }
    }

    /// Notes whether anything but kernels was found, if the archive has no more entries.
    fn look_ahead(&mut self) {
        if let Some(file) = self.file.as_ref().filter(|_| !self.has_others)
            && self.archive.is_at_end()
        {
            file.set_only_kernels();
        }
    }

    /// Returns the modules of which no kernel is in the archive.
    fn modules_without_kernel(&mut self) -> vec::IntoIter<TargetError> {
        let modules = std::mem::take(&mut self.modules);
        let kernels = std::mem::take(&mut self.kernels);
        let layout = self.file.as_ref().map(|_| Layout::new(kernels));
        let has_kernel = |module: &Path| {
            layout.as_ref().is_some_and(|layout| layout.has_kernel_of(module, &|_| true))
        };
        let modules = modules.into_iter().filter(|(entry, _)| !has_kernel(entry));
        let modules = modules.map(|(_, path)| TargetError::new(&path, TargetProblem::Module));
        modules.collect::<Vec<_>>().into_iter()
    }
}

impl Iterator for ArchiveKernels {
    type Item = Result<Found, TargetError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(rest) = &mut self.rest {
                return rest.next().map(|error| Ok(Found::Other(error)));
            }
            let can_read_again = self.file.is_some();
            let entry = self.archive.next_with(|entry| {
                if can_read_again && Role::of(&entry.name) != Role::Any {
                    return Ok(None);
                }
                let name = entry.name.clone();
                entry.read_btf().map(|file| Some((name, file)))
            });
            match entry {
                None => self.rest = Some(self.modules_without_kernel()),
                Some(Ok(Some((_, file)))) if file.is_split() && has_inline_sites(file.path()) => {}
                Some(Ok(Some((name, file)))) if file.is_split() => {
                    self.has_others = true;
                    self.modules.push((name, file.path().to_path_buf()));
                }
                Some(Ok(Some((name, file)))) => {
                    self.kernels.push(name.clone());
                    self.look_ahead();
                    let source = match &self.file {
                        Some(archive) => Source::Archived(name, Arc::clone(archive)),
                        None => Source::Alone,
                    };
                    return Some(Ok(Found::Kernel(FoundKernel::new(file, source))));
                }
                Some(Ok(None)) => self.has_others = true,
                Some(Err(error)) if error.is_not_a_kernel() => {
                    return Some(Ok(Found::Other(error)));
                }
                Some(Err(error)) => return Some(Err(error)),
            }
        }
    }
}
