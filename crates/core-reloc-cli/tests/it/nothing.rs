//! Objects without anything to relocate, and with relocations that say nothing: every command tells.

use std::{fs, process::Command};

use core_reloc_tests::judge::skipped;
use expect_test::expect;
use object::{Object, ObjectSection};

use crate::program::{Folder, Run, fixture, run_line};

/// Reads a field of the kernel, with and without the attribute that makes the compiler record it.
const SOURCE: &str = r#"
#ifdef RECORDED
#define RECORD __attribute__((preserve_access_index))
#else
#define RECORD
#endif
struct task { int flags, pid; } RECORD;
struct other { struct task *task; } RECORD;
static long (*probe_read_kernel)(void *to, unsigned size, const void *from) = (void *)113;
static struct task *(*current_task)(void) = (void *)158;

#ifdef PROBE
__attribute__((section("kprobe/x"), used)) int probe(struct task *task) {
  int pid = 0;
  probe_read_kernel(&pid, sizeof pid, &task->pid);
  return pid;
}
#endif
#ifdef TRACE
__attribute__((section("fentry/x"), used)) int trace(unsigned long long *context) {
  struct other *other = (struct other *)context[0];
  return other->task->pid;
}
#endif
#ifdef CURRENT
__attribute__((section("socket"), used)) int current(void *context) { return current_task()->pid; }
#endif
#ifdef PACKET
struct packet { unsigned data, data_end; };
__attribute__((section("xdp"), used)) int packet(struct packet *packet) { return packet->data; }
#endif
"#;

/// Compiles the source; returns `None`, and reports the test as skipped, if there is no such compiler.
fn compile(folder: &Folder, compiler: &str, options: &str) -> Option<String> {
    let (source, object) = (folder.file("program.c", SOURCE.as_bytes()), folder.path("program.o"));
    let mut command = Command::new(compiler);
    command.args(["-O2", "-c", &source, "-o", &object]).args(options.split(' '));
    match command.status() {
        Ok(status) => assert!(status.success(), "{compiler} {options}"),
        Err(error) => {
            skipped(&format!("{compiler}: {error}"));
            return None;
        }
    }
    Some(object)
}

/// Returns what each command warns of for an object; it must be the same, and the exit status 0.
fn warning(folder: &Folder, object: &str) -> String {
    let kernel = "--target fixtures/btf/same.le.btf";
    let log = folder.file("verifier.log", b"12: (85) call unknown#195896080\n");
    let out = folder.path("out.o");
    let mut warnings = Vec::new();
    for line in [
        format!("relocate {object} {kernel} -o {out}"),
        format!("inspect {object}"),
        format!("explain {object} {kernel}"),
        format!("check {object} {kernel}"),
        format!("blame {object} {kernel} --log {log}"),
    ] {
        let Run { status, stderr, .. } = run_line(&line);
        let is_blame = line.starts_with("blame");
        assert_eq!(status, i32::from(is_blame), "{line}: {stderr}");
        let is_expected = |line: &&str| !line.contains("error: ") || !is_blame;
        warnings.push(stderr.lines().filter(is_expected).collect::<Vec<_>>().join("\n"));
    }
    // Its output may be empty, which is an error of its own.
    let minimize = run_line(&format!("minimize {object} {kernel} -o {out}"));
    warnings.push(minimize.stderr.lines().next().unwrap_or_default().to_string());
    assert!(warnings.iter().all(|warning| *warning == warnings[0]), "{warnings:#?}");
    let warning = folder.strip(&warnings[0]);
    warning.strip_prefix("core-reloc: warning: /program.o: ").unwrap_or(&warning).to_string()
}

const CLANG: &str = "clang-19";
const GCC: &str = "bpf-gcc";

#[test]
fn an_object_without_types_is_reported() {
    let folder = Folder::new();
    let expected = expect![
        "nothing to relocate: the object has no .BTF section; compile it with -g, and do not strip it"
    ];
    if let Some(object) = compile(&folder, CLANG, "-target bpf -DRECORDED -DPROBE") {
        expected.assert_eq(&warning(&folder, &object));
    }
    if let Some(object) = compile(&folder, GCC, "-DPROBE") {
        expected.assert_eq(&warning(&folder, &object));
    }
}

