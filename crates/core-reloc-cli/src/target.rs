//! Opening the target: the running kernel with its modules, or the files that were named.

use std::path::{Path, PathBuf};

use btf_types::Btf;
use core_reloc::{Module, Target, elf::Object};
use core_reloc_sys::{BtfFile, FileError, Kernel};
use core_reloc_targets::{self as targets, Found, Kernels, Limits, module_name};

use crate::{arguments::TargetArguments, failure::Failure, message};

/// Gives an object's target to `use_it`. `kernel` is the running one.
///
/// What a target's types refer to is checked where it is followed: nothing else matters to the object.
/// The running kernel's modules are read only if the object asks for types that the kernel itself does
/// not have, and those that cannot be read are left out, with a warning.
pub(crate) fn with_target<T>(
    arguments: &TargetArguments,
    kernel: &Kernel,
    object: &Object<'_>,
    use_it: impl FnOnce(&Target<'_>) -> T,
) -> Result<T, Failure> {
    let main = open(arguments.target.as_deref(), kernel)?;
    let btf = parse(&main)?;
    if btf.byte_order() != object.byte_order() {
        message::warning(format_args!(
            "{} is {}, the object is {}: a kernel of that sort cannot run it",
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

/// Gives the types in a file, or the running kernel's, to `use_it`, and those of modules: the ones
/// that were named, or the running kernel's if `is_missing` says that something is missing.
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

/// Parses a target, which stands alone.
fn parse(file: &BtfFile) -> Result<Btf<'_>, Failure> {
    if file.is_split() {
        return Err(Failure::SplitTarget(file.path().to_path_buf()));
    }
    Ok(file.parse()?)
}

/// Gives the types of each kernel in a file or folder to `use_it`, with what the kernel is called.
pub(crate) fn with_each_btf(
    path: &Path,
    mut use_it: impl FnMut(&Path, &Btf<'_>),
) -> Result<(), Failure> {
    let mut passed_over = PassedOver::default();
    let mut found = false;
    for kernel in Kernels::new(path, Limits::default()) {
        match kernel? {
            Found::Other(error) => passed_over.add(error.to_string()),
            Found::Kernel(file) => {
                let btf = parse(&file)?;
                validate(&file, &btf)?;
                use_it(file.path(), &btf);
                found = true;
            }
        }
    }
    passed_over.warn(path);
    if found { Ok(()) } else { Err(Failure::NoTarget(path.to_path_buf())) }
}

/// Files in a folder or archive that are no kernels.
#[derive(Debug, Default)]
pub(crate) struct PassedOver {
    count: usize,
    first: Option<String>,
}

impl PassedOver {
    pub(crate) fn add(&mut self, what: String) {
        self.count += 1;
        self.first.get_or_insert(what);
    }

    pub(crate) fn extend(&mut self, others: Self) {
        self.count += others.count;
        self.first = self.first.take().or(others.first);
    }

    /// Says in one line what was passed over, if anything was.
    pub(crate) fn warn(&self, path: &Path) {
        let Some(first) = &self.first else { return };
        let path = path.display();
        let others = match self.count {
            1 => String::new(),
            count => format!("; and {} more", count - 1),
        };
        message::warning(format_args!("{path}: passed over what is no kernel: {first}{others}"));
    }
}

/// Opens a target that was named, or the running kernel's BTF.
fn open(path: Option<&Path>, kernel: &Kernel) -> Result<BtfFile, Failure> {
    Ok(match path {
        Some(path) => targets::open(path, Limits::default())?,
        None => kernel.btf()?,
    })
}

/// The BTF of a module.
pub(crate) struct ModuleBtf {
    name: String,
    file: BtfFile,
    /// Whether the user named it, and so wants to know when it will not do.
    is_named: bool,
}

impl ModuleBtf {
    /// Where it comes from.
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }
}

/// The modules that were named; or, if the kernel's own are needed, those.
fn module_files(
    named: &[PathBuf],
    kernel: &Kernel,
    needs_modules: impl FnOnce() -> bool,
) -> Result<Vec<ModuleBtf>, Failure> {
    if !named.is_empty() {
        named_modules(named)
    } else if needs_modules() {
        modules_of(kernel)
    } else {
        Ok(Vec::new())
    }
}

/// Opens the modules that were named.
pub(crate) fn named_modules(paths: &[PathBuf]) -> Result<Vec<ModuleBtf>, Failure> {
    let open = |path: &Path| {
        let file = targets::open(path, Limits::default())?;
        // What is damaged has an error of its own.
        if !file.is_split() && file.parse().is_ok() {
            return Err(Failure::NotSplit(file.path().to_path_buf()));
        }
        Ok(ModuleBtf { name: module_name(path), file, is_named: true })
    };
    paths.iter().map(|path| open(path)).collect()
}

pub(crate) fn modules_of(kernel: &Kernel) -> Result<Vec<ModuleBtf>, Failure> {
    let mut modules = Vec::new();
    for module in kernel.modules()? {
        let name = module.name().to_string();
        match module.open() {
            Ok(file) => modules.push(ModuleBtf { name, file, is_named: false }),
            Err(error) => left_out(&error),
        }
    }
    Ok(modules)
}

/// Parses the modules' BTF on their kernel's.
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
                    // The least that tells a module of another kernel: it refers to what is not there.
                    validate(file, &btf)?;
                }
                parsed.push((name.as_str(), btf));
            }
            Err(error) if *is_named => return Err(error.into()),
            Err(error) => left_out(&error),
        }
    }
    Ok(parsed)
}

fn left_out(error: &FileError) {
    message::warning(format_args!("{error}; the module is left out"));
}

/// Checks what reading does not need. The kernel has done so before it shows its types; files come
/// from anywhere.
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

    /// A running kernel with three modules, one of which is broken.
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

    /// The names of the modules that an object's target has.
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
    fn modules_that_are_named_take_their_place() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/btf");
        let modules = vec![fixtures.join("modular.le.stats.btf")];
        let arguments = TargetArguments { target: None, modules };
        assert_eq!(modules_for("objects/module.bpfel.o", &arguments), ["modular.le.stats"]);
        assert_eq!(modules_for("objects/bitfields.bpfel.o", &arguments), ["modular.le.stats"]);
    }
}
