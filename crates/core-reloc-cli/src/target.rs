//! Opening targets: the running kernel with its modules, or the files that the user names.

mod modules;
mod opened;
mod unreadable;

use std::path::Path;

use btf_types::Btf;
use core_reloc::{Module, Target, elf::Object};
use core_reloc_sys::{BtfFile, FileError, Kernel};
use core_reloc_targets::Found;

use self::modules::{inline_site_files, parse_inline_sites};
pub(crate) use self::{
    modules::{ModuleBtf, is_name, kernel_modules, named_modules, parse_module, parse_modules},
    opened::Opened,
    unreadable::{SkippedFiles, Unreadable},
};
use crate::{arguments::TargetArguments, failure::Failure, inputs, kept::kept, terminal};

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
    let opened = kept(Opened::of(arguments, kernel)?);
    let main = opened.file();
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
    let needs_modules = || object.needs_modules(&target);
    let files = kept(opened.named_or_running(&arguments.modules, needs_modules)?);
    let modules = kept(parse_modules(files, main, btf)?);
    let modules = modules.iter().map(|(name, btf)| Module { name, btf });
    Ok(use_it(kept(target.with_modules(modules))))
}

/// Opens a target, validated, and calls `use_it` with its file, its types and its modules' types. Without named
/// modules, the running kernel's are used if it is the target and `is_missing` returns `true` for it.
pub(crate) fn with_types<T>(
    arguments: &TargetArguments,
    kernel: &Kernel,
    is_missing: impl FnOnce(&Btf<'_>) -> bool,
    use_it: impl FnOnce(&BtfFile, &Btf<'_>, &[(&str, Btf<'_>)]) -> T,
) -> Result<T, Failure> {
    let opened = kept(Opened::of(arguments, kernel)?);
    let file = opened.file();
    let btf = kept(parse(file)?);
    if arguments.target.is_some() {
        validate(file, btf)?;
    }
    let files = kept(opened.named_or_running(&arguments.modules, || is_missing(btf))?);
    let modules = kept(parse_modules(files, file, btf)?);
    let inline_files = inline_site_files(&arguments.modules)?;
    let inline_sites = parse_inline_sites(&inline_files, btf, modules)?;
    let all: Vec<_> = modules.iter().cloned().chain(inline_sites).collect();
    Ok(use_it(file, btf, &all))
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
/// Validates the BTF of a file, which is untrusted. The running kernel has validated its own.
pub(crate) fn validate<'a>(file: &BtfFile, btf: &'a Btf<'a>) -> Result<(), FileError> {
    btf.validate().map_err(|error| file.error(error))
}
#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

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
        let arguments = TargetArguments { target: None, kernel: None, modules: Vec::new() };
        assert_eq!(modules_for("objects/module.bpfel.o", &arguments), ["other", "stats"]);
        assert!(modules_for("objects/bitfields.bpfel.o", &arguments).is_empty());
    }

    #[test]
    fn named_modules_replace_the_running_kernels() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/btf");
        let modules = vec![fixtures.join("modular.le.stats.btf")];
        let arguments = TargetArguments { target: None, kernel: None, modules };
        assert_eq!(modules_for("objects/module.bpfel.o", &arguments), ["modular.le.stats"]);
        assert_eq!(modules_for("objects/bitfields.bpfel.o", &arguments), ["modular.le.stats"]);
    }
}
