//! Minimizing one target with its modules, or all kernels of a folder in parallel.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use btf_types::Btf;
use core_reloc::{Module, Options, Target};
use core_reloc_sys::{BtfFile, Kernel};
use core_reloc_targets::{Found, KernelPath, Kernels, Limits, Listing, TargetError};
use core_reloc_tools::minimize::{MinimizeError, Minimized, Needs, ResolutionCounts, minimize};
use rayon::prelude::*;
use rustix::system::uname;

use super::{Build, MinimizedBtf, MinimizedTarget, UnneededModule};
use crate::{
    arguments::Minimize,
    digest::Digester,
    failure::Failure,
    inputs,
    names::{by_version, minimized_module, minimized_target},
    target::{SkippedFiles, Unreadable, named_modules, parse_modules, validate},
    threads::pipelined,
};

/// Minimizes targets for some objects.
pub(super) struct Minimizer<'a> {
    pub(super) objects: Vec<&'a Path>,
    needs: Vec<Needs<'a>>,
    digester: Digester,
    /// Kernels that were minimized without modules.
    known: Mutex<HashMap<Key, Known>>,
}

/// The digest of a kernel's BTF, and the size of its pointers, which an ELF file may state.
type Key = (u128, u8);

/// The result for all kernels with the same BTF.
#[derive(Clone)]
struct Known {
    bytes: Arc<[u8]>,
    types: usize,
    counts: Vec<ResolutionCounts>,
}

/// The minimized kernels of a file or folder.
#[derive(Default)]
struct FileResult {
    targets: Vec<MinimizedTarget>,
    unreadable: Unreadable,
    /// Parts that are not kernels.
    skipped: SkippedFiles,
}

impl FileResult {
    fn extend(&mut self, other: Self) {
        self.targets.extend(other.targets);
        self.unreadable.extend(other.unreadable);
        self.skipped.extend(other.skipped);
    }
}

impl<'a> Minimizer<'a> {
    pub(super) fn new(objects: Vec<&'a Path>, needs: Vec<Needs<'a>>) -> Self {
        Self { objects, needs, digester: Digester::new(), known: Mutex::default() }
    }

    /// Minimizes the targets that the arguments name, in the order of their versions, but for those that
    /// cannot be read.
    pub(super) fn minimize_all(
        &self,
        arguments: &Minimize,
    ) -> Result<(Vec<MinimizedTarget>, Unreadable), Failure> {
        let Some(path) = &arguments.target else {
            let kernel = Kernel::running();
            let name = PathBuf::from(format!("{}.btf", kernel.release()));
            let mut target = self.minimize(&kernel.btf()?, name, arguments)?;
            target.build.version = Some(uname().version().to_string_lossy().into_owned());
            return Ok((vec![target], Unreadable::default()));
        };
        let mut result = FileResult::default();
        if path.is_dir() {
            if !arguments.modules.is_empty() {
                return Err(Failure::ModulesOfFolder(path.clone()));
            }
            let (listing, errors) = Listing::new(path, Limits::default());
            errors.into_iter().for_each(|error| result.unreadable.add(error));
            let files: Vec<_> = listing.files().collect();
            let files: Vec<_> = files
                .into_par_iter()
                .map(|file| {
                    let kernels = Kernels::in_listing(&listing, file);
                    self.minimize_file(kernels, path, arguments)
                })
                .collect();
            for file in files {
                result.extend(file?);
            }
        } else {
            let folder = path.parent().unwrap_or(Path::new(""));
            result = self.minimize_file(inputs::kernels(path), folder, arguments)?;
        };
        let FileResult { targets, unreadable, skipped } = result;
        if targets.len() > 1 && !arguments.modules.is_empty() {
            return Err(Failure::ModulesOfFolder(path.clone()));
        }
        skipped.warn(path);
        if targets.is_empty() && unreadable.is_empty() {
            return Err(Failure::NoTarget(path.clone()));
        }
        let path = |target: &MinimizedTarget| target.main.target.display().to_string();
        let targets = by_version(targets, path).into_iter().map(|(_, target)| target);
        Ok((targets.collect(), unreadable))
    }

    /// Minimizes all kernels of a file.
    fn minimize_file(
        &self,
        kernels: Kernels,
        root: &Path,
        arguments: &Minimize,
    ) -> Result<FileResult, Failure> {
        let mut result = FileResult::default();
        for part in pipelined(kernels, |found| self.minimize_found(found, root, arguments)) {
            result.extend(part?);
        }
        Ok(result)
    }

