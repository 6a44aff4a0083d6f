//! Compiles C programs that run in a booted kernel, with libbpf and without shared libraries.

use std::fs;
use std::path::{Path, PathBuf};

use super::images::Store;
use super::machine::Architecture;
use crate::Result;
use crate::command::run;
use crate::libbpf::Libbpf;

/// The program that loads objects.
pub(crate) const LOADER: &str = "xtask/src/kernels/loader.c";

/// Compiles a program of one C file for an architecture.
pub(crate) fn compile(
    store: &mut Store,
    architecture: Architecture,
    source: &Path,
) -> Result<PathBuf> {
    let parts = store.parts(architecture)?;
    let folder = Path::new("target/kernels/programs").join(architecture.name());
    fs::create_dir_all(&folder)?;
    let program = folder.join(source.file_stem().ok_or("a C file has a name")?);
    let mut compiler = architecture.compiler();
    compiler.args(["-w", "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections"]);
    if source == Path::new(LOADER) {
        compiler.args(WRAPPED.map(|function| format!("-Wl,--wrap={function}")));
    }
    compiler.arg(source);
    Libbpf::find()?.add_to(&mut compiler);
    for library in ["libelf.a", "libz.a"] {
        let libraries = parts.join("usr/lib");
        let triple = fs::read_dir(&libraries)?.filter_map(|entry| Some(entry.ok()?.path()));
        let library = triple.map(|folder| folder.join(library)).find(|path| path.exists());
        compiler.arg(library.ok_or("a static library is missing from the packages")?);
    }
    run(compiler.arg("-o").arg(&program))?;
    Ok(program)
}

/// The functions of libbpf that the loader replaces, so that the kernel's types are read only once.
const WRAPPED: [&str; 2] = ["btf__load_vmlinux_btf", "btf__free"];
