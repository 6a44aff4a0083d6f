//! Checking objects on kernels in parallel, and keeping what came of it in little memory.
//!
//! Each worker has one kernel at a time. What is kept of it is a row for each object, and rows that
//! are the same, and explanations that are, are kept once.

use std::{
    collections::HashSet,
    hash::Hash,
    io::{IsTerminal, stderr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use btf_types::Btf;
use core_reloc::{Module, Target};
use core_reloc_sys::{BtfFile, Kernel};
use core_reloc_targets::{self as targets, Files, Found, Limits};
use core_reloc_tools::{
    check::{Checker, Finding, Verdict},
    definition::DefinitionLine,
    explain::{self, Comparison, Explainer, Explanation},
};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

use super::labels;
use crate::{
    explain::side,
    failure::Failure,
    target::{PassedOver, modules_of, parse_modules},
};

/// What came of a kernel.
pub(crate) struct Checked {
    pub(crate) label: String,
    /// A row for each object; none if the kernel is of another byte order.
    pub(crate) rows: Rows,
}

pub(crate) type Rows = Vec<Option<Arc<Row>>>;

/// What became of an object's relocations on a kernel: all that are not unchanged.
pub(crate) type Row = Vec<Entry>;

/// What became of a relocation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    /// Its position among the object's.
    pub(crate) relocation: usize,
    pub(crate) verdict: Verdict,
    pub(crate) value: Option<u64>,
    /// Why; none for those that hold the kernel's value.
    pub(crate) why: Option<Arc<Why>>,
}

/// An explanation, without what differs from kernel to kernel though the reason is the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Why {
    pub(crate) problem: &'static str,
    pub(crate) reason: String,
    /// Kept only for the page.
    pub(crate) comparisons: Vec<Compared>,
    /// What may cure it, and the code for it.
    pub(crate) cures: Vec<(String, Option<String>)>,
}

/// Two definitions side by side.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Compared {
    pub(crate) titles: [String; 2],
    pub(crate) lines: Vec<ComparedLine>,
}

/// A row of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum ComparedLine {
    /// So many lines were left out.
    LeftOut(usize),
    /// A line of each, or of one.
    Lines { sides: [Option<Arc<str>>; 2], differs: bool, is_focus: bool },
}

/// What came of all targets.
pub(crate) struct Kernels {
    pub(crate) kernels: Vec<Checked>,
    /// Why some could not be read.
    pub(crate) failed: Vec<String>,
    /// How many there were, these included.
    pub(crate) total: usize,
}

/// Checks objects on kernels.
pub(crate) struct Collector<'c> {
    checkers: &'c [Checker<'c>],
    with_comparisons: bool,
    rows: Interner<Row>,
    whys: Interner<Why>,
    lines: Interner<str>,
}

/// A file that may hold kernels.
struct File {
    path: PathBuf,
    /// Whether it was named itself, and not found in a folder.
    is_named: bool,
}

/// What came of a file.
#[derive(Default)]
struct Outcome {
    /// By their paths.
    kernels: Vec<(String, Rows)>,
    failed: Vec<String>,
    passed_over: PassedOver,
}

