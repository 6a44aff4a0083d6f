//! Builds and runs the first program of the guide: the manifest and the source of
//! `crates/core-reloc/guide/first-program.md`, word for word, against this workspace's crates.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use btf_types::ByteOrder;
use core_reloc_tests::judge::skipped;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// Returns the first block of a language in the chapter.
fn block(fence: &str) -> String {
    let chapter =
        fs::read_to_string(root().join("crates/core-reloc/guide/first-program.md")).unwrap();
    let (_, after) = chapter.split_once(&format!("```{fence}\n")).expect("there is a block");
    let (block, _) = after.split_once("```").expect("it ends");
    block.to_string()
}

/// Makes a package of the chapter's texts, with the paths of the crates added, and builds it.
fn build() -> PathBuf {
    let root = root();
    let folder = root.join("target/first-program");
    fs::create_dir_all(folder.join("src")).unwrap();
    let mut manifest = block("toml") + "\n[workspace]\n\n[patch.crates-io]\n";
    for name in ["btf-types", "core-reloc", "core-reloc-sys"] {
        let path = root.join("crates").join(name);
        manifest += &format!("{name} = {{ path = {:?} }}\n", path.to_str().unwrap());
    }
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("src/main.rs"), block("rust,no_run")).unwrap();
    // The same versions of dependencies, so that none is fetched.
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--offline"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder.join("target/debug/first")
}

/// Runs the program, and returns what it printed and the object that it wrote.
fn run(program: &Path, arguments: &[&str]) -> (String, Vec<u8>) {
    let folder = program.parent().unwrap();
    let output = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let relocated = fs::read(folder.join("relocated.o")).unwrap();
    (String::from_utf8(output.stdout).unwrap(), relocated)
}

/// Returns a kernel whose `task_struct` has a member before `pid`.
fn kernel() -> Vec<u8> {
    btf_from_c::btf(ByteOrder::Little, "struct task_struct { int flags; int pid @ 40; int tgid; };")
}

#[test]
fn the_first_program_prints_a_layout_and_relocates() {
    let program = build();
    let object = root().join("fixtures/objects/task.bpfel.o");
    let object = object.to_str().unwrap();
    let file = program.with_file_name("kernel.btf");
    fs::write(&file, kernel()).unwrap();

    let (printed, relocated) = run(&program, &[object, file.to_str().unwrap()]);
    let layout = "struct task_struct, 48 bytes\n     0 flags\n    40 pid\n    44 tgid\n";
    assert!(printed.starts_with(layout), "{printed}");
    let pid = "\nsyscall+0x18: field_byte_offset of task_struct.pid: relocated, 40\n";
    assert!(printed.contains(pid), "{printed}");
    let before = fs::read(object).unwrap();
    assert_eq!(relocated.len(), before.len());
    // The load of pid: r1 = *(u32 *)(r7 + 28) before, and at 40 after.
    let load = |off: u8| [0x61, 0x71, off, 0, 0, 0, 0, 0];
    let has = |bytes: &[u8], code: [u8; 8]| bytes.windows(8).any(|window| window == code);
    assert!(has(&before, load(28)) && !has(&before, load(40)));
    assert!(has(&relocated, load(40)) && !has(&relocated, load(28)));

    on_the_running_kernel(&program, object);
}

/// Compares the program's output for the running kernel with bpftool's.
fn on_the_running_kernel(program: &Path, object: &str) {
    let btf = "/sys/kernel/btf/vmlinux";
    if !Path::new(btf).exists() {
        return skipped(&format!("the running kernel has no {btf}"));
    }
    let Ok(types) = Command::new("bpftool").args(["btf", "dump", "file", btf]).output() else {
        return skipped("bpftool is not installed");
    };
    let types = String::from_utf8(types.stdout).unwrap();
    let (_, task) = types.split_once("] STRUCT 'task_struct' size=").unwrap();
    let (size, members) = task.split_once(' ').unwrap();
    let (_, pid) = members.split_once("'pid' type_id=").unwrap();
    let (_, bits) = pid.lines().next().unwrap().split_once("bits_offset=").unwrap();
    let bits: u32 = bits.split(' ').next().unwrap().parse().unwrap();

    let (printed, _) = run(program, &[object]);
    assert!(printed.starts_with(&format!("struct task_struct, {size} bytes\n")), "{size}");
    assert!(printed.contains(&format!("\n{:6} pid\n", bits / 8)), "{bits}");
    let pid =
        format!("\nsyscall+0x18: field_byte_offset of task_struct.pid: relocated, {}\n", bits / 8);
    assert!(printed.contains(&pid), "{bits}");
}
