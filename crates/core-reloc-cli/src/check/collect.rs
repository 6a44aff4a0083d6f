//! Checking objects on kernels in parallel, with bounded memory.
//!
//! Each worker has one kernel in memory at a time, and keeps a row of results for each object. A kernel with the
//! same BTF as one before is not checked again.

mod stored;

use std::{
    collections::{BTreeSet, HashMap},
    io::{IsTerminal, stderr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use btf_types::Btf;
use core_reloc::elf::requirements::{ExternKind, Hook, Requirements};
use core_reloc::{Module, RelocKind, Target};
use core_reloc_sys::{BtfFile, Kernel};
use core_reloc_targets::{Found, FoundKernel, Kernels, Limits, Listing, TargetError};
use core_reloc_tools::{
    check::{Cause, Checked, Checker, Finding},
    needs::{self, Answer, Config, OpenReason, Release, Subject, SymbolNames},
};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

use super::{
    explanations::{Explanations, ObjectExplanations},
    given::Given,
    objects::ObjectInfo,
    parts::KernelParts,
    rows::{
        CauseResult, KernelRows, NoteResult, ObjectRow, OpenResult, ProgramResult,
        RelocationResult, RelocationStatus, Rows,
    },
    shard::split,
};
use crate::{
    arguments::Shard,
    digest::{Digester, stable_digest},
    failure::Failure,
    inputs,
    names::{by_version, kernel_folder, kernel_name},
    output::folder_of,
    target::{SkippedFiles, Unreadable, parse_modules, validate},
    terminal,
    threads::pipelined,
};

/// The number of objects up to which each looks for functions and variables in a pass over all types.
const MAX_WITH_SCANS: usize = 8;

/// The results of all objects on one kernel.
pub(super) struct CheckedKernel {
    pub(super) label: String,
    pub(super) path: String,
    /// The path of the folder that has it, from the folder or archive that the user named; empty if it is there.
    pub(super) folder: String,
    /// The numbers of its file, and of what it is in the file, among all that the user named.
    pub(super) order: [usize; 2],
    pub(super) rows: KernelRows,
}

/// The results of all objects on one kernel, before all kernels are known.
pub(super) struct KernelResult {
    pub(super) path: String,
    pub(super) folder: String,
    pub(super) order: [usize; 2],
    pub(super) rows: KernelRows,
}

/// Sorts kernels by their versions, and labels each.
pub(super) fn labeled(mut kernels: Vec<KernelResult>) -> Vec<CheckedKernel> {
    kernels.sort_by_key(|kernel| kernel.order);
    let kernel = |(label, kernel): (String, KernelResult)| {
        let KernelResult { path, folder, order, rows } = kernel;
        CheckedKernel { label, path, folder, order, rows }
    };
    by_version(kernels, |kernel| kernel.path.clone()).into_iter().map(kernel).collect()
}

/// The results of all kernels.
pub(super) struct CheckedKernels {
    pub(super) kernels: Vec<CheckedKernel>,
    pub(super) unreadable: Unreadable,
    /// Of the paths of all files, also those of other shards.
    pub(super) files: String,
}

/// Checks objects on kernels, and collects the results.
pub(super) struct Collector<'c> {
    checkers: &'c [Checker<'c>],
    /// What is known of the checkers' objects.
    objects: &'c [ObjectInfo],
    given: Given,
    /// The part of the kernels to check.
    shard: Option<Shard>,
    /// An object asks for symbols that types do not show.
    wants_symbols: bool,
    /// An object asks for the configuration.
    wants_config: bool,
    rows: Rows,
    explanations: Explanations,
    digester: Digester,
    /// The results of kernels of which nothing but their BTF and release matters.
    known: Mutex<HashMap<KernelKey, KernelRows>>,
}

/// All that the results of such a kernel depend on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct KernelKey {
    /// Of the BTF.
    digest: u128,
    pointer_size: u8,
    release: Option<Release>,
}

/// A file that may contain kernels.
struct TargetFile {
    path: PathBuf,
    /// The folder that the user named; `None` if it is the file itself.
    folder: Option<Listing>,
    /// No other target is named.
    is_only: bool,
    /// Its number among all files.
    number: usize,
    /// The folder that the user named, or that has the file.
    root: PathBuf,
}

