//! The files of a folder, listed before any is read.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use crate::{
    Limits,
    error::TargetError,
    files::Files,
    layout::{Layout, LayoutKernel, Role, stem},
    open::{Content, open_any},
};

/// The files of a folder and its subfolders: those that may be kernels, and the modules.
///
/// Only the folders are read. It may be shared between threads, so that the kernels of a folder can be read
/// in parallel:
///
/// ```
/// use core_reloc_targets::{Found, Kernels, Limits, Listing};
///
/// # use btf_types::{ByteOrder, build::Builder};
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("6.1.btf"), Builder::new(ByteOrder::Little).finish()?)?;
/// # std::fs::write(folder.path().join("6.1.tun.btf"), "")?;
/// let (listing, errors) = Listing::new(folder.path(), Limits::default());
/// assert!(errors.is_empty());
/// let mut found = 0;
/// for file in listing.files() {
///     let kernels = Kernels::in_listing(&listing, file);
///     found += kernels.filter(|found| matches!(found, Ok(Found::Kernel(_)))).count();
/// }
/// assert_eq!(found, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Listing(Arc<Inner>);

/// A file that may be a module of a kernel.
#[derive(Debug, Clone)]
pub(crate) struct ListedModule {
    pub(crate) path: PathBuf,
    /// The name of the module.
    pub(crate) name: String,
    /// The file's name says that it is a module.
    pub(crate) is_named: bool,
}

#[derive(Debug)]
struct Inner {
    limits: Limits,
    layout: Layout,
    /// Whether each file is a kernel, if it was read to find out.
    are_kernels: Vec<OnceLock<bool>>,
}

impl Listing {
    /// Lists the files of a folder, or a single file. Returns an error for each folder that cannot be read.
    pub fn new(path: &Path, limits: Limits) -> (Self, Vec<TargetError>) {
        let (mut paths, mut errors) = (Vec::new(), Vec::new());
        for file in Files::with_types(path) {
            match file {
                Ok(path) => paths.push(path),
                Err(error) => errors.push(error),
            }
        }
        (Self::of_files(paths, limits), errors)
    }

    fn of_files(paths: Vec<PathBuf>, limits: Limits) -> Self {
        let are_kernels = paths.iter().map(|_| OnceLock::new()).collect();
        Self(Arc::new(Inner { limits, layout: Layout::new(paths), are_kernels }))
    }

    /// Lists the modules of a kernel in the folders where they usually are.
    pub(crate) fn around(kernel: &Path, release: Option<&str>, limits: Limits) -> Self {
        let folder = match kernel.parent() {
            Some(folder) if folder != Path::new("") => folder.to_path_buf(),
            _ => PathBuf::from("."),
        };
        let is_sysfs = folder.ends_with("sys/kernel/btf") && kernel.ends_with("vmlinux");
        let mut paths = vec![kernel.to_path_buf()];
        let stem = stem(kernel);
        let prefix = stem.file_name().map(|name| format!("{}.", name.to_string_lossy()));
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_named = prefix.as_ref().is_some_and(|prefix| name.starts_with(prefix.as_str()));
            let path = kernel.with_file_name(entry.file_name());
            if (is_named || is_sysfs) && path != kernel && path.is_file() {
                paths.push(path);
            }
        }
        let mut folders = Vec::new();
        if let Some(name) = stem.file_name() {
            folders.push(kernel.with_file_name(format!("{}.modules", name.to_string_lossy())));
        }
        if let Some(release) = release {
            if folder.ends_with(Path::new("modules").join(release)) {
                folders.push(folder.clone());
            } else if folder.ends_with("boot") {
                let root = folder.join("..");
                let modules = ["lib/modules", "usr/lib/modules"].map(|path| root.join(path));
                folders.extend(
                    modules.map(|modules| modules.join(release)).into_iter().find(|it| it.is_dir()),
                );
            }
        }
        for folder in folders.into_iter().filter(|folder| folder.is_dir()) {
            paths.extend(Files::new(&folder).flatten());
        }
        paths.sort_unstable();
        paths.dedup();
        let listing = Self::of_files(paths, limits);
        listing.note(kernel, true);
        listing
    }

    /// Returns the files that may contain kernels, sorted by name. Modules, by their names, are left out, and
    /// so are the kernel's symbols and its configuration.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.0.layout.paths().filter(|path| Role::of(path) == Role::Any)
    }

    pub(crate) fn limits(&self) -> Limits {
        self.0.limits
    }

    /// Returns the files that may be modules of a kernel.
    pub(crate) fn modules_of(&self, kernel: &Path, release: Option<&str>) -> Vec<ListedModule> {
        let kernel = LayoutKernel { path: kernel, release };
        let modules = self.0.layout.modules_of(kernel, &|index| self.is_kernel(index));
        let module = |(index, name)| {
            let path = self.0.layout.path(index)?.to_path_buf();
            let is_named = self.0.layout.is_named_module(index);
            Some(ListedModule { path, name, is_named })
        };
        modules.into_iter().filter_map(module).collect()
    }

    /// Notes that a file is a kernel, or that it is none.
    pub(crate) fn note(&self, file: &Path, is_kernel: bool) {
        let index = self.0.layout.index(file);
        if let Some(known) = index.and_then(|index| self.0.are_kernels.get(index)) {
            // Another thread may have found out.
            known.set(is_kernel).ok();
        }
    }

    /// Returns `true` if a module belongs to one of the kernels.
    pub(crate) fn has_kernel_of(&self, module: &Path) -> bool {
        self.0.layout.has_kernel_of(module, &|index| self.is_kernel(index))
    }

    fn is_kernel(&self, index: usize) -> bool {
        let read = || {
            if self.0.layout.path(index).is_some_and(is_large_base) {
                return true;
            }
            let content = self.0.layout.path(index).map(|path| open_any(path, self.0.limits));
            matches!(content, Some(Ok(Content::Single(file))) if !file.is_split())
        };
        self.0.are_kernels.get(index).is_some_and(|is_kernel| *is_kernel.get_or_init(read))
    }
}

/// Returns `true` for raw BTF without a base that is too large to be read only for finding out: its strings start
/// with the empty one.
fn is_large_base(path: &Path) -> bool {
    const LARGE: u32 = 1 << 20;
    let start = || -> io::Result<Option<u8>> {
        let mut file = File::open(path)?;
        let mut header = [0; 20];
        file.read_exact(&mut header)?;
        let is_little = header.starts_with(&[0x9f, 0xeb]);
        if !is_little && !header.starts_with(&[0xeb, 0x9f]) {
            return Ok(None);
        }
        // The size of the header, the size of the types, and the offset of the strings after the header.
        let [len, types, strings] = [4, 12, 16].map(|at| {
            let word = header.get(at..).and_then(|bytes| bytes.first_chunk()).copied();
            let word = word.unwrap_or_default();
            if is_little { u32::from_le_bytes(word) } else { u32::from_be_bytes(word) }
        });
        if types < LARGE {
            return Ok(None);
        }
        file.seek(SeekFrom::Start(u64::from(len).saturating_add(strings.into())))?;
        let mut first = [0xff];
        file.read_exact(&mut first)?;
        let [first] = first;
        Ok(Some(first))
    };
    path.is_file() && start().ok().flatten() == Some(0)
}
