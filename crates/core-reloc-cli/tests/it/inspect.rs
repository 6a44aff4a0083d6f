//! `inspect`: its two formats. Whether the names are right is for `answers`.

use expect_test::expect;

use crate::program::run_line;

#[test]
fn text_has_a_line_for_each_relocation() {
    expect![[r#"
        .text
             0x0  type_size          struct job                        (no function covers the instruction, most likely one that a linker dropped) ./weak_default.c:8
            0x18  type_size          struct job_queue                  job_size ./weak_override.c:8
        syscall
             0x8  field_byte_size    job.uid                           uses_default ./weak_default.c:16
            0x38  field_byte_size    job.flags                         uses_override ./weak_override.c:14
        4 relocations
    "#]].assert_eq(&run_line("inspect fixtures/objects/weak.bpfel.o").good());
    expect![[r#"
        syscall
             0x0  enumval_value      job_state::JOB_RUNNING            values ./enums.c:11
            0x18  enumval_value      job_state::JOB_DONE               values ./enums.c:12
            0x30  enumval_value      job_error::JOB_FAILED             values ./enums.c:13
            0x48  enumval_value      job_error::JOB_LOST               values ./enums.c:14
            0x60  enumval_value      job_mask::JOB_MASK_HIGH           values ./enums.c:15
            0x78  enumval_value      job_delta::JOB_DELTA_MIN          values ./enums.c:16
            0x90  enumval_value      job_state___grown::JOB_RUNNING___grown  values ./enums.c:17
            0xb8  enumval_exists     job_state::JOB_IDLE               existence ./enums.c:26
            0xd0  enumval_exists     job_state::JOB_DONE               existence ./enums.c:27
            0xe8  enumval_exists     job_state___grown::JOB_STUCK___grown  existence ./enums.c:28
           0x100  enumval_exists     job_error::JOB_LOST               existence ./enums.c:29
           0x118  enumval_exists     job_mask::JOB_MASK_HIGH           existence ./enums.c:30
           0x130  enumval_exists     job_myth::JOB_MYTH                existence ./enums.c:31
           0x158  enumval_value      job_flag::JOB_TOP                 top ./enums.c:41
        14 relocations
    "#]]
    .assert_eq(&run_line("inspect fixtures/objects/enums.bpfeb.o").good());
}

#[test]
fn json_has_an_object_for_each_relocation() {
    expect![[r#"
        {"section":".text","index":0,"insn_off":0,"kind":"type_size","type_id":5,"root":"job","access":"0","path":"struct job","insn":"b700000090000000","function":null,"file":"./weak_default.c","line":8,"error":null}
        {"section":".text","index":1,"insn_off":24,"kind":"type_size","type_id":13,"root":"job_queue","access":"0","path":"struct job_queue","insn":"b70000000c000000","function":"job_size","file":"./weak_override.c","line":8,"error":null}
        {"section":"syscall","index":0,"insn_off":8,"kind":"field_byte_size","type_id":5,"root":"job","access":"0:1","path":"job.uid","insn":"b701000004000000","function":"uses_default","file":"./weak_default.c","line":16,"error":null}
        {"section":"syscall","index":1,"insn_off":56,"kind":"field_byte_size","type_id":5,"root":"job","access":"0:2","path":"job.flags","insn":"b701000008000000","function":"uses_override","file":"./weak_override.c","line":14,"error":null}
    "#]].assert_eq(&run_line("inspect --format json fixtures/objects/weak.bpfel.o").good());
}
