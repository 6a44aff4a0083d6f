//! What objects need of modules: functions, kfuncs and tracepoints of real modules, as `bpftool` lists them, and
//! structs of functions.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use btf_types::{Btf, ByteOrder, IntEncoding, Linkage, build::Builder};
use core_reloc::{Module, Target, elf::Object};
use core_reloc_targets::{Found, Kernels, Limits, module_name};
use core_reloc_tests::{data, judge::skipped};
use core_reloc_tools::needs::{Answer, Effect, Kernel, Need, Subject, SymbolNames, needs};

const SOURCE: &str = r#"
#define SEC(name) __attribute__((section(name)))
char LICENSE[] SEC("license") = "GPL";
struct nf_conn { unsigned long status; };
extern void bpf_ct_release(struct nf_conn *ct) SEC(".ksyms");
extern int bpf_ct_set_timeout(int wrong) __attribute__((weak)) SEC(".ksyms");
extern int bpf_no_such_kfunc(struct nf_conn *ct) __attribute__((weak)) SEC(".ksyms");
SEC("fentry/br_init") int f0(void *c) { return 0; }
SEC("fexit/bridge:br_init") int f1(void *c) { return 0; }
SEC("fentry/brid:br_init") int f2(void *c) { return 0; }
SEC("fentry/kvm:br_init") int f3(void *c) { return 0; }
SEC("fentry/no_such_function") int f4(void *c) { return 0; }
SEC("fentry/do_unlinkat") int f5(void *c) { return 0; }
SEC("tp_btf/btrfs_inode_new") int t0(void *c) { return 0; }
SEC("tp_btf/kvm_no_such_tracepoint") int t1(void *c) { return 0; }
SEC("raw_tp/kvm_mmu_pagetable_walk") int t2(void *c) { return 0; }
SEC("tp/btrfs/btrfs_no_such_tracepoint") int t3(void *c) { return 0; }
SEC("kprobe/tun_get_socket") int k0(void *c) { return 0; }
SEC("kprobe/tun_no_such_function") int k1(void *c) { return 0; }
SEC("tc") int calls(void *c) {
	bpf_ct_release(c);
	return bpf_ct_set_timeout(1) + bpf_no_such_kfunc(c);
}
"#;

const STRUCT_OPS: &str = r#"
#define SEC(name) __attribute__((section(name)))
char LICENSE[] SEC("license") = "GPL";
struct sample_ops { int (*run)(void *); int (*stop)(void *); };
struct other_ops { int (*run)(void *); };
SEC("struct_ops/run") int run(void *c) { return 0; }
SEC("struct_ops/stop") int stop(void *c) { return 0; }
SEC(".struct_ops") struct sample_ops sample = { .run = (void *)run, .stop = (void *)stop };
SEC("?.struct_ops") struct other_ops other = { .run = (void *)run };
"#;

/// Compiles a source; returns `None` without a compiler.
fn compile(source: &str) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("needs.bpf.c"), folder.path().join("needs.bpf.o"));
    fs::write(&input, source).unwrap();
    let mut clang = Command::new("clang-19");
    clang.args(["-O2", "-g", "-target", "bpfel", "-c"]).arg(&input).arg("-o").arg(&output);
    match clang.status() {
        Ok(status) => assert!(status.success()),
        Err(error) => {
            skipped(&format!("clang-19 does not start: {error}"));
            return None;
        }
    }
    Some(fs::read(output).unwrap())
}

/// Returns the functions and typedefs of a module, as `KIND NAME`, by bpftool.
fn by_bpftool(module: &Path, kernel: &Path) -> Option<BTreeSet<String>> {
    let mut bpftool = Command::new("bpftool");
    let output =
        bpftool.args(["-B"]).arg(kernel).args(["btf", "dump", "file"]).arg(module).output();
    let Ok(output) = output else {
        skipped("bpftool does not start");
        return None;
    };
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let name = |line: &str| {
        let (kind, rest) = line.strip_prefix('[')?.split_once("] ")?.1.split_once(" '")?;
        Some(format!("{kind} {}", rest.split_once('\'')?.0))
    };
    Some(text.lines().filter_map(name).collect())
}

