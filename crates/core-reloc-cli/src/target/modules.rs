//! Modules: the running kernel's, those in files that the user names, and those that were found with a kernel.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use btf_types::{Btf, Header};
use core_reloc_sys::{BtfFile, FileError, FileProblem, Kernel};
use core_reloc_targets::module_name;

use super::validate;
use crate::{
    failure::{Failure, OtherBuild},
    inputs::{is_standard, open_target},
    terminal,
};

/// The BTF of a module.
pub(crate) struct ModuleBtf {
    name: String,
    file: Arc<BtfFile>,
    /// The file after it was relocated from its distilled base, if it has one.
    relocated: OnceLock<BtfFile>,
    /// The user named it, so that an unusable module is an error.
    is_named: bool,
}

impl ModuleBtf {
    /// Makes a module that the user did not name, so that one that cannot be used is skipped.
    pub(crate) fn of_kernel(name: String, file: Arc<BtfFile>) -> Self {
        Self { name, file, relocated: OnceLock::new(), is_named: false }
    }

    /// Makes a module that the user named, so that one that cannot be used is an error.
    pub(super) fn named(name: String, file: Arc<BtfFile>) -> Self {
        Self { name, file, relocated: OnceLock::new(), is_named: true }
    }

    /// Returns the same module, to use it with another kernel.
    pub(crate) fn for_another_kernel(&self) -> Self {
        let (name, file) = (self.name.clone(), Arc::clone(&self.file));
        Self { name, file, relocated: OnceLock::new(), is_named: self.is_named }
    }

    /// Returns the module's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns its BTF.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.file.as_bytes()
    }

    /// Returns the size of its BTF in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.file.as_bytes().len() as u64
    }

    /// Returns the path of its file.
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Returns the file with split BTF on a kernel, which must always be the same.
    fn on(&self, kernel: &Btf<'_>) -> Result<&BtfFile, FileError> {
        if self.file.distilled_base().is_none() {
            return Ok(&self.file);
        }
        let relocated = self.file.relocate_onto(kernel)?;
        Ok(self.relocated.get_or_init(|| relocated))
    }
}

/// Returns `true` if the user names a module by its name, which is looked for where the kernel was found, and not by
/// its file.
pub(crate) fn is_name(given: &Path) -> bool {
    let is_plain = |name: &str| !name.is_empty() && !name.contains(['/', '.']);
    given.to_str().is_some_and(is_plain) && !is_standard(given) && !given.exists()
}

/// Returns `true` for a file with the inline sites of a kernel or module, such as `vmlinux.inline`: split BTF
/// on that.
pub(super) fn has_inline_sites(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "inline")
}

/// Opens the files with inline sites among the modules that the user named.
pub(super) fn inline_site_files(named: &[PathBuf]) -> Result<Vec<BtfFile>, Failure> {
    let paths = named.iter().filter(|path| has_inline_sites(path));
    paths.map(|path| Ok(open_target(path)?)).collect()
}

/// Parses files with inline sites, each on the kernel or module that it belongs to.
pub(super) fn parse_inline_sites<'a>(
    files: &'a [BtfFile],
    kernel: &'a Btf<'a>,
    modules: &'a [(&'a str, Btf<'a>)],
) -> Result<Vec<(&'a str, Btf<'a>)>, Failure> {
    let parse = |file: &'a BtfFile| {
        let name = file.path().file_stem().unwrap_or_default();
        let base = match name.to_str() {
            Some("vmlinux") => Some(kernel),
            name => modules.iter().find(|(module, _)| Some(*module) == name).map(|(_, btf)| btf),
        };
        let base = base.ok_or_else(|| Failure::InlineSites(file.path().to_path_buf()))?;
        let btf = file.parse_split(base)?;
        validate(file, &btf)?;
        let name = file.path().file_name().and_then(|name| name.to_str());
        Ok((name.unwrap_or("inline sites"), btf))
    };
    files.iter().map(parse).collect()
}

/// Opens the modules whose files the user named. Files with inline sites are left out: they have no types that a
/// relocation asks for.
pub(crate) fn named_modules(paths: &[PathBuf]) -> Result<Vec<ModuleBtf>, Failure> {
    paths.iter().filter(|path| !has_inline_sites(path)).map(|path| named_module(path)).collect()
}

/// Opens a module whose file the user named.
pub(super) fn named_module(path: &Path) -> Result<ModuleBtf, Failure> {
    let file = open_target(path)?;
    // A damaged file gets a more precise error later, and split BTF is not valid by itself.
    let is_complete = |btf: Btf<'_>| btf.validate().is_ok();
    if !file.is_split() && file.parse().is_ok_and(is_complete) {
        return Err(Failure::NotSplit(file.path().to_path_buf()));
    }
    Ok(ModuleBtf::named(module_name(path), Arc::new(file)))
}

/// Opens the running kernel's modules. Those that cannot be read are skipped with a warning.
pub(crate) fn kernel_modules(kernel: &Kernel) -> Result<Vec<ModuleBtf>, Failure> {
    let mut modules = Vec::new();
    for module in kernel.modules()? {
        let name = module.name().to_string();
        match module.open() {
            Ok(file) => modules.push(ModuleBtf::of_kernel(name, Arc::new(file))),
            Err(error) => warn_of_module(&error),
        }
    }
    Ok(modules)
}

/// Parses the modules' split BTF on the BTF of their kernel, which is in the file `kernel`.
pub(crate) fn parse_modules<'a>(
    modules: &'a [ModuleBtf],
    kernel: &BtfFile,
    base: &'a Btf<'a>,
) -> Result<Vec<(&'a str, Btf<'a>)>, Failure> {
    let mut parsed = Vec::new();
    for module in modules {
        let name = module.name.as_str();
        if module.is_named {
            parsed.push((name, parse_module(module, kernel, base)?));
            continue;
        }
        match module.on(base).and_then(|file| file.parse_split(base)) {
            Ok(btf) => parsed.push((name, btf)),
            Err(error) => warn_of_module(&error),
        }
    }
    Ok(parsed)
}

/// Parses and validates a module, which may be one of another kernel.
pub(crate) fn parse_module<'a>(
    module: &'a ModuleBtf,
    kernel: &BtfFile,
    base: &'a Btf<'a>,
) -> Result<Btf<'a>, Failure> {
    let file = &module.file;
    let order = Header::parse(file.as_bytes()).map_err(|error| file.error(error))?.byte_order();
    if order != base.byte_order() {
        let (path, kernel) = (file.path().to_path_buf(), base.byte_order());
        return Err(Failure::ModuleByteOrder { path, module: order, kernel });
    }
    let other_build = |error: FileError| match error.problem {
        FileProblem::Btf { error: error @ btf_types::Error::WrongBase { .. }, .. } => {
            Failure::OtherBuild(Box::new(OtherBuild {
                module: file.path().to_path_buf(),
                module_release: file.release().map(str::to_string),
                kernel: kernel.path().to_path_buf(),
                kernel_release: kernel.release().map(str::to_string),
                error,
            }))
        }
        _ => error.into(),
    };
    let file = module.on(base)?;
    let btf = file.parse_split(base).map_err(other_build)?;
    // A module of the running kernel may be named with another target.
    file.check_base(&btf).map_err(other_build)?;
    validate(file, &btf)?;
    Ok(btf)
}

fn warn_of_module(error: &FileError) {
    terminal::warning(format_args!("{error}; the module is skipped"));
}
