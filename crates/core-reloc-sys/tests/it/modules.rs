//! Modules: all of them are listed, and each one is opened on its own.

use std::process::Command;

use btf_types::{Btf, Error};
use core_reloc_sys::{BtfFile, FileProblem};

use crate::tree::{Tree, btf, elf, split_btf};

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
fn a_module_of_another_build_is_refused() {
    let [kernel, other] = [btf(&["list_head", "sock"]), btf(&["list", "socket"])];
    // The module shares the name `sock`.
    let module = split_btf(&kernel, &["sock"]);
    for bytes in [module.clone(), elf(&[(".BTF", &module)])] {
        let file = BtfFile::from_bytes("sock.ko", bytes).unwrap();
        assert!(file.parse_split(&Btf::parse(&kernel).unwrap()).is_ok());
        let other = Btf::parse(&other).unwrap();
        let error = file.parse_split(&other).unwrap_err();
        let FileProblem::Btf { error: found, .. } = &error.problem else { panic!("{error}") };
        assert!(matches!(found, Error::WrongBase { found: 11, .. }), "{error}");
    }
}

#[test]
fn a_file_states_the_release_of_its_kernel() {
    let kernel = btf(&["list_head"]);
    let module = split_btf(&kernel, &["sock"]);
    let modinfo = b"license=GPL\0vermagic=6.1.0-50-amd64 SMP preempt \0";
    let object = elf(&[(".BTF", &module), (".modinfo", modinfo)]);
    let large = [&modinfo[..], &[b' '; 70_000]].concat();
    let with_much = elf(&[(".BTF", &module), (".modinfo", &large)]);
    for (path, bytes, release) in [
        ("lib/modules/6.12.1/sock.ko", &object, Some("6.1.0-50-amd64")),
        ("lib/modules/6.12.1/other.ko", &module, Some("6.12.1")),
        ("lib/modules/6.12.1/large.ko", &with_much, Some("6.12.1")),
        ("boot/vmlinux-6.12.1", &kernel, Some("6.12.1")),
        ("sock.ko", &with_much, None),
    ] {
        let tree = Tree::new().with(path, bytes);
        let file = BtfFile::open(tree.path(path)).unwrap();
        assert_eq!(file.release(), release, "{path}");
        let file = BtfFile::from_bytes(tree.path(path), bytes.clone()).unwrap();
        assert_eq!(file.release(), release, "{path}");
        assert_eq!(file.version(), None);
        let file = file.with_release("5.4").with_version("#1 SMP");
        assert_eq!((file.release(), file.version()), (Some("5.4"), Some("#1 SMP")));
    }
    if let Ok(file) = core_reloc_sys::kernel_btf() {
        let running = core_reloc_sys::Kernel::running();
        assert_eq!(file.release(), Some(running.release()));
        let uname = Command::new("uname").arg("-v").output().unwrap();
        let version = String::from_utf8(uname.stdout).unwrap();
        assert_eq!(file.version(), Some(version.trim_end()));
    }
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
