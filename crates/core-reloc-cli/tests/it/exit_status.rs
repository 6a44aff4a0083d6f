//! The exit statuses, which `core-reloc --help` and core-reloc(1) list. Each line of that list has a run here.

use std::{fs, process::Command};

use core_reloc_tests::judge::skipped;

use crate::program::{Folder, root, run_line};

/// An object whose relocations all have a value on `SAME`, and one that fails on `DIFFERING`.
const OBJECT: &str = "fixtures/objects/access.bpfel.o";
const SAME: &str = "fixtures/btf/same.le.btf";
/// Has no `job.pid`, which two instructions of the object need.
const NESTED: &str = "fixtures/btf/nested.le.btf";
/// Has two structs that match and differ.
const DIFFERING: &str = "fixtures/btf/differing.le.btf";
/// No BTF.
const BROKEN: &str = "README.md";

/// Writes the report of the only shard of a target, and returns its path.
fn report(folder: &Folder, target: &str) -> String {
    let run = run_line(&format!("check {OBJECT} --target {target} --shard 1/1 --format json"));
    let name = target.rsplit('/').next().unwrap();
    folder.file(&format!("{name}.json"), run.stdout.as_bytes())
}

#[test]
fn success_is_0() {
    let folder = Folder::new();
    let log = folder.file("verifier.log", b"0: (85) call unknown#195896080\n");
    let out = folder.path("out");
    let shard = report(&folder, SAME);
    for line in [
        "--help".to_string(),
        "--version".to_string(),
        "help check".to_string(),
        format!("relocate {OBJECT} --target {SAME}"),
        // Poisoned instructions are no failure of relocating.
        format!("relocate {OBJECT} --target {NESTED}"),
        format!("explain {OBJECT} --target {NESTED}"),
        format!("inspect {OBJECT}"),
        format!("check {OBJECT} --target {SAME}"),
        format!("check {OBJECT} --lint"),
        format!("check {OBJECT} --target {NESTED} --write-baseline {out}"),
        format!("check {OBJECT} --target {NESTED} --baseline {out}"),
        format!("blame {OBJECT} --target {NESTED} --log {log}"),
        format!("check {OBJECT} --target {NESTED} --shard 1/1 --format json"),
        format!("merge {shard}"),
        format!("query job.pid --target {SAME}"),
        format!("dump job --target {SAME}"),
        format!("diff {SAME} {SAME}"),
        format!("minimize {OBJECT} --target {SAME} -o {out}.btf"),
    ] {
        let run = run_line(&line);
        assert_eq!(run.status, 0, "{line}: {}", run.stderr);
    }
}

#[test]
fn no_as_an_answer_or_a_part_that_was_not_done_is_1() {
    let folder = Folder::new();
    let accepted = folder.file("accepted.log", b"0: (95) exit\nprocessed 1 insns\n");
    let poisoned = folder.file("poisoned.log", b"0: (85) call unknown#195896080\n");
    let out = folder.path("out.btf");
    let targets = folder.path("targets");
    fs::create_dir(&targets).unwrap();
    fs::copy(root().join(SAME), format!("{targets}/same.btf")).unwrap();
    fs::write(format!("{targets}/damaged.btf"), [0x9f, 0xeb, 1, 0, 24]).unwrap();
    let nested = report(&folder, NESTED);
    let some = report(&folder, &targets);
    for line in [
        format!("relocate {OBJECT} --target {DIFFERING}"),
        format!("relocate {OBJECT} --target {NESTED} --unresolved error"),
        format!("explain {OBJECT} --target {DIFFERING}"),
        format!("minimize {OBJECT} --target {DIFFERING} -o {out}"),
        format!("check {OBJECT} --target {NESTED}"),
        "check --lint fixtures/objects/module.bpfel.o".to_string(),
        format!("blame {OBJECT} --target {NESTED} --log {accepted}"),
        format!("blame {OBJECT} --target {SAME} --log {poisoned}"),
        format!("query job.nothing --target {SAME}"),
        format!("dump nothing --target {SAME}"),
        format!("diff {SAME} {NESTED}"),
        format!("check {OBJECT} --target {targets}"),
        format!("merge {nested}"),
        format!("merge {some}"),
        format!("query job.pid --target {targets}"),
        format!("minimize {OBJECT} --target {targets} -o {out}s"),
    ] {
        let run = run_line(&line);
        assert_eq!(run.status, 1, "{line}: {}", run.stderr);
    }
}

/// The running kernel seems to have no BTF where an empty folder is mounted over it.
#[test]
fn support_is_1_without_the_kernels_btf() {
    let hidden = "mount -t tmpfs none /sys/kernel || exit 77; exec \"$0\" support";
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "sh", "-c", hidden, env!("CARGO_BIN_EXE_core-reloc")]);
    match unshare.output() {
        Ok(output) if output.stdout.starts_with(b"CO-RE is not supported") => {
            assert_eq!(output.status.code(), Some(1));
        }
        Ok(output) if output.stdout.starts_with(b"CO-RE is supported") => {
            println!("SKIPPED: another file has the kernel's BTF too");
        }
        other => skipped(&format!("cannot hide the kernel's BTF: {other:?}")),
    }
}

#[test]
fn wrong_usage_and_what_cannot_be_read_or_written_are_2() {
    let folder = Folder::new();
    let none = folder.path("none");
    for line in [
        String::new(),
        "nonsense".to_string(),
        format!("relocate {OBJECT} --nonsense"),
        format!("relocate {none} --target {SAME}"),
        format!("relocate {BROKEN} --target {SAME}"),
        format!("inspect {none}"),
        format!("explain {OBJECT} --target {none}"),
        format!("check {OBJECT} --target {BROKEN}"),
        format!("check {OBJECT} --target {NESTED} --baseline {none}"),
        format!("blame {OBJECT} --target {NESTED} --log {none}"),
        format!("check {OBJECT} --target {SAME} --shard 1/2"),
        format!("merge {BROKEN}"),
        format!("query job.pid --target {BROKEN}"),
        format!("dump job --target {none}"),
        format!("diff {SAME} {none}"),
        format!("relocate {OBJECT} --target {SAME} -o {none}/out.o"),
        format!("minimize {OBJECT} --target {SAME} -o {none}/out.btf"),
    ] {
        let run = run_line(&line);
        assert_eq!(run.status, 2, "{line}: {}", run.stderr);
    }
}
