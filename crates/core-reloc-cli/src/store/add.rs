//! `core-reloc store add`.

use std::{fs::File, io::Read, path::Path};

use btf_store::{Info, MAGIC, Writer};
use core_reloc_targets::{Found, FoundKernel, unpacked_name};
use indicatif::{ProgressBar, ProgressStyle};

use super::{add_store, write};
use crate::{
    Completion,
    arguments::StoreAdd,
    failure::Failure,
    inputs::{self, Inputs},
    names::{folder_names, is_architecture},
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
    let place = Place::of(given, file.path());
    let info = Info {
        release: file.release().unwrap_or(&place.release),
        version: "",
        architecture: &place.architecture,
        distribution: &place.distribution,
        origin: &place.name,
    };
    writer.add(info, &btf, &modules).map_err(|error| {
        let path = file.path().to_path_buf();
        Failure::Store { path, error }
    })
}

/// What the path of a kernel says about it: `debian/12/amd64/6.1.0-50-amd64.btf.tar.xz`, as BTFHub has them.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    release: String,
    architecture: String,
    distribution: String,
    /// The name of the kernel's file.
    name: String,
}

impl Place {
    /// Reads the path of a kernel that was found in a file or folder that was named.
    fn of(given: &Path, path: &Path) -> Self {
        // Of an archive or a store, the entry names the kernel: after `!`.
        let text = path.to_string_lossy();
        let (outer, entry) = text.split_once('!').unwrap_or((&text, ""));
        let below = Path::new(outer).strip_prefix(given).unwrap_or(Path::new(outer));
        let named = if entry.is_empty() { outer } else { entry };
        let release = unpacked_name(named);
        let folders = |path: &Path| -> Vec<String> {
            let parent = path.parent().unwrap_or(Path::new(""));
            folder_names(parent).map(|name| name.to_string_lossy().into_owned()).collect()
        };
        let mut all = folders(below);
        all.extend(folders(Path::new(entry)));
        let at = all.iter().rposition(|name| is_architecture(name));
        let (architecture, distribution) = match at {
            Some(at) => (all[at].clone(), all[at.saturating_sub(2)..at].join("/")),
            None => (String::new(), String::new()),
        };
        let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_string();
        Self { release: last(release), architecture, distribution, name: last(named) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_says_what_a_kernel_is() {
        let place = |given: &str, path: &str| {
            let Place { release, architecture, distribution, .. } =
                Place::of(Path::new(given), Path::new(path));
            [distribution, architecture, release]
        };
        let expected = ["debian/12", "amd64", "6.1.0-50-amd64"];
        let archive = "hub/debian/12/amd64/6.1.0-50-amd64.btf.tar.xz!6.1.0-50-amd64.btf";
        assert_eq!(place("hub", archive), expected);
        assert_eq!(place(archive, archive), expected);
        assert_eq!(place("s", "s!debian/12/amd64/6.1.0-50-amd64.btf"), expected);
        assert_eq!(place("kernels", "kernels/6.1.btf"), ["", "", "6.1"]);
    }
}