/// Returns the answers on hooks and symbols, by name.
fn answers(needs: &[Need<'_>]) -> Vec<(String, Answer)> {
    let is_asked = |need: &&Need<'_>| {
        matches!(need.subject, Subject::Hook(_) | Subject::Extern(_) | Subject::StructOps(_))
    };
    needs.iter().filter(is_asked).map(|need| (need.name.to_string(), need.answer)).collect()
}

#[test]
fn what_real_modules_have_is_found() {
    let kernels = data::kernels().unwrap();
    let Some(kernel) = kernels.iter().find(|kernel| kernel.modules.len() > 5) else {
        return skipped("no modules were fetched: run `cargo xtask data`");
    };
    let Some(object) = compile(SOURCE) else { return };
    let listed: Option<Vec<(String, BTreeSet<String>)>> = kernel
        .modules
        .iter()
        .map(|path| Some((module_name(path), by_bpftool(path, &kernel.btf)?)))
        .collect();
    let Some(listed) = listed else { return };
    let has = |module: &str, what: &str| {
        listed.iter().any(|(name, types)| name.starts_with(module) && types.contains(what))
    };

    // The library finds the modules itself.
    let found: Vec<_> = Kernels::new(&kernel.btf, Limits::default()).collect();
    let [Ok(Found::Kernel(found))] = found.as_slice() else { panic!("{found:?}") };
    let files: Vec<_> = found.modules().unwrap();
    assert_eq!(files.len(), kernel.modules.len());
    let base = found.file().parse().unwrap();
    let opened: Vec<_> = files.iter().map(|file| file.open().unwrap().unwrap()).collect();
    let split: Vec<_> = opened.iter().map(|file| file.parse_split(&base).unwrap()).collect();
    let modules = files.iter().zip(&split).map(|(file, btf)| Module { name: file.name(), btf });
    let target = Target::new(&base).with_modules(modules);

    let object = Object::parse(&object).unwrap();
    let requirements = object.requirements().unwrap();
    let symbols = SymbolNames::parse(b"ffffffff81000000 T _text\n");
    let kernel = Kernel::new(&target).with_symbols(&symbols);
    let with_modules = answers(&needs(&object, &requirements, &kernel));
    let alone = Target::new(&base);
    let kernel = Kernel::new(&alone).with_symbols(&symbols);
    let without = answers(&needs(&object, &requirements, &kernel));

    let mut seen = 0;
    for (name, module, what, absent) in [
        ("br_init", "", "FUNC br_init", Effect::NoProgram),
        ("br_init", "bridge", "FUNC br_init", Effect::NoProgram),
        ("br_init", "brid", "FUNC br_init", Effect::NoProgram),
        ("br_init", "kvm", "FUNC br_init", Effect::NoProgram),
        ("no_such_function", "", "FUNC no_such_function", Effect::NoProgram),
        ("btrfs_inode_new", "", "TYPEDEF btf_trace_btrfs_inode_new", Effect::NoProgram),
        ("kvm_no_such_tracepoint", "", "TYPEDEF btf_trace_kvm_no_such", Effect::NoProgram),
        (
            "kvm_mmu_pagetable_walk",
            "",
            "TYPEDEF btf_trace_kvm_mmu_pagetable_walk",
            Effect::NoAttachment,
        ),
        ("btrfs:btrfs_no_such_tracepoint", "", "TYPEDEF btf_trace_btrfs_no", Effect::NoAttachment),
        ("tun_get_socket", "", "FUNC tun_get_socket", Effect::NoAttachment),
        ("tun_no_such_function", "", "FUNC tun_no_such_function", Effect::NoAttachment),
        ("bpf_ct_release", "", "FUNC bpf_ct_release", Effect::NoObject),
        ("bpf_no_such_kfunc", "", "FUNC bpf_no_such_kfunc", Effect::Zero),
    ] {
        let of_name = |answers: &[(String, Answer)]| -> Vec<Answer> {
            answers.iter().filter(|(other, _)| other == name).map(|(_, answer)| *answer).collect()
        };
        let expected = if has(module, what) { Answer::Present } else { Answer::Absent(absent) };
        // Programs that ask for the same name are in the order of the source.
        let at = ["", "bridge", "brid", "kvm"].iter().position(|it| *it == module).unwrap();
        assert_eq!(of_name(&with_modules)[at], expected, "{name} of {module}");
        assert_eq!(of_name(&without)[at], Answer::Absent(absent), "{name}");
        seen += usize::from(expected == Answer::Present);
    }
    assert_eq!(seen, 7);
    // It is there, but takes other arguments.
    assert!(has("", "FUNC bpf_ct_set_timeout"));
    let wrong = with_modules.iter().find(|(name, _)| name == "bpf_ct_set_timeout");
    assert_eq!(wrong.unwrap().1, Answer::Absent(Effect::Zero));
    let own = without.iter().find(|(name, _)| name == "do_unlinkat");
    assert_eq!(own.unwrap().1, Answer::Present);
}

