//! Names of kernels and objects, from the paths of their files.
//!
//! The path of a target in an archive or image is `FILE!ENTRY`, or `FILE!PART@OFFSET`.

use std::{
    collections::HashMap,
    path::{Component, Path, PathBuf},
};

use core_reloc_targets::unpacked_name;

use crate::terminal::Escaped;

/// Returns the shortest unique label of each path: its last components, as many as are needed.
/// Identical paths are numbered.
pub(crate) fn labels(paths: impl Iterator<Item = String>) -> Vec<String> {
    let paths: Vec<String> = paths.map(|path| Escaped(path).to_string()).collect();
    let components: Vec<Vec<&str>> = paths.iter().map(|path| path.split('/').collect()).collect();
    let last = |path: &[&str], count: usize| path[path.len().saturating_sub(count)..].join("/");
    let mut counts = vec![1; paths.len()];
    let mut labels: Vec<String> = components.iter().map(|path| last(path, 1)).collect();
    loop {
        let mut is_longer = false;
        let duplicates = duplicates(&labels);
        for at in 0..labels.len() {
            if duplicates.contains_key(&labels[at]) && counts[at] < components[at].len() {
                counts[at] += 1;
                is_longer = true;
            }
        }
        if !is_longer {
            break;
        }
        labels = components.iter().zip(&counts).map(|(path, count)| last(path, *count)).collect();
    }
    let mut numbers = duplicates(&labels);
    for label in &mut labels {
        if let Some(number) = numbers.get_mut(label) {
            *number += 1;
            label.push_str(&format!(" ({number})"));
        }
    }
    labels
}

/// Returns the labels that occur more than once, each with a counter that starts at 0.
fn duplicates(labels: &[String]) -> HashMap<String, usize> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for label in labels {
        *counts.entry(label.clone()).or_default() += 1;
    }
    counts.retain(|_, count| *count > 1);
    counts.values_mut().for_each(|count| *count = 0);
    counts
}

/// Returns the name of a kernel, from the path of its BTF, with the folder or archive:
/// `boot/vmlinuz-6.1` for `boot/vmlinuz-6.1!payload(xz)@0x3a5b`, and
/// `kernels/6.1.btf.tar.xz/6.1` for `kernels/6.1.btf.tar.xz!6.1.btf`.
pub(crate) fn kernel_name(path: &str) -> String {
    let is_part = |inner: &str| inner.starts_with("payload") || inner.starts_with("btf@");
    let path = match path.rsplit_once('!') {
        Some((outer, inner)) if is_part(inner) => outer,
        _ => path,
    };
    let path = path.replace('!', "/");
    unpacked_name(&path).to_string()
}

/// Returns the path of a minimized target, relative to the output: the target's path below `root`, with
/// the extension `.btf`.
///
/// `vmlinuz-6.1!payload(xz)@0x3a5b` becomes `vmlinuz-6.1.btf`. A kernel in an archive keeps the name
/// that it has there: `debian/10/6.1.btf.tar.xz!6.1.btf` becomes `debian/10/6.1.btf`.
pub(crate) fn minimized_target(target: &Path, root: &Path) -> PathBuf {
    let text = target.to_string_lossy();
    let mut parts = text.split('!');
    let file = PathBuf::from(parts.next().unwrap_or_default());
    // A part of an image has an offset.
    let entry = parts.take_while(|part| !part.contains("@0x")).last();
    let folder = file.parent().and_then(|folder| folder.strip_prefix(root).ok());
    let name = entry.map_or(file.as_path(), Path::new).file_name();
    let name = name.map_or("kernel".into(), |name| name.to_string_lossy());
    let name = format!("{}.btf", unpacked_name(&name));
    // The path must not lead out of the output folder.
    let is_normal = |component: &Component<'_>| matches!(component, Component::Normal(_));
    let folder: PathBuf = folder.unwrap_or(Path::new("")).components().filter(is_normal).collect();
    folder.join(name)
}

/// Returns the path of a minimized module, beside its kernel: `6.1.nf_conntrack.btf`.
pub(crate) fn minimized_module(kernel: &Path, module: &str) -> PathBuf {
    kernel.with_extension(format!("{}.btf", module.replace('/', "_")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_short_and_unique() {
        let labels = |paths: &[&str]| labels(paths.iter().map(ToString::to_string));
        assert_eq!(labels(&["a/x.o", "b/y.o"]), ["x.o", "y.o"]);
        assert_eq!(labels(&["a/x.o", "b/x.o", "y.o"]), ["a/x.o", "b/x.o", "y.o"]);
        assert_eq!(labels(&["x.o", "b/x.o"]), ["x.o", "b/x.o"]);
        assert_eq!(labels(&["x.o", "x.o", "x.o"]), ["x.o (1)", "x.o (2)", "x.o (3)"]);
        assert_eq!(labels(&["a\tb\n.o"]), [r"a\tb\n.o"]);
    }

    #[test]
    fn kernel_names_have_no_packing() {
        for (path, expected) in [
            ("k/amd64-6.12.btf", "k/amd64-6.12"),
            ("vmlinuz-6.1!payload(xz)@0x3a5b", "vmlinuz-6.1"),
            ("k/Image.gz!btf@0x100", "k/Image"),
            (
                "k/5.4.0-26-generic.btf.tar.xz!5.4.0-26-generic.btf",
                "k/5.4.0-26-generic.btf.tar.xz/5.4.0-26-generic",
            ),
            ("vmlinux.zst", "vmlinux"),
            (".btf", ".btf"),
            ("k/.btf", "k/.btf"),
        ] {
            assert_eq!(kernel_name(path), expected);
        }
    }

    #[test]
    fn minimized_targets_keep_their_kernels_name_and_folder() {
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
            let name = minimized_target(Path::new(target), Path::new("/k"));
            assert_eq!(name, Path::new(expected));
        }
    }

    #[test]
    fn minimized_modules_are_beside_their_kernel() {
        let name = minimized_module(Path::new("a/6.1.0-18.btf"), "nf_conntrack");
        assert_eq!(name, Path::new("a/6.1.0-18.nf_conntrack.btf"));
    }
}
