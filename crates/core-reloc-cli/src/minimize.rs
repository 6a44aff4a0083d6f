//! `core-reloc minimize`.

mod earlier;
mod manifest;
mod minimizer;
mod print;
mod since;
mod store;
mod write;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use btf_types::{ByteOrder, Kind};
use core_reloc::elf::Object;
use core_reloc_targets::KernelPath;
use core_reloc_tools::{
    check::Checker,
    minimize::{Needs, ResolutionCounts},
};

use self::{manifest::FileEntry, minimizer::Minimizer, since::Since, write::Destination};
use crate::{
    Completion,
    arguments::Minimize,
    failure::Failure,
    inputs::{Inputs, is_standard, parse_object, read_objects},
    target::{SkippedFiles, Unreadable},
    terminal,
    threads::in_parallel,
};

/// A minimized target.
struct MinimizedTarget {
    main: MinimizedBtf,
    /// The modules with types that are needed.
    modules: Vec<MinimizedBtf>,
    /// The other modules. Nothing is written for them, because readers reject BTF without types.
    unneeded: Vec<UnneededModule>,
    /// The number of types in the minimized main BTF.
    types: usize,
    /// The results of each object's relocations, in the order of the objects.
    counts: Vec<ResolutionCounts>,
    byte_order: ByteOrder,
    /// An earlier run minimized it.
    is_taken: bool,
    /// What is known about the kernel besides its types.
    build: Build,
}

/// The minimized kernels of a file or folder.
#[derive(Default)]
struct FileResult {
    targets: Vec<MinimizedTarget>,
    unreadable: Unreadable,
    /// Parts that are not kernels.
    skipped: SkippedFiles,
    /// The files, for the next run.
    entries: Vec<FileEntry>,
}

impl FileResult {
    fn extend(&mut self, other: Self) {
        self.targets.extend(other.targets);
        self.unreadable.extend(other.unreadable);
        self.skipped.extend(other.skipped);
        self.entries.extend(other.entries);
    }
}

/// The build of a kernel: what `uname` prints, as far as it is known, and what the folders say.
struct Build {
    release: Option<String>,
    version: Option<String>,
    /// Where the kernel was found.
    path: KernelPath,
}

/// The minimized BTF of a kernel or module.
struct MinimizedBtf {
    /// The name, if it is a module.
    module: Option<String>,
    /// The path of the full BTF.
    target: PathBuf,
    /// The size of the full BTF in bytes.
    full_size: usize,
    /// The path below the output folder, or in the archive.
    name: PathBuf,
    /// Kernels whose full BTF is the same share it.
    bytes: Arc<[u8]>,
}

/// A module of which no relocation needs a type.
struct UnneededModule {
    /// The path of the full BTF.
    target: PathBuf,
    /// The size of the full BTF in bytes.
    full_size: usize,
}

impl MinimizedTarget {
    /// Returns the BTFs to write: the main BTF, then the modules'.
    fn btfs(&self) -> impl Iterator<Item = &MinimizedBtf> {
        std::iter::once(&self.main).chain(&self.modules)
    }

    /// Returns the number of relocations that fail, with the full BTF too.
    fn failed(&self) -> usize {
        self.counts.iter().map(|counts| counts.failed).sum()
    }
}

pub(crate) fn run(arguments: &Minimize, inputs: Inputs<'_>) -> Result<Completion, Failure> {
    // First, so that an unusable destination is reported at once.
    let destination = Destination::new(arguments, inputs)?;
    let files = read_objects(&arguments.objects)?;
    let objects = files.iter().map(|(path, bytes)| parse_object(path, bytes));
    let objects: Vec<Object<'_>> = objects.collect::<Result<_, _>>()?;
    let (mut paths, mut needs, mut names) = (Vec::new(), Vec::new(), BTreeSet::new());
    for ((path, _), object) in files.iter().zip(&objects) {
        if arguments.keep_verdicts {
            let failure = |error| Failure::Object { path: path.clone(), error };
            names.extend(Checker::new(object).map_err(failure)?.named_types());
        }
        if let Some(of_object) = Needs::of_object(object) {
            paths.push(path.as_path());
            needs.push(of_object);
        }
    }

    // Sorted, so that the order of the objects does not matter.
    let names: Vec<(String, Kind)> = names.into_iter().collect();
    let since = match &arguments.since {
        Some(path) => {
            check_target(arguments)?;
            Some(Since::read(path, &paths, &needs, &names)?)
        }
        None => None,
    };
    let minimizer = Minimizer::new(&paths, needs, names, since.as_ref());
    let FileResult { targets, unreadable, entries, .. } =
        in_parallel(|| minimizer.minimize_all(arguments))?;
    let readable = unreadable.report(targets.len())?;
    minimizer.byte_order_warnings(&targets).iter().for_each(terminal::warning);
    let is_one = arguments.target.as_ref().is_none_or(|target| !target.is_dir());
    let layout = destination.layout(&targets, is_one && since.is_none());
    let manifest = since.as_ref().map(|since| since.manifest(entries)).transpose();
    let manifest = manifest.map_err(|error| destination.failure(error))?;
    destination.write(&targets, manifest.as_deref(), layout)?;
    if !arguments.quiet.quiet {
        let output = |btf: &MinimizedBtf| destination.path_of(btf, layout);
        let format = arguments.format.format;
        let out = terminal::report(destination.is_standard()).in_format(format);
        print::print(format, &paths, &targets, since.as_ref(), output, out)?;
    }
    let has_failed = targets.iter().any(|target| target.failed() > 0);
    let minimized = if has_failed { Completion::Negative } else { Completion::Success };
    Ok(minimized.and(readable))
}

/// Checks that a target can be recognized by the next run.
fn check_target(arguments: &Minimize) -> Result<(), Failure> {
    let path = arguments.target.as_deref().unwrap_or(Path::new("-"));
    let is_file = |path: &Path| path.metadata().is_ok_and(|it| it.is_file() || it.is_dir());
    if is_standard(path) || path.exists() && !is_file(path) {
        return Err(Failure::SinceStream(path.to_path_buf()));
    }
    Ok(())
}
