//! bpftool as a judge: a relocated object loads into the running kernel, and becomes the same program as
//! when bpftool's libbpf relocates it.

use std::{env, fs, path::Path, process, process::Command};

use btf_types::{Btf, ByteOrder};
use core_reloc::{Options, Target, elf::Object};

const KERNEL: &str = "/sys/kernel/btf/vmlinux";
const PINS: &str = "/sys/fs/bpf";

/// Runs bpftool, and returns its output or its error message.
fn bpftool(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("bpftool").args(arguments).output();
    let output = output.map_err(|error| format!("bpftool: {error}"))?;
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// Has bpftool load the only program of a file, and returns the kernel's instructions of it. bpftool mounts
/// the file system for pins if necessary.
fn loaded(file: &Path, program: &str) -> Result<String, String> {
    let pins = Path::new(PINS).join(format!("core-reloc-{}", process::id()));
    let pins = pins.to_str().unwrap();
    let pin = format!("{pins}/{program}");
    let instructions = bpftool(&["prog", "loadall", file.to_str().unwrap(), pins])
        .and_then(|_| bpftool(&["prog", "dump", "xlated", "pinned", &pin, "opcodes"]));
    let _ = fs::remove_file(pin);
    let _ = fs::remove_dir(pins);
    instructions
}

/// Returns why the test cannot run here.
fn missing() -> Option<String> {
    if !Path::new(KERNEL).exists() {
        return Some(format!("there is no {KERNEL}"));
    }
    bpftool(&["prog", "list"]).err()
}

#[test]
fn a_relocated_object_loads_as_the_same_program_as_with_libbpf() {
    if let Some(why) = missing() {
        assert!(env::var_os("CI").is_none(), "{why}");
        println!("SKIPPED: {why}");
        return;
    }
    let end = if ByteOrder::NATIVE == ByteOrder::Little { "bpfel.o" } else { "bpfeb.o" };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/objects");
    let original = folder.join(format!("task.{end}"));
    let bytes = fs::read(&original).unwrap();
    let object = Object::parse(&bytes).unwrap();
    let kernel = fs::read(KERNEL).unwrap();
    let kernel = Btf::parse(&kernel).unwrap();
    let target = Target::new(&kernel);
    let relocated = object.relocate(&target, Options::default()).finish().unwrap();

    let ours = env::temp_dir().join(format!("core-reloc-{}.o", process::id()));
    fs::write(&ours, relocated.bytes).unwrap();
    let by_us = loaded(&ours, "whoami");
    fs::remove_file(&ours).unwrap();
    let by_libbpf = loaded(&original, "whoami").unwrap();
    assert!(by_libbpf.contains("exit"), "{by_libbpf}");
    assert_eq!(by_us.unwrap(), by_libbpf);
}
