//! The verdicts on real programs for the running kernel, which loads each of them alone.
#![cfg(feature = "libbpf")]

use std::collections::BTreeMap;
use std::fs;

use btf_types::ByteOrder;
use core_reloc::{Target, elf::Object};
use core_reloc_tests::{
    data,
    judge::{kernel::loads_programs, libbpf::object::load_alone, skipped},
};
use core_reloc_tools::{
    check::{Checker, Verdict},
    needs::{Kernel, Release, SymbolNames},
};

/// What kernels refuse for other reasons than those of a verdict, by what libbpf says of it.
///
/// Kernels without trampolines (built without ftrace) load no program that replaces or surrounds a function.
/// A program that the verifier rejects for anything but poison, or a map whose sizes user space sets, is not a
/// verdict's matter.
const OTHER_REASONS: [(&str, &str); 4] = [
    ("failed to load: -EPERM", "no trampolines"),
    ("failed to load: -EINVAL", "the verifier"),
    ("failed to load: -EACCES", "the verifier"),
    ("failed to create: -EINVAL", "the sizes of a map"),
];

/// What the verifier or libbpf says of a poisoned instruction.
const POISON: [&str; 2] = ["invalid CO-RE relocation", "195896080"];

#[test]
fn real_programs_load_as_their_verdicts_say() {
    if let Err(unheard) = loads_programs() {
        return unheard.skip();
    }
    let objects = data::objects().unwrap();
    if objects.is_empty() {
        return skipped("no objects were fetched: run `cargo xtask data`");
    }
    let file = core_reloc_sys::kernel_btf().unwrap();
    let (release, symbols) =
        ["/proc/sys/kernel/osrelease", "/proc/kallsyms"].map(|path| fs::read(path).unwrap()).into();
    let release = Release::find(&String::from_utf8(release).unwrap()).unwrap();
    let symbols = SymbolNames::parse(&symbols);
    let btf = file.parse().unwrap();
    let target = Target::new(&btf).indexed_for_queries();
    let kernel = Kernel::new(&target).with_release(release).with_symbols(&symbols);

    let mut table = BTreeMap::<(&str, &str), usize>::new();
    for path in objects {
        let bytes = fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy();
        let object = Object::parse(&bytes).unwrap();
        let is_native = object.byte_order() == ByteOrder::Little;
        if !is_native || name.contains(".arm64.") {
            continue;
        }
        for found in Checker::new(&object).unwrap().check(&kernel).programs {
            let loaded = load_alone(&bytes, &found.name.to_string());
            let what = format!("{name}: {} is {}: {:?}", found.name, found.verdict, found.causes);
            let reason = match &loaded {
                Ok(()) => "loads",
                Err(error) if POISON.iter().any(|said| error.log.contains(said)) => "refused",
                Err(error) => {
                    let is_said = |(said, _): &&(&str, &str)| error.log.contains(said);
                    OTHER_REASONS.iter().find(is_said).map_or("refused", |(_, reason)| reason)
                }
            };
            *table.entry((found.verdict.name(), reason)).or_default() += 1;
            match found.verdict {
                Verdict::Failed | Verdict::Missing | Verdict::Poisoned => {
                    assert!(loaded.is_err(), "the kernel loads {what}");
                }
                Verdict::LeftOpen | Verdict::Conditional => {}
                _ => assert!(reason != "refused", "{what}, but {}", loaded.unwrap_err()),
            }
        }
    }
    for ((verdict, reason), count) in table {
        println!("{verdict:15} {reason:20} {count}");
    }
}
