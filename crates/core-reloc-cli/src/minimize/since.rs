//! `--since`: what an earlier run wrote, from which files that have not changed are taken.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write as _,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use btf_types::Btf;
use core_reloc::Relocation;
use core_reloc_targets::MANIFEST;
use core_reloc_tools::minimize::{Needs, ResolutionCounts};
use serde::Deserialize;

use super::{
    Build, FileResult, MinimizedBtf, MinimizedTarget,
    manifest::{FORMAT, FileEntry, KernelResult, Manifest, PROGRAM, key, with_part},
};
use crate::{
    digest::{file_digest, stable_digest},
    failure::Failure,
    inputs::{is_standard, read_file, read_unpacked},
    limits::{MAX_EARLIER, MAX_MANIFEST},
    names::minimized_target,
    target::SkippedFiles,
};

/// What an earlier run wrote, if it can be used.
pub(super) struct Since<'a> {
    path: &'a Path,
    objects: &'a [&'a Path],
    needs: String,
    /// Otherwise, the reason why it cannot be used.
    earlier: Result<Earlier, String>,
}

struct Earlier {
    manifest: Manifest,
    outputs: Outputs,
}

/// The list of an earlier run, or the reason why there is none, and what that run wrote.
type Parts = (Result<Vec<u8>, String>, Outputs);

/// The minimized BTF that an earlier run wrote.
enum Outputs {
    Folder(PathBuf),
    /// By the paths in the archive.
    Archive(HashMap<PathBuf, Arc<[u8]>>),
}

impl<'a> Since<'a> {
    /// Reads a folder or archive. If it does not exist, was written for other objects or by another version of the
    /// program, or lacks the list of what it has, nothing is taken from it.
    ///
    /// # Errors
    /// Returns an error for a file that cannot be read, or that is no archive.
    pub(super) fn read(
        path: &'a Path,
        objects: &'a [&'a Path],
        needs: &[Needs<'_>],
    ) -> Result<Self, Failure> {
        let needs = digest_of_needs(needs);
        let earlier = match read(path)? {
            Some((manifest, outputs)) => manifest
                .and_then(|bytes| parse(&bytes, &needs))
                .map(|manifest| Earlier { manifest, outputs }),
            None => Err("it does not exist".to_string()),
        };
        Ok(Self { path, objects, needs, earlier })
    }

    /// Returns the path of what the earlier run wrote.
    pub(super) fn path(&self) -> &Path {
        self.path
    }

    /// Returns the reason why nothing is taken, if nothing can be.
    pub(super) fn reason(&self) -> Option<&str> {
        self.earlier.as_ref().err().map(String::as_str)
    }

    /// Returns what was made of a file, or calls `make` for one that is new or changed. Records the result with it.
    pub(super) fn take_or_else(
        &self,
        file: &Path,
        root: &Path,
        make: impl FnOnce() -> Result<FileResult, Failure>,
    ) -> Result<FileResult, Failure> {
        let digest = file_digest(file).ok();
        let taken = digest.as_ref().and_then(|digest| self.take(file, root, digest));
        let is_taken = taken.is_some();
        let mut made = taken.map_or_else(make, Ok)?;
        if let Some(digest) = digest
            // Another file may have been minimized than the one with this hash.
            && (is_taken || file_digest(file).is_ok_and(|now| now == digest))
        {
            made.entries.extend(FileEntry::new(file, root, &digest, &made, self.objects));
        }
        Ok(made)
    }

    /// Returns what an earlier run made of a file with a hash.
    fn take(&self, file: &Path, root: &Path, digest: &str) -> Option<FileResult> {
        let Earlier { manifest, outputs } = self.earlier.as_ref().ok()?;
        let record = manifest.files.get(&key(file, root))?;
        let results = record.kernels.iter().map(|kernel| manifest.results.get(kernel.result));
        let results: Vec<&KernelResult> = results.collect::<Option<_>>()?;
        let paths: Vec<PathBuf> =
            record.kernels.iter().map(|kernel| with_part(file, &kernel.part)).collect();
        let names: Vec<PathBuf> = paths.iter().map(|path| minimized_target(path, root)).collect();
        let bytes = names.iter().map(|name| outputs.get(name)).collect::<Option<Vec<_>>>()?;
        // This also rules out a list that does not fit the rest.
        if record.check_of(digest, results.iter().copied(), &bytes).ok()? != record.check {
            return None;
        }

        let mut made = FileResult::default();
        for (((kernel, result), (target, name)), bytes) in
            record.kernels.iter().zip(results).zip(paths.into_iter().zip(names)).zip(bytes)
        {
            if result.counts.len() != self.objects.len() {
                return None;
            }
            let byte_order = Btf::parse(&bytes).ok()?.byte_order();
            let full_size = usize::try_from(kernel.bytes).ok()?;
            let counts = result.counts.iter().map(|[resolved, unresolved, failed]| {
                let [resolved, unresolved, failed] =
                    [resolved, unresolved, failed].map(|count| *count as usize);
                ResolutionCounts { resolved, unresolved, failed }
            });
            made.targets.push(MinimizedTarget {
                main: MinimizedBtf { module: None, target, full_size, name, bytes },
                modules: Vec::new(),
                unneeded: Vec::new(),
                types: result.types as usize,
                counts: counts.collect(),
                byte_order,
                build: Build::default(),
                is_taken: true,
            });
        }
        for failed in &record.failed {
            let object = match failed.object {
                Some(index) => Some(self.objects.get(index)?.to_path_buf()),
                None => None,
            };
            let (target, error) = (with_part(file, &failed.part), failed.problem.clone());
            made.unreadable.add(Failure::Minimize { target, object, error });
        }
        if let Some(skipped) = &record.skipped {
            let first = format!("{}{}", file.display(), skipped.first);
            made.skipped = SkippedFiles::of(skipped.count, first);
        }
        Some(made)
    }

    /// Returns the list of what was made of which files, for the next run.
    pub(super) fn manifest(&self, entries: Vec<FileEntry>) -> io::Result<Vec<u8>> {
        Manifest::new(self.needs.clone(), entries).to_bytes()
    }
}

impl Outputs {
    /// Returns the minimized BTF with a name.
    fn get(&self, name: &Path) -> Option<Arc<[u8]>> {
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
            let list = path.join(MANIFEST);
            if !list.is_file() {
                return Ok(Some((Err(nothing()), outputs)));
            }
            return Ok(Some((Ok(read_file(&list, MAX_MANIFEST)?), outputs)));
        }
        _ => {}
    }
    let bytes = read_unpacked(path, MAX_EARLIER)?;
    let (manifest, files) =
        unpack(&bytes).map_err(|error| Failure::Earlier { path: path.to_path_buf(), error })?;
    Ok(Some((manifest.ok_or_else(nothing), Outputs::Archive(files))))
}

/// The list of an archive, if it has one, and its other files.
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

/// Parses a list. Returns the reason if it is not one for these needs.
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

/// Returns a hash of all that the results depend on besides the kernels.
fn digest_of_needs(needs: &[Needs<'_>]) -> String {
    let mut text = String::new();
    for Needs { local, relocations } in needs {
        let digest = stable_digest(local.as_bytes());
        // Writing to a string does not fail.
        let _ = writeln!(text, "{digest} {}", local.pointer_size());
        for relocation in relocations {
            let Relocation { insn_off: _, type_id, access, kind } = relocation;
            let _ = writeln!(text, "{} {access} {kind}", type_id.0);
        }
    }
    stable_digest(text.as_bytes())
}
