//! Checking objects on kernels in parallel, with bounded memory.
//!
//! Each worker has one kernel in memory at a time, and keeps a row of results for each object. Equal
//! rows and equal explanations are kept once.

use std::{
    io::{IsTerminal, stderr},
    path::{Path, PathBuf},
    sync::Arc,
};

use btf_types::Btf;
use core_reloc::{Module, Target};
use core_reloc_sys::{BtfFile, Kernel};
use core_reloc_targets::{Files, Found, Kernels, Limits};
use core_reloc_tools::{
    check::{Cause, Checker, Finding, RelocationVerdict, Verdict},
    explain::Explainer,
    needs::{self, Release, Subject},
};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

use super::{
    explanations::{Explanations, Interner, SharedExplanation},
    order::natural,
};
use crate::{
    failure::Failure,
    inputs,
    names::{kernel_name, labels},
    target::{SkippedFiles, Unreadable, kernel_modules, parse_modules, validate},
};

/// The results of all objects on one kernel.
pub(super) struct CheckedKernel {
    pub(super) label: String,
    pub(super) rows: KernelRows,
}

/// A row for each object.
pub(super) type KernelRows = Vec<Arc<ObjectRow>>;

/// The results of an object on one kernel.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ObjectRow {
    /// In the order of the object's programs.
    pub(super) programs: Vec<ProgramResult>,
    /// Those that are not unchanged, in the order of the records.
    pub(super) relocations: Vec<RelocationResult>,
    /// What user space must provide, and programs are not refused for.
    pub(super) open: Vec<OpenResult>,
}

/// The result of a program.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ProgramResult {
    pub(super) verdict: Verdict,
    pub(super) causes: Vec<CauseResult>,
}

/// A cause of a verdict.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct CauseResult {
    pub(super) verdict: Verdict,
    pub(super) what: &'static str,
    pub(super) name: String,
    pub(super) relocations: Vec<usize>,
}

/// The result of a relocation on one kernel.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct RelocationResult {
    /// The index of the relocation in its object.
    pub(super) relocation: usize,
    pub(super) verdict: RelocationVerdict,
    pub(super) value: Option<u64>,
    /// `None` if the instruction has the kernel's value.
    pub(super) explanation: Option<Arc<SharedExplanation>>,
}

/// Something that an object leaves open.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct OpenResult {
    pub(super) what: &'static str,
    pub(super) name: String,
}

impl ObjectRow {
    /// Returns the result of a relocation that is not unchanged.
    pub(super) fn relocation(&self, index: usize) -> Option<&RelocationResult> {
        let found = self.relocations.binary_search_by_key(&index, |result| result.relocation);
        found.ok().map(|found| &self.relocations[found])
    }

    /// Returns `false` if the object is for another architecture than the kernel.
    pub(super) fn has_architecture(&self) -> bool {
        !self.programs.iter().any(|program| program.verdict == Verdict::OtherArchitecture)
    }
}

/// The results of all kernels.
pub(super) struct CheckedKernels {
    pub(super) kernels: Vec<CheckedKernel>,
    pub(super) unreadable: Unreadable,
}

/// Checks objects on kernels, and collects the results.
pub(super) struct Collector<'c> {
    checkers: &'c [Checker<'c>],
    rows: Interner<ObjectRow>,
    explanations: Explanations,
}

/// A file that may contain kernels.
struct TargetFile {
    path: PathBuf,
    /// The user named the file itself, not its folder.
    is_named: bool,
}

/// The results of all kernels in a file.
#[derive(Default)]
struct FileResults {
    /// The path of each kernel, with its rows.
    kernels: Vec<(String, KernelRows)>,
    unreadable: Unreadable,
    skipped: SkippedFiles,
}

