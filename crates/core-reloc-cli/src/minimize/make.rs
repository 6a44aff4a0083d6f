//! Minimising: one target with its modules, or every kernel of a folder, in parallel.

use std::path::{Path, PathBuf};

use btf_types::Btf;
use core_reloc::{Module, Options, Target};
use core_reloc_sys::{BtfFile, Kernel};
use core_reloc_targets::{Files, Found, Kernels, Limits};
use core_reloc_tools::minimize::{MinimizeError, Minimized, Needs, minimize};
use rayon::prelude::*;

use super::{Made, Part, name};
use crate::{
    arguments::Minimize,
    failure::Failure,
    target::{PassedOver, named_modules, parse_modules, validate},
};

/// Minimises targets for some objects.
pub(super) struct Maker<'a> {
    pub(super) objects: Vec<&'a Path>,
    pub(super) needs: Vec<Needs<'a>>,
}

/// What was found in one file of a folder.
type InFile = Result<(Vec<Made>, Vec<String>), Failure>;

impl Maker<'_> {
    /// Minimises what the arguments name, in the order of the targets' names.
    pub(super) fn make(&self, arguments: &Minimize) -> Result<Vec<Made>, Failure> {
        let Some(path) = &arguments.target else {
            let kernel = Kernel::running();
            let name = PathBuf::from(format!("{}.btf", kernel.release()));
            return Ok(vec![self.make_one(&kernel.btf()?, name, arguments)?]);
        };
        let mut passed_over = PassedOver::default();
        let mut made = Vec::new();
        if path.is_dir() {
            if !arguments.modules.is_empty() {
                return Err(Failure::ModulesOfMany(path.clone()));
            }
            let files: Vec<_> = Files::new(path).collect();
            let found: Vec<InFile> = files
                .into_par_iter()
                .map(|file| {
                    let file = file?;
                    self.make_all(Kernels::in_listed(&file, Limits::default()), path, arguments)
                })
                .collect();
            for found in found {
                let (kernels, others) = found?;
                made.extend(kernels);
                others.into_iter().for_each(|other| passed_over.add(other));
            }
        } else {
            let kernels = Kernels::new(path, Limits::default());
            let folder = path.parent().unwrap_or(Path::new(""));
            let (kernels, others) = self.make_all(kernels, folder, arguments)?;
            made = kernels;
            others.into_iter().for_each(|other| passed_over.add(other));
            if made.len() > 1 && !arguments.modules.is_empty() {
                return Err(Failure::ModulesOfMany(path.clone()));
            }
        }
        passed_over.warn(path);
        if made.is_empty() { Err(Failure::NoTarget(path.clone())) } else { Ok(made) }
    }

    /// Minimises all kernels that are found, and says what is none.
    fn make_all(&self, kernels: Kernels, root: &Path, arguments: &Minimize) -> InFile {
        let (mut made, mut others) = (Vec::new(), Vec::new());
        for kernel in kernels {
            match kernel? {
                Found::Kernel(file) => {
                    let name = name::of_target(file.path(), root);
                    made.push(self.make_one(&file, name, arguments)?);
                }
                Found::Other(error) => others.push(error.to_string()),
            }
        }
        Ok((made, others))
    }

    /// Minimises one target, with the modules that were named.
    fn make_one(
        &self,
        file: &BtfFile,
        name: PathBuf,
        arguments: &Minimize,
    ) -> Result<Made, Failure> {
        let main = file.parse()?;
        validate(file, &main)?;
        let files = named_modules(&arguments.modules)?;
        let modules = parse_modules(&files, &main)?;
        let target =
            Target::new(&main).with_modules(modules.iter().map(|(name, btf)| Module { name, btf }));

        let minimized = minimize(&self.needs, &target, Options::default());
        let minimized = minimized.map_err(|error| self.failure(file.path(), error))?;
        let Minimized { main: bytes, modules: split, counts, .. } = minimized;
        let types = Btf::parse(&bytes).map(|btf| btf.types().count()).unwrap_or_default();
        let parts = files.iter().zip(&modules).zip(split);
        let modules = parts.map(|((module, (module_name, btf)), bytes)| Part {
            target: module.path().to_path_buf(),
            whole: btf.as_bytes().len(),
            name: name::of_module(&name, module_name),
            bytes,
        });
        Ok(Made {
            modules: modules.collect(),
            types,
            counts,
            warning: self.warning(file.path(), &main),
            main: Part {
                target: file.path().to_path_buf(),
                whole: file.as_bytes().len(),
                name,
                bytes,
            },
        })
    }

    /// What is odd about a target: no such kernel runs an object of the other byte order.
    fn warning(&self, target: &Path, btf: &Btf<'_>) -> Option<String> {
        let other = |needs: &Needs<'_>| needs.local.byte_order() != btf.byte_order();
        let (object, needs) =
            self.objects.iter().zip(&self.needs).find(|(_, needs)| other(needs))?;
        Some(format!(
            "{} is {}, {} is {}: a kernel of that sort cannot run it",
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
