//! One kernel, opened as the target.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use core_reloc_sys::{BtfFile, Kernel, ModuleFile};
use core_reloc_targets::{FoundKernel, FoundModule};

use super::modules::{ModuleBtf, has_inline_sites, is_name, kernel_modules, named_module};
use crate::{
    arguments::TargetArguments,
    failure::Failure,
    inputs::{self, open_target},
};

/// An opened kernel, and where its modules are.
#[derive(Debug)]
pub(crate) enum Opened {
    /// The only kernel of a file, of which no module is asked for by name.
    File(BtfFile),
    /// One that was looked for.
    Found(FoundKernel),
    Running(BtfFile, Kernel),
}

impl Opened {
    /// Opens the target that the user named, or the running kernel's BTF.
    pub(super) fn of(arguments: &TargetArguments, running: &Kernel) -> Result<Self, Failure> {
        let TargetArguments { target, kernel, modules } = arguments;
        match target {
            Some(path) => Self::at(path, kernel.as_deref(), modules),
            None => Ok(Self::Running(running.btf()?, running.clone())),
        }
    }

    /// Opens a kernel: the one with a name, or the only one of a file or folder. Of the modules, those that are named
    /// by their names will be asked for.
    pub(crate) fn at(
        path: &Path,
        name: Option<&str>,
        modules: &[PathBuf],
    ) -> Result<Self, Failure> {
        if name.is_none() && !path.is_dir() && !modules.iter().any(|module| is_name(module)) {
            return open_target(path).map(Self::File).map_err(Failure::choosing);
        }
        inputs::kernels(path).choose(name).map(Self::Found).map_err(Failure::choosing)
    }

    /// Returns the kernel's BTF.
    pub(crate) fn file(&self) -> &BtfFile {
        match self {
            Self::File(file) | Self::Running(file, _) => file,
            Self::Found(kernel) => kernel.file(),
        }
    }

    /// Returns the modules that were found with the kernel.
    fn modules(&self) -> Result<Vec<FoundWith>, Failure> {
        Ok(match self {
            Self::File(_) => Vec::new(),
            Self::Found(kernel) => kernel.modules()?.into_iter().map(FoundWith::Kernel).collect(),
            Self::Running(_, kernel) => {
                kernel.modules()?.into_iter().map(FoundWith::Running).collect()
            }
        })
    }

    /// Opens the modules that the user named; if none are named and they are needed, those of the running kernel.
    pub(super) fn named_or_running(
        &self,
        named: &[PathBuf],
        needs_running: impl FnOnce() -> bool,
    ) -> Result<Vec<ModuleBtf>, Failure> {
        match self {
            Self::Running(_, kernel) if named.is_empty() && needs_running() => {
                return kernel_modules(kernel);
            }
            _ => {}
        }
        let open = |given: &PathBuf| match is_name(given) {
            true => self.module(given)?.ok_or_else(|| self.no_such_module(given)),
            false => named_module(given),
        };
        named.iter().filter(|given| !has_inline_sites(given)).map(open).collect()
    }

    /// Opens a module by its name; `None` if it was not found with the kernel.
    pub(crate) fn module(&self, name: &Path) -> Result<Option<ModuleBtf>, Failure> {
        let name = normal(name);
        let modules = self.modules()?;
        match modules.iter().find(|module| module.name() == name) {
            Some(module) => Ok(module.open()?.map(|file| ModuleBtf::named(name, file))),
            None => Ok(None),
        }
    }

    /// Returns the error of a module that was not found with the kernel.
    pub(crate) fn no_such_module(&self, name: &Path) -> Failure {
        let modules = self.modules().unwrap_or_default();
        let names = modules.iter().map(|module| module.name().to_string()).collect();
        let kernel = self.file().path().to_path_buf();
        Failure::NoSuchModule { kernel, name: normal(name), names }
    }
}

/// A module that was found with its kernel.
enum FoundWith {
    Kernel(FoundModule),
    Running(ModuleFile),
}

impl FoundWith {
    fn name(&self) -> &str {
        match self {
            Self::Kernel(module) => module.name(),
            Self::Running(module) => module.name(),
        }
    }

    /// Reads the module's BTF; `None` if it has none.
    fn open(&self) -> Result<Option<Arc<BtfFile>>, Failure> {
        Ok(match self {
            Self::Kernel(module) => module.open()?,
            Self::Running(module) => Some(Arc::new(module.open()?)),
        })
    }
}

/// Returns the name of a module as the kernel has it: with no dashes, which only names of files have.
fn normal(name: &Path) -> String {
    name.to_string_lossy().replace('-', "_")
}