impl<'c> Collector<'c> {
    pub(super) fn new(checkers: &'c [Checker<'c>], with_comparisons: bool) -> Self {
        let explanations = Explanations::new(with_comparisons);
        Self { checkers, rows: Interner::default(), explanations }
    }

    /// Checks the objects on the running kernel with its modules.
    pub(super) fn running_kernel(&self) -> Result<CheckedKernels, Failure> {
        let kernel = Kernel::running();
        let main = kernel.btf()?;
        let btf = main.parse()?;
        let target = Target::new(&btf);
        let needs_modules =
            self.checkers.iter().any(|checker| checker.object().needs_modules(&target));
        let files = if needs_modules { kernel_modules(&kernel)? } else { Vec::new() };
        let modules = parse_modules(&files, &main, &btf)?;
        let modules = modules.iter().map(|(name, btf)| Module { name, btf });
        let target = target.with_modules(modules);
        let checked = needs::Kernel::new(&target);
        let rows = self.kernel_rows(&with_release(checked, kernel.release()), true);
        let label = format!("running ({})", kernel.release());
        let kernels = vec![CheckedKernel { label, rows }];
        Ok(CheckedKernels { kernels, unreadable: Unreadable::default() })
    }

    /// Checks the objects on all kernels of the given files and folders.
    pub(super) fn all_kernels(&self, targets: &[PathBuf]) -> Result<CheckedKernels, Failure> {
        let (mut files, mut unreadable) = (Vec::new(), Unreadable::default());
        for target in targets {
            let is_named = !target.is_dir();
            for path in Files::new(target) {
                match path {
                    Ok(path) => files.push(TargetFile { path, is_named }),
                    Err(error) => unreadable.add(error),
                }
            }
        }
        let progress = progress_bar(files.len());
        // A single file, which may be an archive, is checked with its objects in parallel. Parallel
        // files with parallel objects would have waiting workers open more kernels.
        let results: Vec<FileResults> = match files.as_slice() {
            [file] => vec![self.check_file(file, true)],
            files => files
                .par_iter()
                .with_max_len(1)
                .map(|file| {
                    let results = self.check_file(file, false);
                    progress.inc(1);
                    results
                })
                .collect(),
        };
        progress.finish_and_clear();
        merge(targets, results, unreadable)
    }

    /// Checks the objects on the kernels of a file, one after the other.
    fn check_file(&self, file: &TargetFile, in_parallel: bool) -> FileResults {
        let found = if file.is_named {
            inputs::kernels(&file.path)
        } else {
            Kernels::in_listed(&file.path, Limits::default())
        };
        let mut results = FileResults::default();
        for found in found {
            let checked = match found {
                Ok(Found::Other(error)) => {
                    results.skipped.add(error.to_string());
                    continue;
                }
                Ok(Found::Kernel(file)) => self.check_kernel(&file, in_parallel),
                Err(error) => Err(error.into()),
            };
            match checked {
                Ok(checked) => results.kernels.push(checked),
                Err(error) => results.unreadable.add(error),
            }
        }
        results
    }

    fn check_kernel(
        &self,
        file: &BtfFile,
        in_parallel: bool,
    ) -> Result<(String, KernelRows), Failure> {
        let btf: Btf<'_> = file.parse()?;
        validate(file, &btf)?;
        let mut target = Target::new(&btf);
        // An index of the names pays off from the third object on.
        if self.checkers.len() > 2 {
            target = target.indexed();
        }
        let path = file.path().display().to_string();
        let kernel = needs::Kernel::new(&target);
        let release = file.release().map_or_else(|| kernel_name(&path), str::to_string);
        let rows = self.kernel_rows(&with_release(kernel, &release), in_parallel);
        Ok((path, rows))
    }

    fn kernel_rows(&self, kernel: &needs::Kernel<'_>, in_parallel: bool) -> KernelRows {
        let row = |checker: &Checker<'_>| self.rows.intern(self.row(checker, kernel));
        if in_parallel {
            self.checkers.par_iter().map(row).collect()
        } else {
            self.checkers.iter().map(row).collect()
        }
    }

    fn row(&self, checker: &Checker<'_>, kernel: &needs::Kernel<'_>) -> ObjectRow {
        let target = kernel.target();
        let mut explainer = checker.object().btf().map(|local| Explainer::new(local, target));
        let checked = checker.check(kernel);
        let mut relocations = Vec::new();
        for (relocation, Finding { report, verdict, .. }) in checked.findings.iter().enumerate() {
            let explanation = match verdict {
                RelocationVerdict::Unchanged => continue,
                RelocationVerdict::Changed => None,
                _ => explainer.as_mut().and_then(|explainer| explainer.report(report)),
            };
            relocations.push(RelocationResult {
                relocation,
                verdict: *verdict,
                value: report.outcome.value(),
                explanation: explanation.map(|explanation| self.explanations.share(explanation)),
            });
        }
        let cause = |cause: Cause<'_>| CauseResult {
            verdict: cause.verdict,
            what: cause.what,
            name: cause.name.into_owned(),
            relocations: cause.relocations,
        };
        let programs = checked.programs.into_iter().map(|program| ProgramResult {
            verdict: program.verdict,
            causes: program.causes.into_iter().map(cause).collect(),
        });
        let sizes = checked.needs.iter().filter(|need| matches!(need.subject, Subject::MapSize(_)));
        let open =
            sizes.map(|need| OpenResult { what: need.what, name: need.name.clone().into_owned() });
        ObjectRow { programs: programs.collect(), relocations, open: open.collect() }
    }
}

/// Adds the release that a text names, if it names one.
fn with_release<'k>(kernel: needs::Kernel<'k>, text: &str) -> needs::Kernel<'k> {
    match Release::find(text) {
        Some(release) => kernel.with_release(release),
        None => kernel,
    }
}

/// Merges the results of all files, in the order of their versions.
fn merge(
    targets: &[PathBuf],
    results: Vec<FileResults>,
    mut unreadable: Unreadable,
) -> Result<CheckedKernels, Failure> {
    let (mut kernels, mut skipped) = (Vec::new(), SkippedFiles::default());
    for file in results {
        kernels.extend(file.kernels);
        unreadable.extend(file.unreadable);
        skipped.extend(file.skipped);
    }
    let path = match targets {
        [one] => one.as_path(),
        _ => Path::new("the targets"),
    };
    skipped.warn(path);
    if kernels.is_empty() && unreadable.is_empty() {
        return Err(Failure::NoTarget(path.to_path_buf()));
    }
    let (paths, rows): (Vec<String>, Vec<_>) = kernels.into_iter().unzip();
    let labels = labels(paths.iter().map(|path| kernel_name(path)));
    let kernels = labels.into_iter().zip(rows).map(|(label, rows)| CheckedKernel { label, rows });
    let mut kernels: Vec<CheckedKernel> = kernels.collect();
    kernels.sort_by(|one, other| natural(&one.label, &other.label));
    Ok(CheckedKernels { kernels, unreadable })
}

/// Returns a progress bar, which is hidden for a single file or without a terminal.
fn progress_bar(files: usize) -> ProgressBar {
    if files < 2 || !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} files, {eta} left");
    let bar = ProgressBar::new(files as u64);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