/// Where the ids of a kernel's types are from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TypeIds {
    Kernel,
    /// From a store, which gives types other ids.
    Store,
}

/// A kernel to check objects on.
struct KernelInput<'k> {
    file: &'k BtfFile,
    btf: &'k Btf<'k>,
    /// The release, or a name that may state it.
    release: &'k str,
    parts: KernelParts<'k>,
    /// There is no other kernel.
    is_only: bool,
    /// The rows that are known before, by object; none at all if it is empty.
    known: &'k [Option<Arc<ObjectRow>>],
}

/// The results of all kernels in a file.
#[derive(Default)]
struct FileResults {
    kernels: Vec<KernelResult>,
    unreadable: Unreadable,
    skipped: SkippedFiles,
    /// Warnings about the kernels.
    warnings: Vec<String>,
}

impl FileResults {
    fn add(
        &mut self,
        checked: Result<(String, KernelRows), Failure>,
        file: &TargetFile,
        number: usize,
    ) {
        match checked {
            Ok((path, rows)) => {
                let folder = kernel_folder(&path, &file.root);
                let order = [file.number, number];
                self.kernels.push(KernelResult { path, folder, order, rows });
            }
            Err(error) => self.unreadable.add(error),
        }
    }

    fn extend(&mut self, other: Self) {
        self.kernels.extend(other.kernels);
        self.unreadable.extend(other.unreadable);
        self.skipped.extend(other.skipped);
        self.warnings.extend(other.warnings);
    }
}

