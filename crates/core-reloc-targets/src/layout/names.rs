//! What the names of files say about kernels and modules.

use std::{
    collections::BTreeSet,
    path::{Component, Path, PathBuf},
};

use crate::{Compression, files::module_name};

/// Returns the path of a kernel without the extensions that only say how BTF is packed.
pub(crate) fn stem(path: &Path) -> PathBuf {
    match path.file_name().and_then(|name| name.to_str()) {
        Some(name) => path.with_file_name(unpacked_name(name)),
        None => path.to_path_buf(),
    }
}

/// Strips the extensions of a name or path that only say how BTF is packed: `.btf`, `.tar` and those of
/// compressed files.
///
/// ```
/// use core_reloc_targets::unpacked_name;
///
/// assert_eq!(unpacked_name("5.4.0-26-generic.btf.tar.xz"), "5.4.0-26-generic");
/// assert_eq!(unpacked_name("kernels/vmlinux.zst"), "kernels/vmlinux");
/// assert_eq!(unpacked_name(".btf"), ".btf");
/// ```
pub fn unpacked_name(mut path: &str) -> &str {
    while let Some((stem, extension)) = path.rsplit_once('.') {
        let is_packing = ["btf", "tar"].contains(&extension)
            || Compression::from_extension(extension.as_ref()).is_some();
        let is_whole_name = stem.is_empty() || stem.ends_with('/');
        if !is_packing || is_whole_name {
            break;
        }
        path = stem;
    }
    path
}

/// Strips the extension of a compressed file.
pub(super) fn without_compression(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, extension)) if Compression::from_extension(extension.as_ref()).is_some() => {
            stem
        }
        _ => name,
    }
}

/// Returns the stem of the kernel that a module is named after, or that its folder is, and the name of the
/// module.
pub(super) fn named_after_kernel(
    module: &Path,
    kernels: &BTreeSet<PathBuf>,
) -> Option<(PathBuf, String)> {
    let folders = module.ancestors().skip(1);
    let mut folders = folders.filter(|folder| folder.extension().is_some_and(|it| it == "modules"));
    if let Some(kernel) = folders.find_map(|folder| kernels.get(&folder.with_extension(""))) {
        return Some((kernel.clone(), module_name(module)));
    }
    let name = module.file_name()?.to_str()?;
    if !without_compression(name).ends_with(".btf") {
        return None;
    }
    let name = unpacked_name(name);
    let mut dots = name.rmatch_indices('.');
    dots.find_map(|(at, _)| {
        let (kernel, name) = name.split_at_checked(at)?;
        let kernel = kernels.get(&module.with_file_name(kernel))?;
        let name = name.strip_prefix('.').filter(|name| !name.is_empty())?;
        Some((kernel.clone(), name.to_string()))
    })
}

/// Returns the release of the folder `modules/RELEASE` that a file is in.
pub(super) fn release_folder(path: &Path) -> Option<&str> {
    let mut names = path.parent()?.components().filter_map(|component| match component {
        Component::Normal(name) => name.to_str(),
        _ => None,
    });
    names.find(|name| *name == "modules")?;
    names.next().filter(|release| release.starts_with(|first: char| first.is_ascii_digit()))
}

/// Returns 0 for modules that replace others of the same name: depmod's default is to search `updates` first,
/// and distributions add `extra`.
pub(super) fn rank(module: &Path) -> usize {
    let is_in = |folder: &str| module.components().any(|component| component.as_os_str() == folder);
    if is_in("updates") {
        0
    } else if is_in("extra") {
        1
    } else {
        2
    }
}