    /// Minimizes a part of a file, if that is a kernel.
    fn minimize_found(
        &self,
        found: Result<Found, TargetError>,
        root: &Path,
        arguments: &Minimize,
    ) -> Result<FileResult, Failure> {
        let mut result = FileResult::default();
        match found {
            Ok(Found::Other(error)) => result.skipped.add(error.to_string()),
            Ok(Found::Kernel(kernel)) => {
                let file = kernel.file();
                let name = minimized_target(file.path(), root);
                match self.minimize(file, name, arguments) {
                    Ok(mut target) => {
                        target.build.path = KernelPath::found_in(file.path(), root);
                        result.targets.push(target);
                    }
                    Err(Failure::File(error)) if error.path == file.path() => {
                        result.unreadable.add(error);
                    }
                    // Another kernel may have what is needed.
                    Err(error @ Failure::Minimize { .. }) => result.unreadable.add(error),
                    Err(error) => return Err(error),
                }
            }
            Err(error) => result.unreadable.add(error),
        }
        Ok(result)
    }

    /// Minimizes one target with the modules that the arguments name.
    fn minimize(
        &self,
        file: &BtfFile,
        name: PathBuf,
        arguments: &Minimize,
    ) -> Result<MinimizedTarget, Failure> {
        let main = file.parse()?;
        let key = (self.digester.digest(main.as_bytes()), main.pointer_size());
        if let Some(known) = self.known(key).filter(|_| arguments.modules.is_empty()) {
            return Ok(self.target(file, name, known, &main));
        }
        validate(file, &main)?;
        let files = named_modules(&arguments.modules)?;
        let modules = parse_modules(&files, file, &main)?;
        let target =
            Target::new(&main).with_modules(modules.iter().map(|(name, btf)| Module { name, btf }));

        let minimized = minimize(&self.needs, &target, Options::default());
        let minimized = minimized.map_err(|error| self.failure(file.path(), error))?;
        let Minimized { main: bytes, modules: split, counts, .. } = minimized;
        let base = Btf::parse(&bytes).map_err(MinimizeError::from);
        let base = base.map_err(|error| self.failure(file.path(), error))?;
        let (mut needed, mut unneeded) = (Vec::new(), Vec::new());
        for ((module, (module_name, btf)), bytes) in files.iter().zip(&modules).zip(split) {
            let (target, full_size) = (module.path().to_path_buf(), btf.as_bytes().len());
            if Btf::parse_split(&bytes, &base).is_ok_and(|btf| btf.own_types().len() == 0) {
                unneeded.push(UnneededModule { target, full_size });
            } else {
                let name = minimized_module(&name, module_name);
                let (module, bytes) = (Some(module_name.to_string()), bytes.into());
                needed.push(MinimizedBtf { module, target, full_size, name, bytes });
            }
        }
        let known = Known { bytes: bytes.as_slice().into(), types: base.len(), counts };
        if files.is_empty() {
            // Another thread may have done the same.
            let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(key).or_insert_with(|| known.clone());
        }
        let target = self.target(file, name, known, &main);
        Ok(MinimizedTarget { modules: needed, unneeded, ..target })
    }

    /// Returns the result of a kernel with the same BTF.
    fn known(&self, key: Key) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned()
    }

    /// Returns the target of a file, without modules.
    fn target(
        &self,
        file: &BtfFile,
        name: PathBuf,
        Known { bytes, types, counts }: Known,
        btf: &Btf<'_>,
    ) -> MinimizedTarget {
        MinimizedTarget {
            modules: Vec::new(),
            unneeded: Vec::new(),
            types,
            counts,
            warning: self.warning(file.path(), btf),
            build: Build {
                release: file.release().map(str::to_string),
                version: None,
                path: KernelPath::found_in(file.path(), file.path()),
            },
            main: MinimizedBtf {
                module: None,
                target: file.path().to_path_buf(),
                full_size: file.as_bytes().len(),
                name,
                bytes,
            },
        }
    }

    /// Returns a warning if an object has another byte order than the target.
    fn warning(&self, target: &Path, btf: &Btf<'_>) -> Option<String> {
        let differs = |needs: &Needs<'_>| needs.local.byte_order() != btf.byte_order();
        let (object, needs) =
            self.objects.iter().zip(&self.needs).find(|(_, needs)| differs(needs))?;
        Some(format!(
            "{} is {}, but {} is {}; this kernel cannot run it",
            target.display(),
            btf.byte_order(),
            object.display(),
            needs.local.byte_order(),
        ))
    }

    fn failure(&self, target: &Path, error: MinimizeError) -> Failure {
        let object = match &error {
            MinimizeError::Differs { object, .. } | MinimizeError::TooComplex { object, .. } => {
                self.objects.get(*object)
            }
            _ => None,
        };
        let object = object.map(|object| object.to_path_buf());
        Failure::Minimize { target: target.to_path_buf(), object, error }
    }
}
