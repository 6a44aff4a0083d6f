//! Comparisons of the builder and the reader with bpftool, pahole and clang.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use btf_types::{
    Btf, BtfExt, ByteOrder, Kind,
    build::{Builder, ExtBuilder, HeaderForm},
    ext::CoreReloc,
};

use crate::{
    all_kinds::{self, COUNT, DUMP, ORDERS, dump_shifted},
    dump::dump,
};

/// Writes a file for another program to read.
fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// Returns what a program prints. Without the program, prints that the test is skipped and returns `None`.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    match Command::new(program).args(arguments).output() {
        Ok(output) => {
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{program} {arguments:?}: {stderr}");
            Some(String::from_utf8(output.stdout).unwrap())
        }
        Err(error) => skipped(&format!("{program} does not start: {error}")),
    }
}

/// Prints that a comparison is skipped, which is not allowed in CI.
fn skipped<T>(why: &str) -> Option<T> {
    assert!(
        env::var_os("CI").is_none_or(|value| value.is_empty()),
        "in CI every comparison must run: {why}"
    );
    println!("SKIPPED: {why}");
    None
}

/// Returns bpftool's dump of a BTF, or of the `.BTF` of an object.
fn bpftool(path: &Path) -> Option<String> {
    output("bpftool", &["btf", "dump", "file", path.to_str()?])
}

#[test]
fn bpftool_reads_what_the_builder_writes() {
    for order in ORDERS {
        let path = file(&format!("{order}.btf"), &all_kinds::bytes(order));
        let Some(theirs) = bpftool(&path) else { return };
        assert_eq!(theirs, DUMP, "{order}");
    }
}

#[test]
fn bpftool_reads_longer_headers_that_the_builder_writes() {
    for (name, form) in [("full", HeaderForm::Full), ("longer", HeaderForm::Longer(&[1; 12]))] {
        let mut btf = Builder::new(ByteOrder::Little);
        btf.set_header(form);
        all_kinds::add(&mut btf);
        let path = file(&format!("{name}.btf"), &btf.finish().unwrap());
        let Some(theirs) = bpftool(&path) else { return };
        assert_eq!(theirs, DUMP, "{name}");
    }
}

#[test]
fn bpftool_reads_split_btf_that_the_builder_writes() {
    for order in ORDERS {
        let base_bytes = all_kinds::bytes(order);
        let base = Btf::parse(&base_bytes).unwrap();
        let mut split = Builder::split(&base);
        all_kinds::add(&mut split);
        split.typedef("only_here", btf_types::TypeId(1));

        let base_path = file(&format!("{order}.base.btf"), &base_bytes);
        let path = file(&format!("{order}.split.btf"), &split.finish().unwrap());
        let (base_path, path) = (base_path.to_str().unwrap(), path.to_str().unwrap());
        let arguments = ["--base-btf", base_path, "btf", "dump", "file", path];
        let Some(theirs) = output("bpftool", &arguments) else { return };
        let expected = dump_shifted(COUNT) + "[65] TYPEDEF 'only_here' type_id=1\n";
        assert_eq!(theirs, expected, "{order}");
    }
}

#[test]
fn pahole_reads_what_the_builder_writes() {
    for order in ORDERS {
        let path = file(&format!("pahole {order}.btf"), &all_kinds::bytes(order));
        let arguments = ["-F", "btf", "-C", "node,flags", path.to_str().unwrap()];
        let Some(theirs) = output("pahole", &arguments) else { return };
        let theirs = theirs.split_whitespace().collect::<Vec<_>>().join(" ");
        for expected in [
            "struct node { struct node * next; /* 0 8 */ \
             union { unsigned long whole; /* 8 8 */ int half; /* 8 4 */ }; /* 8 8 */ \
             char name[16]; /* 16 16 */ bool ok; /* 32 1 */ /* size: 40,",
            "struct flags { int all; /* 0 4 */ int low:3; /* 4: 0 4 */ int high:29; /* 4: 3 4 */ \
             /* size: 8,",
        ] {
            assert!(theirs.contains(expected), "{order}: {expected}\nis not in\n{theirs}");
        }
    }
}

/// The compiled `kinds.c`.
struct Compiled {
    object: PathBuf,
    btf: Vec<u8>,
    btf_ext: Vec<u8>,
}

/// Compiles `kinds.c` and extracts two sections from the object.
fn compiled(target: &str, test: &str) -> Option<Compiled> {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/kinds.c");
    let [object, btf, btf_ext] =
        ["o", "btf", "btf_ext"].map(|suffix| file(&format!("{test} {target}.{suffix}"), &[]));
    let object_path = object.to_str()?;
    let arguments = ["-target", target, "-g", "-O2", "-c", source, "-o", object_path];
    output("clang-19", &arguments)?;
    let sections = [format!(".BTF={}", btf.to_str()?), format!(".BTF.ext={}", btf_ext.to_str()?)];
    let arguments = ["--dump-section", &sections[0], "--dump-section", &sections[1], object_path];
    output("llvm-objcopy-19", &arguments)?;
    let [btf, btf_ext] = [btf, btf_ext].map(|path| fs::read(path).unwrap());
    Some(Compiled { object, btf, btf_ext })
}

#[test]
fn bpftool_agrees_about_compiled_c() {
    for (target, order) in [("bpfel", ByteOrder::Little), ("bpfeb", ByteOrder::Big)] {
        let Some(compiled) = compiled(target, "kinds") else { return };
        let Some(theirs) = bpftool(&compiled.object) else { return };
        let btf = Btf::parse(&compiled.btf).unwrap();
        assert_eq!(btf.byte_order(), order);
        assert_eq!(dump(&btf), theirs, "{target}");
        assert_eq!(btf.validate(), Ok(()));
        // No compiler writes the kinds of inline sites.
        for kind in Kind::ALL.into_iter().filter(|kind| *kind <= Kind::Enum64) {
            assert!(btf.own_types().any(|ty| ty.kind() == kind), "kinds.c has no {kind}");
        }
    }
}