impl<'c> Collector<'c> {
    pub(super) fn new(
        checkers: &'c [Checker<'c>],
        objects: &'c [ObjectInfo],
        given: Given,
        shard: Option<Shard>,
        with_comparisons: bool,
    ) -> Self {
        let asks = |asks: fn(&Requirements<'_>) -> bool| {
            checkers.iter().any(|checker| asks(checker.requirements()))
        };
        Self {
            checkers,
            objects,
            given,
            shard,
            wants_symbols: asks(wants_symbols),
            wants_config: asks(wants_config),
            rows: Rows::default(),
            explanations: Explanations::new(with_comparisons),
            digester: Digester::new(),
            known: Mutex::default(),
        }
    }

    /// Describes what the user named besides the targets.
    pub(super) fn given(&self) -> &Given {
        &self.given
    }

    /// Checks the objects on the running kernel with its modules.
    pub(super) fn running_kernel(&self) -> Result<CheckedKernels, Failure> {
        let kernel = Kernel::running();
        let main = kernel.btf()?;
        let btf = main.parse()?;
        let mut warnings = Vec::new();
        let input = KernelInput {
            file: &main,
            btf: &btf,
            release: kernel.release(),
            parts: KernelParts::Running(&kernel),
            is_only: true,
            known: &[],
        };
        let rows = self.kernel_rows(&input, true, &mut warnings)?;
        warnings.iter().for_each(terminal::warning);
        let label = format!("running ({})", kernel.release());
        let (path, folder) = (main.path().display().to_string(), String::new());
        let kernels = vec![CheckedKernel { label, path, folder, order: [0, 0], rows }];
        Ok(CheckedKernels { kernels, unreadable: Unreadable::default(), files: String::new() })
    }

    /// Checks the objects on all kernels of the given files and folders.
    pub(super) fn all_kernels(&self, targets: &[PathBuf]) -> Result<CheckedKernels, Failure> {
        let (mut files, mut unreadable) = (Vec::new(), Unreadable::default());
        for target in targets {
            if !target.is_dir() {
                let (path, is_only, number) = (target.clone(), targets.len() == 1, files.len());
                let root = folder_of(target);
                files.push(TargetFile { path, folder: None, is_only, number, root });
                continue;
            }
            let (listing, errors) = Listing::new(target, Limits::default());
            errors.into_iter().for_each(|error| unreadable.add(error));
            let first = files.len();
            let file = |(number, path): (usize, &Path)| TargetFile {
                path: path.to_path_buf(),
                folder: Some(listing.clone()),
                is_only: false,
                number: first + number,
                root: target.clone(),
            };
            files.extend(listing.files().enumerate().map(file));
        }
        let digest =
            files.iter().map(|file| split::path_in(&file.path, &file.root)).collect::<Vec<_>>();
        let digest = stable_digest(digest.join(&0).as_slice());
        let is_nothing = files.is_empty();
        if let Some(shard) = self.shard {
            // Of a file that is named itself, each kernel is of a shard.
            files.retain(|it| it.folder.is_none() || split::has(shard, &it.path, &it.root));
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
        let checked =
            merge(targets, results, unreadable, self.shard.is_some() && !is_nothing, digest)?;
        if !checked.kernels.is_empty() && self.shard.is_none() {
            self.given.check_all_used(checked.kernels.len())?;
        }
        Ok(checked)
    }

    /// Checks the objects on the kernels of a file.
    fn check_file(&self, file: &TargetFile, in_parallel: bool) -> FileResults {
        let mut found = match &file.folder {
            None => inputs::kernels(&file.path),
            Some(listing) => Kernels::in_listing(listing, &file.path),
        };
        if let Some(store) = found.store() {
            return self.check_store(&store, file, in_parallel);
        }
        let mut results = FileResults::default();
        let check = |(number, found)| self.check_found(found, file, number, in_parallel);
        for part in pipelined(found.enumerate(), check) {
            results.extend(part);
        }
        results
    }

    /// Checks the objects on a part of a file, if that is a kernel.
    fn check_found(
        &self,
        found: Result<Found, TargetError>,
        file: &TargetFile,
        number: usize,
        in_parallel: bool,
    ) -> FileResults {
        let mut results = FileResults::default();
        let checked = match found {
            Ok(Found::Other(error)) => {
                results.skipped.add(error.to_string());
                return results;
            }
            Ok(Found::Kernel(kernel)) => {
                let is_own = |shard| split::has(shard, kernel.file().path(), &file.root);
                if file.folder.is_none() && !self.shard.is_none_or(is_own) {
                    return results;
                }
                self.check_kernel(&kernel, file, &[], in_parallel, &mut results.warnings)
            }
            Err(error) => Err(error.into()),
        };
        results.add(checked, file, number);
        results
    }

    fn check_kernel(
        &self,
        kernel: &FoundKernel,
        target: &TargetFile,
        known: &[Option<Arc<ObjectRow>>],
        in_parallel: bool,
        warnings: &mut Vec<String>,
    ) -> Result<(String, KernelRows), Failure> {
        let file = kernel.file();
        let btf: Btf<'_> = file.parse()?;
        let path = file.path().display().to_string();
        let name = kernel_name(&path);
        // An archive may contain other kernels, and has another name than each.
        let is_only = target.is_only && name == kernel_name(&target.path.display().to_string());
        let release = file.release().unwrap_or(&name);
        let parts = KernelParts::Found(kernel);
        let input = KernelInput { file, btf: &btf, release, parts, is_only, known };
        let rows = self.kernel_rows(&input, in_parallel, warnings)?;
        Ok((path, rows))
    }

    /// Returns the results of a kernel that was checked before.
    fn known(&self, key: KernelKey) -> Option<KernelRows> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned()
    }

    /// Returns the key of a kernel of which nothing but its BTF and its release matters.
    fn key(&self, kernel: &KernelInput<'_>) -> KernelKey {
        KernelKey {
            digest: self.digester.digest(kernel.btf.as_bytes()),
            pointer_size: kernel.btf.pointer_size(),
            release: self.release(kernel.release),
        }
    }

    /// Returns what a release means to the objects.
    fn release(&self, text: &str) -> Option<Release> {
        let mut release = Release::find(text);
        if let (Some(release), false) = (&mut release, self.wants_config) {
            // Only LINUX_KERNEL_VERSION has the number of the stable release.
            release.patch = 0;
        }
        release
    }

    /// Checks the objects on a kernel; first without its modules, because most objects need none.
    fn kernel_rows(
        &self,
        kernel: &KernelInput<'_>,
        in_parallel: bool,
        warnings: &mut Vec<String>,
    ) -> Result<KernelRows, Failure> {
        let KernelInput { file, btf, release, parts, is_only, known } = kernel;
        let given = self.given.symbols(release, *is_only);
        let found = (self.wants_symbols && given.is_none()).then(|| parts.symbols(warnings));
        let found = found.flatten();
        let symbols = given.or(found.as_ref());
        let given = self.given.config(release, *is_only);
        let found = (self.wants_config && given.is_none()).then(|| parts.config(warnings));
        let found = found.flatten();
        let config = given.or(found.as_ref());

        let may_have_modules = parts.may_have_modules();
        let is_alone =
            !self.given.has_modules() && !may_have_modules && symbols.is_none() && config.is_none();
        let key = is_alone.then(|| self.key(kernel));
        if let Some(rows) = key.and_then(|key| self.known(key)) {
            return Ok(rows);
        }
        if !parts.are_running() {
            validate(file, btf)?;
        }
        let named = self.given.modules(file, btf, *is_only)?;
        let named_btf = parse_modules(&named, file, btf)?;
        let modules = named_btf.iter().map(|(name, btf)| Module { name, btf });
        let mut target = Target::new(btf).with_modules(modules);
        // An index of the names of types pays off from the third object on, and one of all names later.
        match self.checkers.len() {
            0..=2 => {}
            3..=MAX_WITH_SCANS => target = target.indexed(),
            _ => target = target.indexed_for_queries(),
        }
        let described = described(&target, release, symbols, config);
        let ids = if parts.are_stored() { TypeIds::Store } else { TypeIds::Kernel };
        let objects = self.objects;
        let first = |(index, (checker, object)): (usize, (&Checker<'_>, &ObjectInfo))| {
            if let Some(Some(row)) = known.get(index) {
                return (Arc::clone(row), false);
            }
            let checked = checker.check(&described);
            let lacks = may_have_modules && lacks_something(checker, &target, &checked);
            let mut explanations = self.explanations.on(checker.object().btf(), &target);
            (self.row(object, &mut explanations, checked, ids), lacks)
        };
        let rows: Vec<(Arc<ObjectRow>, bool)> = if in_parallel {
            self.checkers.par_iter().zip(objects).enumerate().map(first).collect()
        } else {
            self.checkers.iter().zip(objects).enumerate().map(first).collect()
        };
        let without_modules = |rows: Vec<(Arc<ObjectRow>, bool)>| {
            let rows: KernelRows = rows.into_iter().map(|(row, _)| row).collect();
            if let Some(key) = key {
                // The map stays valid if another thread panics.
                let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                known.insert(key, KernelRows::clone(&rows));
            }
            Ok(rows)
        };
        if !rows.iter().any(|(_, lacks)| *lacks) {
            return without_modules(rows);
        }
        let modules = parts.modules(file, btf, &named, in_parallel, warnings)?;
        if modules.is_empty() {
            return without_modules(rows);
        }
        let modules = parse_modules(&modules, file, btf)?;
        let modules = modules.iter().map(|(name, btf)| Module { name, btf });
        let target = target.clone().with_modules(modules);
        let described = self::described(&target, release, symbols, config);
        let again = |((checker, object), (row, lacks)): (
            (&Checker<'_>, &ObjectInfo),
            (Arc<ObjectRow>, bool),
        )| {
            if lacks {
                let checked = checker.check(&described);
                let mut explanations = self.explanations.on(checker.object().btf(), &target);
                self.row(object, &mut explanations, checked, ids)
            } else {
                row
            }
        };
        Ok(if in_parallel {
            self.checkers.par_iter().zip(objects).zip(rows).map(again).collect()
        } else {
            self.checkers.iter().zip(objects).zip(rows).map(again).collect()
        })
    }

    fn row(
        &self,
        object: &ObjectInfo,
        explanations: &mut ObjectExplanations<'_>,
        checked: Checked<'_>,
        ids: TypeIds,
    ) -> Arc<ObjectRow> {
        let mut relocations = Vec::new();
        for (relocation, Finding { report, verdict, .. }) in checked.findings.iter().enumerate() {
            let Some(status) = RelocationStatus::of(*verdict) else { continue };
            let explanation = match status {
                RelocationStatus::Changed => None,
                _ => explanations.of(relocation, report),
            };
            let is_id = report.relocation.kind() == Some(RelocKind::TypeIdTarget);
            // The id 0 stands for no type, whatever ids the others have.
            let is_known = |value: &u64| !is_id || ids == TypeIds::Kernel || *value == 0;
            let value = report.outcome.value().filter(is_known);
            relocations.push(RelocationResult {
                relocation,
                verdict: status,
                value,
                proof: object.proof(*verdict),
                explanation,
            });
        }
        let cause = |cause: Cause<'_>| CauseResult {
            verdict: cause.verdict,
            what: cause.what.into(),
            name: cause.name.into_owned(),
            relocations: cause.relocations,
        };
        let programs = checked.programs.into_iter().map(|program| ProgramResult {
            verdict: program.verdict,
            causes: program.causes.into_iter().map(cause).collect(),
        });
        let sizes = checked.needs.iter().filter(|need| matches!(need.subject, Subject::MapSize(_)));
        let open = sizes.map(|need| OpenResult {
            what: need.what.into(),
            name: need.name.clone().into_owned(),
        });
        let note = |what: &'static str, relocation, text| {
            let what = what.into();
            NoteResult { what, relocation, text }
        };
        let left = checked.copies.iter().filter(|found| !found.is_refused());
        let copies = left.map(|found| note("local copy", found.relocation, found.to_string()));
        let sizes = checked.sizes.iter();
        let sizes = sizes.map(|found| note("size", found.relocation, found.to_string()));
        let notes: BTreeSet<NoteResult> = copies.chain(sizes).collect();
        self.rows.share(programs, relocations, open.collect(), notes.into_iter().collect())
    }
}

