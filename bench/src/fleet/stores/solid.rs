//! Many kernels in one solid archive, the way to pack them that needs no store.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::super::process::Cost;
use crate::Result;

/// Programs that pack a stream, at high levels, with windows that hold all kernels.
const PROGRAMS: [&str; 2] = ["xz --lzma2=preset=9e,dict=768MiB", "zstd -19 --long=31"];

/// A solid archive.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Solid {
    pub(super) program: String,
    pub(super) size: u64,
    pub(super) cost: Cost,
}

/// Solid archives that were made in an earlier run, which takes half an hour and depends on nothing but these files.
#[derive(Serialize, Deserialize)]
struct Made {
    archives: Vec<PathBuf>,
    solid: Vec<Solid>,
}

/// Packs what is in the archives as one, in the order of their paths, so that like kernels lie together.
pub(super) fn measure(archives: &[PathBuf], scratch: &Path) -> Result<Vec<Solid>> {
    let earlier = scratch.join("solid.json");
    if let Ok(bytes) = fs::read(&earlier) {
        let made: Made = serde_json::from_slice(&bytes)?;
        let programs = made.solid.iter().map(|solid| solid.program.as_str());
        if made.archives == archives && programs.eq(PROGRAMS) {
            eprintln!("taken from an earlier run: {}", earlier.display());
            return Ok(made.solid);
        }
    }
    let made = Made { archives: archives.to_vec(), solid: pack(archives, scratch)? };
    fs::write(earlier, serde_json::to_vec(&made)?)?;
    Ok(made.solid)
}

fn pack(archives: &[PathBuf], scratch: &Path) -> Result<Vec<Solid>> {
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
        all.push(Solid { program: program.to_owned(), size: fs::metadata(&packed)?.len(), cost });
    }
    fs::remove_dir_all(folder)?;
    Ok(all)
}