/// In `kinds.c`, enumerators have the sizes and offsets that the compiler computes.
#[test]
fn sizes_and_offsets_are_those_of_the_compiler() {
    for target in ["bpfel", "bpfeb"] {
        let Some(compiled) = compiled(target, "sizes") else { return };
        let btf = Btf::parse(&compiled.btf).unwrap();
        let sizes = btf.find("sizes", Kind::Enum).unwrap();
        assert_eq!(sizes.enumerators().len(), 9);
        for enumerator in sizes.enumerators() {
            let name = enumerator.name().unwrap().to_str().unwrap();
            let typedef = btf.find(name.strip_prefix("size_").unwrap(), Kind::Typedef).unwrap();
            assert_eq!(i128::from(typedef.size().unwrap()), enumerator.value(), "{name}");
        }
        let offsets = btf.find("offsets", Kind::Enum).unwrap();
        let node = btf.find("node", Kind::Struct).unwrap();
        assert_eq!(offsets.enumerators().len(), node.members().len());
        for (enumerator, member) in offsets.enumerators().iter().zip(node.members()) {
            let bytes = i128::from(member.bit_offset()) / 8;
            assert_eq!(bytes, enumerator.value(), "{enumerator:?} {member:?}");
        }
    }
}

#[test]
fn co_re_relocations_are_those_that_objdump_prints() {
    for target in ["bpfel", "bpfeb"] {
        let Some(compiled) = compiled(target, "relocations") else { return };
        let arguments = ["-dr", compiled.object.to_str().unwrap()];
        let Some(disassembly) = output("llvm-objdump-19", &arguments) else { return };
        // 0000000000000008:  CO-RE <byte_off> [65] struct listed::first (0:0)
        let theirs: Vec<_> = disassembly
            .lines()
            .filter_map(|line| line.split_once(":  CO-RE "))
            .map(|(insn_off, relocation)| {
                let (kind_and_id, _) = relocation.split_once("] ").unwrap();
                let access = relocation
                    .strip_suffix(')')
                    .map_or("0", |relocation| relocation.rsplit_once('(').unwrap().1);
                format!("{} {kind_and_id}] {access}", insn_off.trim())
            })
            .collect();

        let btf = Btf::parse(&compiled.btf).unwrap();
        let ext = BtfExt::parse(&compiled.btf_ext).unwrap();
        let section = ext.core_relocs().sections().next().unwrap();
        assert_eq!(btf.string(section.name_off()).unwrap(), "other");
        let ours: Vec<_> = section
            .records()
            .map(|CoreReloc { insn_off, type_id, access_str_off, kind }| {
                let kind = match kind {
                    0 => "<byte_off>",
                    9 => "<type_size>",
                    other => panic!("kinds.c has no relocation of kind {other}"),
                };
                let access = btf.string(access_str_off).unwrap();
                format!("{insn_off:016x} {kind} {type_id} {access}")
            })
            .collect();
        assert_eq!(ours.len(), 3);
        assert_eq!(ours, theirs, "{target}");
    }
}

/// clang leaves no gaps between records, so the same records give the same bytes.
#[test]
fn the_builder_writes_btf_ext_as_clang_does() {
    for target in ["bpfel", "bpfeb"] {
        let Some(compiled) = compiled(target, "again") else { return };
        let theirs = BtfExt::parse(&compiled.btf_ext).unwrap();
        let mut again = ExtBuilder::new(theirs.byte_order());
        for section in theirs.func_info().sections() {
            again.func_info(section.name_off(), section.records());
        }
        for section in theirs.line_info().sections() {
            again.line_info(section.name_off(), section.records());
        }
        for section in theirs.core_relocs().sections() {
            again.core_relocs(section.name_off(), section.records());
        }
        assert_eq!(again.finish().unwrap(), compiled.btf_ext, "{target}");
    }
}

/// The copy stores the strings in another order, so the dumps are compared instead of the bytes.
#[test]
fn the_builder_copies_what_clang_writes() {
    for (target, order) in [("bpfel", ByteOrder::Big), ("bpfeb", ByteOrder::Little)] {
        let Some(compiled) = compiled(target, "copy") else { return };
        let btf = Btf::parse(&compiled.btf).unwrap();
        let mut copy = Builder::new(order);
        for ty in btf.own_types() {
            copy.copy(ty, |id| id);
        }
        let path = file(&format!("copy of {target}.btf"), &copy.finish().unwrap());
        let Some(theirs) = bpftool(&compiled.object) else { return };
        assert_eq!(bpftool(&path).unwrap(), theirs, "{target}");
    }
}

#[test]
fn bpftool_agrees_about_the_running_kernel() {
    let path = Path::new("/sys/kernel/btf/vmlinux");
    let Ok(bytes) = fs::read(path) else {
        let _: Option<()> = skipped("this kernel has no BTF");
        return;
    };
    let Some(theirs) = bpftool(path) else { return };
    let btf = Btf::parse(&bytes).unwrap();
    assert_eq!(btf.validate(), Ok(()));
    let ours = dump(&btf);
    if let Some((ours, theirs)) = ours.lines().zip(theirs.lines()).find(|(a, b)| a != b) {
        panic!("ours:   {ours}\ntheirs: {theirs}");
    }
    assert_eq!(ours.len(), theirs.len());
}
