//! Cargo subcommands that the tasks need: the machine's own, or one installed in `target/tools`.

use std::path::{Path, PathBuf};

use crate::Result;
use crate::command::{cargo, is_installed, run};

/// The folder of a tool of our own.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new("target/tools").join(name)
}

/// The program of a tool, if it is installed.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let program = folder(name).join("bin").join(name);
    if is_installed(name) { Some(name.into()) } else { Some(program).filter(|path| path.is_file()) }
}

/// The program of a tool, which is built from its sources unless it is installed.
pub(crate) fn find_or_build(name: &str, version: &str) -> Result<PathBuf> {
    if let Some(program) = find(name) {
        return Ok(program);
    }
    let folder = folder(name);
    let mut install = cargo();
    install.args(["install", "--quiet", "--locked", name, "--version", version, "--root"]);
    run(install.arg(&folder))?;
    Ok(folder.join("bin").join(name))
}
