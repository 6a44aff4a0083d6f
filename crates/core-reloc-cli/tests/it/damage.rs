//! Missing, damaged and wrong files of every kind that the program reads: the message names the file, the
//! offset and the reason, the exit status is 2, and nothing is written.

use std::fs;

use expect_test::expect;
use object::{Object, ObjectSection};

use crate::program::{Folder, Run, fixture, run, run_line};

const OBJECT: &str = "fixtures/objects/fields.bpfel.o";
const TARGET: &str = "fixtures/btf/same.le.btf";

/// The argument of `relocate` that is the damaged file.
#[derive(Debug, Clone, Copy)]
enum Role {
    Object,
    Target,
    Module,
}

/// Runs `relocate` with intact files and one other; checks that the output exists only on success.
fn relocate(folder: &Folder, role: Role, path: &str) -> Run {
    let out = folder.path("out.o");
    let files: [&str; 5] = match role {
        Role::Object => [path, "--target", TARGET, "--module", "fixtures/btf/modular.le.stats.btf"],
        Role::Target => [OBJECT, "--target", path, "--unresolved", "poison"],
        Role::Module => [OBJECT, "--target", TARGET, "--module", path],
    };
    let mut arguments = vec!["relocate", "-o", &out];
    arguments.extend(files);
    let run = run(&arguments);
    assert_eq!(run.status == 0, folder.names().contains(&"out.o".to_string()), "{run:?}");
    run
}

/// Checks the error message for a file with these bytes.
#[track_caller]
fn check(role: Role, bytes: &[u8], expected: &str) {
    let folder = Folder::new();
    let path = folder.file("file", bytes);
    let error = folder.strip(&relocate(&folder, role, &path).refused());
    assert_eq!(error, format!("core-reloc: error: /file: {expected}\n"));
}

/// Returns the offset of a section in the object.
fn start_of(section: &str) -> usize {
    let file = fixture("objects/fields.bpfel.o");
    let file = object::File::parse(&*file).unwrap();
    file.section_by_name(section).unwrap().file_range().unwrap().0 as usize
}

/// Returns the object with some bytes replaced.
fn object_with(at: usize, bytes: &[u8]) -> Vec<u8> {
    with(fixture("objects/fields.bpfel.o"), at, bytes)
}

/// Returns the target with some bytes replaced.
fn target_with(at: usize, bytes: &[u8]) -> Vec<u8> {
    with(fixture("btf/same.le.btf"), at, bytes)
}

fn with(mut file: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    file[at..at + bytes.len()].copy_from_slice(bytes);
    file
}

#[test]
fn paths_that_are_not_files() {
    let folder = Folder::new();
    let directory = folder.path("");
    for role in [Role::Object, Role::Target, Role::Module] {
        let error = |path: &str| folder.strip(&relocate(&folder, role, path).refused());
        let expected = match role {
            Role::Target => "core-reloc: error: no kernel BTF found in /\n",
            _ => "core-reloc: error: /: is a directory, expected a file\n",
        };
        assert_eq!(error(&directory), expected, "{role:?}");
        let expected = "core-reloc: error: /absent: No such file or directory (os error 2)\n";
        assert_eq!(error(&folder.path("absent")), expected, "{role:?}");
        let expected = "core-reloc: error: /dev/null: is empty\n";
        assert_eq!(error("/dev/null"), expected, "{role:?}");
        let expected = "core-reloc: error: /empty: is empty\n";
        assert_eq!(error(&folder.file("empty", b"")), expected, "{role:?}");
        let error = error("/dev/zero");
        let expected = "core-reloc: error: /dev/zero: starts with 00 00 00 00, expected ";
        assert!(error.starts_with(expected), "{role:?}: {error}");
    }
}

#[test]
fn files_of_other_formats() {
    check(Role::Object, b"int main(void);", "starts with 69 6e 74 20, expected ELF (7f 45 4c 46)");
    check(
        Role::Object,
        &fixture("btf/same.le.btf"),
        "starts with 9f eb 01 00, expected ELF (7f 45 4c 46)",
    );
    for role in [Role::Target, Role::Module] {
        check(role, b"\x1f\x8b\x08\x00", "damaged gzip data: unexpected end of file");
        check(
            role,
            b"!",
            "starts with 21, expected BTF, ELF, a kernel image, a tar archive or compressed data of \
             these",
        );
    }
    // A truncated module.
    check(
        Role::Module,
        &fixture("btf/modular.le.stats.btf")[..40],
        "type section at offset 0x18 needs 48 bytes, 16 are left",
    );
}

