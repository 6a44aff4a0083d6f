//! `-o`: the relocated object is correct, and written completely or not at all.

use std::{fs, os::unix::fs::FileTypeExt};

use expect_test::expect;
use object::{Object, ObjectSection};
use serde_json::Value;

use crate::program::{Folder, fixture, run_line};

pub(crate) const OBJECT: &str = "fixtures/objects/access.bpfel.o";
pub(crate) const KERNEL: &str = "--target fixtures/btf/moved.le.btf";
/// Some relocations fail with this kernel.
const AMBIGUOUS: &str = "--target fixtures/btf/differing.le.btf";

/// Returns the object, relocated.
pub(crate) fn relocated() -> Vec<u8> {
    let folder = Folder::new();
    let out = folder.path("out.o");
    run_line(&format!("relocate {OBJECT} {KERNEL} -o {out}")).good();
    fs::read(out).unwrap()
}

/// Returns the offsets at which a section starts and ends in a file.
fn section_range(file: &[u8], section: &str) -> (usize, usize) {
    let file = object::File::parse(file).unwrap();
    let section = file.section_by_name(section).unwrap();
    let (start, len) = section.file_range().unwrap();
    (start as usize, (start + len) as usize)
}

fn word(file: &[u8], at: usize) -> usize {
    u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize
}

#[test]
fn only_the_reported_instructions_change() {
    let run = run_line(&format!("relocate {OBJECT} {KERNEL} --format json"));
    let mut expected = fixture("objects/access.bpfel.o");
    let mut patched = 0;
    for line in run.good().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| line[key].as_str().unwrap().to_string();
        let bytes = |key: &str| -> Vec<u8> {
            let hex = text(key);
            (0..hex.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
                .collect()
        };
        let at = section_range(&expected, &text("section")).0
            + line["insn_off"].as_u64().unwrap() as usize;
        let (before, after) = (bytes("before"), bytes("after"));
        assert_eq!(expected[at..at + before.len()], before, "{line}");
        expected[at..at + after.len()].copy_from_slice(&after);
        patched += usize::from(before != after);
    }
    assert!(patched > 10, "only {patched} instructions change");

    // `core_relo_len` is at offset 28 of .BTF.ext. It becomes 0, and its records stay.
    let len_at = section_range(&expected, ".BTF.ext").0 + 28;
    assert_ne!(word(&expected, len_at), 0);
    expected[len_at..len_at + 4].fill(0);
    assert!(relocated() == expected);
}

#[test]
fn a_written_object_has_nothing_left_to_relocate() {
    let folder = Folder::new();
    let once = folder.file("once.o", &relocated());
    let twice = folder.path("twice.o");
    let run = run_line(&format!("relocate {once} --target fixtures/btf/gone.le.btf -o {twice}"));
    assert_eq!(
        (run.status, folder.strip(&run.stdout).as_str()),
        (0, "0 relocations; written to /twice.o\n")
    );
    expect![[r#"
        core-reloc: warning: /once.o: nothing to relocate: the relocations have been applied before
    "#]]
    .assert_eq(&folder.strip(&run.stderr));
    assert!(fs::read(once).unwrap() == fs::read(twice).unwrap());
}

#[test]
fn the_file_stays_unchanged_if_a_relocation_fails() {
    let folder = Folder::new();
    let out = folder.file("out.o", b"before");
    let run = run_line(&format!("relocate {OBJECT} {AMBIGUOUS} -o {out}"));
    assert_eq!(run.status, 1);
    assert_eq!(fs::read(out).unwrap(), b"before");
    assert_eq!(folder.names(), ["out.o"]);
}

#[test]
fn a_device_is_written_to() {
    run_line(&format!("relocate {OBJECT} {KERNEL} -o /dev/null")).good();
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
}

#[test]
fn a_failure_to_write_is_reported() {
    let folder = Folder::new();
    let error = |out: &str| {
        let run = run_line(&format!("relocate {OBJECT} {KERNEL} --format json -o {out}"));
        assert_eq!(run.status, 2);
        folder.strip(&run.stderr)
    };
    expect![[r#"
        core-reloc: error: cannot write /: Is a directory (os error 21)
    "#]]
    .assert_eq(&error(&folder.path("")));
    expect![[r#"
        core-reloc: error: cannot write /dev/full: No space left on device (os error 28)
    "#]]
    .assert_eq(&error("/dev/full"));
    // Not even root may create files in sysfs.
    let denied = error("/sys/kernel/out.o");
    assert!(
        denied.starts_with("core-reloc: error: cannot write /sys/kernel/out.o: Permission denied"),
        "{denied}"
    );
    let absent = error(&folder.path("absent/out.o"));
    assert!(
        absent.starts_with("core-reloc: error: cannot write /absent/out.o: No such file"),
        "{absent}"
    );
    assert!(folder.names().is_empty());
}
