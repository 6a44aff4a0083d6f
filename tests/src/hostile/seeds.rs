//! The seeds of the fuzz targets.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::adversary::{Attack, FAMILIES, Family};
use super::store;
use crate::data::fixture;

/// An input of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    /// The path of the file.
    pub path: PathBuf,
    /// The content of the file.
    pub bytes: Vec<u8>,
}

/// Returns the seeds of a target: those in `tests/fuzz/seeds`, inputs of former bugs in
/// `tests/fuzz/regressions`, and fixtures and small [attacks](super::adversary) in the target's format.
///
/// # Errors
/// A folder or file cannot be read.
pub fn of(target: &str) -> io::Result<Vec<Seed>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seeds = Vec::new();
    for folder in ["fuzz/seeds", "fuzz/regressions"] {
        read(&here.join(folder).join(target), "", &mut seeds)?;
    }
    match target {
        "btf" => read(&fixture("btf"), ".btf", &mut seeds)?,
        "elf" => read(&fixture("objects"), ".o", &mut seeds)?,
        "store" => {
            let mut kernels = Vec::new();
            read(&fixture("btf"), ".btf", &mut kernels)?;
            let store = |seed: Seed| Seed { bytes: store::of_kernel(&seed.bytes), ..seed };
            seeds.extend(kernels.into_iter().map(store));
        }
        _ => {}
    }
    seeds.extend(attacks(target));
    Ok(seeds)
}

/// Returns a small attack of each family, in the format of a target.
pub fn attacks(target: &str) -> impl Iterator<Item = Seed> {
    /// So small that fuzzers accept the length.
    const SIZE: usize = 4;
    let of: Option<fn(Attack) -> Vec<u8>> = match target {
        "btf" => Some(|attack| attack.target),
        "elf" => Some(|attack| attack.object),
        "store" => Some(|attack| store::of_kernel(&attack.target)),
        // The target is split on itself.
        "split" => Some(|Attack { target, .. }| {
            let len = u32::try_from(target.len()).expect("a small attack");
            [&len.to_le_bytes()[..], &target, &target].concat()
        }),
        // The kernel's types are taken for a distilled base too.
        "distilled" => Some(|Attack { target, .. }| {
            let len = u32::try_from(target.len()).expect("a small attack").to_le_bytes();
            [&len[..], &len, &target, &target, &target].concat()
        }),
        _ => None,
    };
    let families = FAMILIES.iter().flat_map(|(_, families)| *families);
    families.filter_map(move |Family { name, make, .. }| {
        Some(Seed { path: Path::new("adversary").join(name), bytes: of?(make(SIZE)) })
    })
}

fn read(folder: &Path, suffix: &str, seeds: &mut Vec<Seed>) -> io::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.retain(|path| path.to_string_lossy().ends_with(suffix));
    paths.sort();
    for path in paths {
        let bytes = fs::read(&path)?;
        seeds.push(Seed { path, bytes });
    }
    Ok(())
}
