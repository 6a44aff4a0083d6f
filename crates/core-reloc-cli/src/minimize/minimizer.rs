//! Minimizing one target with its modules, or all kernels of a folder in parallel.

use std::path::{Path, PathBuf};

use btf_types::Btf;
use core_reloc::{Module, Options, Target};
use core_reloc_sys::{BtfFile, Kernel};
use core_reloc_targets::{Files, Found, Kernels, Limits};
use core_reloc_tools::minimize::{MinimizeError, Minimized, Needs, minimize};
use rayon::prelude::*;

use super::{MinimizedBtf, MinimizedTarget};
use crate::{
    arguments::Minimize,
    failure::Failure,
    names::{minimized_module, minimized_target},
    target::{SkippedFiles, named_modules, parse_modules, validate},
};

/// Minimizes targets for some objects.
pub(super) struct Minimizer<'a> {
    pub(super) objects: Vec<&'a Path>,
    pub(super) needs: Vec<Needs<'a>>,
}

/// The minimized kernels of one file, and a description of each part that is not a kernel.
type FileResult = Result<(Vec<MinimizedTarget>, Vec<String>), Failure>;

impl Minimizer<'_> {
    /// Minimizes the targets that the arguments name, in the order of their names.
    pub(super) fn minimize_all(
        &self,
        arguments: &Minimize,
    ) -> Result<Vec<MinimizedTarget>, Failure> {
        let Some(path) = &arguments.target else {
            let kernel = Kernel::running();
            let name = PathBuf::from(format!("{}.btf", kernel.release()));
            return Ok(vec![self.minimize(&kernel.btf()?, name, arguments)?]);
        };
        let files: Vec<FileResult> = if path.is_dir() {
            if !arguments.modules.is_empty() {
                return Err(Failure::ModulesOfFolder(path.clone()));
            }
            let files: Vec<_> = Files::new(path).collect();
            files
                .into_par_iter()
                .map(|file| {
                    let kernels = Kernels::in_listed(&file?, Limits::default());
                    self.minimize_file(kernels, path, arguments)
                })
                .collect()
        } else {
            let kernels = Kernels::new(path, Limits::default());
            let folder = path.parent().unwrap_or(Path::new(""));
            vec![self.minimize_file(kernels, folder, arguments)]
        };
        let (mut targets, mut skipped) = (Vec::new(), SkippedFiles::default());
        for file in files {
            let (kernels, others) = file?;
            targets.extend(kernels);
            others.into_iter().for_each(|other| skipped.add(other));
        }
        if targets.len() > 1 && !arguments.modules.is_empty() {
            return Err(Failure::ModulesOfFolder(path.clone()));
        }
        skipped.warn(path);
        if targets.is_empty() { Err(Failure::NoTarget(path.clone())) } else { Ok(targets) }
    }

    /// Minimizes all kernels of a file.
    fn minimize_file(&self, kernels: Kernels, root: &Path, arguments: &Minimize) -> FileResult {
        let (mut targets, mut others) = (Vec::new(), Vec::new());
        for kernel in kernels {
            match kernel? {
                Found::Kernel(file) => {
                    let name = minimized_target(file.path(), root);
                    targets.push(self.minimize(&file, name, arguments)?);
                }
                Found::Other(error) => others.push(error.to_string()),
            }
        }
        Ok((targets, others))
    }

    /// Minimizes one target with the modules that the arguments name.
    fn minimize(
        &self,
        file: &BtfFile,
        name: PathBuf,
        arguments: &Minimize,
    ) -> Result<MinimizedTarget, Failure> {
        let main = file.parse()?;
        validate(file, &main)?;
        let files = named_modules(&arguments.modules)?;
        let modules = parse_modules(&files, file, &main)?;
        let target =
            Target::new(&main).with_modules(modules.iter().map(|(name, btf)| Module { name, btf }));

        let minimized = minimize(&self.needs, &target, Options::default());
        let minimized = minimized.map_err(|error| self.failure(file.path(), error))?;
        let Minimized { main: bytes, modules: split, counts, .. } = minimized;
        let types = Btf::parse(&bytes).map(|btf| btf.types().count()).unwrap_or_default();
        let modules = files.iter().zip(&modules).zip(split);
        let modules = modules.map(|((module, (module_name, btf)), bytes)| MinimizedBtf {
            target: module.path().to_path_buf(),
            full_size: btf.as_bytes().len(),
            name: minimized_module(&name, module_name),
            bytes,
        });
        Ok(MinimizedTarget {
            modules: modules.collect(),
            types,
            counts,
            warning: self.warning(file.path(), &main),
            main: MinimizedBtf {
                target: file.path().to_path_buf(),
                full_size: file.as_bytes().len(),
                name,
                bytes,
            },
        })
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
            MinimizeError::Differs { object, .. } => self.objects.get(*object),
            _ => None,
        };
        let object = object.map(|object| object.to_path_buf());
        Failure::Minimize { target: target.to_path_buf(), object, error }
    }
}
