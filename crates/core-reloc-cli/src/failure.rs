//! Errors that stop a command.

use std::{io, path::PathBuf};

use btf_store::WriteError;
use btf_types::ByteOrder;
use core_reloc::elf::ObjectError;
use core_reloc_sys::{FileError, NotFound};
use core_reloc_targets::{TargetError, TargetProblem};
use thiserror::Error;

/// An error that stops a command: exit status 2. Each one about a file names the file.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// A file cannot be read, or has no BTF.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file contains no target.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// A BPF object is malformed.
    #[error("{}: {error}", .path.display())]
    Object { path: PathBuf, error: ObjectError },
    /// No file of a folder is an object.
    #[error("no BPF object found in {}", .0.display())]
    NoObject(PathBuf),
    /// No file of a folder or archive is a kernel.
    #[error("no kernel BTF found in {}", .0.display())]
    NoTarget(PathBuf),
    /// There are several kernels where one is expected, or several with the name.
    #[error("{error}; {hint}")]
    SeveralKernels { error: Box<TargetError>, hint: &'static str },
    /// A module is not where its kernel was found.
    #[error("{}: has no module {name}{}", .kernel.display(), has(.names))]
    NoSuchModule { kernel: PathBuf, name: String, names: Vec<String> },
    /// The running kernel is the target, and has no BTF.
    #[error("{}\nname a kernel with --target", list(.0))]
    NoKernel(#[from] NotFound),
    /// A target is a module.
    #[error(
        "{}: contains split BTF, as a module does, which needs its kernel's BTF; name the kernel with \
         --target, and this file with --module",
        .0.display()
    )]
    SplitTarget(PathBuf),
    /// A module is not split BTF.
    #[error(
        "{}: contains complete BTF, expected the split BTF of a module; name a kernel with --target",
        .0.display()
    )]
    NotSplit(PathBuf),
    /// A module has another byte order than the kernel.
    #[error(
        "{}: is {module}, but the kernel is {kernel}; name a module of this kernel",
        .path.display()
    )]
    ModuleByteOrder { path: PathBuf, module: ByteOrder, kernel: ByteOrder },
    /// A module was made for another build of the kernel.
    #[error("{0}; name the modules of this kernel")]
    OtherBuild(Box<OtherBuild>),
    /// A module fits none of several kernels.
    #[error("{}: fits none of the {kernels} kernels: {reason}", .path.display())]
    ModuleOfNone { path: PathBuf, kernels: usize, reason: String },
    /// A list of symbols or a configuration belongs to none of several kernels.
    #[error(
        "{}: belongs to none of the {kernels} kernels; name it after the release of one, such as {example}",
        .path.display()
    )]
    ReleaseOfNone { path: PathBuf, kernels: usize, example: &'static str },
    /// A file is no list of symbols, or no configuration.
    #[error("{}: contains no {what}", .path.display())]
    NothingIn { path: PathBuf, what: &'static str },
    /// A file has the inline sites of a module that was not named.
    #[error("{}: has the inline sites of a module; name the module too, with --module", .0.display())]
    InlineSites(PathBuf),
    /// Modules were given with several targets.
    #[error(
        "--module needs a single target, found {0}; name only the modules' kernel with --target"
    )]
    ModulesOfTargets(usize),
    /// Modules were given with a folder or archive of kernels.
    #[error(
        "{}: contains several kernels, but --module needs one; name the modules' kernel with --target",
        .0.display()
    )]
    ModulesOfFolder(PathBuf),
    /// A target cannot be minimized.
    #[error("{}{}: {error}; nothing was written", on(.object), .target.display())]
    Minimize { target: PathBuf, object: Option<PathBuf>, error: String },
    /// `--since` names something else than what `minimize` writes.
    #[error(
        "{}: is not an archive that core-reloc minimize wrote: {error}; without --since, every kernel is minimized",
        .path.display()
    )]
    Earlier { path: PathBuf, error: io::Error },
    /// A target that is not a file is to be recognized.
    #[error("{}: is not a file, and --since recognizes files that have not changed", .0.display())]
    SinceStream(PathBuf),
    /// A store is damaged, or a kernel cannot be added to one.
    #[error("{}: {error}", .path.display())]
    Store { path: PathBuf, error: WriteError },
    /// No kernel of a store is one of those to remove.
    #[error("{}: has no such kernel; core-reloc store list shows what it has", .0.display())]
    NothingToRemove(PathBuf),
    /// A minimized kernel cannot be added to a store.
    #[error("{}: cannot be added to the store: {error}; nothing was written", .target.display())]
    StoredKernel { target: PathBuf, error: WriteError },
    /// Two targets would be written to the same file.
    #[error(
        "{} and {} would both be written to {}; minimize them separately",
        .targets[0].display(), .targets[1].display(), .name.display()
    )]
    SameName { name: PathBuf, targets: [PathBuf; 2] },
    /// Some or all of several targets cannot be used; their errors were printed before.
    #[error("{failed} of {total} targets cannot be used")]
    Targets { failed: usize, total: usize },
    /// An output would replace an input.
    #[error("cannot write {}: it is also an input, {input}; name another file", .path.display())]
    OutputIsInput { path: PathBuf, input: String },
    /// `relocate` would replace its object.
    #[error("cannot write {}: it is also the object; name another file, or use --in-place", .0.display())]
    OutputIsObject(PathBuf),
    /// `relocate` would replace its object, and another file was named.
    #[error("--in-place writes to {}, but -o names {}; use one of them", .object.display(), .output.display())]
    TwoOutputs { object: PathBuf, output: PathBuf },
    /// An output would replace a file that was not written by the same option.
    #[error(
        "cannot write {}: the file was not written by core-reloc check; name another file, or remove it",
        .0.display()
    )]
    NotOurs(PathBuf),
    /// Two inputs are standard input.
    #[error("standard input (-) is named twice; name a file")]
    SharedInput,
    /// Two options name the same output.
    #[error("two options write to {}; name different files", .0.display())]
    SameOutput(PathBuf),
    /// Several files would be written to standard output.
    #[error("standard output takes a single file; name a folder, or NAME.tar.xz for an archive")]
    FolderToStream,
    /// A shard would print a report that cannot be merged.
    #[error("--shard writes a report for core-reloc merge; add --format json")]
    ShardFormat,
    /// A target of a shard cannot be used; this is the error of the run that tried.
    #[error("{0}")]
    Reported(String),
    /// Reports are not those of all shards; the reasons were printed before.
    #[error("{0}")]
    Merge(String),
    /// A baseline is not text.
    #[error("{}: is not text in UTF-8, as a baseline is", .0.display())]
    BaselineText(PathBuf),
    /// A line of a baseline is malformed.
    #[error("{}:{line}: has {found} fields, expected {expected}, separated by tabs", .path.display())]
    BaselineLine { path: PathBuf, line: usize, found: usize, expected: usize },
    /// A baseline or a verifier's log cannot be read.
    #[error("cannot read {}: {error}", .path.display())]
    Read { path: PathBuf, error: io::Error },
    /// An output file cannot be written.
    #[error("cannot write {}: {error}", .path.display())]
    Write { path: PathBuf, error: io::Error },
    /// The results cannot be printed.
    #[error("cannot write to standard output: {0}")]
    Print(#[from] io::Error),
}

