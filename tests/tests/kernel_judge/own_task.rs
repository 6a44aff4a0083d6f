//! Programs that read the running thread's own `task_struct`, whose content the thread knows.

use btf_types::TypeId;
use btf_types::build::Builder;
use core_reloc::RelocKind::{self, *};
use core_reloc_tests::judge::Record;
use core_reloc_tests::judge::kernel::asm::{
    GET_CURRENT_TASK, GET_CURRENT_TASK_BTF, Insn, PROBE_READ_KERNEL, STACK_END, Size, add, call,
    copy, exit, insn, load, set, store,
};

use super::compare::{Case, Outcome, is_available};
use super::local::{Local, declare, record};

/// The fields are in an order that no kernel has, at offsets that are too small.
const TASK: &str = "
    struct task_struct {
        struct task_struct *real_parent;
        int tgid;
        int pid;
        unsigned sched_reset_on_fork : 1 @ 16.3;
        char comm[16] @ 24;
    };
";

/// A program that is being built: its code and its records.
#[derive(Default)]
struct Program {
    code: Vec<Insn>,
    records: Vec<Record>,
}

impl Program {
    fn add(&mut self, insn: Insn) {
        self.code.push(insn);
    }

    /// Adds an instruction with a relocation.
    fn relocated(
        &mut self,
        insn: Insn,
        builder: &mut Builder<'_>,
        kind: RelocKind,
        root: TypeId,
        access: &str,
    ) {
        let insn_off = self.code.as_flattened().len() as u32;
        self.records.push(Record { insn_off, ..record(builder, kind, root, access) });
        self.add(insn);
    }
}

/// Builds a program, relocates and runs it on both sides, and returns its result.
#[track_caller]
fn run(what: &str, build: impl FnOnce(&mut Builder<'_>, TypeId, &mut Program)) -> u32 {
    let mut program = Program::default();
    let (local, ()) = Local::new(|builder| {
        let task = declare(builder, TASK).id("task_struct");
        build(builder, task, &mut program);
    });
    let Program { code, records } = &program;
    match (Case { local: &local, code, records }).check(what) {
        Outcome::Runs { returned, .. } => returned,
        outcome => panic!("{what}: {outcome:x?}"),
    }
}

/// Loads a field through a pointer whose type the verifier knows.
fn load_field(size: Size, access: &str, original: i16, what: &str) -> u32 {
    run(what, |builder, task, program| {
        program.add(call(GET_CURRENT_TASK_BTF));
        let load = load(size, 0, 0, original);
        program.relocated(load, builder, FieldByteOffset, task, access);
        program.add(exit());
    })
}

#[test]
fn loads_read_the_threads_own_fields() {
    if !is_available() {
        return;
    }
    // SAFETY: it only reads the id of the thread.
    let thread = unsafe { libc::gettid() }.cast_unsigned();
    assert_eq!(load_field(Size::Word, "0:2", 12, "pid"), thread);
    assert_eq!(load_field(Size::Word, "0:1", 8, "tgid"), std::process::id());
    let name = std::fs::read("/proc/thread-self/comm").unwrap();
    for (index, byte) in name.trim_ascii_end().iter().enumerate() {
        let read = load_field(Size::Byte, &format!("0:4:{index}"), 24 + index as i16, "comm");
        assert_eq!(read, u32::from(*byte), "comm[{index}]");
    }
}

#[test]
fn loads_follow_a_pointer_that_was_loaded() {
    if !is_available() {
        return;
    }
    let parent = run("real_parent->tgid", |builder, task, program| {
        program.add(call(GET_CURRENT_TASK_BTF));
        let pointer = load(Size::Double, 0, 0, 0);
        program.relocated(pointer, builder, FieldByteOffset, task, "0:0");
        let number = load(Size::Word, 0, 0, 8);
        program.relocated(number, builder, FieldByteOffset, task, "0:1");
        program.add(exit());
    });
    assert_eq!(parent, std::os::unix::process::parent_id());
}

#[test]
fn offsets_are_added_in_arithmetic() {
    if !is_available() {
        return;
    }
    let read = run("current + offset of tgid", |builder, task, program| {
        program.add(call(GET_CURRENT_TASK));
        let offset = add(0, 8);
        program.relocated(offset, builder, FieldByteOffset, task, "0:1");
        for insn in [copy(3, 0), copy(1, STACK_END), add(1, -8)] {
            program.add(insn);
        }
        program.relocated(set(2, 4), builder, FieldByteSize, task, "0:1");
        for insn in [call(PROBE_READ_KERNEL), load(Size::Word, 0, STACK_END, -8), exit()] {
            program.add(insn);
        }
    });
    assert_eq!(read, std::process::id());
}

#[test]
fn shifts_extract_a_bitfield_from_its_load() {
    if !is_available() {
        return;
    }
    for is_set in [false, true] {
        reset_scheduling_on_fork(is_set);
        let read = run("current->sched_reset_on_fork", read_bitfield);
        assert_eq!(read, u32::from(is_set));
    }
}

/// Adds the code of a compiler for `current->sched_reset_on_fork`, with all relocations of a bitfield.
fn read_bitfield(builder: &mut Builder<'_>, task: TypeId, program: &mut Program) {
    const FIELD: &str = "0:3";
    let big_endian = cfg!(target_endian = "big");
    program.add(call(GET_CURRENT_TASK));
    program.relocated(add(0, 16), builder, FieldByteOffset, task, FIELD);
    for insn in [copy(3, 0), store(Size::Double, STACK_END, -8, 0), copy(1, STACK_END)] {
        program.add(insn);
    }
    // The bytes are read into the lower bytes of the word.
    if big_endian {
        let to_the_end = insn(0x17, 1, 0, 0, 4);
        program.relocated(to_the_end, builder, FieldByteSize, task, FIELD);
    } else {
        program.add(add(1, -8));
    }
    program.relocated(set(2, 4), builder, FieldByteSize, task, FIELD);
    program.add(call(PROBE_READ_KERNEL));
    program.add(load(Size::Double, 0, STACK_END, -8));
    let left = if big_endian { 32 + 3 } else { 64 - 4 };
    program.relocated(insn(0x67, 0, 0, 0, left), builder, FieldLshiftU64, task, FIELD);
    program.relocated(insn(0x77, 0, 0, 0, 63), builder, FieldRshiftU64, task, FIELD);
    program.add(exit());
}

/// Sets or clears the bit in the calling thread's `task_struct`.
fn reset_scheduling_on_fork(reset: bool) {
    let policy = libc::SCHED_OTHER | if reset { libc::SCHED_RESET_ON_FORK } else { 0 };
    // SAFETY: all zeros are a valid parameter, the lowest priority.
    let parameter: libc::sched_param = unsafe { std::mem::zeroed() };
    // SAFETY: the parameter is alive.
    let failed = unsafe { libc::sched_setscheduler(0, policy, &raw const parameter) };
    assert_eq!(failed, 0, "{}", std::io::Error::last_os_error());
}
