//! The inputs of comparisons: fixtures, the data that `cargo xtask data` fetches, and the running
//! kernel.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::{Object as _, ObjectSection as _};

use super::object::ObjectFile;
use super::target::Kernel;
use crate::data;

/// The folder with the BTF of the running kernel and its modules.
const RUNNING: &str = "/sys/kernel/btf";

/// Returns the running kernel with its modules.
///
/// # Errors
/// The kernel has no BTF.
pub fn running_kernel() -> Result<Kernel, String> {
    let folder = Path::new(RUNNING);
    let mut kernel = Kernel::new("running", read(&folder.join("vmlinux"))?);
    for path in files(folder)? {
        let name = file_name(&path);
        if name != "vmlinux" {
            kernel.modules.push((name, read(&path)?));
        }
    }
    Ok(kernel)
}

/// Returns the fetched kernels with their modules, by name.
///
/// # Errors
/// Nothing was fetched, or a file cannot be read.
pub fn kernels() -> Result<Vec<Kernel>, String> {
    let mut kernels = Vec::new();
    for files in fetched("kernels", data::kernels())? {
        let mut kernel = Kernel::new(files.name, read(&files.btf)?);
        for path in files.modules {
            let module = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            kernel.modules.push((module, read(&path)?));
        }
        kernels.push(kernel);
    }
    Ok(kernels)
}

/// Returns the fetched objects, by the architecture of their package.
///
/// # Errors
/// Nothing was fetched, or a file cannot be read.
pub fn objects() -> Result<BTreeMap<String, Vec<ObjectFile>>, String> {
    let mut objects: BTreeMap<String, Vec<ObjectFile>> = BTreeMap::new();
    for path in fetched("objects", data::objects())? {
        let name = file_name(&path);
        let architecture = ["arm64", "s390x"].into_iter().find(|name_part| {
            name.strip_suffix(".bpf.o").is_some_and(|stem| stem.ends_with(&format!(".{name_part}")))
        });
        let architecture = architecture.unwrap_or("amd64").to_string();
        objects.entry(architecture).or_default().push(ObjectFile { name, bytes: read(&path)? });
    }
    Ok(objects)
}

/// The kernel's CO-RE selftests, compiled for one byte order.
pub struct Selftests {
    /// The programs.
    pub programs: Vec<ObjectFile>,
    /// The types that the programs are relocated for.
    pub targets: Vec<Kernel>,
}

/// Reads the selftests of a byte order, `bpfel` or `bpfeb`.
///
/// # Errors
/// Nothing was fetched, or a file cannot be read.
pub fn selftests(order: &str) -> Result<Selftests, String> {
    let mut selftests = Selftests { programs: Vec::new(), targets: Vec::new() };
    for path in fetched("selftests", data::selftests())? {
        let name = file_name(&path);
        let Some(stem) = name.strip_suffix(&format!(".{order}.o")) else { continue };
        let bytes = read(&path)?;
        match stem.strip_prefix("btf__core_reloc_") {
            Some(target) => selftests.targets.push(Kernel::new(target, btf_section(&bytes)?)),
            None => selftests.programs.push(ObjectFile { name, bytes }),
        }
    }
    Ok(selftests)
}

/// Returns the objects of the fixtures, of both byte orders.
///
/// # Errors
/// The fixtures cannot be read.
pub fn fixture_objects() -> Result<Vec<ObjectFile>, String> {
    let mut objects = Vec::new();
    for path in files(&data::fixture("objects"))? {
        objects.push(ObjectFile { name: file_name(&path), bytes: read(&path)? });
    }
    Ok(objects)
}

/// Compiles `gcc.c` with GCC, for both byte orders and with several options.
///
/// # Errors
/// GCC for BPF is not installed, or fails.
pub fn gcc_objects() -> Result<Vec<ObjectFile>, String> {
    const GCC: &str = "bpf-gcc";
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/conformance/gcc.c");
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut objects = Vec::new();
    for (order, endian) in [("bpfel", "-mlittle-endian"), ("bpfeb", "-mbig-endian")] {
        for optimization in ["-O1", "-O2", "-Os"] {
            let name = format!("gcc{optimization}.{order}.o");
            let object = folder.path().join(&name);
            let mut gcc = Command::new(GCC);
            gcc.args(["-gbtf", "-mco-re", endian, optimization, "-c"]);
            let output = gcc.arg(&source).arg("-o").arg(&object).output();
            let output = output.map_err(|error| format!("{GCC}: {error}"))?;
            if !output.status.success() {
                return Err(format!("{GCC}: {}", String::from_utf8_lossy(&output.stderr)));
            }
            objects.push(ObjectFile { name, bytes: read(&object)? });
        }
    }
    Ok(objects)
}

/// Returns the made-up kernels of the fixtures, `NAME.le.btf` and `NAME.be.btf`, with their modules,
/// `NAME.le.MODULE.btf`.
///
/// # Errors
/// The fixtures cannot be read.
pub fn fixture_kernels() -> Result<Vec<Kernel>, String> {
    let mut kernels: Vec<Kernel> = Vec::new();
    let mut modules = Vec::new();
    for path in files(&data::fixture("btf"))? {
        let name = file_name(&path);
        let Some(name) = name.strip_suffix(".btf") else { continue };
        match name.split('.').collect::<Vec<_>>()[..] {
            [kernel, order, module] => {
                modules.push((format!("{kernel}.{order}"), module.to_string(), read(&path)?));
            }
            _ => kernels.push(Kernel::new(name, read(&path)?)),
        }
    }
    for (kernel, module, bytes) in modules {
        let found = kernels.iter_mut().find(|other| other.name == kernel);
        let found = found.ok_or_else(|| format!("module {module} has no kernel {kernel}"))?;
        found.modules.push((module, bytes));
    }
    Ok(kernels)
}

/// Returns the fetched files. To have none is an error.
fn fetched<T>(what: &str, found: std::io::Result<Vec<T>>) -> Result<Vec<T>, String> {
    let folder = data::folder().join(what);
    match found {
        Ok(found) if found.is_empty() => {
            Err(format!("{} is empty; `cargo xtask data` fetches its files", folder.display()))
        }
        found => found.map_err(|error| format!("{}: {error}", folder.display())),
    }
}

/// Returns the section `.BTF` of an object.
fn btf_section(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let file = object::File::parse(bytes).map_err(|error| error.to_string())?;
    let section = file.section_by_name(".BTF").ok_or("the object has no .BTF")?;
    section.data().map(<[u8]>::to_vec).map_err(|error| error.to_string())
}

/// Returns the files of a folder, sorted by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error| format!("{}: {error}", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}
