//! The fixtures, and the real kernels' BTF and real BPF objects that `cargo xtask data` fetches.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// A kernel's BTF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
    /// The architecture and version, such as `s390x-6.12`.
    pub name: String,
    /// The file of the BTF.
    pub btf: PathBuf,
    /// Files of the split BTF of some modules, each with the name of its module.
    pub modules: Vec<PathBuf>,
}

/// Returns the path of a file or folder of `fixtures`.
pub fn fixture(path: impl AsRef<Path>) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(path)
}

/// Reads a file of `fixtures`.
///
/// # Panics
/// Panics if the file cannot be read.
pub fn read_fixture(path: &str) -> Vec<u8> {
    let path = fixture(path);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the folder of the fetched data: `CORE_RELOC_DATA`, or `target/data` of the workspace.
pub fn folder() -> PathBuf {
    match env::var_os("CORE_RELOC_DATA") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/data"),
    }
}

/// Returns the kernels, by name; none if nothing was fetched.
///
/// # Errors
/// A folder cannot be read.
pub fn kernels() -> io::Result<Vec<Kernel>> {
    let files = files(&folder().join("kernels"), ".btf")?;
    let kernel = |btf: PathBuf| {
        let name = btf.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let modules = self::files(&btf.with_file_name(format!("{name}.modules")), ".btf")?;
        Ok(Kernel { name, btf, modules })
    };
    files.into_iter().map(kernel).collect()
}

/// Returns the BPF objects of programs that use BPF, in both byte orders, by name; none if nothing was
/// fetched.
///
/// # Errors
/// The folder cannot be read.
pub fn objects() -> io::Result<Vec<PathBuf>> {
    files(&folder().join("objects"), ".bpf.o")
}

/// Returns the objects of the kernel's CO-RE selftests, by name, each for `bpfel` and `bpfeb`; none if
/// nothing was fetched.
///
/// Objects named `btf__*` are targets, those named `test_*` are programs.
///
/// # Errors
/// The folder cannot be read.
pub fn selftests() -> io::Result<Vec<PathBuf>> {
    files(&folder().join("selftests"), ".o")
}

/// Returns the files of a folder whose names have this ending, by name; none if there is no such folder.
///
/// # Errors
/// The folder cannot be read.
pub fn files(folder: &Path, suffix: &str) -> io::Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(suffix)) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
