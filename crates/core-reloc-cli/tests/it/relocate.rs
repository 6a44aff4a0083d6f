//! `relocate`: its exit status and options. Its output is in `printed`, and `answers` tests the values.

use btf_types::{
    ByteOrder, IntEncoding,
    build::{Builder, ExtBuilder},
    ext::CoreReloc,
};
use elf_writer::{ElfFile, SHT_PROGBITS, mov};
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

/// So many relocations that several parts of them are handed over to the thread that formats their lines.
const MANY: u32 = 1300;

/// Returns the name of a member of `struct many`, of which some would control a terminal.
fn member(number: u32) -> String {
    let hostile = if number % 100 == 50 { "\x1b[2J\n" } else { "" };
    format!("m{number}{hostile}")
}

fn is_missing(number: u32) -> bool {
    number % 97 == 13
}

/// Writes an object with a relocation for each member of a struct, and a kernel that has most of them 8 bytes later.
pub(crate) fn many(folder: &Folder) -> [String; 2] {
    let order = ByteOrder::Little;
    let int = |btf: &mut Builder<'_>| btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    let mut local = Builder::new(order);
    let id = int(&mut local);
    let names: Vec<String> = (0..MANY).map(member).collect();
    let mut root = local.structure("many", 4 * MANY);
    for (number, name) in (0..).zip(&names) {
        root = root.member(name, id, 32 * number);
    }
    let root = root.finish();
    let records: Vec<_> = (0..MANY)
        .map(|number| CoreReloc {
            insn_off: 8 * number,
            type_id: root,
            access_str_off: local.string(format!("0:{number}")),
            kind: 0,
        })
        .collect();
    let mut ext = ExtBuilder::new(order);
    ext.core_relocs(local.string("xdp"), records);
    let code: Vec<u8> = (0..MANY).flat_map(|number| mov(order, 4 * number)).collect();
    let object = ElfFile::bpf(order)
        .section("xdp", SHT_PROGBITS, &code)
        .section(".BTF", SHT_PROGBITS, &local.finish().unwrap())
        .section(".BTF.ext", SHT_PROGBITS, &ext.finish().unwrap())
        .functions(&[("run", "xdp")])
        .write();

    let mut kernel = Builder::new(order);
    let id = int(&mut kernel);
    let mut root = kernel.structure("many", 4 * (MANY + 2));
    for (number, name) in (0..).zip(&names).filter(|(number, _)| !is_missing(*number)) {
        root = root.member(name, id, 32 * (number + 2));
    }
    root.finish();
    [folder.file("many.o", &object.bytes), folder.file("many.btf", &kernel.finish().unwrap())]
}

#[test]
fn many_relocations_are_reported_in_order() {
    let folder = Folder::new();
    let [object, kernel] = many(&folder);
    let report = run_line(&format!("relocate {object} --target {kernel}")).good();
    let mut lines = report.lines();
    assert_eq!(lines.next(), Some("xdp"));
    for number in 0..MANY {
        let line = lines.next().unwrap();
        let name = member(number).replace('\x1b', r"\u{1b}").replace('\n', r"\n");
        let (offset, value) = (8 * number, 4 * number);
        let start = |status| format!("{offset:>#8x}  {status:9}  field_byte_offset  many.{name}");
        if is_missing(number) {
            assert!(line.starts_with(&format!("{}: candidate ", start("poisoned"))), "{line}");
        } else {
            assert_eq!(line, format!("{} = {}, was {value}", start("relocated"), value + 8));
        }
    }
    let missing = (0..MANY).filter(|number| is_missing(*number)).count();
    let rest: Vec<&str> = lines.collect();
    let relocated = MANY as usize - missing;
    let summary = format!("{MANY} relocations: {relocated} relocated, {missing} poisoned");
    assert_eq!(rest, [summary]);
}
