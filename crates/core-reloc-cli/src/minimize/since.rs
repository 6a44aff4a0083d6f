//! `--since`: what an earlier run wrote, from which files that have not changed are taken.

use std::{fmt::Write as _, io, path::Path};

use btf_types::{Btf, Kind};
use core_reloc::Relocation;
use core_reloc_targets::KernelPath;
use core_reloc_tools::minimize::{Needs, ResolutionCounts};

use super::{
    Build, FileResult, MinimizedBtf, MinimizedTarget,
    earlier::Earlier,
    manifest::{FileEntry, KernelRecord, KernelResult, Manifest, key, with_part},
};
use crate::{
    digest::{file_digest, stable_digest},
    failure::Failure,
    names::minimized_target,
    target::SkippedFiles,
};

/// What is taken from an earlier run.
pub(super) struct Since<'a> {
    path: &'a Path,
    objects: &'a [&'a Path],
    /// The hash of all that the results depend on besides the kernels.
    needs: String,
    /// What that run wrote, or the reason why nothing can be taken from it.
    earlier: Result<Earlier, String>,
}

impl<'a> Since<'a> {
    /// Reads what an earlier run wrote to a folder or archive.
    ///
    /// # Errors
    /// Returns the errors of [`Earlier::read`].
    pub(super) fn read(
        path: &'a Path,
        objects: &'a [&'a Path],
        needs: &[Needs<'_>],
        names: &[(String, Kind)],
    ) -> Result<Self, Failure> {
        let needs = digest_of_needs(needs, names);
        let earlier = Earlier::read(path, &needs)?;
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
        let earlier = self.earlier.as_ref().ok()?;
        let record = earlier.manifest.files.get(&key(file, root))?;
        let kernels = record.kernels.iter().map(|kernel| find(earlier, kernel, file, root));
        let kernels = kernels.collect::<Option<Vec<_>>>()?;
        let results = kernels.iter().map(|(_, result)| *result);
        let outputs = kernels.iter().map(|(main, _)| &main.bytes);
        // This also rules out a manifest that does not fit the rest.
        if record.check_of(digest, results, outputs).ok()? != record.check {
            return None;
        }

        let targets = kernels.into_iter().map(|(main, result)| self.target(main, root, result));
        let mut made =
            FileResult { targets: targets.collect::<Option<_>>()?, ..FileResult::default() };
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

    /// Returns a kernel that an earlier run minimized.
    fn target(
        &self,
        main: MinimizedBtf,
        root: &Path,
        result: &KernelResult,
    ) -> Option<MinimizedTarget> {
        let counts = result.counts.iter().map(|counts| {
            let [resolved, unresolved, failed] = counts.map(|count| count as usize);
            ResolutionCounts { resolved, unresolved, failed }
        });
        let byte_order = Btf::parse(&main.bytes).ok()?.byte_order();
        let path = KernelPath::found_in(&main.target, root);
        let build = Build { release: None, version: None, path };
        (result.counts.len() == self.objects.len()).then(|| MinimizedTarget {
            main,
            modules: Vec::new(),
            unneeded: Vec::new(),
            types: result.types as usize,
            counts: counts.collect(),
            byte_order,
            is_taken: true,
            build,
        })
    }

    /// Returns the manifest of what was made of which files, for the next run.
    pub(super) fn manifest(&self, entries: Vec<FileEntry>) -> io::Result<Vec<u8>> {
        Manifest::new(self.needs.clone(), entries).to_bytes()
    }
}

/// Finds what an earlier run made of a kernel.
fn find<'e>(
    earlier: &'e Earlier,
    kernel: &KernelRecord,
    file: &Path,
    root: &Path,
) -> Option<(MinimizedBtf, &'e KernelResult)> {
    let target = with_part(file, &kernel.part);
    let name = minimized_target(&target, root);
    let bytes = earlier.outputs.get(&name)?;
    let full_size = usize::try_from(kernel.bytes).ok()?;
    let main = MinimizedBtf { module: None, target, full_size, name, bytes };
    Some((main, earlier.manifest.results.get(kernel.result)?))
}

/// Returns a hash of all that the results depend on besides the kernels.
fn digest_of_needs(needs: &[Needs<'_>], names: &[(String, Kind)]) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    for (name, kind) in names {
        let _ = writeln!(text, "{name:?} {kind}");
    }
    for Needs { local, relocations } in needs {
        let digest = stable_digest(local.as_bytes());
        let _ = writeln!(text, "{digest} {}", local.pointer_size());
        for relocation in relocations {
            let Relocation { insn_off: _, type_id, access, kind } = relocation;
            let _ = writeln!(text, "{} {access} {kind}", type_id.0);
        }
    }
    stable_digest(text.as_bytes())
}
