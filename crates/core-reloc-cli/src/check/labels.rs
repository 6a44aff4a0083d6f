//! Short names for files, no two the same.

use std::collections::HashMap;

use core_reloc_targets::Compression;

use crate::shown::Shown;

/// What the names of kernels' files end in, that says nothing about the kernel.
const ENDINGS: [&str; 2] = [".btf", ".tar"];

/// The shortest names by which the files are told apart: the last parts of their paths, as many as it
/// takes. What cannot be told apart has a number.
pub(crate) fn of(paths: impl Iterator<Item = String>) -> Vec<String> {
    let paths: Vec<String> = paths.map(|path| Shown(path).to_string()).collect();
    let parts: Vec<Vec<&str>> = paths.iter().map(|path| path.split('/').collect()).collect();
    let last = |parts: &[&str], count: usize| parts[parts.len().saturating_sub(count)..].join("/");
    let mut counts = vec![1; paths.len()];
    let mut labels: Vec<String> = parts.iter().map(|parts| last(parts, 1)).collect();
    loop {
        let mut longer = false;
        let shared = shared(&labels);
        for at in 0..labels.len() {
            if shared.contains_key(&labels[at]) && counts[at] < parts[at].len() {
                counts[at] += 1;
                longer = true;
            }
        }
        if !longer {
            break;
        }
        labels = parts.iter().zip(&counts).map(|(parts, count)| last(parts, *count)).collect();
    }
    let mut shared = shared(&labels);
    for label in &mut labels {
        if let Some(number) = shared.get_mut(label) {
            *number += 1;
            label.push_str(&format!(" ({number})"));
        }
    }
    labels
}

/// The labels that several have.
fn shared(labels: &[String]) -> HashMap<String, usize> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for label in labels {
        *counts.entry(label.clone()).or_default() += 1;
    }
    counts.retain(|_, count| *count > 1);
    counts.values_mut().for_each(|count| *count = 0);
    counts
}

/// What a kernel is called, of the path of its BTF: `6.1` of `kernels/6.1.btf.tar.xz!6.1.btf`, and
/// `boot/vmlinuz-6.1` of `boot/vmlinuz-6.1!payload(xz)@0x3a5b`. Its folder stays.
pub(crate) fn kernel(path: &str) -> String {
    let is_place = |inside: &str| inside.starts_with("payload") || inside.starts_with("btf@");
    let path = match path.rsplit_once('!') {
        Some((outside, inside)) if is_place(inside) => outside,
        _ => path,
    };
    // An entry of an archive is called as in the archive.
    let mut name = path.replace('!', "/");
    let is_packed = |name: &str| {
        let extension = name.rsplit_once('.').map(|(_, extension)| extension.as_ref());
        extension.and_then(Compression::from_extension).is_some()
    };
    while is_packed(&name) || ENDINGS.iter().any(|ending| name.ends_with(ending)) {
        let len = name.rfind('.').unwrap_or(0);
        // A name that is nothing else.
        if len == 0 || name[..len].ends_with('/') {
            break;
        }
        name.truncate(len);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_as_short_as_can_be() {
        let of = |paths: &[&str]| of(paths.iter().map(ToString::to_string));
        assert_eq!(of(&["a/x.o", "b/y.o"]), ["x.o", "y.o"]);
        assert_eq!(of(&["a/x.o", "b/x.o", "y.o"]), ["a/x.o", "b/x.o", "y.o"]);
        assert_eq!(of(&["x.o", "b/x.o"]), ["x.o", "b/x.o"]);
        assert_eq!(of(&["x.o", "x.o", "x.o"]), ["x.o (1)", "x.o (2)", "x.o (3)"]);
        assert_eq!(of(&["a\tb\n.o"]), [r"a\tb\n.o"]);
    }

    #[test]
    fn kernels_are_called_without_what_all_files_end_in() {
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
            assert_eq!(kernel(path), expected);
        }
    }
}