#[test]
fn files_for_other_machines() {
    // The program itself, an ELF file for the host.
    let program = env!("CARGO_BIN_EXE_core-reloc");
    let folder = Folder::new();
    let error = relocate(&folder, Role::Object, program).refused();
    expect![[r#"
        core-reloc: error: PROGRAM: e_type at offset 0x10 is 3, expected 1 (relocatable), as BPF objects have
    "#]].assert_eq(&error.replace(program, "PROGRAM"));
    let error = relocate(&folder, Role::Target, program).refused();
    expect![[r#"
        core-reloc: error: PROGRAM: the ELF file has no .BTF section
    "#]]
    .assert_eq(&error.replace(program, "PROGRAM"));
    // e_machine, ELF class and data encoding.
    check(
        Role::Object,
        &object_with(18, &[62, 0]),
        "e_machine at offset 0x12 is 62, expected 247 (BPF)",
    );
    check(
        Role::Object,
        &object_with(4, &[1]),
        "ELF class at offset 0x4 is 1, expected 2 (64 bits), as BPF objects have",
    );
    check(Role::Object, &object_with(5, &[2]), "e_shentsize at offset 0x3a is 16384, expected 64");
    check(
        Role::Object,
        &object_with(5, &[7]),
        "data encoding at offset 0x5 is 7, expected 1 (little endian) or 2 (big endian)",
    );
}

#[test]
fn damaged_elf() {
    let object = fixture("objects/fields.bpfel.o");
    check(Role::Object, &object[..32], "ELF header at offset 0x0 needs 64 bytes, the file has 32");
    check(
        Role::Object,
        &object[..object.len() - 1],
        "section header table at offset 0x2998 needs 704 bytes, the file has 11351",
    );
    // e_shoff, e_shentsize, e_shstrndx.
    check(
        Role::Object,
        &object_with(40, &[0xff; 8]),
        "section header table at offset 0xffffffffffffffff needs 704 bytes, the file has 11352",
    );
    check(Role::Object, &object_with(58, &[63]), "e_shentsize at offset 0x3a is 63, expected 64");
    check(
        Role::Object,
        &object_with(62, &[0xee]),
        "e_shstrndx at offset 0x3e is 238, expected the number of a section",
    );
    check(
        Role::Target,
        &object[..object.len() - 1],
        "ELF section headers at offset 0x2998: \
         Invalid ELF section header offset/size/alignment, the file ends at offset 0x2c57",
    );
    check(
        Role::Target,
        &object_with(40, &[0xff; 8]),
        "ELF section headers at offset 0xffffffffffffffff: \
         Invalid ELF section header offset/size/alignment, the file ends at offset 0x2c58",
    );
}

#[test]
fn damaged_types_of_the_object() {
    let btf = start_of(".BTF");
    check(
        Role::Object,
        &object_with(btf, &[0]),
        "section .BTF at offset 0x458: magic is 00 eb, expected 9f eb or eb 9f",
    );
    check(
        Role::Object,
        &object_with(btf + 2, &[2]),
        "section .BTF at offset 0x458: version at offset 2 is 2, only 1 is known",
    );
    // str_len
    check(
        Role::Object,
        &object_with(btf + 20, &[0xff; 4]),
        "section .BTF at offset 0x458: string section at offset 0x58c needs 4294967295 bytes, 3539 are left",
    );
    // The kind of the first type.
    check(
        Role::Object,
        &object_with(btf + 24 + 7, &[0x1f]),
        "section .BTF at offset 0x458: type [1] at offset 0x18 has unknown kind 31, and no layout table gives its size",
    );
    // The first type, a PTR, refers to another.
    check(
        Role::Object,
        &object_with(btf + 24 + 8, &[0xff, 0xff, 0, 0]),
        "section .BTF at offset 0x458: type [1] (PTR) at offset 0x18 refers to type id 65535, the last is 58",
    );
    // Its name.
    check(
        Role::Object,
        &object_with(btf + 24, &[0xff; 4]),
        "section .BTF at offset 0x458: type [1] (PTR) at offset 0x18 refers to string offset 4294967295, the last is 3538",
    );
}

#[test]
fn damaged_records_of_the_object() {
    let ext = start_of(".BTF.ext");
    check(
        Role::Object,
        &object_with(ext, &[0]),
        "section .BTF.ext at offset 0x17b8: magic is 00 eb, expected 9f eb or eb 9f",
    );
    // core_relo_off and core_relo_len
    check(
        Role::Object,
        &object_with(ext + 24, &[2]),
        "section .BTF.ext at offset 0x17b8: core_relo starts 0x402 bytes after the header, not at a multiple of 4",
    );
    check(
        Role::Object,
        &object_with(ext + 28, &[0xff; 4]),
        "section .BTF.ext at offset 0x17b8: core_relo at offset 0x4a0 needs 4294967295 bytes, 940 are left",
    );
}

#[test]
fn damaged_types_of_the_target() {
    let target = fixture("btf/same.le.btf");
    check(Role::Target, &target[..12], "BTF header at offset 0x0 needs 24 bytes, 12 are left");
    check(
        Role::Target,
        &target[..target.len() - 1],
        "string section at offset 0x488 needs 574 bytes, 573 are left",
    );
    check(
        Role::Target,
        &target_with(4, &[8]),
        "header length at offset 4 is 8, at least 24 are needed",
    );
    check(
        Role::Target,
        &target_with(24 + 7, &[0x1f]),
        "type [1] at offset 0x18 has unknown kind 31, and no layout table gives its size",
    );
}

/// Relocating checks the references that it follows; `query` and `dump` validate the whole target.
#[test]
fn damaged_references_of_the_target() {
    let folder = Folder::new();
    let path = folder.file("file", &target_with(24, &[0xff; 4]));
    let run = relocate(&folder, Role::Target, &path);
    assert_eq!(run.status, 0, "{run:?}");
    for command in ["query", "dump"] {
        let error = crate::program::run(&[command, "job", "--target", &path]).refused();
        let expected =
            "type [1] (INT) at offset 0x18 refers to string offset 4294967295, the last is 573\n";
        assert!(error.ends_with(expected), "{error}");
    }
}

/// A relocation with a damaged record fails, and the others are reported.
#[test]
fn damaged_records_fail_alone() {
    let ext = start_of(".BTF.ext");
    let file = fixture("objects/fields.bpfel.o");
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    // core_relo_off counts from the end of the header. The record size, the section's name, its number
    // of records and the first record follow.
    let record = ext + word(ext + 4) + word(ext + 24) + 12;
    let folder = Folder::new();
    let mut errors = String::new();
    // insn_off, type_id, access_str_off, kind
    for (field, value) in [(0, 4), (4, 99_999), (8, 99_999), (12, 13_u32)] {
        let path = folder.file("file", &object_with(record + field, &value.to_le_bytes()));
        let run = relocate(&folder, Role::Object, &path);
        assert_eq!(run.status, 1, "{run:?}");
        assert!(
            run.stdout.ends_with("58 relocations: 55 relocated, 2 poisoned, 1 failed\n"),
            "{run:?}"
        );
        errors.push_str(&run.stderr);
    }
    expect![[r#"
        core-reloc: error: /file: syscall+0x4: field_byte_offset of job.pid: failed: instruction offset 4 is not a multiple of 8
        core-reloc: error: /file: 1 of 58 relocations failed; /out.o was not written
        core-reloc: error: /file: syscall+0x0: field_byte_offset of type [99999] + 0:0: failed: local BTF: type id [99999] does not exist, the last is [58]
        core-reloc: error: /file: 1 of 58 relocations failed; /out.o was not written
        core-reloc: error: /file: syscall+0x0: field_byte_offset of struct job: failed: local BTF: string offset 0x1869f is outside of the strings, which end at 0xdd3
        core-reloc: error: /file: 1 of 58 relocations failed; /out.o was not written
        core-reloc: error: /file: syscall+0x0: kind 13 of struct job: failed: unknown relocation kind 13, 0 to 12 are known
        core-reloc: error: /file: 1 of 58 relocations failed; /out.o was not written
    "#]].assert_eq(&folder.strip(&errors));
}

#[test]
fn a_module_for_a_kernel_and_a_kernel_for_a_module() {
    let object = "relocate fixtures/objects/module.bpfel.o";
    let (kernel, module) = ("fixtures/btf/modular.le.btf", "fixtures/btf/modular.le.stats.btf");
    expect![[r#"
        core-reloc: error: fixtures/btf/modular.le.stats.btf: contains split BTF, as a module does, which needs its kernel's BTF; name the kernel with --target, and this file with --module
    "#]].assert_eq(&run_line(&format!("{object} --target {module}")).refused());
    expect![[r#"
        core-reloc: error: fixtures/btf/modular.le.btf: contains complete BTF, expected the split BTF of a module; name a kernel with --target
    "#]]
        .assert_eq(&run_line(&format!("{object} --target {kernel} --module {kernel}")).refused());
}

#[test]
fn a_module_of_the_other_byte_order() {
    let line = "relocate fixtures/objects/module.bpfel.o --target fixtures/btf/modular.le.btf \
                --module fixtures/btf/modular.be.stats.btf";
    expect![[r#"
        core-reloc: error: fixtures/btf/modular.be.stats.btf: is big endian, but the kernel is little endian; name a module of this kernel
    "#]].assert_eq(&run_line(line).refused());
}

#[test]
fn a_module_of_another_kernel() {
    // The module continues the types of another kernel.
    let folder = Folder::new();
    let module = "fixtures/btf/modular.le.stats.btf";
    let run = relocate(&folder, Role::Module, module);
    assert_eq!(run.status, 0);
    let out = folder.path("out.o");
    fs::remove_file(&out).unwrap();
    let target = "fixtures/btf/forward.le.btf";
    let arguments = ["relocate", OBJECT, "--target", target, "--module", module, "-o", &out];
    expect![[r#"
        core-reloc: error: fixtures/btf/modular.le.stats.btf: type [36] (STRUCT) at offset 0x18 refers to string offset 574, the last is 468
    "#]].assert_eq(&crate::program::run(&arguments).refused());
}

#[test]
fn a_module_of_another_build() {
    let folder = Folder::new();
    let path = folder.path("lib/modules/6.12.1/extra");
    fs::create_dir_all(&path).unwrap();
    let module =
        folder.file("lib/modules/6.12.1/extra/stats.ko", &fixture("btf/modular.le.stats.btf"));
    // The right kernel with one more string at the start, as another build may have it.
    let kernel = fixture("btf/modular.le.btf");
    let base = btf_types::Btf::parse(&kernel).unwrap();
    let mut other = btf_types::build::Builder::new(base.byte_order());
    other.string("another");
    for ty in base.own_types() {
        other.copy(ty, |id| id);
    }
    let kernel = folder.file("vmlinux-6.1.0-50-amd64", &other.finish().unwrap());
    let object = "fixtures/objects/module.bpfel.o";
    let target = ["--target", &kernel, "--module", &module];
    for command in [
        &["relocate", object][..],
        &["explain", object],
        &["dump", "stats"],
        &["query", "stats.value"],
        &["minimize", object, "-o", &folder.path("out")],
    ] {
        let error = run(&[command, &target].concat()).refused();
        let error = folder.strip(&error);
        let start = "core-reloc: error: /lib/modules/6.12.1/extra/stats.ko: was built for another kernel \
                     (6.12.1) than /vmlinux-6.1.0-50-amd64 (6.1.0-50-amd64) (made for another base: ";
        assert!(error.starts_with(start), "{command:?}: {error}");
        assert!(error.ends_with("); name the modules of this kernel\n"), "{error}");
    }
}

#[test]
fn every_start_of_a_file_is_refused() {
    for (role, name, step) in [
        (Role::Object, "objects/fields.bpfel.o", 97),
        (Role::Target, "btf/same.le.btf", 29),
        (Role::Module, "btf/modular.le.stats.btf", 3),
    ] {
        let bytes = fixture(name);
        let folder = Folder::new();
        for len in (0..bytes.len()).step_by(step) {
            let path = folder.file("file", &bytes[..len]);
            let error = relocate(&folder, role, &path).refused();
            let expected = format!("core-reloc: error: {path}: ");
            assert!(error.starts_with(&expected), "{name}, {len} bytes: {error}");
        }
    }
}

/// Checks that an output file exists only if there is no error; other tests check the messages.
#[test]
fn no_changed_byte_is_a_panic() {
    for (role, name, step) in [
        (Role::Object, "objects/fields.bpfel.o", 61),
        (Role::Target, "btf/same.le.btf", 13),
        (Role::Module, "btf/modular.le.stats.btf", 1),
    ] {
        let bytes = fixture(name);
        let folder = Folder::new();
        for at in (0..bytes.len()).step_by(step) {
            let path = folder.file("file", &with(bytes.clone(), at, &[!bytes[at]]));
            let run = relocate(&folder, role, &path);
            assert!(matches!(run.status, 0..=2), "{name}, byte {at}: {run:?}");
            assert_eq!(
                run.status == 0,
                !run.stderr.contains("error: "),
                "{name}, byte {at}: {run:?}"
            );
            let _ = fs::remove_file(folder.path("out.o"));
        }
    }
}
