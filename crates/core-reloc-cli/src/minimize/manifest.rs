//! The manifest: what was made of which files, which an output has at its top for the next run.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use core_reloc_tools::minimize::ResolutionCounts;
use serde::{Deserialize, Serialize};

use super::{FileResult, MinimizedTarget};
use crate::{digest::stable_digest, failure::Failure};

/// The format, and its version.
pub(super) const FORMAT: &str = "core-reloc minimize 1";

/// The version of the program, whose results may differ from those of others.
pub(super) const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// The content of [`core_reloc_targets::MANIFEST`].
#[derive(Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) format: String,
    pub(super) core_reloc: String,
    /// The hash of all that the results depend on besides the kernels.
    pub(super) needs: String,
    /// The different results of kernels.
    pub(super) results: Vec<KernelResult>,
    /// By the paths of the files below the target's folder.
    pub(super) files: BTreeMap<String, FileRecord>,
}

/// What the report says of a kernel.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct KernelResult {
    pub(super) types: u32,
    /// Of each object the relocations that are resolved, unresolved and failed.
    pub(super) counts: Vec<[u32; 3]>,
}

/// What was made of a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct FileRecord {
    /// The hash of the file, of this record and of the minimized BTF.
    pub(super) check: String,
    /// The kernels that were minimized.
    pub(super) kernels: Vec<KernelRecord>,
    /// Those that cannot be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) failed: Vec<FailedRecord>,
    /// The parts that are no kernels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) skipped: Option<SkippedRecord>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct KernelRecord {
    /// What follows the file's path in the kernel's: `!5.4.0-26-generic.btf`.
    pub(super) part: String,
    /// The size of the full BTF.
    pub(super) bytes: u64,
    /// The index of its result.
    pub(super) result: usize,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct FailedRecord {
    pub(super) part: String,
    /// The index of the object that is to blame, if one is.
    pub(super) object: Option<usize>,
    pub(super) problem: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SkippedRecord {
    pub(super) count: usize,
    /// What the first one is instead, after the file's path.
    pub(super) first: String,
}

/// A file with what was made of it, to be added to a manifest.
pub(super) struct FileEntry {
    path: String,
    record: FileRecord,
    /// Those of the kernels.
    results: Vec<KernelResult>,
}

impl FileEntry {
    /// Records what was made of a file with a hash; `None` if that depends on anything else, or if there is no kernel
    /// in the file: whether a module is mentioned depends on the files beside it.
    pub(super) fn new(
        file: &Path,
        root: &Path,
        digest: &str,
        made: &FileResult,
        objects: &[&Path],
    ) -> Option<Self> {
        if made.targets.is_empty() && made.unreadable.is_empty() {
            return None;
        }
        let kernels = made.targets.iter().map(|target| {
            let part = part_of(&target.main.target, file)?;
            Some(KernelRecord { part, bytes: target.main.full_size as u64, result: 0 })
        });
        let failed = made.unreadable.errors().map(|error| match error {
            Failure::Minimize { target, object, error } => Some(FailedRecord {
                part: part_of(target, file)?,
                object: match object {
                    Some(path) => Some(objects.iter().position(|object| object == path)?),
                    None => None,
                },
                problem: error.clone(),
            }),
            // What cannot be read today may be read tomorrow.
            _ => None,
        });
        let skipped = match made.skipped.first() {
            Some(first) => {
                let first = first.strip_prefix(&*file.to_string_lossy())?.to_string();
                Some(SkippedRecord { count: made.skipped.count(), first })
            }
            None => None,
        };
        let mut record = FileRecord {
            check: String::new(),
            kernels: kernels.collect::<Option<_>>()?,
            failed: failed.collect::<Option<_>>()?,
            skipped,
        };
        let results = made.targets.iter().map(KernelResult::of).collect::<Option<Vec<_>>>()?;
        let outputs = made.targets.iter().map(|target| &target.main.bytes);
        record.check = record.check_of(digest, &results, outputs).ok()?;
        Some(Self { path: key(file, root), record, results })
    }
}

impl FileRecord {
    /// Returns the hash of a file's hash, of the record, and of what was made of the kernels.
    pub(super) fn check_of<'r>(
        &self,
        digest: &str,
        results: impl IntoIterator<Item = &'r KernelResult>,
        outputs: impl IntoIterator<Item = &'r Arc<[u8]>>,
    ) -> io::Result<String> {
        let kernels = self.kernels.iter().zip(results);
        let kernels: Vec<_> =
            kernels.map(|(kernel, result)| (&kernel.part, kernel.bytes, result)).collect();
        let mut bytes = serde_json::to_vec(&(digest, kernels, &self.failed, &self.skipped))?;
        for output in outputs {
            bytes.extend((output.len() as u64).to_le_bytes());
            bytes.extend(&**output);
        }
        Ok(stable_digest(&bytes))
    }
}

impl KernelResult {
    fn of(target: &MinimizedTarget) -> Option<Self> {
        let count = |count| u32::try_from(count).ok();
        let counts = target.counts.iter().map(|counts| {
            let ResolutionCounts { resolved, unresolved, failed } = *counts;
            Some([count(resolved)?, count(unresolved)?, count(failed)?])
        });
        Some(Self { types: count(target.types)?, counts: counts.collect::<Option<_>>()? })
    }
}

impl Manifest {
    /// Lists files. The same files give the same bytes.
    pub(super) fn new(needs: String, entries: Vec<FileEntry>) -> Self {
        let mut entries = entries;
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        let (mut results, mut indices) = (Vec::new(), HashMap::new());
        let mut files = BTreeMap::new();
        for FileEntry { path, mut record, results: of_kernels } in entries {
            for (kernel, result) in record.kernels.iter_mut().zip(of_kernels) {
                kernel.result = *indices.entry(result).or_insert_with_key(|result| {
                    results.push(result.clone());
                    results.len() - 1
                });
            }
            files.insert(path, record);
        }
        let (format, core_reloc) = (FORMAT.to_string(), PROGRAM.to_string());
        Self { format, core_reloc, needs, results, files }
    }

    pub(super) fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// Returns the path by which a manifest lists a file.
pub(super) fn key(file: &Path, root: &Path) -> String {
    file.strip_prefix(root).unwrap_or(file).to_string_lossy().into_owned()
}

/// Returns what follows the path of a file in that of a part of it.
fn part_of(path: &Path, file: &Path) -> Option<String> {
    let part = path.as_os_str().as_bytes().strip_prefix(file.as_os_str().as_bytes())?;
    String::from_utf8(part.to_vec()).ok()
}

/// Returns the path of a part of a file.
pub(super) fn with_part(file: &Path, part: &str) -> PathBuf {
    let mut path = file.as_os_str().to_os_string();
    path.push(part);
    path.into()
}
