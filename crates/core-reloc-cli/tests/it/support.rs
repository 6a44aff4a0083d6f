//! `support`, compared with the files of `/sys/kernel/btf`.

use std::{fs, process::Command};

use core_reloc_tests::judge::skipped;
use serde_json::Value;

use crate::program::run;

#[test]
fn the_running_kernel_is_reported() {
    let Ok(btf) = fs::metadata("/sys/kernel/btf/vmlinux") else {
        return skipped("this kernel has no BTF");
    };
    let line: Value = serde_json::from_str(&run(&["support", "--format", "json"]).good()).unwrap();
    let keys: Vec<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys.len(), 7, "{keys:?}");
    let uname = Command::new("uname").arg("-r").output().unwrap();
    let release = String::from_utf8(uname.stdout).unwrap();
    let modules = fs::read_dir("/sys/kernel/btf").unwrap().count() - 1;
    assert_eq!(line["supported"], true);
    assert_eq!(line["release"], release.trim_end());
    assert_eq!(line["path"], "/sys/kernel/btf/vmlinux");
    assert_eq!(line["bytes"], btf.len());
    assert_eq!(line["modules"], modules);
    assert_eq!(line["tried"], Value::Array(Vec::new()));

    let text = run(&["support"]).good();
    let expected = format!(
        "CO-RE is supported\nkernel   {}\nBTF      /sys/kernel/btf/vmlinux: {} types, {} bytes\nmodules  {modules}\n",
        release.trim_end(),
        line["types"],
        btf.len(),
    );
    assert_eq!(text, expected);
}
