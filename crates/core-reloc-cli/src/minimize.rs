//! `core-reloc minimize`.

mod minimizer;
mod print;
mod store;
mod write;

use std::{path::PathBuf, sync::Arc};

use core_reloc::elf::Object;
use core_reloc_targets::KernelPath;
use core_reloc_tools::minimize::{Needs, ResolutionCounts};

use self::{minimizer::Minimizer, write::Destination};
use crate::{
    Completion,
    arguments::Minimize,
    failure::Failure,
    inputs::{Inputs, parse_object, read_objects},
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
    /// A warning about the target.
    warning: Option<String>,
    /// What is known about the kernel besides its types.
    build: Build,
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
    let (mut paths, mut needs) = (Vec::new(), Vec::new());
    for ((path, _), object) in files.iter().zip(&objects) {
        if let Some(of_object) = Needs::of_object(object) {
            paths.push(path.as_path());
            needs.push(of_object);
        }
    }

    let minimizer = Minimizer::new(paths, needs);
    let (targets, unreadable) = in_parallel(|| minimizer.minimize_all(arguments))?;
    let readable = unreadable.report(targets.len())?;
    for warning in targets.iter().filter_map(|target| target.warning.as_ref()) {
        terminal::warning(warning);
    }
    let is_one = arguments.target.as_ref().is_none_or(|target| !target.is_dir());
    let layout = destination.layout(&targets, is_one);
    destination.write(&targets, layout)?;
    if !arguments.quiet.quiet {
        let output = |btf: &MinimizedBtf| destination.path_of(btf, layout);
        let format = arguments.format.format;
        let out = terminal::report(destination.is_standard()).in_format(format);
        print::print(format, &minimizer.objects, &targets, output, out)?;
    }
    let has_failed = targets.iter().any(|target| target.failed() > 0);
    let minimized = if has_failed { Completion::Negative } else { Completion::Success };
    Ok(minimized.and(readable))
}
