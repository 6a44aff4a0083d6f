//! What an earlier run wrote to a folder or archive.

use std::{
    collections::{HashMap, HashSet},
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use core_reloc_targets::MANIFEST;
use serde::Deserialize;

use super::manifest::{FORMAT, Manifest, PROGRAM};
use crate::{
    failure::Failure,
    inputs::{is_standard, read_file, read_unpacked},
    limits::{MAX_EARLIER, MAX_MANIFEST},
};

/// The most characters of the reason why nothing can be taken.
const MAX_REASON: usize = 200;

/// What an earlier run wrote.
pub(super) struct Earlier {
    pub(super) manifest: Manifest,
    pub(super) outputs: Outputs,
}

/// The minimized BTF.
pub(super) enum Outputs {
    Folder(PathBuf),
    /// By the paths in the archive.
    Archive(HashMap<PathBuf, Arc<[u8]>>),
}

/// A manifest, or the reason why there is none, and what it is about.
type Parts = (Result<Vec<u8>, String>, Outputs);

impl Earlier {
    /// Reads a folder or archive, or returns the reason why nothing can be taken from it: it does not exist, has no
    /// manifest, or was written for other needs or by another version of the program.
    ///
    /// # Errors
    /// Returns an error for a file that cannot be read, or that is no archive.
    pub(super) fn read(path: &Path, needs: &str) -> Result<Result<Self, String>, Failure> {
        let Some((manifest, outputs)) = read(path)? else {
            return Ok(Err("it does not exist".to_string()));
        };
        let manifest = manifest.and_then(|bytes| parse(&bytes, needs));
        // A reason may quote the manifest.
        let manifest = manifest.map_err(|reason| reason.chars().take(MAX_REASON).collect());
        Ok(manifest.map(|manifest| Self { manifest, outputs }))
    }
}

impl Outputs {
    /// Returns the minimized BTF with a name.
    pub(super) fn get(&self, name: &Path) -> Option<Arc<[u8]>> {
        match self {
            Self::Archive(files) => files.get(name).cloned(),
            Self::Folder(folder) => {
                let path = folder.join(name);
                // A pipe would be waited for.
                let is_file = fs::metadata(&path).is_ok_and(|metadata| metadata.is_file());
                let bytes = is_file.then(|| read_file(&path, MAX_MANIFEST))?;
                Some(bytes.ok()?.into())
            }
        }
    }
}

/// Reads what an earlier run wrote; `None` if it does not exist.
fn read(path: &Path) -> Result<Option<Parts>, Failure> {
    let nothing = || format!("it has no {MANIFEST}, which --since writes");
    match fs::metadata(path) {
        _ if is_standard(path) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Ok(metadata) if metadata.is_dir() => {
            let outputs = Outputs::Folder(path.to_path_buf());
            let manifest = path.join(MANIFEST);
            if !manifest.is_file() {
                return Ok(Some((Err(nothing()), outputs)));
            }
            return Ok(Some((Ok(read_file(&manifest, MAX_MANIFEST)?), outputs)));
        }
        _ => {}
    }
    let bytes = read_unpacked(path, MAX_EARLIER)?;
    let (manifest, files) =
        unpack(&bytes).map_err(|error| Failure::Earlier { path: path.to_path_buf(), error })?;
    Ok(Some((manifest.ok_or_else(nothing), Outputs::Archive(files))))
}

/// The manifest of an archive, if it has one, and its other files.
type Unpacked = (Option<Vec<u8>>, HashMap<PathBuf, Arc<[u8]>>);

/// Reads a tar archive. Memory grows with its bytes, never with a size that a header claims.
fn unpack(archive: &[u8]) -> io::Result<Unpacked> {
    /// The offset of the magic in the first header.
    const MAGIC_AT: usize = 257;
    let magic = archive.get(MAGIC_AT..).filter(|bytes| bytes.starts_with(b"ustar"));
    magic.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it is no tar archive"))?;
    let (mut manifest, mut files) = (None, HashMap::new());
    // Many kernels have the same.
    let mut known: HashSet<Arc<[u8]>> = HashSet::new();
    for entry in tar::Archive::new(archive).entries()? {
        let mut entry = entry?;
        // A sparse file may be much larger than its bytes.
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path()?.into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        if path == Path::new(MANIFEST) {
            manifest = Some(bytes);
            continue;
        }
        let bytes = match known.get(bytes.as_slice()) {
            Some(known) => Arc::clone(known),
            None => {
                let bytes: Arc<[u8]> = bytes.into();
                known.insert(Arc::clone(&bytes));
                bytes
            }
        };
        files.insert(path, bytes);
    }
    Ok((manifest, files))
}

/// Parses a manifest. Returns the reason if it is not one for these needs.
fn parse(bytes: &[u8], needs: &str) -> Result<Manifest, String> {
    let damaged = |error| format!("its {MANIFEST} is damaged: {error}");
    /// What every version of the format has.
    #[derive(Deserialize)]
    struct Start {
        format: String,
    }
    let Start { format } = serde_json::from_slice(bytes).map_err(damaged)?;
    if format != FORMAT {
        return Err(format!("its {MANIFEST} has the format {format:?}, not {FORMAT:?}"));
    }
    let manifest: Manifest = serde_json::from_slice(bytes).map_err(damaged)?;
    if manifest.core_reloc != PROGRAM {
        let version = &manifest.core_reloc;
        return Err(format!("it was written by core-reloc {version:?}, and this is {PROGRAM}"));
    }
    if manifest.needs != needs {
        return Err("it was written for other objects or with other options".to_string());
    }
    Ok(manifest)
}
