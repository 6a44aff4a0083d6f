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
    check::{Checker, Finding, Verdict},
    explain::Explainer,
};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

use super::explanations::{Explanations, Interner, SharedExplanation};
use crate::{
    failure::Failure,
    names::{kernel_name, labels},
    target::{SkippedFiles, kernel_modules, parse_modules},
};

/// The results of all objects on one kernel.
pub(super) struct CheckedKernel {
    pub(super) label: String,
    pub(super) rows: KernelRows,
}

/// A row for each object; `None` if the kernel has another byte order than the object.
pub(super) type KernelRows = Vec<Option<Arc<ResultRow>>>;

/// The results of an object's relocations on one kernel, without those that are unchanged.
pub(super) type ResultRow = Vec<RelocationResult>;

/// The result of a relocation on one kernel.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct RelocationResult {
    /// The index of the relocation in its object.
    pub(super) relocation: usize,
    pub(super) verdict: Verdict,
    pub(super) value: Option<u64>,
    /// `None` if the instruction has the kernel's value.
    pub(super) explanation: Option<Arc<SharedExplanation>>,
}

/// The results of all kernels.
pub(super) struct CheckedKernels {
    pub(super) kernels: Vec<CheckedKernel>,
    /// The errors of the targets that cannot be read.
    pub(super) failed: Vec<String>,
    /// The number of targets, with those that cannot be read.
    pub(super) total: usize,
}

/// Checks objects on kernels, and collects the results.
pub(super) struct Collector<'c> {
    checkers: &'c [Checker<'c>],
    rows: Interner<ResultRow>,
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
    failed: Vec<String>,
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
        let rows = self.kernel_rows(&target.with_modules(modules), true);
        let label = format!("running ({})", kernel.release());
        let kernels = vec![CheckedKernel { label, rows }];
        Ok(CheckedKernels { kernels, failed: Vec::new(), total: 1 })
    }

    /// Checks the objects on all kernels of the given files and folders.
    pub(super) fn all_kernels(&self, targets: &[PathBuf]) -> Result<CheckedKernels, Failure> {
        let mut files = Vec::new();
        for target in targets {
            let is_named = !target.is_dir();
            for path in Files::new(target) {
                files.push(TargetFile { path: path?, is_named });
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
        merge(targets, results)
    }

    /// Checks the objects on the kernels of a file, one after the other.
    fn check_file(&self, file: &TargetFile, in_parallel: bool) -> FileResults {
        let limits = Limits::default();
        let found = if file.is_named {
            Kernels::new(&file.path, limits)
        } else {
            Kernels::in_listed(&file.path, limits)
        };
        let mut results = FileResults::default();
        for found in found {
            let checked = match found {
                Ok(Found::Other(error)) => {
                    results.skipped.add(error.to_string());
                    continue;
                }
                Ok(Found::Kernel(file)) => self.check_kernel(&file, in_parallel),
                Err(error) => Err(error.to_string()),
            };
            match checked {
                Ok(checked) => results.kernels.push(checked),
                Err(error) => results.failed.push(error),
            }
        }
        results
    }

    fn check_kernel(
        &self,
        file: &BtfFile,
        in_parallel: bool,
    ) -> Result<(String, KernelRows), String> {
        let btf: Btf<'_> = file.parse().map_err(|error| error.to_string())?;
        btf.validate().map_err(|error| file.error(error).to_string())?;
        let mut target = Target::new(&btf);
        // An index of the names pays off from the third object on.
        if self.checkers.len() > 2 {
            target = target.indexed();
        }
        let path = file.path().display().to_string();
        Ok((path, self.kernel_rows(&target, in_parallel)))
    }

    fn kernel_rows(&self, target: &Target<'_>, in_parallel: bool) -> KernelRows {
        let row = |checker: &Checker<'_>| {
            let has_same_order = checker.object().byte_order() == target.main().byte_order();
            has_same_order.then(|| self.rows.intern(self.row(checker, target)))
        };
        if in_parallel {
            self.checkers.par_iter().map(row).collect()
        } else {
            self.checkers.iter().map(row).collect()
        }
    }

    fn row(&self, checker: &Checker<'_>, target: &Target<'_>) -> ResultRow {
        let mut explainer = checker.object().btf().map(|local| Explainer::new(local, target));
        let mut row = Vec::new();
        for (relocation, finding) in checker.check(target).iter().enumerate() {
            let Finding { report, verdict } = finding;
            let explanation = match verdict {
                Verdict::Unchanged => continue,
                Verdict::Changed => None,
                _ => explainer.as_mut().and_then(|explainer| explainer.report(report)),
            };
            row.push(RelocationResult {
                relocation,
                verdict: *verdict,
                value: report.outcome.value(),
                explanation: explanation.map(|explanation| self.explanations.share(explanation)),
            });
        }
        row
    }
}

/// Merges the results of all files, in their order.
fn merge(targets: &[PathBuf], results: Vec<FileResults>) -> Result<CheckedKernels, Failure> {
    let (mut kernels, mut failed) = (Vec::new(), Vec::new());
    let mut skipped = SkippedFiles::default();
    for file in results {
        kernels.extend(file.kernels);
        failed.extend(file.failed);
        skipped.extend(file.skipped);
    }
    let path = match targets {
        [one] => one.as_path(),
        _ => Path::new("the targets"),
    };
    skipped.warn(path);
    if kernels.is_empty() && failed.is_empty() {
        return Err(Failure::NoTarget(path.to_path_buf()));
    }
    let total = kernels.len() + failed.len();
    let (paths, rows): (Vec<String>, Vec<_>) = kernels.into_iter().unzip();
    let labels = labels(paths.iter().map(|path| kernel_name(path)));
    let kernels = labels.into_iter().zip(rows).map(|(label, rows)| CheckedKernel { label, rows });
    Ok(CheckedKernels { kernels: kernels.collect(), failed, total })
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
