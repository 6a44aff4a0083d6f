//! Programs whose verdicts are known: `fixtures/verdicts`. The comment at each of them in `fixtures/c/verdicts` says
//! why. The running kernel loads each alone, if its verdict says so.

use btf_from_c::btf;
use btf_types::{Btf, ByteOrder};
use core_reloc::{Target, elf::Object};
use core_reloc_tests::data::read_fixture;
use core_reloc_tools::{
    check::{Checker, Verdict},
    needs::{Kernel, Release},
};

/// The verdict on each program of each object.
const CASES: &[(&str, &[(&str, Verdict)])] = &[
    (
        "guards",
        &[
            ("asked", Verdict::Guarded),
            ("not_asked", Verdict::Poisoned),
            ("other_branch", Verdict::Poisoned),
            ("answer_returned", Verdict::Poisoned),
            ("asked_by_function", Verdict::Guarded),
            ("function_reads", Verdict::Guarded),
            ("function_not_asked", Verdict::Poisoned),
        ],
    ),
    (
        "optional",
        &[
            ("by_variable", Verdict::Conditional),
            ("by_release", Verdict::Conditional),
            ("on_demand", Verdict::Poisoned),
        ],
    ),
    (
        "asks_targets",
        &[
            ("function", Verdict::Missing),
            ("tracepoint", Verdict::Missing),
            ("hook", Verdict::Missing),
            ("iterator", Verdict::Missing),
        ],
    ),
    (
        "asks_symbols",
        &[
            ("kernel_function", Verdict::Missing),
            ("kernel_variable", Verdict::Missing),
            ("neither", Verdict::Missing),
        ],
    ),
    ("asks_struct_ops", &[("start", Verdict::Missing)]),
    (
        "asks_more",
        &[
            ("start", Verdict::Missing),
            ("kernel_function", Verdict::Missing),
            ("kernel_variable", Verdict::Missing),
            ("neither", Verdict::Missing),
            ("function", Verdict::Missing),
            ("tracepoint", Verdict::Missing),
            ("hook", Verdict::Missing),
            ("iterator", Verdict::Missing),
        ],
    ),
    (
        "jump_table",
        &[
            ("by_table", Verdict::Poisoned),
            ("by_guarded_table", Verdict::Guarded),
            ("by_function", Verdict::Guarded),
        ],
    ),
];

/// A kernel for amd64 with everything that the programs ask for, except what no kernel has.
const KERNEL: &str = "
    struct task_struct { int pid; int tgid; };
    struct pt_regs { unsigned long di, si, ax; };
    enum bpf_func_id {
        BPF_FUNC_ktime_get_ns = 5, BPF_FUNC_get_current_task = 35, BPF_FUNC_probe_read_kernel = 113,
        BPF_FUNC_sk_storage_get = 107, BPF_FUNC_for_each_map_elem = 164, __BPF_FUNC_MAX_ID = 212
    };
    enum bpf_prog_type {
        BPF_PROG_TYPE_KPROBE = 2, BPF_PROG_TYPE_RAW_TRACEPOINT = 17, BPF_PROG_TYPE_TRACING = 26,
        BPF_PROG_TYPE_STRUCT_OPS = 27, BPF_PROG_TYPE_LSM = 29
    };
    enum bpf_map_type { BPF_MAP_TYPE_ARRAY = 2, BPF_MAP_TYPE_INSN_ARRAY = 34 };
    enum bpf_attach_type {
        BPF_TRACE_RAW_TP = 23, BPF_TRACE_FENTRY = 24, BPF_LSM_MAC = 27, BPF_TRACE_ITER = 28,
        BPF_PERF_EVENT = 41, BPF_NETKIT_PRIMARY = 54
    };
    typedef void (*btf_trace_sys_enter)(void *, int);
    typedef void (*btf_trace_sys_exit)(void *, int);
    typedef void (*btf_trace_sched_switch)(void *, int);
    typedef void (*btf_trace_sched_wakeup)(void *, int);
    typedef void (*btf_trace_sched_process_exec)(void *, int);
    typedef void (*btf_trace_sched_process_exit)(void *, int);
    typedef void (*btf_trace_sched_process_fork)(void *, int);
    int do_nanosleep(int mode);";

/// Returns the verdicts on the programs of an object.
fn verdicts(object: &[u8], kernel: &Kernel<'_>) -> Vec<(String, Verdict, String)> {
    let object = Object::parse(object).unwrap();
    let programs = Checker::new(&object).unwrap().check(kernel).programs;
    let described = |program: core_reloc_tools::check::ProgramVerdict<'_>| {
        (program.name.to_string(), program.verdict, format!("{:?}", program.causes))
    };
    programs.into_iter().map(described).collect()
}

fn compare(object: &str, found: &[(String, Verdict, String)], expected: &[(&str, Verdict)]) {
    assert_eq!(found.len(), expected.len(), "{object}: {found:?}");
    for (name, verdict) in expected {
        let (_, found, causes) = found.iter().find(|(found, ..)| found == name).unwrap();
        assert_eq!(found, verdict, "{object}: {name}: {causes}");
    }
}

#[test]
fn programs_have_the_verdicts_that_their_comments_state() {
    for (order, suffix) in [(ByteOrder::Little, "bpfel"), (ByteOrder::Big, "bpfeb")] {
        let kernel = btf(order, KERNEL);
        let kernel = Btf::parse(&kernel).unwrap();
        let target = Target::new(&kernel);
        let kernel = Kernel::new(&target).with_release(Release::find("7.0.1").unwrap());
        for (name, expected) in CASES {
            let object = format!("{name}.{suffix}.o");
            let bytes = read_fixture(&format!("verdicts/{object}"));
            compare(&object, &verdicts(&bytes, &kernel), expected);
        }
    }
}

/// The verdict that says that the running kernel loads a program.
#[cfg(feature = "libbpf")]
mod running_kernel {
    use std::fs;

    use core_reloc_tests::judge::{kernel::loads_programs, libbpf::object::load_alone};

    use super::*;

    #[test]
    fn loads_the_programs_whose_verdicts_say_so() {
        if let Err(unheard) = loads_programs() {
            return unheard.skip();
        }
        let file = core_reloc_sys::kernel_btf().unwrap();
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
        let btf = file.parse().unwrap();
        let target = Target::new(&btf).indexed_for_queries();
        let kernel = Kernel::new(&target).with_release(Release::find(&release).unwrap());
        for (name, expected) in CASES {
            let bytes = read_fixture(&format!("verdicts/{name}.bpfel.o"));
            for (program, verdict, causes) in verdicts(&bytes, &kernel) {
                // Before Linux 6.19, the tables of jumps are missing.
                if verdict != Verdict::Missing || *name != "jump_table" {
                    assert!(expected.contains(&(program.as_str(), verdict)), "{program}: {causes}");
                }
                let loaded = load_alone(&bytes, &program);
                let loads = matches!(verdict, Verdict::Guarded | Verdict::Conditional);
                assert_eq!(
                    loaded.is_ok(),
                    loads,
                    "{name}: {program}: {verdict} {causes} {loaded:?}"
                );
            }
        }
    }
}
