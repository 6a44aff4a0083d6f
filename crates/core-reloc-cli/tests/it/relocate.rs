//! `relocate`: its exit status and options. Its output is in `printed`, and `answers` tests the values.

use expect_test::expect;

use crate::program::{Folder, run_line};

const MODULE: &str = "fixtures/objects/module.bpfel.o";
const KERNEL: &str = "--target fixtures/btf/modular.le.btf";

/// Returns the output where unresolved relocations are poisoned; it is in `printed` too.
fn poisoned() -> String {
    run_line(&format!("relocate {MODULE} {KERNEL}")).good()
}

#[test]
fn kept_instructions_are_reported() {
    let kept = run_line(&format!("relocate {MODULE} {KERNEL} --unresolved keep")).good();
    let expected =
        poisoned().replace(" poisoned   ", " kept       ").replace("2 poisoned", "2 kept");
    assert_eq!(kept, expected);
    assert_eq!(kept.matches(" kept").count(), 3);
}

#[test]
fn unresolved_relocations_may_be_errors() {
    let folder = Folder::new();
    let out = folder.path("out.o");
    let run = run_line(&format!("relocate {MODULE} {KERNEL} --unresolved error -o {out}"));
    assert_eq!(run.status, 1);
    let expected = poisoned()
        .replace(" poisoned   ", " failed     ")
        .replace(": the target", ": unresolved: the target")
        .replace("2 poisoned", "2 failed");
    assert_eq!(run.stdout, expected);
    assert_eq!(run.stdout.matches(" failed").count(), 3);
    expect![[r#"
        core-reloc: error: fixtures/objects/module.bpfel.o: syscall+0x48: field_byte_offset of job_stats.failed: failed: unresolved: the target has no struct job_stats
        core-reloc: error: fixtures/objects/module.bpfel.o: syscall+0x58: field_byte_offset of job_stats.started: failed: unresolved: the target has no struct job_stats
        core-reloc: error: fixtures/objects/module.bpfel.o: 2 of 7 relocations failed; /out.o was not written
    "#]].assert_eq(&folder.strip(&run.stderr));
    assert!(folder.names().is_empty());
}

#[test]
fn ambiguity_is_an_error() {
    let object = "fixtures/objects/fields.bpfel.o";
    let run = run_line(&format!("relocate {object} --target fixtures/btf/differing.le.btf"));
    assert_eq!(run.status, 1);
    let first = run.stderr.lines().next().unwrap();
    expect!["core-reloc: error: fixtures/objects/fields.bpfel.o: syscall+0x0: field_byte_offset of job.pid: failed: ambiguous: struct job [44] gives 0 (bit offset 0), struct job [45] gives 4 (bit offset 32)"].assert_eq(first);
}

#[test]
fn a_target_of_the_other_byte_order_causes_a_warning() {
    let run = run_line(&format!("relocate {MODULE} --target fixtures/btf/same.be.btf"));
    assert_eq!(run.status, 0);
    expect![[r#"
        core-reloc: warning: fixtures/btf/same.be.btf is big endian, but the object is little endian; this kernel cannot run it
    "#]].assert_eq(&run.stderr);
}
