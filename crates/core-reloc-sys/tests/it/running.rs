//! The running kernel, compared with the bytes of its files and with `uname`.

use std::{env, fs, process::Command};

use core_reloc_sys::{Kernel, core_read_supported, kernel_btf, support};

/// Reports that a test cannot run here; in CI that is a failure.
fn skipped(why: &str) {
    let ci = env::var_os("CI").is_some_and(|value| !value.is_empty());
    assert!(!ci, "in CI every judge must run: {why}");
    println!("SKIPPED: {why}");
}

#[test]
fn the_running_kernels_btf_is_that_of_its_file() {
    let path = "/sys/kernel/btf/vmlinux";
    let Ok(theirs) = fs::read(path) else { return skipped("this kernel has no BTF") };
    let file = kernel_btf().unwrap();
    assert_eq!(file.path().to_str(), Some(path));
    assert!(file.as_bytes() == theirs);
    assert!(core_read_supported());

    let uname = Command::new("uname").arg("-r").output().unwrap();
    let release = String::from_utf8(uname.stdout).unwrap();
    let report = support();
    assert_eq!(report.release, release.trim_end());
    assert_eq!(report.supported.unwrap().types, file.parse().unwrap().len());
}

#[test]
fn the_running_kernels_modules_are_split_btf_on_its_types() {
    let Ok(kernel) = kernel_btf() else { return skipped("this kernel has no BTF") };
    let base = kernel.parse().unwrap();
    for module in Kernel::running().modules().unwrap() {
        let file = module.open().unwrap();
        assert!(file.as_bytes() == fs::read(module.path()).unwrap(), "{}", module.name());
        let split = file.parse_split(&base).unwrap();
        assert_eq!(split.validate(), Ok(()), "{}", module.name());
    }
}