#[test]
fn an_object_without_ext_is_reported() {
    let folder = Folder::new();
    let expected = expect![
        "nothing to relocate: the object has types but no .BTF.ext section; compile it with -g (GCC: also -mco-re), and do not strip it"
    ];
    if let Some(object) = compile(&folder, CLANG, "-target bpf -g -DRECORDED -DPROBE") {
        let strip = Command::new("llvm-objcopy-19")
            .args(["--remove-section=.BTF.ext", "--remove-section=.rel.BTF.ext", &object])
            .status();
        assert!(strip.unwrap().success());
        expected.assert_eq(&warning(&folder, &object));
    }
    if let Some(object) = compile(&folder, GCC, "-gbtf -mno-co-re -DPROBE") {
        expected.assert_eq(&warning(&folder, &object));
    }
}

#[test]
fn reading_the_kernel_without_records_is_reported() {
    let folder = Folder::new();
    let expected = |section: &str| {
        format!(
            "nothing to relocate: section {section} reads memory of the kernel, but the object has no \
             relocation records; for fields of structs, use BPF_CORE_READ, or types with \
             preserve_access_index, as in vmlinux.h"
        )
    };
    for (program, section) in [("PROBE", "kprobe/x"), ("TRACE", "fentry/x"), ("CURRENT", "socket")]
    {
        for (compiler, options) in
            [(CLANG, "-target bpfel -g"), (CLANG, "-target bpfeb -g"), (GCC, "-gbtf -mco-re")]
        {
            let options = format!("{options} -D{program}");
            let Some(object) = compile(&folder, compiler, &options) else { continue };
            if options.contains("bpfeb") {
                // The kernel has another byte order, which some commands warn of too.
                let warning = run_line(&format!("inspect {object}")).stderr;
                assert!(warning.contains(&expected(section)), "{compiler} {options}: {warning}");
            } else {
                assert_eq!(warning(&folder, &object), expected(section), "{compiler} {options}");
            }
        }
    }
}

/// GCC 12 heeds the attribute for loads, but not where a field's address is taken.
#[test]
fn an_address_that_gcc_does_not_record_is_reported() {
    let folder = Folder::new();
    let Some(object) = compile(&folder, GCC, "-gbtf -mco-re -DRECORDED -DPROBE") else { return };
    let warning = warning(&folder, &object);
    assert!(warning.contains("section kprobe/x reads memory of the kernel"), "{warning}");
    let object = compile(&folder, GCC, "-gbtf -mco-re -DRECORDED -DTRACE").unwrap();
    assert!(run_line(&format!("inspect {object}")).good().ends_with("2 relocations\n"));
}

#[test]
fn other_objects_are_not_reported() {
    let folder = Folder::new();
    for options in ["-DPACKET", "-DPROBE -DRECORDED", "-DTRACE -DRECORDED", "-DCURRENT -DRECORDED"]
    {
        let options = format!("-target bpf -g {options}");
        let Some(object) = compile(&folder, CLANG, &options) else { return };
        let run = run_line(&format!("inspect {object}"));
        let has_none = run.good() == "0 relocations\n";
        assert_eq!(has_none, options.contains("PACKET"), "{options}");
    }
}