/// Makes a kernel with a function, and a module with `sample_ops`, whose only function is `run`.
fn kernel_with_ops() -> (Vec<u8>, Vec<u8>) {
    let mut btf = Builder::new(ByteOrder::Little);
    let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    let proto = btf.func_proto(int).finish();
    let pointer = btf.ptr(proto);
    btf.func("start", proto, Linkage::Static);
    let kernel = btf.finish().unwrap();
    let base = Btf::parse(&kernel).unwrap();
    let mut btf = Builder::split(&base);
    let ops = btf.structure("sample_ops", 8).member("run", pointer, 0).finish();
    btf.structure("bpf_struct_ops_sample_ops", 8).member("data", ops, 0).finish();
    (kernel.clone(), btf.finish().unwrap())
}

#[test]
fn structs_of_functions_of_modules_are_found() {
    let Some(bytes) = compile(STRUCT_OPS) else { return };
    let object = Object::parse(&bytes).unwrap();
    let requirements = object.requirements().unwrap();
    let (kernel, module) = kernel_with_ops();
    let base = Btf::parse(&kernel).unwrap();
    let split = Btf::parse_split(&module, &base).unwrap();
    let target = Target::new(&base).with_modules([Module { name: "sample", btf: &split }]);
    let found = answers(&needs(&object, &requirements, &Kernel::new(&target)));
    let expected = [
        ("sample_ops", Answer::Present),
        ("sample_ops.stop", Answer::Absent(Effect::NoAttachment)),
        ("other_ops", Answer::Absent(Effect::NoObject)),
    ];
    assert_eq!(found, expected.map(|(name, answer)| (name.to_string(), answer)));
    let alone = Target::new(&base);
    let found = answers(&needs(&object, &requirements, &Kernel::new(&alone)));
    let absent = |name: &str| (name.to_string(), Answer::Absent(Effect::NoObject));
    assert_eq!(found, [absent("sample_ops"), absent("other_ops")]);
}

/// The fixtures' modules have types only.
#[test]
fn a_root_type_of_a_module_asks_for_modules() {
    let folder: PathBuf = data::fixture("btf");
    let object = data::read_fixture("objects/module.bpfel.o");
    let object = Object::parse(&object).unwrap();
    let kernel = data::read_fixture("btf/modular.le.btf");
    let base = Btf::parse(&kernel).unwrap();
    assert!(object.needs_modules(&Target::new(&base)));
    let stats = fs::read(folder.join("modular.le.stats.btf")).unwrap();
    let split = Btf::parse_split(&stats, &base).unwrap();
    let target = Target::new(&base).with_modules([Module { name: "stats", btf: &split }]);
    assert!(!object.needs_modules(&target));
}
