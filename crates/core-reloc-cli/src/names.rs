//! Names of kernels and objects, from the paths of their files.
//!
//! The path of a target in an archive or image is `FILE!ENTRY`, or `FILE!PART@OFFSET`.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use core_reloc_targets::{KernelName, KernelPath, unpacked_name};

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

/// Sorts kernels by the versions that their names state, and labels each. `path_of` returns the path of a
/// kernel's BTF.
pub(crate) fn by_version<T>(kernels: Vec<T>, path_of: impl Fn(&T) -> String) -> Vec<(String, T)> {
    let labels = labels(kernels.iter().map(|kernel| kernel_name(&path_of(kernel))));
    let mut labeled: Vec<(String, T)> = labels.into_iter().zip(kernels).collect();
    // Those of one name keep their order.
    labeled.sort_by(|(one, _), (other, _)| KernelName::new(one).cmp(&KernelName::new(other)));
    labeled
}

/// Returns the path of the folder that has a kernel, below `root` or within its archive: `ubuntu/20.04` for
/// `archive/ubuntu/20.04/5.4.btf.tar.xz!5.4.btf` in `archive`.
pub(crate) fn kernel_folder(path: &str, root: &Path) -> String {
    let path = KernelPath::found_in(Path::new(path), root);
    let names = path.folders().iter().map(|name| Escaped(name).to_string());
    names.collect::<Vec<_>>().join("/")
}

/// Returns the path of a minimized target, relative to the output: the target's path below `root`, with
/// the extension `.btf`.
///
/// `vmlinuz-6.1!payload(xz)@0x3a5b` becomes `vmlinuz-6.1.btf`. A kernel in an archive keeps the folder and the
/// name that it has there: `debian/10/6.1.btf.tar.xz!6.1.btf` becomes `debian/10/6.1.btf`.
pub(crate) fn minimized_target(target: &Path, root: &Path) -> PathBuf {
    format!("{}.btf", KernelPath::found_in(target, root)).into()
}

/// Returns the path of a minimized module, beside its kernel: `6.1.nf_conntrack.btf`.
pub(crate) fn minimized_module(kernel: &Path, module: &str) -> PathBuf {
    kernel.with_extension(format!("{}.btf", module.replace('/', "_")))
}

/// Returns `true` if a pattern, in which `*` stands for any bytes and `?` for one, matches a name.
pub(crate) fn glob_matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    // After the last asterisk: where the pattern goes on, and what of the name the asterisk takes.
    let mut retry = None;
    while from < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                at += 1;
                retry = Some((at, from));
            }
            Some(byte) if *byte == b'?' || *byte == name[from] => {
                at += 1;
                from += 1;
            }
            _ => {
                let Some((after, taken)) = retry else { return false };
                (at, from) = (after, taken + 1);
                retry = Some((after, taken + 1));
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
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
    fn asterisks_stand_for_any_bytes() {
        for (pattern, name, expected) in [
            ("task_*", "task_struct", true),
            ("task_*", "task", false),
            ("*", "", true),
            ("*_ops", "file_ops_ops", true),
            ("*_ops", "file_opsx", false),
            ("a*b*c", "a_b_b_c", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("", "a", false),
        ] {
            assert_eq!(glob_matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern}");
        }
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
    fn folders_of_kernels_start_where_the_user_says() {
        for (path, expected) in [
            ("k/6.1.btf", ""),
            ("k/debian/12/x86_64/6.1.btf.tar.xz!6.1.btf", "debian/12/x86_64"),
            ("k/all.tar.xz!ubuntu/20.04/5.4.btf", "ubuntu/20.04"),
            ("k/old/all.tar!./4.19.btf", "old"),
            ("k/a/vmlinuz-6.1!payload(xz)@0x3a5b", "a"),
            ("elsewhere/a/6.1.btf", ""),
        ] {
            assert_eq!(kernel_folder(path, Path::new("k")), expected, "{path}");
        }
    }

    #[test]
    fn kernels_are_labeled_in_the_order_of_their_versions() {
        let sorted = |paths: &[&str]| -> Vec<(String, String)> {
            by_version(paths.iter().map(ToString::to_string).collect(), String::clone)
        };
        let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(label, path)| (label.to_string(), path.to_string())).collect()
        };
        assert_eq!(
            sorted(&["k/6.1.btf", "old/build10.btf", "k/4.19.btf", "build2.btf", "a/5.4.btf.xz"]),
            pairs(&[
                ("4.19", "k/4.19.btf"),
                ("5.4", "a/5.4.btf.xz"),
                ("6.1", "k/6.1.btf"),
                ("build2", "build2.btf"),
                ("build10", "old/build10.btf"),
            ])
        );
        // The folders of kernels with one name are part of their labels.
        assert_eq!(
            sorted(&["b/5.4.btf", "a/5.4.btf", "a/5.4.btf"]),
            pairs(&[
                ("a/5.4 (1)", "a/5.4.btf"),
                ("a/5.4 (2)", "a/5.4.btf"),
                ("b/5.4", "b/5.4.btf"),
            ])
        );
    }

    #[test]
    fn minimized_targets_keep_their_kernels_name_and_folder() {
        for (target, expected) in [
            ("/k/6.1.btf", "6.1.btf"),
            ("/k/a/b/6.1.0-18-amd64.btf.zst", "a/b/6.1.0-18-amd64.btf"),
            ("/k/vmlinuz-6.1.0-18-amd64", "vmlinuz-6.1.0-18-amd64.btf"),
            ("/k/vmlinuz-6.1!payload(xz)@0x3a5b", "vmlinuz-6.1.btf"),
            ("/k/debian/6.1.btf.tar.xz!6.1.btf", "debian/6.1.btf"),
            ("/k/all.tar!deep/in/5.10.btf", "deep/in/5.10.btf"),
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
