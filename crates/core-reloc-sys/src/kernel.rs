//! A kernel: where its BTF and its modules are, and whether CO-RE is supported.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use rustix::system::uname;

use crate::{BtfFile, FileError, NotFound};

/// The directory in which Linux publishes its BTF and its modules'.
const SYSFS: &str = "sys/kernel/btf";

/// The end of the names of files with inline sites: `NAME.inline` is split BTF on `NAME`, whose types no
/// relocation asks for.
const INLINE_SUFFIX: &str = ".inline";

/// Where distributions install vmlinux files; `{}` stands for the release. The paths and their
/// order are libbpf's (`btf__load_vmlinux_btf`).
const VMLINUX_FILES: [&str; 7] = [
    "boot/vmlinux-{}",
    "lib/modules/{}/vmlinux-{}",
    "lib/modules/{}/build/vmlinux",
    "usr/lib/modules/{}/kernel/vmlinux",
    "usr/lib/debug/boot/vmlinux-{}",
    "usr/lib/debug/boot/vmlinux-{}.debug",
    "usr/lib/debug/lib/modules/{}/vmlinux",
];

/// A kernel release, and the root directory of the system on which it is installed.
///
/// ```
/// use core_reloc_sys::Kernel;
///
/// // A kernel on a disk that is mounted elsewhere.
/// let kernel = Kernel::at("/nonexistent", "6.12.0");
/// let error = kernel.btf().expect_err("there is no such directory");
/// assert!(error.to_string().contains("/nonexistent/boot/vmlinux-6.12.0"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
    root: PathBuf,
    release: String,
}

impl Kernel {
    /// Returns the running kernel.
    pub fn running() -> Self {
        let release = uname().release().to_string_lossy().into_owned();
        Self { root: PathBuf::from("/"), release }
    }

    /// Returns the kernel of a release that is installed below a root directory.
    pub fn at(root: impl Into<PathBuf>, release: impl Into<String>) -> Self {
        Self { root: root.into(), release: release.into() }
    }

    /// Returns the release, as `uname -r` prints it.
    pub fn release(&self) -> &str {
        &self.release
    }

    /// Opens the kernel's BTF: `/sys/kernel/btf/vmlinux`, or else the first of the usual vmlinux
    /// files that has well-formed BTF.
    ///
    /// # Errors
    /// Returns every file that was tried, and why each was rejected.
    pub fn btf(&self) -> Result<BtfFile, NotFound> {
        let mut attempts = Vec::new();
        for path in self.btf_paths() {
            match open_parsed(path) {
                Ok(file) => return Ok(file),
                Err(error) => attempts.push(error),
            }
        }
        Err(NotFound { release: self.release.clone(), attempts })
    }

    /// Lists the kernel's modules that have BTF, sorted by name. Opens none of them.
    ///
    /// Files with inline sites, such as `vmlinux.inline`, are not modules, and are left out.
    ///
    /// Without a directory `/sys/kernel/btf` the list is empty.
    ///
    /// # Errors
    /// Returns an error if the directory cannot be read.
    pub fn modules(&self) -> Result<Vec<ModuleFile>, FileError> {
        let directory = self.root.join(SYSFS);
        match list_modules(&directory) {
            Ok(modules) => Ok(modules),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(FileError { path: directory, problem: error.into() }),
        }
    }

    /// Reports whether relocations can be resolved for this kernel.
    pub fn support(&self) -> SupportReport {
        let supported = self.btf().and_then(|file| match file.parse() {
            Ok(btf) => Ok(Supported {
                path: file.path().to_path_buf(),
                bytes: file.as_bytes().len(),
                types: btf.len(),
            }),
            Err(error) => Err(NotFound { release: self.release.clone(), attempts: vec![error] }),
        });
        SupportReport { release: self.release.clone(), supported }
    }

    fn btf_paths(&self) -> impl Iterator<Item = PathBuf> {
        let sysfs = self.root.join(SYSFS).join("vmlinux");
        let files =
            VMLINUX_FILES.iter().map(|path| self.root.join(path.replace("{}", &self.release)));
        std::iter::once(sysfs).chain(files)
    }
}

/// Opens a file and parses its BTF, unless the kernel has checked it: a damaged file must not keep
/// the next one from being tried.
fn open_parsed(path: PathBuf) -> Result<BtfFile, FileError> {
    let file = BtfFile::open(path)?;
    if !file.is_of_kernel() {
        file.parse()?;
    }
    Ok(file)
}

fn list_modules(directory: &Path) -> io::Result<Vec<ModuleFile>> {
    let mut modules = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != "vmlinux" && !name.ends_with(INLINE_SUFFIX) {
            modules.push(ModuleFile { name, path: entry.path() });
        }
    }
    modules.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(modules)
}

/// A file with the BTF of a kernel module, not opened yet: a machine has about a hundred of them,
/// and few objects need any.
///
/// ```
/// use core_reloc_sys::Kernel;
///
/// for module in Kernel::running().modules()? {
///     match module.open() {
///         Ok(file) => println!("{}: {} bytes", module.name(), file.as_bytes().len()),
///         Err(error) => println!("{error}"),
///     }
/// }
/// # Ok::<(), core_reloc_sys::FileError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleFile {
    name: String,
    path: PathBuf,
}

impl ModuleFile {
    /// Returns the module's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the file. [`BtfFile::parse_split`] parses its BTF on the kernel's.
    ///
    /// # Errors
    /// Returns the errors of [`BtfFile::open`].
    pub fn open(&self) -> Result<BtfFile, FileError> {
        BtfFile::open(&self.path)
    }
}

/// Whether CO-RE relocations can be resolved for a kernel, and why or why not.
#[derive(Debug)]
#[non_exhaustive]
pub struct SupportReport {
    /// The kernel's release.
    pub release: String,
    /// The kernel's BTF, or the files that were tried.
    pub supported: Result<Supported, NotFound>,
}

/// The BTF of a kernel that supports CO-RE.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Supported {
    /// The path of the file with the kernel's BTF.
    pub path: PathBuf,
    /// The size of the BTF in bytes.
    pub bytes: usize,
    /// The number of types.
    pub types: usize,
}

impl SupportReport {
    /// Returns `true` if relocations can be resolved.
    pub fn is_supported(&self) -> bool {
        self.supported.is_ok()
    }
}

impl fmt::Display for SupportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.supported {
            Ok(Supported { path, types, .. }) => {
                write!(f, "kernel {}: {types} types in {}", self.release, path.display())
            }
            Err(error) => error.fmt(f),
        }
    }
}
