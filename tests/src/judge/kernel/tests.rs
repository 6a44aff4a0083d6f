//! Tests of the judge, with programs whose result the running thread knows.

use super::asm::{
    GET_CURRENT_PID_TGID, GET_CURRENT_TASK, PROBE_READ_KERNEL, Size, add, call, copy, exit, load,
    set,
};
use super::*;
use crate::judge::Record;
use crate::judge::handmade::{Blob, Order};

const FIELD_BYTE_OFFSET: u32 = 0;
const FIELD_EXISTS: u32 = 2;

const HOST: Order = if cfg!(target_endian = "big") { Order::Big } else { Order::Little };

/// Returns BTF of `struct task_struct { int FIELD; }`, a function for the program, and the access string
/// of the field.
fn task_with(field: &str) -> (Vec<u8>, FuncInfo, u32) {
    let mut local = Blob::new();
    local.int().ints("task_struct", 4, &[(field, 0)]);
    local.record("", 13 << 24, 1, &[]);
    local.record("main", 12 << 24, 3, &[]);
    let access = local.string("0:0");
    (local.bytes(HOST), FuncInfo { insn_off: 0, type_id: 4 }, access)
}

/// Loads `code`, with its second instruction relocated for `task_struct.FIELD`.
fn load_relocated(code: &[[u8; 8]], field: &str, kind: u32) -> Result<Loaded, Refused> {
    let (btf, main, access_str_off) = task_with(field);
    let record = Record { insn_off: 8, type_id: 2, access_str_off, kind };
    let btf = Btf::load(&btf)?;
    let relocations = CoreRelos { btf: &btf, func_info: &[main], records: &[record] };
    Program::new(ProgramType::RawTracepoint, code.as_flattened())
        .with_relocations(relocations)
        .load()
}

fn is_available() -> bool {
    availability().inspect_err(Unavailable::skip).is_ok()
}

#[test]
fn the_kernel_relocates_to_the_offset_of_the_field() {
    if !is_available() {
        return;
    }
    // Reads `current->pid`.
    let code = [
        call(GET_CURRENT_TASK),
        add(0, 0),
        copy(3, 0),
        copy(1, 10),
        add(1, -8),
        set(2, 4),
        call(PROBE_READ_KERNEL),
        load(Size::Word, 0, 10, -8),
        exit(),
    ];
    let read = load_relocated(&code, "pid", FIELD_BYTE_OFFSET).unwrap();
    // The lower half of the helper's result is the same number.
    let code = [call(GET_CURRENT_PID_TGID), exit()];
    let expected = Program::new(ProgramType::RawTracepoint, code.as_flattened()).load().unwrap();
    let (read, expected) = (read.run().unwrap(), expected.run().unwrap());
    assert_eq!(read, expected);
    assert_ne!(read, 0);
}

#[test]
fn the_kernel_refuses_a_poisoned_instruction() {
    if !is_available() {
        return;
    }
    let code = [set(0, 0), set(0, 0), exit()];
    let refused = load_relocated(&code, "no_such_field", FIELD_BYTE_OFFSET).unwrap_err();
    assert_eq!(refused.error.raw_os_error(), Some(libc::EINVAL));
    assert!(refused.log.contains("195896080"), "{refused}");

    let code = [set(0, 0), set(0, 1), exit()];
    let exists = |field| load_relocated(&code, field, FIELD_EXISTS).unwrap().run().unwrap();
    assert_eq!(exists("no_such_field"), 0);
    assert_eq!(exists("pid"), 1);
}

#[test]
fn every_type_of_program_runs() {
    if !is_available() {
        return;
    }
    let code = [set(0, 2), exit()];
    for kind in [
        ProgramType::SocketFilter,
        ProgramType::SchedCls,
        ProgramType::Xdp,
        ProgramType::RawTracepoint,
        ProgramType::Syscall,
    ] {
        let program = Program::new(kind, code.as_flattened()).load().unwrap();
        assert_eq!(program.run().unwrap(), 2, "{kind:?}");
    }
}

#[test]
fn helpers_require_the_licence() {
    if !is_available() {
        return;
    }
    let code = [call(GET_CURRENT_TASK), set(0, 0), exit()];
    let program = Program::new(ProgramType::RawTracepoint, code.as_flattened());
    assert!(program.load().is_ok());
    let refused = program.with_license(c"MIT").load().unwrap_err();
    assert!(refused.log.contains("GPL"), "{refused}");
}

/// The fields have other offsets in every configuration of the kernel.
#[cfg(feature = "libbpf")]
#[test]
fn the_kernel_and_libbpf_agree() {
    use crate::judge::libbpf::{Libbpf, Target, Verdict};

    if !is_available() {
        return;
    }
    let kernel = std::fs::read("/sys/kernel/btf/vmlinux").unwrap();
    let target = Target::new(&kernel, &[]).unwrap();
    for field in ["pid", "start_time", "signal", "mm"] {
        let (local, _, access_str_off) = task_with(field);
        let mut libbpf = Libbpf::new(&local, &target).unwrap();
        let record = Record { insn_off: 0, type_id: 2, access_str_off, kind: FIELD_EXISTS };
        let Verdict::Relocated(_) = libbpf.relocate(record, &mut set(0, 1)) else {
            panic!("libbpf finds no {field}")
        };
        let record = Record { kind: FIELD_BYTE_OFFSET, ..record };
        let verdict = libbpf.relocate(record, &mut set(0, 0));
        let code = [set(0, 0), set(0, 0), exit()];
        let kernel = load_relocated(&code, field, FIELD_BYTE_OFFSET);
        match verdict {
            Verdict::Relocated(patch) => {
                assert_eq!(kernel.unwrap().run().unwrap(), patch.resolution.value as u32);
            }
            // The field is not an integer in the kernel.
            Verdict::Poisoned(_) | Verdict::Failed(_) => assert!(kernel.is_err()),
        }
    }
}
