//! What the user names besides the targets: modules, symbols and a configuration.

use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use btf_types::Btf;
use core_reloc_sys::BtfFile;
use core_reloc_targets::unpacked_name;
use core_reloc_tools::needs::{Config, Release, SymbolNames};

use super::shard::key::GivenRecord;
use crate::{
    arguments::Check,
    digest::stable_digest,
    failure::Failure,
    inputs::read_unpacked,
    limits::{MAX_CONFIG, MAX_SYMBOLS},
    target::{ModuleBtf, named_modules, parse_module},
    terminal::Escaped,
};

/// What the user names besides the targets.
pub(super) struct Given {
    modules: Vec<GivenModule>,
    symbols: Option<GivenText<SymbolNames>>,
    config: Option<GivenText<Config>>,
}

struct GivenModule {
    module: ModuleBtf,
    is_used: AtomicBool,
    /// Why the first kernel cannot have it.
    reason: Mutex<Option<String>>,
}

/// A list of symbols, or a configuration.
struct GivenText<T> {
    path: PathBuf,
    /// A hash of the content.
    digest: String,
    /// The release that the file's name states.
    release: Option<String>,
    content: T,
    is_used: AtomicBool,
}

impl Given {
    /// Reads the files that the arguments name.
    pub(super) fn read(arguments: &Check) -> Result<Self, Failure> {
        let module = |module| GivenModule {
            module,
            is_used: AtomicBool::new(false),
            reason: Mutex::new(None),
        };
        let modules = named_modules(&arguments.modules)?.into_iter().map(module).collect();
        let symbols = arguments.symbols.as_deref().map(|path| {
            let bytes = read_unpacked(path, MAX_SYMBOLS)?;
            let names = SymbolNames::parse(&bytes);
            let what = "symbols, which System.map and /proc/kallsyms list";
            GivenText::new(path, &bytes, what, names.is_empty(), names)
        });
        let config = arguments.config.as_deref().map(|path| {
            let bytes = read_unpacked(path, MAX_CONFIG)?;
            let config = Config::parse(&bytes);
            let what = "configuration of a kernel";
            GivenText::new(path, &bytes, what, config.is_empty(), config)
        });
        Ok(Self { modules, symbols: symbols.transpose()?, config: config.transpose()? })
    }

    /// Returns `true` if the user named nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.modules.is_empty() && self.symbols.is_none() && self.config.is_none()
    }

    /// Returns `true` if the user named modules.
    pub(super) fn has_modules(&self) -> bool {
        !self.modules.is_empty()
    }

    /// Returns the modules that were built for a kernel. If it is the only one, each must be.
    pub(super) fn modules(
        &self,
        kernel: &BtfFile,
        btf: &Btf<'_>,
        is_only: bool,
    ) -> Result<Vec<ModuleBtf>, Failure> {
        let mut fitting = Vec::new();
        for given in &self.modules {
            let module = given.module.for_another_kernel();
            match parse_module(&module, kernel, btf).map(drop) {
                Ok(()) => {
                    given.is_used.store(true, Ordering::Relaxed);
                    fitting.push(module);
                }
                Err(error) if is_only => return Err(error),
                Err(error) => {
                    let mut reason = given.reason.lock().unwrap_or_else(PoisonError::into_inner);
                    reason.get_or_insert(error.to_string());
                }
            }
        }
        Ok(fitting)
    }

    /// Returns the symbols of a kernel with a release, or of the only kernel.
    pub(super) fn symbols(&self, release: &str, is_only: bool) -> Option<&SymbolNames> {
        self.symbols.as_ref()?.of_kernel(release, is_only)
    }

    /// Returns the configuration of a kernel with a release, or of the only kernel.
    pub(super) fn config(&self, release: &str, is_only: bool) -> Option<&Config> {
        self.config.as_ref()?.of_kernel(release, is_only)
    }

    /// Describes all files for the report of a shard.
    pub(super) fn records(&self) -> Vec<GivenRecord> {
        let module = |GivenModule { module, is_used, reason }: &GivenModule| GivenRecord {
            option: MODULE.to_string(),
            path: Escaped(module.path().display()).to_string(),
            digest: stable_digest(module.as_bytes()),
            used: is_used.load(Ordering::Relaxed),
            reason: reason.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        };
        let symbols = self.symbols.iter().map(|text| text.record(SYMBOLS));
        let config = self.config.iter().map(|text| text.record(CONFIG));
        self.modules.iter().map(module).chain(symbols).chain(config).collect()
    }

    /// Returns an error if one of the files belongs to none of the kernels that were checked.
    pub(super) fn check_all_used(&self, kernels: usize) -> Result<(), Failure> {
        for GivenModule { module, is_used, reason } in &self.modules {
            if !is_used.load(Ordering::Relaxed) {
                let reason = reason.lock().unwrap_or_else(PoisonError::into_inner).take();
                return Err(of_none(MODULE, module.path(), kernels, reason));
            }
        }
        let symbols = self.symbols.as_ref().and_then(GivenText::unused);
        let config = self.config.as_ref().and_then(GivenText::unused);
        match symbols.map(|path| (SYMBOLS, path)).or(config.map(|path| (CONFIG, path))) {
            Some((option, path)) => Err(of_none(option, path, kernels, None)),
            None => Ok(()),
        }
    }
}

