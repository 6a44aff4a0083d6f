//! Why a command could not do its work.

use std::{io, path::PathBuf};

use btf_types::ByteOrder;
use core_reloc::elf::ObjectError;
use core_reloc_sys::{FileError, NotFound};
use core_reloc_targets::TargetError;
use core_reloc_tools::minimize::MinimizeError;
use thiserror::Error;

/// Why a command could not do its work: what the exit status 2 stands for. Each says which file.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// A file that cannot be read, or holds no BTF.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file that holds no target.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// A target that continues another one's types.
    #[error(
        "{}: holds split BTF, as a module has it, which means nothing without its kernel's; name \
         the kernel with --target, and this with --module",
        .0.display()
    )]
    SplitTarget(PathBuf),
    /// A module that does not.
    #[error(
        "{}: its types stand alone, and continue no kernel's as a module's do; name a kernel with \
         --target",
        .0.display()
    )]
    NotSplit(PathBuf),
    /// A module continues the types of another kernel.
    #[error("{}: is {module}, the kernel is {kernel}: it is another kernel's module", .path.display())]
    ModuleByteOrder { path: PathBuf, module: ByteOrder, kernel: ByteOrder },
    /// Modules continue one kernel's types, and several were named.
    #[error("a module belongs to one kernel; name that one alone with --target")]
    ModulesOfTargets,
    /// A folder or archive without any.
    #[error("{}: holds no BTF of a kernel", .0.display())]
    NoTarget(PathBuf),
    /// A BPF object that is none, or damaged.
    #[error("{}: {error}", .path.display())]
    Object { path: PathBuf, error: ObjectError },
    /// Modules continue one kernel's types.
    #[error(
        "{}: holds several kernels, and a module belongs to one; name that with --target",
        .0.display()
    )]
    ModulesOfMany(PathBuf),
    /// The types cannot be minimised.
    #[error("{}{}: {error}; nothing was written", of(.object), .target.display())]
    Minimize { target: PathBuf, object: Option<PathBuf>, error: MinimizeError },
    /// Two kernels would be written to one file.
    #[error(
        "{} and {} would both become {}; minimise them one by one",
        .both[0].display(), .both[1].display(), .name.display()
    )]
    SameName { name: PathBuf, both: [PathBuf; 2] },
    /// The running kernel is to be the target, and has no BTF.
    #[error("{}\nuse --target to name a file with the types of a kernel", list(.0))]
    NoKernel(#[from] NotFound),
    /// What was made cannot be written.
    #[error("cannot write {}: {error}", .path.display())]
    Write { path: PathBuf, error: io::Error },
    /// Some targets cannot be read; each was said.
    #[error("{failed} of {total} targets cannot be read")]
    Targets { failed: usize, total: usize },
    /// A baseline cannot be read.
    #[error("cannot read {}: {error}", .path.display())]
    Baseline { path: PathBuf, error: io::Error },
    /// A line of a baseline is none.
    #[error("{}:{line}: has {found} fields, expected {expected}, separated by tabs", .path.display())]
    BaselineLine { path: PathBuf, line: usize, found: usize, expected: usize },
    /// The verifier's log cannot be read.
    #[error("cannot read {}: {error}", .path.display())]
    Log { path: PathBuf, error: io::Error },
    /// The results cannot be printed.
    #[error("cannot write to standard output: {0}")]
    Print(#[from] io::Error),
}

/// An object that a target is not minimised for.
fn of(object: &Option<PathBuf>) -> String {
    object.as_ref().map(|object| format!("{} on ", object.display())).unwrap_or_default()
}

/// The attempts, each on a line of its own.
pub(crate) fn list(not_found: &NotFound) -> String {
    let mut text = format!("no BTF of the running kernel {}, tried", not_found.release);
    for attempt in &not_found.attempts {
        text.push_str(&format!("\n  {attempt}"));
    }
    text
}
