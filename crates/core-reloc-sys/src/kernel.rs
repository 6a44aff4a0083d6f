//! A kernel: where its BTF is looked for.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rustix::system::uname;

use crate::{BtfFile, FileError, ModuleFile, NotFound, SupportReport, Supported};

/// Where Linux shows its BTF and that of its modules.
const SYSFS: &str = "sys/kernel/btf";

/// Where else distributions put a kernel with its BTF; `{}` is the release. The places and their
/// order are libbpf's (`btf__load_vmlinux_btf`).
const PLACES: [&str; 7] = [
    "boot/vmlinux-{}",
    "lib/modules/{}/vmlinux-{}",
    "lib/modules/{}/build/vmlinux",
    "usr/lib/modules/{}/kernel/vmlinux",
    "usr/lib/debug/boot/vmlinux-{}",
    "usr/lib/debug/boot/vmlinux-{}.debug",
    "usr/lib/debug/lib/modules/{}/vmlinux",
];

/// A kernel whose BTF is to be found: a release, and the root directory of the system that has it.
///
/// ```
/// use core_reloc_sys::Kernel;
///
/// // What somebody else's disk has for its kernel.
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
    /// The running kernel.
    pub fn running() -> Self {
        let release = uname().release().to_string_lossy().into_owned();
        Self { root: PathBuf::from("/"), release }
    }

    /// A kernel of the given release, below the given root directory.
    pub fn at(root: impl Into<PathBuf>, release: impl Into<String>) -> Self {
        Self { root: root.into(), release: release.into() }
    }

    /// The release, as `uname -r` prints it.
    pub fn release(&self) -> &str {
        &self.release
    }

    /// The kernel's BTF: from `/sys/kernel/btf/vmlinux`, else from the `.BTF` section of one of the
    /// vmlinux files that distributions install.
    ///
    /// # Errors
    /// When none of them will do.
    pub fn btf(&self) -> Result<BtfFile, NotFound> {
        let mut attempts = Vec::new();
        for path in self.places() {
            match open(path) {
                Ok(file) => return Ok(file),
                Err(error) => attempts.push(error),
            }
        }
        Err(NotFound { release: self.release.clone(), attempts })
    }

    /// The kernel's modules that have BTF, in the order of their names. None of them is read yet.
    ///
    /// # Errors
    /// When the directory cannot be read. That there is none means that there are no modules.
    pub fn modules(&self) -> Result<Vec<ModuleFile>, FileError> {
        let directory = self.root.join(SYSFS);
        match list_modules(&directory) {
            Ok(modules) => Ok(modules),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(FileError { path: directory, problem: error.into() }),
        }
    }

    /// Whether relocations can be resolved for this kernel, and why, or why not.
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

    fn places(&self) -> impl Iterator<Item = PathBuf> {
        let sysfs = self.root.join(SYSFS).join("vmlinux");
        let files = PLACES.iter().map(|place| self.root.join(place.replace("{}", &self.release)));
        std::iter::once(sysfs).chain(files)
    }
}

/// Opens one of the places. What is no BTF must be found out now, while there are other places.
fn open(path: PathBuf) -> Result<BtfFile, FileError> {
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
        if name != "vmlinux" {
            modules.push(ModuleFile::new(name, entry.path()));
        }
    }
    modules.sort_by(|one, other| one.name().cmp(other.name()));
    Ok(modules)
}
