//! `core-reloc diff`.

mod json;
mod text;
mod wrap;

use std::{io::Write, path::PathBuf};

use btf_types::{Btf, Type};
use core_reloc::{Module, Target, elf::Object};
use core_reloc_sys::BtfFile;
use core_reloc_tools::{
    diff::{Diff, Differ},
    header::types_for_object,
};

use crate::{
    Completion,
    arguments::{self, Format},
    failure::Failure,
    inputs::{parse_object, read_objects},
    selection::{NotFound, find_named},
    target::{
        ModuleBtf, Opened, is_name, named_modules, parse, parse_module, parse_modules, validate,
    },
    terminal::{self, stdout},
};

pub(crate) fn run(arguments: &arguments::Diff) -> Result<Completion, Failure> {
    let objects = read_objects(&arguments.objects)?;
    let objects = objects.iter().map(|(path, bytes)| parse_object(path, bytes));
    let objects: Vec<Object<'_>> = objects.collect::<Result<_, _>>()?;
    let modules = &arguments.modules;
    let open = |path, kernel: &Option<String>| Opened::at(path, kernel.as_deref(), modules);
    let opened_old = open(&arguments.old, &arguments.old_kernel)
        .map_err(|error| error.with_hint("name one of them with --old-kernel"))?;
    let opened_new = open(&arguments.new, &arguments.new_kernel)
        .map_err(|error| error.with_hint("name one of them with --new-kernel"))?;
    let (old, new) = (opened_old.file(), opened_new.file());
    let (old_btf, new_btf) = (parse(old)?, parse(new)?);
    validate(old, &old_btf)?;
    validate(new, &new_btf)?;
    let (names, files): (Vec<_>, Vec<_>) =
        modules.iter().cloned().partition(|module| is_name(module));
    let for_old = named_modules(&files)?;
    let for_new: Vec<ModuleBtf> = for_old.iter().map(ModuleBtf::for_another_kernel).collect();
    let of_old = fitting(&for_old, old, &old_btf);
    let of_new = fitting(&for_new, new, &new_btf);
    let (mut of_old, mut of_new) = of_each(&for_old, of_old, of_new)?;
    let (own_old, own_new) = own_modules(&names, &opened_old, &opened_new)?;
    of_old.extend(parse_modules(&own_old, old, &old_btf)?);
    of_new.extend(parse_modules(&own_new, new, &new_btf)?);
    let old_target = target(&old_btf, &of_old);
    let new_target = target(&new_btf, &of_new);

    let (diff, selected) = compare(arguments, &objects, &old_target, &new_target);
    if diff.is_cut {
        terminal::warning(
            "the types are too large to compare them all; the result is not complete",
        );
    }
    let mut out = stdout().in_format(arguments.format.format);
    match arguments.format.format {
        Format::Text => text::print(old, new, &diff, arguments.all, &mut out)?,
        Format::Json => json::print(old, new, &diff, &mut out)?,
    }
    out.flush()?;
    let is_same = diff.types.is_empty() && !diff.is_cut;
    let compared = if is_same { Completion::Success } else { Completion::Negative };
    Ok(compared.and(selected))
}

/// Compares the types that the arguments select. Names that neither kernel has are errors.
fn compare(
    arguments: &arguments::Diff,
    objects: &[Object<'_>],
    old: &Target<'_>,
    new: &Target<'_>,
) -> (Diff, Completion) {
    let differ = Differ::new(old, new);
    if arguments.types.is_empty() && objects.is_empty() {
        return (differ.whole(), Completion::Success);
    }
    let (mut of_old, mut of_new) = (Vec::new(), Vec::new());
    for object in objects {
        of_old.extend(types_for_object(object, old));
        of_new.extend(types_for_object(object, new));
    }
    let mut selected = Completion::Success;
    for name in &arguments.types {
        let (found_old, found_new) = (named(old, name), named(new, name));
        if found_old.is_empty() && found_new.is_empty() {
            terminal::error(NotFound::new(name, new));
            selected = Completion::Negative;
        }
        of_old.extend(found_old);
        of_new.extend(found_new);
    }
    (differ.of(&of_old, &of_new), selected)
}

/// Finds the types of a kernel and its modules with a name.
fn named<'a>(target: &Target<'a>, name: &str) -> Vec<Type<'a>> {
    let modules = target.modules().iter().map(|module| module.btf);
    let all = std::iter::once(target.main()).chain(modules);
    all.flat_map(|btf| find_named(btf, name)).collect()
}

fn target<'a>(btf: &'a Btf<'a>, modules: &'a [(&'a str, Btf<'a>)]) -> Target<'a> {
    Target::new(btf).with_modules(modules.iter().map(|(name, btf)| Module { name, btf }))
}

/// Parses modules on a kernel; each gives an error if it was built for another one.
fn fitting<'a>(
    modules: &'a [ModuleBtf],
    kernel: &BtfFile,
    btf: &'a Btf<'a>,
) -> Vec<Result<Btf<'a>, Failure>> {
    modules.iter().map(|module| parse_module(module, kernel, btf)).collect()
}

/// Opens the modules with some names that were found with each of two kernels.
///
/// # Errors
/// Neither kernel has a module.
fn own_modules(
    names: &[PathBuf],
    old: &Opened,
    new: &Opened,
) -> Result<(Vec<ModuleBtf>, Vec<ModuleBtf>), Failure> {
    let (mut olds, mut news) = (Vec::new(), Vec::new());
    for name in names {
        let (of_old, of_new) = (old.module(name)?, new.module(name)?);
        if of_old.is_none() && of_new.is_none() {
            return Err(new.no_such_module(name));
        }
        olds.extend(of_old);
        news.extend(of_new);
    }
    Ok((olds, news))
}

/// The modules of a kernel, with their names.
type Modules<'a> = Vec<(&'a str, Btf<'a>)>;

/// Returns the modules of each of two kernels.
///
/// # Errors
/// A module fits neither.
fn of_each<'a>(
    modules: &'a [ModuleBtf],
    of_old: Vec<Result<Btf<'a>, Failure>>,
    of_new: Vec<Result<Btf<'a>, Failure>>,
) -> Result<(Modules<'a>, Modules<'a>), Failure> {
    let (mut olds, mut news) = (Vec::new(), Vec::new());
    for ((module, old), new) in modules.iter().zip(of_old).zip(of_new) {
        match (old, new) {
            (Err(reason), Err(_)) => {
                let (path, reason) = (module.path().to_path_buf(), reason.to_string());
                return Err(Failure::ModuleOfNone { path, kernels: 2, reason });
            }
            (old, new) => {
                olds.extend(old.ok().map(|btf| (module.name(), btf)));
                news.extend(new.ok().map(|btf| (module.name(), btf)));
            }
        }
    }
    Ok((olds, news))
}