/// Returns `true` if an object asks for a symbol of the kernel that types do not show.
fn wants_symbols(requirements: &Requirements<'_>) -> bool {
    let mut stated = requirements.programs.iter().filter_map(|program| program.stated);
    let is_probe = stated.any(|stated| matches!(stated.hook, Hook::Probe(_)));
    let mut externs = requirements.externs.iter();
    is_probe || externs.any(|symbol| matches!(symbol.kind, ExternKind::Symbol(_)))
}

/// Returns `true` if an object asks for the kernel's configuration.
fn wants_config(requirements: &Requirements<'_>) -> bool {
    requirements.externs.iter().any(|symbol| matches!(symbol.kind, ExternKind::Config(_)))
}

/// Returns `true` if an object asks for something that a kernel lacks, and one of its modules may have.
fn lacks_something(checker: &Checker<'_>, target: &Target<'_>, checked: &Checked<'_>) -> bool {
    let is_in_modules =
        |subject| matches!(subject, Subject::Extern(_) | Subject::Hook(_) | Subject::StructOps(_));
    let is_lacking =
        |answer| matches!(answer, Answer::Absent(_) | Answer::Open(OpenReason::Symbols, _));
    let mut needs = checked.needs.iter();
    needs.any(|need| is_in_modules(need.subject) && is_lacking(need.answer))
        || checker.object().needs_modules(target)
}