impl Failure {
    /// Makes the error of a kernel that was to be chosen among others.
    pub(crate) fn choosing(error: TargetError) -> Self {
        match error.problem {
            TargetProblem::Several(_) | TargetProblem::SeveralKernels { .. } => {
                Self::SeveralKernels { error: error.into(), hint: "name one of them with --kernel" }
            }
            TargetProblem::NoTarget if error.path.is_dir() => Self::NoTarget(error.path),
            _ => Self::Target(error),
        }
    }

    /// Says with another hint how one of several kernels is named.
    pub(crate) fn with_hint(self, hint: &'static str) -> Self {
        match self {
            Self::SeveralKernels { error, .. } => Self::SeveralKernels { error, hint },
            other => other,
        }
    }
}

/// A module that was made for another build of the kernel, and what shows this.
#[derive(Debug, Error)]
#[error(
    "{}: was built for another kernel{} than {}{} ({error})",
    .module.display(), release(.module_release), .kernel.display(), release(.kernel_release)
)]
pub(crate) struct OtherBuild {
    pub(crate) module: PathBuf,
    pub(crate) module_release: Option<String>,
    pub(crate) kernel: PathBuf,
    pub(crate) kernel_release: Option<String>,
    pub(crate) error: btf_types::Error,
}

/// Returns the release of a kernel in parentheses, if it is known.
fn release(release: &Option<String>) -> String {
    release.as_ref().map(|release| format!(" ({release})")).unwrap_or_default()
}

/// Lists the modules that there are, the first ones by name.
fn has(names: &[String]) -> String {
    const SHOWN: usize = 8;
    /// Those of Linux have at most 56 bytes; a hostile store may have any.
    const MAX_LEN: usize = 64;
    if names.is_empty() {
        return ", and no other; name its file".to_string();
    }
    let shown = names.iter().take(SHOWN).map(|name| name.chars().take(MAX_LEN).collect());
    let shown = shown.collect::<Vec<String>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => format!("; it has {shown}"),
        more => format!("; it has {shown} and {more} more"),
    }
}

/// Returns the object that a target cannot be minimized for, to precede the target.
fn on(object: &Option<PathBuf>) -> String {
    object.as_ref().map(|object| format!("{} on ", object.display())).unwrap_or_default()
}

/// Lists the files that were searched for the running kernel's BTF, one per line.
pub(crate) fn list(not_found: &NotFound) -> String {
    let mut text = format!("no BTF found for kernel {}; tried:", not_found.release);
    for attempt in &not_found.attempts {
        text.push_str(&format!("\n  {attempt}"));
    }
    text
}
