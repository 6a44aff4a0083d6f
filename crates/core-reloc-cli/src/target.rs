//! Opening targets: the running kernel with its modules, or the files that the user names.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use btf_types::{Btf, Header};
use core_reloc::{Module, Target, elf::Object};
use core_reloc_sys::{BtfFile, FileError, FileProblem, Kernel};
use core_reloc_targets::{Found, module_name};

use crate::{
    Completion,
    arguments::TargetArguments,
    failure::{Failure, OtherBuild},
    inputs::{self, open_target},
    kept::kept,
    terminal::{self, Escaped},
};

/// Opens an object's target and calls `use_it` with it. `kernel` is the running kernel.
///
/// The target's types are not validated: relocating checks each reference that it follows. The running
/// kernel's modules are read only if the object asks for types that the kernel itself lacks; a module
/// that cannot be read is skipped with a warning.
pub(crate) fn with_target<T>(
    arguments: &TargetArguments,
    kernel: &Kernel,
    object: &Object<'_>,
    use_it: impl FnOnce(&Target<'_>) -> T,
) -> Result<T, Failure> {
    let main = kept(open(arguments.target.as_deref(), kernel)?);
    let btf = kept(parse(main)?);
    if btf.byte_order() != object.byte_order() {
        terminal::warning(format_args!(
            "{} is {}, but the object is {}; this kernel cannot run it",
            main.path().display(),
            btf.byte_order(),
            object.byte_order(),
        ));
    }

    let target = Target::new(btf);
    let needs_modules = || arguments.target.is_none() && object.needs_modules(&target);
    let files = kept(module_files(&arguments.modules, kernel, needs_modules)?);
    let modules = kept(parse_modules(files, main, btf)?);
    let modules = modules.iter().map(|(name, btf)| Module { name, btf });
    Ok(use_it(kept(target.with_modules(modules))))
}

/// Opens a target, validated, and calls `use_it` with its types and its modules' types. Without named
/// modules, the running kernel's are used if it is the target and `is_missing` returns `true` for it.
pub(crate) fn with_types<T>(
    arguments: &TargetArguments,
    kernel: &Kernel,
    is_missing: impl FnOnce(&Btf<'_>) -> bool,
    use_it: impl FnOnce(&Btf<'_>, &[(&str, Btf<'_>)]) -> T,
) -> Result<T, Failure> {
    let file = kept(open(arguments.target.as_deref(), kernel)?);
    let btf = kept(parse(file)?);
    if arguments.target.is_some() {
        validate(file, btf)?;
    }
    let needs_modules = || arguments.target.is_none() && is_missing(btf);
    let files = kept(module_files(&arguments.modules, kernel, needs_modules)?);
    let modules = kept(parse_modules(files, file, btf)?);
    let inline_files = inline_site_files(&arguments.modules)?;
    let inline_sites = parse_inline_sites(&inline_files, btf, modules)?;
    let all: Vec<_> = modules.iter().cloned().chain(inline_sites).collect();
    Ok(use_it(btf, &all))
}

/// Opens one kernel: that of a file, or the only one in a folder.
pub(crate) fn open_kernel(path: &Path) -> Result<BtfFile, Failure> {
    if !path.is_dir() {
        return Ok(open_target(path)?);
    }
    let mut only = None;
    for kernel in inputs::kernels(path) {
        let Found::Kernel(kernel) = kernel? else { continue };
        if only.is_some() {
            let (folder, example) = (path.to_path_buf(), kernel.file().path().to_path_buf());
            return Err(Failure::SeveralKernels { folder, example });
        }
        only = Some(kernel.into_file());
    }
    only.ok_or_else(|| Failure::NoTarget(path.to_path_buf()))
}

/// Parses a target, which must not be split BTF.
pub(crate) fn parse(file: &BtfFile) -> Result<Btf<'_>, Failure> {
    if file.is_split() {
        return Err(Failure::SplitTarget(file.path().to_path_buf()));
    }
    Ok(file.parse()?)
}

