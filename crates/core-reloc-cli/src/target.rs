//! Opening targets: the running kernel with its modules, or the files that the user names.

use std::path::{Path, PathBuf};

use btf_types::Btf;
use core_reloc::{Module, Target, elf::Object};
use core_reloc_sys::{BtfFile, FileError, Kernel};
use core_reloc_targets::{Found, module_name};

use crate::{
    Completion,
    arguments::TargetArguments,
    failure::Failure,
    inputs::{self, open_target},
    terminal,
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
    let main = open(arguments.target.as_deref(), kernel)?;
    let btf = parse(&main)?;
    if btf.byte_order() != object.byte_order() {
        terminal::warning(format_args!(
            "{} is {}, but the object is {}; this kernel cannot run it",
            main.path().display(),
            btf.byte_order(),
            object.byte_order(),
        ));
    }

    let target = Target::new(&btf);
    let needs_modules = || arguments.target.is_none() && object.needs_modules(&target);
    let files = module_files(&arguments.modules, kernel, needs_modules)?;
    let modules = parse_modules(&files, &btf)?;
    let modules = modules.iter().map(|(name, btf)| Module { name, btf });
    Ok(use_it(&target.with_modules(modules)))
}

/// Opens a target, validated, and calls `use_it` with its types and its modules' types. Without named
/// modules, the running kernel's are used if it is the target and `is_missing` returns `true` for it.
pub(crate) fn with_types<T>(
    arguments: &TargetArguments,
    kernel: &Kernel,
    is_missing: impl FnOnce(&Btf<'_>) -> bool,
    use_it: impl FnOnce(&Btf<'_>, &[(&str, Btf<'_>)]) -> T,
) -> Result<T, Failure> {
    let file = open(arguments.target.as_deref(), kernel)?;
    let btf = parse(&file)?;
    if arguments.target.is_some() {
        validate(&file, &btf)?;
    }
    let needs_modules = || arguments.target.is_none() && is_missing(&btf);
    let files = module_files(&arguments.modules, kernel, needs_modules)?;
    let modules = parse_modules(&files, &btf)?;
    Ok(use_it(&btf, &modules))
}

/// Parses a target, which must not be split BTF.
fn parse(file: &BtfFile) -> Result<Btf<'_>, Failure> {
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
            Ok(Found::Kernel(file)) => with_kernel(&file),
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
    file: BtfFile,
    /// The user named it, so that an unusable module is an error.
    is_named: bool,
}

impl ModuleBtf {
    /// Returns the path of its file.
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
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

/// Opens the modules that the user named.
pub(crate) fn named_modules(paths: &[PathBuf]) -> Result<Vec<ModuleBtf>, Failure> {
    let open = |path: &Path| {
        let file = open_target(path)?;
        // A damaged file gets a more precise error later.
        if !file.is_split() && file.parse().is_ok() {
            return Err(Failure::NotSplit(file.path().to_path_buf()));
        }
        Ok(ModuleBtf { name: module_name(path), file, is_named: true })
    };
    paths.iter().map(|path| open(path)).collect()
}

/// Opens the running kernel's modules. Those that cannot be read are skipped with a warning.
pub(crate) fn kernel_modules(kernel: &Kernel) -> Result<Vec<ModuleBtf>, Failure> {
    let mut modules = Vec::new();
    for module in kernel.modules()? {
        let name = module.name().to_string();
        match module.open() {
            Ok(file) => modules.push(ModuleBtf { name, file, is_named: false }),
            Err(error) => warn_of_module(&error),
        }
    }
    Ok(modules)
}

/// Parses the modules' split BTF on their kernel's BTF.
pub(crate) fn parse_modules<'a>(
    modules: &'a [ModuleBtf],
    base: &'a Btf<'a>,
) -> Result<Vec<(&'a str, Btf<'a>)>, Failure> {
    let mut parsed = Vec::new();
    for ModuleBtf { name, file, is_named } in modules {
        match file.parse_split(base) {
            Ok(btf) => {
                if *is_named {
                    let [module, kernel] = [&btf, base].map(Btf::byte_order);
                    if module != kernel {
                        let path = file.path().to_path_buf();
                        return Err(Failure::ModuleByteOrder { path, module, kernel });
                    }
                    // A module of another kernel refers to types or names that do not exist.
                    validate(file, &btf)?;
                }
                parsed.push((name.as_str(), btf));
            }
            Err(error) if *is_named => return Err(error.into()),
            Err(error) => warn_of_module(&error),
        }
    }
    Ok(parsed)
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
