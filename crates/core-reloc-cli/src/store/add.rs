//! `core-reloc store add`.

use std::{fs::File, io::Read, path::Path};

use btf_store::{Info, MAGIC, Writer};
use core_reloc_targets::{Found, FoundKernel, KernelPath};
use indicatif::{ProgressBar, ProgressStyle};

use super::{add_store, write};
use crate::{
    Completion,
    arguments::StoreAdd,
    failure::Failure,
    inputs::{self, Inputs},
    output::Output,
    target::{SkippedFiles, Unreadable, parse, validate},
    terminal,
};

pub(super) fn run(arguments: &StoreAdd, inputs: Inputs<'_>) -> Result<Completion, Failure> {
    let output = Output::marked(&arguments.store, inputs, MAGIC)?;
    let mut writer = Writer::new();
    if arguments.store.exists() {
        add_store(&mut writer, &arguments.store)?;
    }
    let progress = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} kernels, {elapsed}") {
        progress.set_style(style);
    }
    let (mut unreadable, mut read) = (Unreadable::default(), 0);
    for path in &arguments.kernels {
        if is_store(path) {
            let before = writer.len();
            match add_store(&mut writer, path) {
                Ok(()) => read += writer.len() - before,
                Err(error) => unreadable.add(error),
            }
            continue;
        }
        let mut skipped = SkippedFiles::default();
        let mut is_empty = true;
        for found in inputs::kernels(path) {
            let kernel = match found {
                Ok(Found::Other(error)) => {
                    skipped.add(error.to_string());
                    continue;
                }
                Ok(Found::Kernel(kernel)) => Ok(kernel),
                Err(error) => Err(error.into()),
            };
            is_empty = false;
            match kernel.and_then(|kernel| add(&mut writer, path, &kernel)) {
                Ok(()) => read += 1,
                Err(error) => unreadable.add(error),
            }
            progress.inc(1);
        }
        skipped.warn(path);
        if is_empty {
            unreadable.add(Failure::NoTarget(path.clone()));
        }
    }
    progress.finish_and_clear();
    let completion = unreadable.report(read)?;
    write(&writer, &output)?;
    Ok(completion)
}

/// Returns `true` if a file starts as stores do: they have the versions of their kernels, which no path has.
fn is_store(path: &Path) -> bool {
    let mut start = [0; MAGIC.len()];
    let is_file = path.is_file();
    is_file
        && File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok()
        && start == MAGIC.as_bytes()
}

/// Adds a kernel with its modules, of which those that cannot be read are left out.
fn add(writer: &mut Writer, given: &Path, kernel: &FoundKernel) -> Result<(), Failure> {
    let file = kernel.file();
    let btf = parse(file)?;
    validate(file, &btf)?;
    let mut files = Vec::new();
    for module in kernel.modules()? {
        match module.open() {
            Ok(Some(file)) => files.push((module.name().to_string(), file)),
            Ok(None) => {}
            Err(error) => terminal::warning(error),
        }
    }
    // A module that was built without its kernel has the types that it needs of it; the kernel's take their place.
    let mut whole = Vec::new();
    for (name, module) in &files {
        match module.distilled_base().map(|_| module.relocate_onto(&btf)).transpose() {
            Ok(relocated) => whole.push((name, module, relocated)),
            Err(error) => terminal::warning(error),
        }
    }
    let mut modules = Vec::new();
    for (name, module, relocated) in &whole {
        let module = relocated.as_ref().unwrap_or(module);
        let parsed = module.parse_split(&btf).and_then(|module_btf| {
            validate(module, &module_btf)?;
            Ok(module_btf)
        });
        match parsed {
            Ok(parsed) => modules.push((name.as_str(), parsed)),
            Err(error) => terminal::warning(error),
        }
    }
    let modules: Vec<(&str, &_)> = modules.iter().map(|(name, btf)| (*name, btf)).collect();
    let path = KernelPath::found_in(file.path(), given);
    let (release, version) = kernel.build();
    let info = Info {
        release: release.as_deref().unwrap_or(path.name()),
        version: version.as_deref().unwrap_or_default(),
        architecture: path.architecture(),
        distribution: &path.distribution(),
        origin: path.file_name(),
    };
    writer.add(info, &btf, &modules).map_err(|error| {
        let path = file.path().to_path_buf();
        Failure::Store { path, error }
    })
}
