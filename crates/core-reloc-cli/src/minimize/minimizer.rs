//! Minimizing one target with its modules, or all kernels of a folder in parallel.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use btf_types::{Btf, ByteOrder, Kind};
use core_reloc::{Module, Options, Target};
use core_reloc_sys::{BtfFile, Kernel};
use core_reloc_targets::{Found, KernelPath, Kernels, Limits, Listing, TargetError};
use core_reloc_tools::minimize::{
    MinimizeError, Minimized, Needs, ResolutionCounts, minimize_and_keep,
};
use rayon::prelude::*;

use super::{Build, FileResult, MinimizedBtf, MinimizedTarget, UnneededModule, since::Since};
use crate::{
    arguments::Minimize,
    digest::Digester,
    failure::Failure,
    format::plural,
    inputs,
    names::{by_version, minimized_module, minimized_target},
    target::{named_modules, parse_modules, validate},
    threads::pipelined,
};

/// Minimizes targets for some objects.
pub(super) struct Minimizer<'a> {
    pub(super) objects: &'a [&'a Path],
    needs: Vec<Needs<'a>>,
    /// The types to keep besides.
    names: Vec<(String, Kind)>,
    since: Option<&'a Since<'a>>,
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

impl<'a> Minimizer<'a> {
    pub(super) fn new(
        objects: &'a [&'a Path],
        needs: Vec<Needs<'a>>,
        names: Vec<(String, Kind)>,
        since: Option<&'a Since<'a>>,
    ) -> Self {
        Self { objects, needs, names, since, digester: Digester::new(), known: Mutex::default() }
    }

    /// Minimizes the targets that the arguments name, in the order of their versions, but for those that
    /// cannot be read.
    pub(super) fn minimize_all(&self, arguments: &Minimize) -> Result<FileResult, Failure> {
        let Some(path) = &arguments.target else {
            let kernel = Kernel::running();
            let name = PathBuf::from(format!("{}.btf", kernel.release()));
            let target = self.minimize(&kernel.btf()?, name, arguments)?;
            return Ok(FileResult { targets: vec![target], ..FileResult::default() });
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
                    let kernels = || Kernels::in_listing(&listing, file);
                    self.minimize_file(file, kernels, path, arguments)
                })
                .collect();
            for file in files {
                result.extend(file?);
            }
        } else {
            let folder = path.parent().unwrap_or(Path::new(""));
            result = self.minimize_file(path, || inputs::kernels(path), folder, arguments)?;
        };
        let FileResult { targets, unreadable, skipped, entries } = result;
        if targets.len() > 1 && !arguments.modules.is_empty() {
            return Err(Failure::ModulesOfFolder(path.clone()));
        }
        skipped.warn(path);
        if targets.is_empty() && unreadable.is_empty() {
            return Err(Failure::NoTarget(path.clone()));
        }
        let path = |target: &MinimizedTarget| target.main.target.display().to_string();
        let targets = by_version(targets, path).into_iter().map(|(_, target)| target);
        Ok(FileResult { targets: targets.collect(), unreadable, entries, ..FileResult::default() })
    }

    /// Minimizes all kernels of a file, unless an earlier run did.
    fn minimize_file(
        &self,
        file: &Path,
        kernels: impl FnOnce() -> Kernels,
        root: &Path,
        arguments: &Minimize,
    ) -> Result<FileResult, Failure> {
        let minimize = || {
            let mut result = FileResult::default();
            for part in pipelined(kernels(), |found| self.minimize_found(found, root, arguments)) {
                result.extend(part?);
            }
            Ok(result)
        };
        match self.since {
            Some(since) => since.take_or_else(file, root, minimize),
            None => minimize(),
        }
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
                        let (release, version) = kernel.build();
                        let path = KernelPath::found_in(file.path(), root);
                        target.build = Build { release, version, path };
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
            return Ok(target(file, name, known, &main));
        }
        validate(file, &main)?;
        let files = named_modules(&arguments.modules)?;
        let modules = parse_modules(&files, file, &main)?;
        let full =
            Target::new(&main).with_modules(modules.iter().map(|(name, btf)| Module { name, btf }));

        let minimized = minimize_and_keep(&self.needs, &self.names, &full, Options::default());
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
        Ok(MinimizedTarget { modules: needed, unneeded, ..target(file, name, known, &main) })
    }

    /// Returns the result of a kernel with the same BTF.
    fn known(&self, key: Key) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned()
    }

    /// Returns a warning for each byte order that some kernels have and some object does not have.
    pub(super) fn byte_order_warnings(&self, targets: &[MinimizedTarget]) -> Vec<String> {
        let warning = |order: ByteOrder| {
            let mut kernels = targets.iter().filter(|target| target.byte_order == order);
            let differs = |needs: &Needs<'_>| needs.local.byte_order() != order;
            let mut objects = self.objects.iter().zip(&self.needs);
            let (object, needs) = objects.find(|(_, needs)| differs(needs))?;
            let first = kernels.next()?.main.target.display();
            let (object, of_object) = (object.display(), needs.local.byte_order());
            Some(match kernels.count() {
                0 => format!(
                    "{first} is {order}, but {object} is {of_object}; this kernel cannot run it"
                ),
                more => format!(
                    "{first} and {} are {order}, but {object} is {of_object}; these kernels cannot run it",
                    plural(more, "other kernel"),
                ),
            })
        };
        [ByteOrder::Little, ByteOrder::Big].into_iter().filter_map(warning).collect()
    }

    fn failure(&self, target: &Path, error: MinimizeError) -> Failure {
        let object = match &error {
            MinimizeError::Differs { object, .. } | MinimizeError::TooComplex { object, .. } => {
                self.objects.get(*object)
            }
            _ => None,
        };
        let object = object.map(|object| object.to_path_buf());
        Failure::Minimize { target: target.to_path_buf(), object, error: error.to_string() }
    }
}

/// Returns the target of a file, without modules.
fn target(
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
        byte_order: btf.byte_order(),
        is_taken: false,
        build: Build {
            release: file.release().map(str::to_string),
            version: file.version().map(str::to_string),
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