/// Describes a kernel, with the release that a text names, if it names one.
fn described<'k>(
    target: &'k Target<'k>,
    release: &str,
    symbols: Option<&'k SymbolNames>,
    config: Option<&'k Config>,
) -> needs::Kernel<'k> {
    let mut kernel = needs::Kernel::new(target);
    if let Some(release) = Release::find(release) {
        kernel = kernel.with_release(release);
    }
    if let Some(symbols) = symbols {
        kernel = kernel.with_symbols(symbols);
    }
    if let Some(config) = config {
        kernel = kernel.with_config(config);
    }
    kernel
}

/// Merges the results of all files, in the order of their versions.
fn merge(
    targets: &[PathBuf],
    results: Vec<FileResults>,
    mut unreadable: Unreadable,
    may_be_empty: bool,
    files: String,
) -> Result<CheckedKernels, Failure> {
    let (mut kernels, mut skipped) = (Vec::new(), SkippedFiles::default());
    for file in results {
        kernels.extend(file.kernels);
        unreadable.extend(file.unreadable);
        skipped.extend(file.skipped);
        file.warnings.iter().for_each(terminal::warning);
    }
    let path = match targets {
        [one] => one.as_path(),
        _ => Path::new("the targets"),
    };
    skipped.warn(path);
    if kernels.is_empty() && unreadable.is_empty() && !may_be_empty {
        return Err(Failure::NoTarget(path.to_path_buf()));
    }
    Ok(CheckedKernels { kernels: labeled(kernels), unreadable, files })
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
