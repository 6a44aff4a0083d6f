//! `relocate`: its two formats, and how it ends. Whether the values are right is for `answers`.

use expect_test::{Expect, expect};

use crate::program::{Folder, run_line};

const MODULE: &str = "fixtures/objects/module.bpfel.o";
const KERNEL: &str = "--target fixtures/btf/modular.le.btf";

fn check(line: &str, expected: Expect) {
    expected.assert_eq(&run_line(line).good());
}

#[test]
fn text_has_a_line_for_each_relocation() {
    check(
        &format!("relocate {MODULE} {KERNEL} --module fixtures/btf/modular.le.stats.btf"),
        expect![[r#"
            syscall
                 0x0  relocated  type_exists        struct job_stats = 1
                0x10  relocated  type_size          struct job_stats = 16
                0x20  relocated  type_id_target     struct job_stats = 45
                0x38  relocated  field_exists       job_stats.failed = 1
                0x48  relocated  field_byte_offset  job_stats.failed = 4, was 8
                0x58  relocated  field_byte_offset  job_stats.started = 8, was 0
                0x68  relocated  type_exists        struct job = 1
            7 relocations: 7 relocated
        "#]],
    );
    check(
        "relocate fixtures/objects/weak.bpfel.o --target fixtures/btf/gone.le.btf",
        expect![[r#"
        .text
             0x0  skipped    type_size          struct job: no function covers the instruction, most likely one that a linker dropped
            0x18  relocated  type_size          struct job_queue = 8, was 12
        syscall
             0x8  poisoned   field_byte_size    job.uid: candidate struct job [31]: struct job has no member `uid`
            0x38  relocated  field_byte_size    job.flags = 8
        4 relocations: 2 relocated, 1 poisoned, 1 skipped
    "#]],
    );
}

#[test]
fn poisoned_relocations_come_with_a_reason() {
    check(
        &format!("relocate {MODULE} {KERNEL}"),
        expect![[r#"
        syscall
             0x0  relocated  type_exists        struct job_stats = 0, was 1
            0x10  relocated  type_size          struct job_stats = 0, was 16
            0x20  relocated  type_id_target     struct job_stats = 0
            0x38  relocated  field_exists       job_stats.failed = 0, was 1
            0x48  poisoned   field_byte_offset  job_stats.failed: the target has no struct job_stats
            0x58  poisoned   field_byte_offset  job_stats.started: the target has no struct job_stats
            0x68  relocated  type_exists        struct job = 1
        7 relocations: 5 relocated, 2 poisoned
    "#]],
    );
    check(
        "relocate fixtures/objects/programs.bpfel.o --target fixtures/btf/incompatible.le.btf",
        expect![[r#"
            .text
                 0x0  relocated  type_size          struct job = 104, was 144
                0x30  relocated  field_byte_offset  job.flags = 8
            raw_tp/sched
                0x10  relocated  field_byte_offset  job.uid = 4
                0x40  poisoned   field_byte_offset  job.state: candidate struct job [46]: `state` is int there, enum job_state here
            raw_tp/exit
                 0x0  relocated  enumval_value      job_state::JOB_DONE = 7
            5 relocations: 4 relocated, 1 poisoned
        "#]],
    );
}

#[test]
fn json_has_an_object_for_each_relocation() {
    check(
        &format!("relocate {MODULE} {KERNEL} --format json"),
        expect![[r#"
        {"section":"syscall","index":0,"insn_off":0,"kind":"type_exists","type_id":13,"root":"job_stats","access":"0","status":"relocated","before":"b702000001000000","after":"b702000000000000","value":0,"error":null}
        {"section":"syscall","index":1,"insn_off":16,"kind":"type_size","type_id":13,"root":"job_stats","access":"0","status":"relocated","before":"b702000010000000","after":"b702000000000000","value":0,"error":null}
        {"section":"syscall","index":2,"insn_off":32,"kind":"type_id_target","type_id":13,"root":"job_stats","access":"0","status":"relocated","before":"180200000d0000000000000000000000","after":"18020000000000000000000000000000","value":0,"error":null}
        {"section":"syscall","index":3,"insn_off":56,"kind":"field_exists","type_id":13,"root":"job_stats","access":"0:1","status":"relocated","before":"b702000001000000","after":"b702000000000000","value":0,"error":null}
        {"section":"syscall","index":4,"insn_off":72,"kind":"field_byte_offset","type_id":13,"root":"job_stats","access":"0:1","status":"poisoned","before":"b702000008000000","after":"850000001023ad0b","value":null,"error":"the target has no struct job_stats"}
        {"section":"syscall","index":5,"insn_off":88,"kind":"field_byte_offset","type_id":13,"root":"job_stats","access":"0:0","status":"poisoned","before":"7912000000000000","after":"850000001023ad0b","value":null,"error":"the target has no struct job_stats"}
        {"section":"syscall","index":6,"insn_off":104,"kind":"type_exists","type_id":16,"root":"job","access":"0","status":"relocated","before":"b702000001000000","after":"b702000001000000","value":1,"error":null}
    "#]],
    );
}

#[test]
fn kept_instructions_stay_as_they_are() {
    check(
        &format!("relocate {MODULE} {KERNEL} --unresolved keep"),
        expect![[r#"
        syscall
             0x0  relocated  type_exists        struct job_stats = 0, was 1
            0x10  relocated  type_size          struct job_stats = 0, was 16
            0x20  relocated  type_id_target     struct job_stats = 0
            0x38  relocated  field_exists       job_stats.failed = 0, was 1
            0x48  kept       field_byte_offset  job_stats.failed: the target has no struct job_stats
            0x58  kept       field_byte_offset  job_stats.started: the target has no struct job_stats
            0x68  relocated  type_exists        struct job = 1
        7 relocations: 5 relocated, 2 kept
    "#]],
    );
}

#[test]
fn unresolved_relocations_may_be_errors() {
    let folder = Folder::new();
    let out = folder.path("out.o");
    let run = run_line(&format!("relocate {MODULE} {KERNEL} --unresolved error -o {out}"));
    assert_eq!(run.status, 1);
    expect![[r#"
        syscall
             0x0  relocated  type_exists        struct job_stats = 0, was 1
            0x10  relocated  type_size          struct job_stats = 0, was 16
            0x20  relocated  type_id_target     struct job_stats = 0
            0x38  relocated  field_exists       job_stats.failed = 0, was 1
            0x48  failed     field_byte_offset  job_stats.failed: unresolved: the target has no struct job_stats
            0x58  failed     field_byte_offset  job_stats.started: unresolved: the target has no struct job_stats
            0x68  relocated  type_exists        struct job = 1
        7 relocations: 5 relocated, 2 failed
    "#]].assert_eq(&run.stdout);
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
fn a_target_of_the_other_byte_order_is_warned_of() {
    let run = run_line(&format!("relocate {MODULE} --target fixtures/btf/same.be.btf"));
    assert_eq!(run.status, 0);
    expect![[r#"
        core-reloc: warning: fixtures/btf/same.be.btf is big endian, the object is little endian: a kernel of that sort cannot run it
    "#]].assert_eq(&run.stderr);
}
