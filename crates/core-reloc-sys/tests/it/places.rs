//! The files in which a kernel's BTF is searched, and their order.

use crate::tree::{RELEASE, Tree, btf, elf};

/// The files that are tried after `/sys/kernel/btf/vmlinux`, as listed by libbpf's
/// `btf__load_vmlinux_btf`.
const VMLINUX_FILES: [&str; 7] = [
    "boot/vmlinux-6.1.0-test",
    "lib/modules/6.1.0-test/vmlinux-6.1.0-test",
    "lib/modules/6.1.0-test/build/vmlinux",
    "usr/lib/modules/6.1.0-test/kernel/vmlinux",
    "usr/lib/debug/boot/vmlinux-6.1.0-test",
    "usr/lib/debug/boot/vmlinux-6.1.0-test.debug",
    "usr/lib/debug/lib/modules/6.1.0-test/vmlinux",
];

#[test]
fn sysfs_is_tried_first() {
    let tree = Tree::new()
        .with("sys/kernel/btf/vmlinux", &btf(&["here"]))
        .with(VMLINUX_FILES[0], &elf(&[(".BTF", &btf(&["there", "too"]))]));
    let file = tree.kernel().btf().unwrap();
    assert_eq!(file.path(), tree.path("sys/kernel/btf/vmlinux"));
    assert_eq!(file.as_bytes(), btf(&["here"]));
    assert_eq!(file.parse().unwrap().len(), 1);
}

#[test]
fn the_files_are_tried_in_order() {
    let mut tree = Tree::new();
    for path in VMLINUX_FILES.iter().rev() {
        let bytes = btf(&[path]);
        tree = tree.with(path, &elf(&[(".text", &[0; 64]), (".BTF", &bytes)]));
        let file = tree.kernel().btf().unwrap();
        assert_eq!(file.path(), tree.path(path));
        assert_eq!(file.as_bytes(), bytes);
    }
}

#[test]
fn damaged_files_are_skipped() {
    let good = btf(&["good"]);
    // An INT is four bytes longer than a FWD: its record exceeds the type section.
    let mut damaged = good.clone();
    damaged[24 + 7] = 1;
    let tree = Tree::new()
        .with("sys/kernel/btf/vmlinux", b"not BTF")
        .with(VMLINUX_FILES[0], &damaged)
        .with(VMLINUX_FILES[1], &elf(&[(".BTF", &damaged)]))
        .with(VMLINUX_FILES[2], &elf(&[(".text", &[])]))
        .with_directory(VMLINUX_FILES[3])
        .with(VMLINUX_FILES[4], b"")
        .with(VMLINUX_FILES[5], &good);
    let file = tree.kernel().btf().unwrap();
    assert_eq!(file.path(), tree.path(VMLINUX_FILES[5]));
    assert_eq!(file.as_bytes(), good);
}

#[test]
fn the_error_lists_every_file_that_was_tried() {
    let tree =
        Tree::new().with("sys/kernel/btf/vmlinux", b"no").with(VMLINUX_FILES[0], b"\x7fELF\x02");
    let error = tree.kernel().btf().unwrap_err();
    assert_eq!(error.release, RELEASE);
    assert_eq!(error.attempts.len(), 1 + VMLINUX_FILES.len());
    let absent =
        |file: usize| format!("; /{}: No such file or directory (os error 2)", VMLINUX_FILES[file]);
    let expected = String::from("no BTF found for kernel 6.1.0-test: ")
        + "/sys/kernel/btf/vmlinux: \
           starts with 6e 6f, expected BTF (9f eb, eb 9f) or ELF (7f 45 4c 46); "
        + "/boot/vmlinux-6.1.0-test: ELF header at offset 0x0: Could not read file magic"
        + &(1..VMLINUX_FILES.len()).map(absent).collect::<String>();
    assert_eq!(tree.strip(&error.to_string()), expected);
}