/// The names of options in reports.
const MODULE: &str = "module";
const SYMBOLS: &str = "symbols";
const CONFIG: &str = "config";

/// Returns the error that a file belongs to none of the kernels.
pub(super) fn of_none(
    option: &str,
    path: &Path,
    kernels: usize,
    reason: Option<String>,
) -> Failure {
    let path = path.to_path_buf();
    match option {
        MODULE => Failure::ModuleOfNone { path, kernels, reason: reason.unwrap_or_default() },
        SYMBOLS => Failure::ReleaseOfNone { path, kernels, example: "System.map-6.1.0-50-amd64" },
        _ => Failure::ReleaseOfNone { path, kernels, example: "config-6.1.0-50-amd64" },
    }
}

impl<T> GivenText<T> {
    fn record(&self, option: &str) -> GivenRecord {
        GivenRecord {
            option: option.to_string(),
            path: Escaped(self.path.display()).to_string(),
            digest: self.digest.clone(),
            used: self.is_used.load(Ordering::Relaxed),
            reason: None,
        }
    }

    fn new(
        path: &Path,
        bytes: &[u8],
        what: &'static str,
        is_empty: bool,
        content: T,
    ) -> Result<Self, Failure> {
        let digest = stable_digest(bytes);
        let path = path.to_path_buf();
        if is_empty {
            return Err(Failure::NothingIn { path, what });
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = ["System.map-", "config-", "kallsyms-"]
            .iter()
            .find_map(|prefix| name.strip_prefix(prefix))
            .unwrap_or(&name);
        let release = Release::find(name).map(|_| unpacked_name(name).to_string());
        Ok(Self { path, digest, release, content, is_used: AtomicBool::new(false) })
    }

    fn of_kernel(&self, release: &str, is_only: bool) -> Option<&T> {
        let is_named = || self.release.as_ref().is_some_and(|own| is_same(own, release));
        if !is_only && !is_named() {
            return None;
        }
        self.is_used.store(true, Ordering::Relaxed);
        Some(&self.content)
    }

    /// Returns the path, unless a kernel has used the file.
    fn unused(&self) -> Option<&Path> {
        (!self.is_used.load(Ordering::Relaxed)).then_some(&self.path)
    }
}

/// Returns `true` if two texts name the same release, as far as both name one: `6.1` and `amd64-6.1` do, and
/// `6.1.0-49-amd64` and `6.1.0-50-amd64` do not.
fn is_same(one: &str, other: &str) -> bool {
    let is_whole =
        |text: &str| text.starts_with(|first: char| first.is_ascii_digit()) && text.contains('-');
    if is_whole(one) && is_whole(other) {
        return one == other;
    }
    Release::find(one).is_some_and(|release| Release::find(other) == Some(release))
}

#[cfg(test)]
mod tests {
    use super::is_same;

    #[test]
    fn releases_are_compared_as_far_as_they_are_known() {
        for (one, other, expected) in [
            ("6.1.0-50-amd64", "6.1.0-50-amd64", true),
            ("6.1.0-49-amd64", "6.1.0-50-amd64", false),
            ("6.1", "amd64-6.1", true),
            ("6.1", "6.1.0-50-amd64", true),
            ("6.1", "amd64-6.12", false),
            ("6.1.5", "6.1", false),
            ("6.1", "vmlinux", false),
            ("vmlinux", "vmlinux", false),
        ] {
            assert_eq!(is_same(one, other), expected, "{one} {other}");
        }
    }
}
