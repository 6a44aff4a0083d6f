//! What minimised BTF is called.

use std::{
    ffi::OsStr,
    path::{Component, Path, PathBuf},
};

use core_reloc_targets::Compression;

/// Endings that say how BTF is packed, and not which kernel's it is.
fn is_packing(ending: &OsStr) -> bool {
    Compression::from_extension(ending).is_some() || ending == "tar" || ending == "btf"
}

/// The name of what a target is minimised to: that of the target, with the ending `.btf`, in the folder
/// where it was found below `root`.
///
/// `vmlinuz-6.1!payload(xz)@0x3a5b` becomes `vmlinuz-6.1.btf`, and what is in an archive is called as
/// it is there: `debian/10/6.1.btf.tar.xz!6.1.btf` becomes `debian/10/6.1.btf`.
pub(super) fn of_target(target: &Path, root: &Path) -> PathBuf {
    let text = target.to_string_lossy();
    let mut parts = text.split('!');
    let file = PathBuf::from(parts.next().unwrap_or_default());
    // Places in an image have an offset.
    let inner = parts.take_while(|part| !part.contains("@0x")).last();
    let folder = file.parent().and_then(|folder| folder.strip_prefix(root).ok());
    let last = inner.map_or(file.as_path(), Path::new).file_name();
    let mut name = last.map_or(PathBuf::from("kernel"), PathBuf::from);
    while let (Some(stem), true) = (name.file_stem(), name.extension().is_some_and(is_packing)) {
        name = PathBuf::from(stem);
    }
    name.as_mut_os_string().push(".btf");
    // Nothing leads out of the folder that is written.
    let plain = |part: &Component<'_>| matches!(part, Component::Normal(_));
    let folder: PathBuf = folder.unwrap_or(Path::new("")).components().filter(plain).collect();
    folder.join(name)
}

/// The name of what a module is minimised to, beside its kernel's: `6.1.nf_conntrack.btf`.
pub(super) fn of_module(kernel: &Path, module: &str) -> PathBuf {
    kernel.with_extension(format!("{}.btf", module.replace('/', "_")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_which_kernel_it_is() {
        for (target, expected) in [
            ("/k/6.1.btf", "6.1.btf"),
            ("/k/a/b/6.1.0-18-amd64.btf.zst", "a/b/6.1.0-18-amd64.btf"),
            ("/k/vmlinuz-6.1.0-18-amd64", "vmlinuz-6.1.0-18-amd64.btf"),
            ("/k/vmlinuz-6.1!payload(xz)@0x3a5b", "vmlinuz-6.1.btf"),
            ("/k/debian/6.1.btf.tar.xz!6.1.btf", "debian/6.1.btf"),
            ("/k/all.tar!deep/in/5.10.btf", "5.10.btf"),
            ("/k/all.tar!../../vmlinuz!payload(gzip)@0x10", "vmlinuz.btf"),
            ("/k/all.tar!..", "kernel.btf"),
            ("/elsewhere/6.1.btf", "6.1.btf"),
        ] {
            assert_eq!(of_target(Path::new(target), Path::new("/k")), Path::new(expected));
        }
    }

    #[test]
    fn modules_are_beside_their_kernel() {
        let name = of_module(Path::new("a/6.1.0-18.btf"), "nf_conntrack");
        assert_eq!(name, Path::new("a/6.1.0-18.nf_conntrack.btf"));
    }
}
