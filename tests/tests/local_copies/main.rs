//! Accesses of local copies with relocated offsets, compared with what the running kernel's verifier says of
//! each program. The local structs are of many layouts, and clang places the copies.
#![cfg(feature = "libbpf")]

mod source;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use btf_types::Btf;
use core_reloc::{Target, elf::Object};
use core_reloc_tests::{
    c_compiler::{CLANG, compile},
    judge::{kernel::loads_programs, libbpf::object::load_alone},
};
use core_reloc_tools::{
    check::Checker,
    copies::{CopyEffect, CopyHarm},
    needs::{Kernel, Release},
};

use self::source::sources;

/// The numbers of programs, by what is found and whether the kernel loads them.
type Table = BTreeMap<(Option<CopyEffect>, bool), usize>;

/// Compares what is found in an object with what the kernel does with each of its programs.
fn compare(bytes: &[u8], kernel: &Kernel<'_>, table: &mut Table) {
    let object = Object::parse(bytes).unwrap();
    let requirements = object.requirements().unwrap();
    let findings = Checker::new(&object).unwrap().check(kernel).copies;
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
        let Some(bytes) = compile(CLANG, "bpf", &source, Path::new(".")) else { return };
        compare(&bytes, &kernel, &mut table);
    }
    println!("{table:#?}");
    // The sources must make what the test is about.
    let count = |effect, loads| table.get(&(effect, loads)).copied().unwrap_or(0);
    assert!(count(None, true) > 20);
    assert!(count(Some(CopyEffect::Refused), false) > 20);
    assert!(count(Some(CopyEffect::WrongValue), true) > 5);
}

/// Linux 6.3 allows programs to load what nothing has written (commit 6715df8d5d24). Older releases may have
/// that too, and callers without `CAP_PERFMON` may not.
#[test]
fn loads_of_what_nothing_has_written_depend_on_the_release() {
    let source = "
        struct pair { long a; int b; } __attribute__((preserve_access_index));
        static long (*read_kernel)(void *to, unsigned size, const void *from) = (void *)113;
        __attribute__((section(\"raw_tp/x\"))) int room(void **c) {
            struct { struct pair pair; long more[8]; } x;
            read_kernel(&x.pair, sizeof x.pair, c[0]);
            __asm__ volatile(\"\" : : \"r\"(&x) : \"memory\");
            return x.pair.b;
        }";
    let Some(bytes) = compile(CLANG, "bpfel", source, Path::new(".")) else { return };
    let object = Object::parse(&bytes).unwrap();
    // b is at offset 16, after the 16 bytes of the copy.
    let btf =
        btf_from_c::btf(btf_types::ByteOrder::Little, "struct pair { long c; long a; int b; };");
    let btf = Btf::parse(&btf).unwrap();
    let target = Target::new(&btf);
    let effect = |release: Option<&str>| {
        let mut kernel = Kernel::new(&target);
        if let Some(release) = release {
            kernel = kernel.with_release(Release::find(release).unwrap());
        }
        let found = Checker::new(&object).unwrap().check(&kernel).copies;
        let [found] = found[..] else { panic!("{found:?}") };
        assert_eq!((found.kernel_offset, found.copied, found.size), (16, Some(16), 4));
        assert_eq!(found.harm, CopyHarm::Unwritten);
        found.effect
    };
    assert_eq!(effect(None), CopyEffect::MayBeRefused);
    assert_eq!(effect(Some("5.10")), CopyEffect::MayBeRefused);
    assert_eq!(effect(Some("6.2.1")), CopyEffect::MayBeRefused);
    assert_eq!(effect(Some("6.3")), CopyEffect::WrongValue);
}
