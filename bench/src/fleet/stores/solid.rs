//! Many kernels in one solid archive, the way to pack them that needs no store.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Serialize;

use super::super::process::Cost;
use crate::Result;

/// Programs that pack a stream, at high levels, with windows that hold all kernels.
const PROGRAMS: [&str; 2] = ["xz --lzma2=preset=9e,dict=768MiB", "zstd -19 --long=31"];

/// A solid archive.
#[derive(Debug, Serialize)]
pub(super) struct Solid {
    pub(super) program: &'static str,
    pub(super) size: u64,
    pub(super) cost: Cost,
}

/// Packs what is in the archives as one, in the order of their paths, so that like kernels lie together.
pub(super) fn measure(archives: &[PathBuf], scratch: &Path) -> Result<Vec<Solid>> {
    let folder = scratch.join("solid");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    for (number, archive) in archives.iter().enumerate() {
        let folder = folder.join(format!("{number:04}"));
        fs::create_dir_all(&folder)?;
        let mut unpack = Command::new("tar");
        Cost::median(unpack.arg("-xJf").arg(archive).arg("-C").arg(folder), 1)?;
    }
    let packed = scratch.join("solid.packed");
    let mut all = Vec::new();
    for program in PROGRAMS {
        let mut pack = Command::new("sh");
        pack.arg("-ec").arg(format!("tar -C \"$1\" --sort=name -cf - . | {program} > \"$2\""));
        let cost = Cost::median(pack.arg("sh").arg(&folder).arg(&packed), 1)?;
        all.push(Solid { program, size: fs::metadata(&packed)?.len(), cost });
    }
    fs::remove_dir_all(folder)?;
    Ok(all)
}