/// Calls `use_it` with the path and the types, validated, of each kernel in a file or folder. Adds those
/// that cannot be read to `unreadable`, or that there are none.
pub(crate) fn with_each_btf(
    path: &Path,
    unreadable: &mut Unreadable,
    mut use_it: impl FnMut(&Path, &Btf<'_>),
) {
    let mut skipped = SkippedFiles::default();
    let mut is_empty = true;
    let mut with_kernel = |file: &BtfFile| -> Result<(), Failure> {
        let btf = parse(file)?;
        validate(file, &btf)?;
        use_it(file.path(), &btf);
        Ok(())
    };
    for kernel in inputs::kernels(path) {
        let result = match kernel {
            Ok(Found::Other(error)) => {
                skipped.add(error.to_string());
                continue;
            }
            Ok(Found::Kernel(kernel)) => with_kernel(kernel.file()),
            Err(error) => Err(error.into()),
        };
        is_empty = false;
        if let Err(error) = result {
            unreadable.add(error);
        }
    }
    skipped.warn(path);
    if is_empty {
        unreadable.add(Failure::NoTarget(path.to_path_buf()));
    }
}

/// Targets that cannot be read. The others are used all the same.
#[derive(Debug, Default)]
pub(crate) struct Unreadable(Vec<Failure>);

impl Unreadable {
    pub(crate) fn add(&mut self, error: impl Into<Failure>) {
        self.0.push(error.into());
    }

    pub(crate) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Returns the errors.
    pub(crate) fn errors(&self) -> impl Iterator<Item = &Failure> {
        self.0.iter()
    }

    /// Returns the errors as text.
    pub(crate) fn messages(&self) -> Vec<String> {
        self.0.iter().map(|error| Escaped(error).to_string()).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Prints the errors, and returns the result for a number of targets that were read.
    ///
    /// # Errors
    /// Returns an error if none was read: the only one, if there is one.
    pub(crate) fn report(mut self, read: usize) -> Result<Completion, Failure> {
        let failed = self.0.len();
        if failed == 0 {
            return Ok(Completion::Success);
        }
        if read == 0 && failed == 1 {
            return self.0.pop().map_or(Ok(Completion::Success), Err);
        }
        self.0.iter().for_each(terminal::error);
        let summary = Failure::Targets { failed, total: failed + read };
        if read == 0 {
            return Err(summary);
        }
        terminal::error(summary);
        Ok(Completion::Negative)
    }
}

/// Files of a folder or archive that are not kernels.
#[derive(Debug, Default)]
pub(crate) struct SkippedFiles {
    count: usize,
    /// What the first one is instead.
    first: Option<String>,
}

impl SkippedFiles {
    /// Returns a number of files, the first of which is something else.
    pub(crate) fn of(count: usize, first: String) -> Self {
        Self { count, first: Some(first) }
    }

    /// Returns the number of files.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Returns what the first one is instead.
    pub(crate) fn first(&self) -> Option<&str> {
        self.first.as_deref()
    }

    pub(crate) fn add(&mut self, what: String) {
        self.count += 1;
        self.first.get_or_insert(what);
    }

    pub(crate) fn extend(&mut self, others: Self) {
        self.count += others.count;
        self.first = self.first.take().or(others.first);
    }

    /// Prints one warning about all of them.
    pub(crate) fn warn(&self, path: &Path) {
        let Some(first) = &self.first else { return };
        let path = path.display();
        match self.count {
            1 => terminal::warning(format_args!(
                "{path}: skipped a file that is not a kernel: {first}"
            )),
            count => terminal::warning(format_args!(
                "{path}: skipped {count} files that are not kernels, first: {first}"
            )),
        }
    }
}

/// Opens the target at a path, or the running kernel's BTF.
fn open(path: Option<&Path>, kernel: &Kernel) -> Result<BtfFile, Failure> {
    Ok(match path {
        Some(path) => open_target(path)?,
        None => kernel.btf()?,
    })
}

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

    fn named(name: String, file: BtfFile) -> Self {
        Self { name, file: Arc::new(file), relocated: OnceLock::new(), is_named: true }
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

/// Opens the named modules, or the kernel's own modules if none are named and they are needed.
fn module_files(
    named: &[PathBuf],
    kernel: &Kernel,
    needs_modules: impl FnOnce() -> bool,
) -> Result<Vec<ModuleBtf>, Failure> {
    if !named.is_empty() {
        named_modules(named)
    } else if needs_modules() {
        kernel_modules(kernel)
    } else {
        Ok(Vec::new())
    }
}

/// Returns `true` for a file with the inline sites of a kernel or module, such as `vmlinux.inline`: split BTF
/// on that.
fn has_inline_sites(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "inline")
}

/// Opens the files with inline sites among the modules that the user named.
fn inline_site_files(named: &[PathBuf]) -> Result<Vec<BtfFile>, Failure> {
    let paths = named.iter().filter(|path| has_inline_sites(path));
    paths.map(|path| Ok(open_target(path)?)).collect()
}

/// Parses files with inline sites, each on the kernel or module that it belongs to.
fn parse_inline_sites<'a>(
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

/// Opens the modules that the user named. Files with inline sites are left out: they have no types that a
/// relocation asks for.
pub(crate) fn named_modules(paths: &[PathBuf]) -> Result<Vec<ModuleBtf>, Failure> {
    let open = |path: &Path| {
        let file = open_target(path)?;
        // A damaged file gets a more precise error later, and split BTF is not valid by itself.
        let is_complete = |btf: Btf<'_>| btf.validate().is_ok();
        if !file.is_split() && file.parse().is_ok_and(is_complete) {
            return Err(Failure::NotSplit(file.path().to_path_buf()));
        }
        Ok(ModuleBtf::named(module_name(path), file))
    };
    paths.iter().filter(|path| !has_inline_sites(path)).map(|path| open(path)).collect()
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

/// Validates the BTF of a file, which is untrusted. The running kernel has validated its own.
pub(crate) fn validate<'a>(file: &BtfFile, btf: &'a Btf<'a>) -> Result<(), FileError> {
    btf.validate().map_err(|error| file.error(error))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    fn fixture(name: &str) -> Vec<u8> {
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name)).unwrap()
    }

    /// Returns a kernel with three modules, one of which is broken.
    fn kernel() -> (TempDir, Kernel) {
        let root = tempfile::tempdir().unwrap();
        let shown = root.path().join("sys/kernel/btf");
        fs::create_dir_all(&shown).unwrap();
        for (name, bytes) in [
            ("vmlinux", fixture("btf/modular.le.btf")),
            ("stats", fixture("btf/modular.le.stats.btf")),
            ("other", fixture("btf/modular.le.other.btf")),
            ("broken", b"not BTF".to_vec()),
        ] {
            fs::write(shown.join(name), bytes).unwrap();
        }
        let kernel = Kernel::at(root.path(), "6.1.0-test");
        (root, kernel)
    }

    /// Returns the names of the modules in an object's target.
    fn modules_for(object: &str, arguments: &TargetArguments) -> Vec<String> {
        let (_root, kernel) = kernel();
        let bytes = fixture(object);
        let object = Object::parse(&bytes).unwrap();
        with_target(arguments, &kernel, &object, |target| {
            target.modules().iter().map(|module| module.name.to_string()).collect()
        })
        .unwrap()
    }

    #[test]
    fn the_running_kernels_modules_are_read_if_a_root_type_is_missing() {
        let arguments = TargetArguments { target: None, modules: Vec::new() };
        assert_eq!(modules_for("objects/module.bpfel.o", &arguments), ["other", "stats"]);
        assert!(modules_for("objects/bitfields.bpfel.o", &arguments).is_empty());
    }

    #[test]
    fn named_modules_replace_the_running_kernels() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/btf");
        let modules = vec![fixtures.join("modular.le.stats.btf")];
        let arguments = TargetArguments { target: None, modules };
        assert_eq!(modules_for("objects/module.bpfel.o", &arguments), ["modular.le.stats"]);
        assert_eq!(modules_for("objects/bitfields.bpfel.o", &arguments), ["modular.le.stats"]);
    }
}
