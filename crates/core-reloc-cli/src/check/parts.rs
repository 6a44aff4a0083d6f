//! What belongs to a kernel besides its own types: modules, symbols and configuration, which are read only
//! where they may change a verdict.

use std::{collections::BTreeSet, path::Path};

use btf_types::Btf;
use core_reloc_sys::{BtfFile, Kernel};
use core_reloc_targets::{FoundKernel, FoundModule, Limits, TargetError, read};
use core_reloc_tools::needs::{Config, SymbolNames};
use rayon::prelude::*;

use crate::{
    failure::Failure,
    limits::{MAX_CONFIG, MAX_SYMBOLS},
    target::{ModuleBtf, kernel_modules, parse_module},
};

/// How many modules are opened in parallel before their size is looked at.
const MODULES_AT_ONCE: usize = 64;

/// Where the parts of a kernel are.
pub(super) enum KernelParts<'k> {
    /// In the running system.
    Running(&'k Kernel),
    /// In files.
    Found(&'k FoundKernel),
}

/// Modules of a kernel that cannot be used.
#[derive(Default)]
struct SkippedModules {
    count: usize,
    /// The error of the first one.
    first: Option<String>,
}

impl KernelParts<'_> {
    /// Returns `true` for the running kernel, which has validated its own types.
    pub(super) fn are_running(&self) -> bool {
        matches!(self, Self::Running(_))
    }

    /// Returns `true` if types have other ids than in the kernel.
    pub(super) fn are_stored(&self) -> bool {
        matches!(self, Self::Found(kernel) if kernel.is_stored())
    }

    /// Returns `false` if the kernel has no modules, as far as can be told without reading any.
    pub(super) fn may_have_modules(&self) -> bool {
        match self {
            Self::Running(_) => true,
            Self::Found(kernel) => kernel.may_have_modules(),
        }
    }

    /// Opens the kernel's modules, but for those that were named. Those that cannot be used are skipped with a
    /// warning.
    pub(super) fn modules(
        &self,
        kernel: &BtfFile,
        btf: &Btf<'_>,
        named: &[ModuleBtf],
        in_parallel: bool,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<ModuleBtf>, Failure> {
        let names: BTreeSet<&str> = named.iter().map(ModuleBtf::name).collect();
        let found = match self {
            Self::Running(running) => {
                let mut modules = kernel_modules(running)?;
                modules.retain(|module| !names.contains(module.name()));
                return Ok(modules);
            }
            Self::Found(found) => found,
        };
        let mut modules = found.modules()?;
        modules.retain(|module| !names.contains(module.name()));
        let open = |module: &FoundModule| -> Result<Option<ModuleBtf>, Failure> {
            let Some(file) = module.open()? else { return Ok(None) };
            let opened = ModuleBtf::of_kernel(module.name().to_string(), file);
            parse_module(&opened, kernel, btf)?;
            Ok(Some(opened))
        };
        let (mut opened, mut skipped) = (Vec::new(), SkippedModules::default());
        let mut remaining = Limits::default().modules;
        for modules in modules.chunks(MODULES_AT_ONCE) {
            let results: Vec<_> = if in_parallel {
                modules.par_iter().map(open).collect()
            } else {
                modules.iter().map(open).collect()
            };
            for result in results {
                match result {
                    Ok(None) => {}
                    Ok(Some(module)) => {
                        let Some(rest) = remaining.checked_sub(module.len()) else {
                            warnings.push(too_many(kernel.path()));
                            return Ok(opened);
                        };
                        remaining = rest;
                        opened.push(module);
                    }
                    // The user did not name it, and has nothing to name instead.
                    Err(Failure::OtherBuild(build)) => skipped.add(build.to_string()),
                    Err(error) => skipped.add(error.to_string()),
                }
            }
        }
        warnings.extend(skipped.warning(kernel.path()));
        Ok(opened)
    }

    /// Reads the kernel's symbols. A file that cannot be read is skipped with a warning.
    pub(super) fn symbols(&self, warnings: &mut Vec<String>) -> Option<SymbolNames> {
        let text = match self {
            // Not everybody may read it.
            Self::Running(_) => read_of_system("/proc/kallsyms", MAX_SYMBOLS),
            Self::Found(kernel) => with_warning(kernel.symbols(), warnings),
        };
        text.map(|text| SymbolNames::parse(&text)).filter(|symbols| !symbols.is_empty())
    }

    /// Reads the kernel's configuration. A file that cannot be read is skipped with a warning.
    pub(super) fn config(&self, warnings: &mut Vec<String>) -> Option<Config> {
        let text = match self {
            Self::Running(kernel) => read_of_system("/proc/config.gz", MAX_CONFIG).or_else(|| {
                read_of_system(&format!("/boot/config-{}", kernel.release()), MAX_CONFIG)
            }),
            Self::Found(kernel) => with_warning(kernel.config(), warnings),
        };
        text.map(|text| Config::parse(&text)).filter(|config| !config.is_empty())
    }
}

fn read_of_system(path: &str, max_len: u64) -> Option<Vec<u8>> {
    read(Path::new(path), Limits::default().file(max_len)).ok()
}

fn with_warning(
    text: Result<Option<Vec<u8>>, TargetError>,
    warnings: &mut Vec<String>,
) -> Option<Vec<u8>> {
    text.unwrap_or_else(|error| {
        warnings.push(format!("{error}; the file is skipped"));
        None
    })
}

fn too_many(kernel: &Path) -> String {
    let limit = Limits::default().modules;
    let kernel = kernel.display();
    format!("{kernel}: its modules have more than {limit} bytes; the rest is skipped")
}

impl SkippedModules {
    fn add(&mut self, error: String) {
        self.count += 1;
        self.first.get_or_insert(error);
    }

    fn warning(self, kernel: &Path) -> Option<String> {
        let (first, kernel) = (self.first?, kernel.display());
        Some(match self.count {
            1 => format!("{kernel}: skipped a module: {first}"),
            count => format!("{kernel}: skipped {count} modules, first: {first}"),
        })
    }
}