impl<'c> Collector<'c> {
    pub(crate) fn new(checkers: &'c [Checker<'c>], with_comparisons: bool) -> Self {
        Self {
            checkers,
            with_comparisons,
            rows: Interner::default(),
            whys: Interner::default(),
            lines: Interner::default(),
        }
    }

    /// Checks the objects on the running kernel, with its modules.
    pub(crate) fn running(&self) -> Result<Kernels, Failure> {
        let kernel = Kernel::running();
        let main = kernel.btf()?;
        let btf = main.parse()?;
        let target = Target::new(&btf);
        let needs_modules =
            self.checkers.iter().any(|checker| checker.object().needs_modules(&target));
        let files = if needs_modules { modules_of(&kernel)? } else { Vec::new() };
        let modules = parse_modules(&files, &btf)?;
        let modules = modules.iter().map(|(name, btf)| Module { name, btf });
        let rows = self.rows_of(&target.with_modules(modules), true);
        let label = format!("running ({})", kernel.release());
        let kernels = vec![Checked { label, rows }];
        Ok(Kernels { kernels, failed: Vec::new(), total: 1 })
    }

    /// Checks the objects on all kernels in some files and folders.
    pub(crate) fn all(&self, targets: &[PathBuf]) -> Result<Kernels, Failure> {
        let mut files = Vec::new();
        for target in targets {
            let is_named = !target.is_dir();
            for path in Files::new(target) {
                files.push(File { path: path?, is_named });
            }
        }
        let progress = progress(files.len());
        // Where there is one file, or one archive of many kernels, the objects are what is parallel.
        // Both at once would have workers begin with another kernel while they wait.
        let outcomes: Vec<Outcome> = match files.as_slice() {
            [file] => vec![self.file(file, true)],
            files => files
                .par_iter()
                .with_max_len(1)
                .map(|file| {
                    let outcome = self.file(file, false);
                    progress.inc(1);
                    outcome
                })
                .collect(),
        };
        progress.finish_and_clear();
        gather(targets, outcomes)
    }

    /// Checks the objects on the kernels of a file, one after the other.
    fn file(&self, File { path, is_named }: &File, in_parallel: bool) -> Outcome {
        let limits = Limits::default();
        let found = if *is_named {
            targets::Kernels::new(path, limits)
        } else {
            targets::Kernels::in_listed(path, limits)
        };
        let mut outcome = Outcome::default();
        for found in found {
            let checked = match found {
                Ok(Found::Other(error)) => {
                    outcome.passed_over.add(error.to_string());
                    continue;
                }
                Ok(Found::Kernel(file)) => self.kernel(&file, in_parallel),
                Err(error) => Err(error.to_string()),
            };
            match checked {
                Ok(checked) => outcome.kernels.push(checked),
                Err(why) => outcome.failed.push(why),
            }
        }
        outcome
    }

    fn kernel(&self, file: &BtfFile, in_parallel: bool) -> Result<(String, Rows), String> {
        let btf: Btf<'_> = file.parse().map_err(|error| error.to_string())?;
        btf.validate().map_err(|error| file.error(error).to_string())?;
        let mut target = Target::new(&btf);
        // As of the third object it takes less time to index the names.
        if self.checkers.len() > 2 {
            target = target.indexed();
        }
        let path = file.path().display().to_string();
        Ok((path, self.rows_of(&target, in_parallel)))
    }

    /// A row for each object.
    fn rows_of(&self, target: &Target<'_>, in_parallel: bool) -> Rows {
        let row = |checker: &Checker<'_>| {
            let same_order = checker.object().byte_order() == target.main().byte_order();
            same_order.then(|| self.rows.intern(self.row(checker, target)))
        };
        if in_parallel {
            self.checkers.par_iter().map(row).collect()
        } else {
            self.checkers.iter().map(row).collect()
        }
    }

    fn row(&self, checker: &Checker<'_>, target: &Target<'_>) -> Row {
        let mut explainer = checker.object().btf().map(|local| Explainer::new(local, target));
        let mut row = Vec::new();
        for (relocation, finding) in checker.check(target).iter().enumerate() {
            let Finding { report, verdict } = finding;
            let why = match verdict {
                Verdict::Unchanged => continue,
                Verdict::Changed => None,
                _ => explainer.as_mut().and_then(|explainer| explainer.report(report)),
            };
            let why = why.map(|explanation| self.whys.intern(self.why(explanation)));
            row.push(Entry { relocation, verdict: *verdict, value: report.outcome.value(), why });
        }
        row
    }

    fn why(&self, explanation: Explanation) -> Why {
        let Explanation { problem, reason, comparisons, suggestions, .. } = explanation;
        let comparisons = if self.with_comparisons { comparisons } else { Vec::new() };
        let cures = suggestions.into_iter().map(|one| (one.text, one.code)).collect();
        Why {
            problem: problem.name(),
            reason: without_ids(&reason),
            comparisons: comparisons.iter().map(|comparison| self.compared(comparison)).collect(),
            cures,
        }
    }

    fn compared(&self, comparison: &Comparison) -> Compared {
        let intern = |line: &DefinitionLine| self.lines.intern(Arc::from(side(line)));
        let line = |row: &explain::Row| match row {
            explain::Row::LeftOut(count) => ComparedLine::LeftOut(*count),
            explain::Row::Lines { left, right, differs, is_focus } => ComparedLine::Lines {
                sides: [left, right].map(|line| line.as_ref().map(intern)),
                differs: *differs,
                is_focus: *is_focus,
            },
        };
        Compared {
            titles: comparison.titles.each_ref().map(|title| without_ids(title)),
            lines: comparison.rows.iter().map(line).collect(),
        }
    }
}

/// Puts together what came of all files, in their order.
fn gather(targets: &[PathBuf], outcomes: Vec<Outcome>) -> Result<Kernels, Failure> {
    let (mut kernels, mut failed) = (Vec::new(), Vec::new());
    let mut passed_over = PassedOver::default();
    for outcome in outcomes {
        kernels.extend(outcome.kernels);
        failed.extend(outcome.failed);
        passed_over.extend(outcome.passed_over);
    }
    let place = match targets {
        [one] => one.as_path(),
        _ => Path::new("the targets"),
    };
    passed_over.warn(place);
    if kernels.is_empty() && failed.is_empty() {
        return Err(Failure::NoTarget(place.to_path_buf()));
    }
    let total = kernels.len() + failed.len();
    let (paths, rows): (Vec<String>, Vec<_>) = kernels.into_iter().unzip();
    let labels = labels::of(paths.iter().map(|path| labels::kernel(path)));
    let kernels = labels.into_iter().zip(rows).map(|(label, rows)| Checked { label, rows });
    Ok(Kernels { kernels: kernels.collect(), failed, total })
}

/// A text without the ids of types behind their names, `struct job [47]`: they differ on every
/// kernel, so that the same problem would have other words on each.
fn without_ids(text: &str) -> String {
    let mut rest = text;
    let mut out = String::new();
    while let Some((before, behind)) = rest.split_once(" [") {
        out.push_str(before);
        let digits = behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len());
        match behind[digits..].strip_prefix(']').filter(|_| digits > 0) {
            Some(behind) => rest = behind,
            None => {
                out.push_str(" [");
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

/// On terminals, as long as it takes.
fn progress(files: usize) -> ProgressBar {
    if files < 2 || !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} kernels, {eta} left");
    let bar = ProgressBar::new(files as u64);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Values of which each is kept once.
struct Interner<T: ?Sized>(Mutex<HashSet<Arc<T>>>);

impl<T: ?Sized> Default for Interner<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Eq + Hash + ?Sized> Interner<T> {
    fn intern(&self, value: impl Into<Arc<T>>) -> Arc<T> {
        let value = value.into();
        // A set is whole at any time, whatever became of another worker.
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match values.get(&value) {
            Some(known) => Arc::clone(known),
            None => {
                values.insert(Arc::clone(&value));
                value
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_taken_out_and_nothing_else() {
        for (text, expected) in [
            ("candidate struct job [47]: none", "candidate struct job: none"),
            ("a [1] and b [22] give 3", "a and b give 3"),
            ("int[4] of x [y] [12", "int[4] of x [y] [12"),
            ("x []", "x []"),
        ] {
            assert_eq!(without_ids(text), expected);
        }
    }
}