#[test]
fn bitcode_is_to_be_linked_first() {
    let folder = Folder::new();
    for options in ["-target bpf -g -emit-llvm -DPROBE", "-target bpf -g -flto -DPROBE"] {
        let Some(object) = compile(&folder, CLANG, options) else { return };
        let out = folder.path("out.o");
        let kernel = "--target fixtures/btf/same.le.btf";
        for line in [
            format!("relocate {object} {kernel} -o {out}"),
            format!("inspect {object}"),
            format!("explain {object} {kernel}"),
            format!("check {object} {kernel}"),
            format!("blame {object} {kernel} --log {object}"),
            format!("minimize {object} {kernel} -o {out}"),
        ] {
            expect![[r#"
                core-reloc: error: /program.o: is LLVM bitcode (42 43 c0 de), expected ELF (7f 45 4c 46); link it first: with bpf-linker, or with llc -march=bpf -filetype=obj
            "#]]
            .assert_eq(&folder.strip(&run_line(&line).refused()));
        }
        let error = run_line(&format!("dump --target {object}")).refused();
        assert!(error.contains("is LLVM bitcode (42 43 c0 de), expected BTF, "), "{error}");
    }
}

/// The advice works: llc makes an object of bitcode.
#[test]
fn linked_bitcode_is_an_object() {
    let folder = Folder::new();
    let options = "-target bpf -g -emit-llvm -DPROBE -DRECORDED";
    let Some(bitcode) = compile(&folder, CLANG, options) else { return };
    let object = folder.path("linked.o");
    let mut llc = Command::new("llc-19");
    llc.args(["-march=bpf", "-filetype=obj", &bitcode, "-o", &object]);
    assert!(llc.status().unwrap().success());
    assert!(run_line(&format!("inspect {object}")).good().ends_with("1 relocation\n"));
}

#[test]
fn a_root_type_0_was_not_recorded() {
    let mut bytes = fixture("objects/fields.bpfel.o");
    let file = object::File::parse(bytes.as_slice()).unwrap();
    let ext = file.section_by_name(".BTF.ext").unwrap().file_range().unwrap().0 as usize;
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    // The header's length and the offset of the records; then the size of a record, and the name and
    // count of the first section. The type follows the offset of the instruction.
    let first = ext + word(ext + 4) + word(ext + 24) + 4 + 8;
    assert_eq!(word(first), 0, "the first instruction");
    bytes[first + 4..first + 8].fill(0);
    let folder = Folder::new();
    let object = folder.file("object.o", &bytes);
    let kernel = "--target fixtures/btf/same.le.btf";
    let cause = "the compiler recorded no type (type id 0) for this relocation";
    for (line, status) in [
        (format!("relocate {object} {kernel}"), 1),
        (format!("explain {object} {kernel}"), 1),
        (format!("check {object} {kernel}"), 1),
    ] {
        let run = run_line(&line);
        assert_eq!(run.status, status, "{line}: {run:?}");
        assert!(run.stdout.contains(cause) || run.stderr.contains(cause), "{line}: {run:?}");
    }
    let _ = fs::remove_file(object);
}

#[test]
fn a_compressed_code_section_is_an_error() {
    let folder = Folder::new();
    let object = folder.path("program.o");
    let compress = Command::new("llvm-objcopy-19")
        .args(["--compress-sections=syscall=zlib", "fixtures/objects/access.bpfel.o", &object])
        .current_dir(crate::program::root())
        .status();
    match compress {
        Ok(status) => assert!(status.success()),
        Err(error) => return skipped(&format!("llvm-objcopy-19: {error}")),
    }
    let expected = expect![[r#"
        core-reloc: error: /program.o: section syscall is compressed; write it as it is, with llvm-objcopy --compress-sections=syscall=none
    "#]];
    let inspect = |object: &str| folder.strip(&run_line(&format!("inspect {object}")).refused());
    expected.assert_eq(&inspect(&object));
    // Also if no flag says that it has code.
    let mut bytes = fs::read(&object).unwrap();
    let at = {
        let file = object::read::elf::ElfFile64::<object::Endianness>::parse(&*bytes).unwrap();
        let section = file.section_by_name("syscall").unwrap();
        let headers = file.elf_header().e_shoff.get(object::Endianness::Little) as usize;
        headers + 64 * section.index().0 + 8
    };
    assert_eq!(bytes[at], 2 | 4, "the flags ALLOC and EXECINSTR");
    bytes[at] = 0;
    expected.assert_eq(&inspect(&folder.file("program.o", &bytes)));
}
