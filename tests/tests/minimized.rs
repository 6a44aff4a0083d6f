//! Minimized BTF is accepted by libbpf and by the running kernel wherever they accept the whole.
//!
//! The conformance test compares the results of relocating with it, for fixtures and real kernels.
#![cfg(feature = "libbpf")]

use btf_from_c::{btf, split_btf};
use btf_types::{Btf, ByteOrder, PointerSize};
use core_reloc::{AccessPath, Module, Options, RelocKind, Relocation, Target};
use core_reloc_proptest::{CaseProfile, case};
use core_reloc_tests::conformance::{Kernel, Readers};
use core_reloc_tests::judge::kernel::loads_programs;
use core_reloc_tools::minimize::{MinimizeError, Needs, minimize};
use proptest::prelude::*;

/// The byte order of BTF that the running kernel loads.
const NATIVE: ByteOrder =
    if cfg!(target_endian = "little") { ByteOrder::Little } else { ByteOrder::Big };

/// Minimizes a kernel. Returns the number of BTFs that the running kernel loads, and what readers accept of
/// the whole only.
fn check(kernel: &Kernel, local: &Btf<'_>, relocations: Vec<Relocation>) -> (usize, Vec<String>) {
    let main = Btf::parse(&kernel.main).unwrap();
    let split = kernel.modules.iter().map(|(_, bytes)| Btf::parse_split(bytes, &main).unwrap());
    let split: Vec<Btf<'_>> = split.collect();
    let modules = kernel.modules.iter().zip(&split).map(|((name, _), btf)| Module { name, btf });
    let target = Target::new(&main).with_modules(modules);
    let minimized = match minimize(&[Needs { local, relocations }], &target, Options::default()) {
        Ok(minimized) => minimized,
        Err(MinimizeError::Empty { .. }) => return (0, Vec::new()),
        Err(error) => return (0, vec![error.to_string()]),
    };
    let names = kernel.modules.iter().map(|(name, _)| name.clone());
    let modules = names.zip(minimized.modules).collect();
    let readers = Readers::of(kernel);
    let minimized = Kernel { name: kernel.name.clone(), main: minimized.main, modules };
    (readers.loaded(), readers.lost(&minimized))
}

/// Reports the judge as skipped if it cannot run. libbpf still judges.
fn is_loading() -> bool {
    loads_programs().map_err(|why| why.skip()).is_ok()
}

#[test]
fn generated_types() {
    const CASES: u32 = 500;
    let loaded = std::cell::Cell::new(0);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) };
    proptest!(config, |(case in case(CaseProfile::default().flaws(0)))| {
        let object = case.write().unwrap();
        let local = Btf::parse(&object.local).unwrap().with_pointer_size(PointerSize::Eight);
        let decoded = object.records.iter().map(|record| Relocation::from_record(&local, record));
        let modules = (0..).map(|number: usize| format!("module {number}")).zip(object.modules);
        let kernel = Kernel { modules: modules.collect(), ..Kernel::new("main", object.main) };
        let (count, lost) = check(&kernel, &local, decoded.filter_map(Result::ok).collect());
        loaded.set(loaded.get() + count);
        prop_assert_eq!(lost, Vec::<String>::new());
    });
    println!(
        "the running kernel loads {} of {CASES} generated kernels and their modules",
        loaded.get()
    );
    assert!(!is_loading() || loaded.get() > 100, "{}", loaded.get());
}

/// Asks for every field, enumerator and type of the local types.
fn everything(local: &Btf<'_>) -> Vec<Relocation> {
    let mut all = Vec::new();
    for ty in local.types().filter(|ty| ty.name().is_ok_and(|name| !name.is_empty())) {
        let mut ask = |access: &str, kind| {
            let (type_id, access) = (ty.id(), access.parse::<AccessPath>().unwrap());
            all.push(Relocation { insn_off: 0, type_id, access, kind });
        };
        for index in 0..ty.members().len() {
            ask(&format!("0:{index}"), RelocKind::FieldByteOffset);
            ask(&format!("0:{index}"), RelocKind::FieldByteSize);
            ask(&format!("0:{index}:0"), RelocKind::FieldByteOffset);
        }
        for index in 0..ty.enumerators().len() {
            ask(&index.to_string(), RelocKind::EnumvalValue);
        }
        let kinds = [RelocKind::TypeExists, RelocKind::TypeMatches, RelocKind::TypeIdTarget];
        kinds.into_iter().for_each(|kind| ask("0", kind));
        // A variable, a section and a tag have a size.
        ask("0", RelocKind::FieldExists);
    }
    all
}

/// Minimizes a kernel for the same types, or for other ones. The running kernel must load all of its BTF.
#[track_caller]
fn check_types(local: &str, main: &str, modules: &[&str]) {
    let local = btf(NATIVE, local);
    let local = Btf::parse(&local).unwrap();
    let main = btf(NATIVE, main);
    let base = Btf::parse(&main).unwrap();
    let modules = modules.iter().map(|module| ((*module).to_string(), split_btf(&base, module)));
    let kernel = Kernel { modules: modules.collect(), ..Kernel::new("main", main.clone()) };
    let (loaded, lost) = check(&kernel, &local, everything(&local));
    assert_eq!(lost, [""; 0]);
    assert!(!is_loading() || loaded == 1 + kernel.modules.len(), "{loaded}");
}

#[test]
fn every_kind_of_type() {
    let types = "
        enum state { IDLE, BUSY = 7, DEAD = -1 };
        enum large { LARGE = 0x100000000 };
        typedef int pid_t;
        typedef pid_t comm_t[16];
        typedef int (*callback_t)(struct task *task, unsigned long flags, ...);
        struct list { struct list *next; };
        union value { char byte; long word; double real; };
        struct task {
            const pid_t pid;
            comm_t comm;
            int matrix[2][3];
            unsigned long flags;
            unsigned first : 3;
            enum state state : 4;
            struct { struct list list; union value value; };
            callback_t callback;
            int (*other)(void);
            struct hidden *hidden;
            enum large large;
            struct { int data[0]; int len; } packet;
        };
        int wake(struct task *task, int how);
        int counter SEC(\".data\");
    ";
    check_types(types, types, &[]);
    // Other members, and none in front.
    let local = "
        enum state { BUSY };
        struct task { struct list { void *next; } list; int comm[4]; enum state state; };
        typedef int (*callback_t)(void);
        int wake(int how);
        int counter SEC(\".data\");
    ";
    check_types(local, types, &[]);
    check_types(types, &format!("struct other {{ long l; }}; {types}"), &[]);
}

#[test]
fn modules_with_a_type_of_one_name() {
    let local = "struct stats { long done; }; struct job { int id; }; struct task { int pid; };";
    let modules = [
        "struct job { int id; }; struct stats { long done; };",
        "struct other { int x; }; struct stats { long lost; long done; };",
        "struct more { int a; }; struct stats { long done; } @size 24;",
    ];
    check_types(local, "int x; long y; struct task { int pid; };", &modules);
    // Nothing of the kernel itself.
    let job = "struct job { void *p; };";
    check_types(job, "int x;", &[job]);
    check_types(job, "struct queue *queue;", &[job]);
}
