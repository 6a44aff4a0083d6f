//! Links GCC's unwinder statically if the program is built for glibc and not cross-compiled. To load the shared library
//! at each start takes a twentieth of the time of relocating a small object.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    let is_glibc = target("OS") == "linux" && target("ENV") == "gnu";
    // Already done in a static program.
    let is_static = target("FEATURE").split(',').any(|feature| feature == "crt-static");
    let is_native = env::var_os("HOST") == env::var_os("TARGET");
    if !is_glibc || is_static || !is_native {
        return;
    }
    if let Some(folder) = folder_of_unwinder() {
        println!("cargo::rustc-link-search=native={}", folder.display());
        // Named before the libraries that Rust adds, so that the linker finds it first.
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}

/// Returns the folder that has the unwinder as an archive. Where there is none, the shared library is used.
fn folder_of_unwinder() -> Option<PathBuf> {
    let linker = env::var_os("RUSTC_LINKER").unwrap_or("cc".into());
    let found = Command::new(linker).arg("-print-file-name=libgcc_eh.a").output().ok()?;
    let archive = String::from_utf8(found.stdout).ok()?;
    // A compiler that does not find a file prints the name alone.
    let archive = Path::new(archive.trim());
    let folder = archive.parent().filter(|_| archive.is_absolute() && archive.is_file())?;
    Some(folder.to_path_buf())
}
