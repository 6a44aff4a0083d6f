//! Modules: all of them are listed, and each one is opened on its own.

use core_reloc_sys::FileProblem;

use crate::tree::{Tree, btf, split_btf};

#[test]
fn modules_are_sorted_and_a_damaged_one_does_not_affect_the_others() {
    let kernel = btf(&["list_head"]);
    let tree = Tree::new()
        .with("sys/kernel/btf/zram", &split_btf(&kernel, &["zram"]))
        .with("sys/kernel/btf/vmlinux", &kernel)
        .with("sys/kernel/btf/kvm", b"broken")
        .with("sys/kernel/btf/ext4", &split_btf(&kernel, &["ext4_inode", "ext4_group"]));
    let modules = tree.kernel().modules().unwrap();
    let names: Vec<&str> = modules.iter().map(|module| module.name()).collect();
    assert_eq!(names, ["ext4", "kvm", "zram"]);

    let kernel = tree.kernel().btf().unwrap();
    let base = kernel.parse().unwrap();
    let types: Vec<Option<usize>> = modules
        .iter()
        .map(|module| {
            let file = module.open().ok()?;
            Some(file.parse_split(&base).unwrap().own_types().len())
        })
        .collect();
    assert_eq!(types, [Some(2), None, Some(1)]);
    let error = modules[1].open().unwrap_err();
    assert_eq!(error.path, modules[1].path());
    assert!(matches!(error.problem, FileProblem::Unrecognized { .. }), "{error}");
}

#[test]
fn inline_sites_are_no_modules() {
    let kernel = btf(&["list_head"]);
    let tree = Tree::new()
        .with("sys/kernel/btf/vmlinux", &kernel)
        .with("sys/kernel/btf/vmlinux.inline", &split_btf(&kernel, &["site"]))
        .with("sys/kernel/btf/ext4", &split_btf(&kernel, &["ext4_inode"]))
        .with("sys/kernel/btf/ext4.inline", b"on another base");
    let modules = tree.kernel().modules().unwrap();
    let names: Vec<&str> = modules.iter().map(|module| module.name()).collect();
    assert_eq!(names, ["ext4"]);
}

#[test]
fn a_system_without_the_directory_has_no_modules() {
    assert_eq!(Tree::new().kernel().modules().unwrap(), []);
}

#[test]
fn a_directory_that_cannot_be_read_is_an_error() {
    let tree = Tree::new().with("sys/kernel/btf", b"a file");
    let error = tree.kernel().modules().unwrap_err();
    assert_eq!(tree.strip(&error.to_string()), "/sys/kernel/btf: Not a directory (os error 20)");
}
