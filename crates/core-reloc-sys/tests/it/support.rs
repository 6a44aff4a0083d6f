//! Reports of a kernel's support.

use crate::tree::{RELEASE, Tree, btf};

#[test]
fn a_kernel_with_btf_is_supported() {
    let bytes = btf(&["a", "b", "c"]);
    let tree = Tree::new().with("sys/kernel/btf/vmlinux", &bytes);
    let report = tree.kernel().support();
    assert!(report.is_supported());
    assert_eq!(report.release, RELEASE);
    let supported = report.supported.as_ref().unwrap();
    assert_eq!(supported.path, tree.path("sys/kernel/btf/vmlinux"));
    assert_eq!((supported.types, supported.bytes), (3, bytes.len()));
    assert_eq!(
        tree.strip(&report.to_string()),
        "kernel 6.1.0-test: 3 types in /sys/kernel/btf/vmlinux"
    );
}

#[test]
fn a_kernel_without_btf_is_not_supported() {
    let tree = Tree::new();
    let report = tree.kernel().support();
    assert!(!report.is_supported());
    let message = tree.strip(&report.to_string());
    assert!(
        message.starts_with("no BTF found for kernel 6.1.0-test: /sys/kernel/btf/vmlinux: No "),
        "{message}"
    );
}
