//! Accesses of local copies with relocated offsets, compared with what the running kernel's verifier says of
//! each program. The local structs are of many layouts, and clang places the copies.
#![cfg(feature = "libbpf")]

mod source;

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use btf_types::Btf;
use core_reloc::{Target, elf::Object};
use core_reloc_tests::judge::{
    kernel::loads_programs,
    libbpf::object::load_alone,
    skipped,
};
use core_reloc_tools::{
    copies::{CopyEffect, copies},
    needs::{Kernel, Release},
};

use self::source::sources;

/// Compiles a C source for BPF; `None` if there is no compiler.
fn compile(source: &str) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let [file, object] = ["copies.c", "copies.o"].map(|name| folder.path().join(name));
    fs::write(&file, source).unwrap();
    let mut clang = Command::new("clang-19");
    clang.args(["-g", "-O2", "-target", "bpf", "-mcpu=v3", "-c"]).arg(&file);
    match clang.arg("-o").arg(&object).status() {
        Ok(status) => assert!(status.success(), "{source}"),
        Err(error) => {
            skipped(&format!("clang-19 does not start: {error}"));
            return None;
        }
    }
    Some(fs::read(&object).unwrap())
}

/// The numbers of programs, by what is found and whether the kernel loads them.
type Table = BTreeMap<(Option<CopyEffect>, bool), usize>;

/// Compares what is found in an object with what the kernel does with each of its programs.
fn compare(bytes: &[u8], kernel: &Kernel<'_>, table: &mut Table) {
    let object = Object::parse(bytes).unwrap();
    let requirements = object.requirements().unwrap();
    let findings = copies(&object, kernel).unwrap();
    for program in &requirements.programs {
        let functions = requirements.functions_of(program.function);
        let mine = findings.iter().filter(|found| functions.contains(&found.function));
        let effect = mine.clone().map(|found| found.effect).min();
        let loaded = load_alone(bytes, &program.name.to_string());
        let what = format!("{} has {:?}", program.name, mine.collect::<Vec<_>>());
        *table.entry((effect, loaded.is_ok())).or_default() += 1;
        match (effect, loaded) {
            (Some(CopyEffect::Refused), Ok(())) => panic!("the kernel loads it, but {what}"),
            (Some(CopyEffect::Refused), Err(error)) => {
                // What libbpf passes on of the verifier's log may lack its end.
                assert!(error.log.contains("failed to load: -EACCES"), "{what}: {error}");
            }
            (None | Some(CopyEffect::WrongValue), Err(error)) => panic!("{what}, but {error}"),
            _ => {}
        }
    }
}

#[test]
fn copies_that_are_too_small_are_refused() {
    if let Err(unheard) = loads_programs() {
        return unheard.skip();
    }
    let kernel = fs::read("/sys/kernel/btf/vmlinux").unwrap();
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let btf = Btf::parse(&kernel).unwrap();
    let target = Target::new(&btf).indexed_for_queries();
    let kernel = Kernel::new(&target).with_release(Release::find(&release).unwrap());
    let mut table = BTreeMap::new();
    for source in sources() {
        let Some(bytes) = compile(&source) else { return };
        compare(&bytes, &kernel, &mut table);
    }
    println!("{table:#?}");
    // The sources must make what the test is about.
    let count = |effect, loads| table.get(&(effect, loads)).copied().unwrap_or(0);
    assert!(count(None, true) > 20);
    assert!(count(Some(CopyEffect::Refused), false) > 20);
    assert!(count(Some(CopyEffect::WrongValue), true) > 20);
}
