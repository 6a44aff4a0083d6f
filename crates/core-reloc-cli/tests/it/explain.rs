//! `explain`: what it says about each sort of problem, in both formats.

use expect_test::{Expect, expect};

use crate::program::run_line;

fn check(line: &str, expected: Expect) {
    expected.assert_eq(&run_line(&format!("explain fixtures/objects/{line}")).good());
}

#[test]
fn a_renamed_field_is_found_where_it_was() {
    check(
        "fields.bpfel.o --target fixtures/btf/renamed.le.btf --program existence --type job",
        expect![[r#"
            note[field_missing]: field_exists of job.pid = 0
              --> ./fields.c:64:13 in existence, syscall+0x230
            64 |  answers[0] = FIELD_EXISTS(job->pid);
               |             ^
              = why: candidate struct job [44]: struct job has no member `pid`
                  struct job, 144 bytes                                  struct job, 144 bytes
               >> job_id_t pid;                    /*     0       4 */ <
               >>                                                      > job_id_t number;                 /*     0       4 */
                  u32 uid;                         /*     4       4 */   u32 uid;                         /*     4       4 */
                  … 23 more
              = help: `struct job` has a member of such a type at the same place: `number`
                      struct job___new { job_id_t number; } __attribute__((preserve_access_index));

            ok: field_exists of job.flags = 1
              --> ./fields.c:65:13 in existence, syscall+0x240
            65 |  answers[1] = FIELD_EXISTS(job->flags);
               |             ^

            ok: field_exists of job.queue.weight = 1
              --> ./fields.c:66:13 in existence, syscall+0x250
            66 |  answers[2] = FIELD_EXISTS(job->queue.weight);
               |             ^

            ok: field_exists of job.second = 1
              --> ./fields.c:67:13 in existence, syscall+0x260
            67 |  answers[3] = FIELD_EXISTS(job->second);
               |             ^

            ok: field_exists of job.grid[2][3] = 1
              --> ./fields.c:68:13 in existence, syscall+0x270
            68 |  answers[4] = FIELD_EXISTS(job->grid[2][3]);
               |             ^

            ok: field_exists of job.prio = 1
              --> ./fields.c:69:13 in existence, syscall+0x280
            69 |  answers[5] = FIELD_EXISTS(job->prio);
               |             ^

            ok: field_exists of job.tail = 1
              --> ./fields.c:70:13 in existence, syscall+0x290
            70 |  answers[6] = FIELD_EXISTS(job->tail);
               |             ^

            note[field_missing]: field_exists of job___nested.id.pid = 0
              --> ./fields.c:71:13 in existence, syscall+0x2a0
            71 |  answers[7] = FIELD_EXISTS(((struct job___nested *)job)->id.pid);
               |             ^
              = why: candidate struct job [44]: struct job has no member `id`
                  struct job___nested, 4 bytes                           struct job, 144 bytes
                  struct {                                             <
                    job_id_t pid;                  /*     0       4 */ <
               >> } id;                            /*     0       4 */ <
                                                                       > job_id_t number;                 /*     0       4 */
                  … 24 more

            ok: field_exists of job___renamed.number = 1
              --> ./fields.c:72:13 in existence, syscall+0x2b0
            72 |  answers[8] = FIELD_EXISTS(((struct job___renamed *)job)->number);
               |             ^

            9 of 58 relocations shown
        "#]],
    );
}

#[test]
fn a_field_that_moved_into_a_nested_struct_is_found_there() {
    check(
        "access.bpfel.o --target fixtures/btf/nested.le.btf --program stores --status poisoned",
        expect![[r#"
            warning[field_missing]: field_byte_offset of job.pid: poisoned
              --> ./access.c:54:11 in stores, syscall+0x1d0
            54 |  job->pid = 1;
               |           ^
              = why: candidate struct job [47]: struct job has no member `pid`
                  struct job, 144 bytes                                  struct job, 160 bytes
               >> job_id_t pid;                    /*     0       4 */ <
                                                                       > struct {
               >>                                                      >   job_id_t pid;                  /*     0       4 */
                                                                       > } id;                            /*     0       4 */
                  … 8 more
                  char comm[16];                   /*    16      16 */   char comm[16];                   /*    24      16 */
                  struct job_queue queue;          /*    32      12 */ | struct job_queue queue;          /*    40      16 */
                  struct {                                             <
                    u16 first;                     /*    44       2 */   u16 first;                       /*    56       2 */
                  … 3 more
                    };                             /*    46       2 */   };                               /*    58       2 */
                  };                               /*    44       4 */ <
                  int grid[3][4];                  /*    48      48 */   int grid[3][4];                  /*    60      48 */
                  … 12 more
              = help: `pid` is in `struct job` as `id.pid`
                      struct job___new { struct { job_id_t pid; } id; } __attribute__((preserve_access_index));

            1 of 26 relocations shown
        "#]],
    );
}

#[test]
fn definitions_that_do_not_go_together_are_side_by_side() {
    check(
        "access.bpfel.o --target fixtures/btf/incompatible.le.btf --program walk",
        expect![[r#"
            warning[field_incompatible]: field_byte_offset of job.parent: poisoned
              --> ./access.c:68:2 in walk, raw_tp/walk+0x30
            68 |  probe_read_kernel(&job, sizeof(job), FIELD_ADDRESS(job->parent));
               |  ^
              = why: candidate struct job [46]: `parent` is u64 there, struct job * here
                  struct job, 144 bytes                                  struct job, 104 bytes
                  job_id_t pid;                    /*     0       4 */ | struct job_id pid;               /*     0       4 */
                  u32 uid;                         /*     4       4 */   u32 uid;                         /*     4       4 */
                  u64 flags;                       /*     8       8 */   u64 flags;                       /*     8       8 */
                  char comm[16];                   /*    16      16 */ | char *comm;                      /*    16       8 */
                  struct job_queue queue;          /*    32      12 */   struct job_queue queue;          /*    24      12 */
                  … 6 more
                  };                               /*    44       4 */   };                               /*    36       4 */
                  int grid[3][4];                  /*    48      48 */ | int *grid;                       /*    40       8 */
               >> struct job *parent;              /*    96       8 */ | u64 parent;                      /*    48       8 */
                  job_callback_t callback;         /*   104       8 */ | void *callback;                  /*    56       8 */
                                                                       > struct {
                  … 1 more
                                                                       >   u32 halves[2];                 /*    72       8 */
                  union job_result result;         /*   112       8 */ | } result;                        /*    64      16 */
                  enum job_state state;            /*   120       4 */ | int state;                       /*    80       4 */
                  enum job_error error;            /*   124       4 */ | enum job_errno error;            /*    84       4 */
                  u32 prio : 3;                    /*   128:0     4 */   u32 prio : 3;                    /*    88:0     4 */
                  … 6 more
              = help: for such targets, use a flavor of `struct job` in which it is `u64 parent`
                      struct job___new { u64 parent; } __attribute__((preserve_access_index));

            ok: field_byte_offset of job.flags = 8
              --> ./access.c:69:43 in walk, raw_tp/walk+0x60
            69 |  probe_read_kernel(&flags, sizeof(flags), FIELD_ADDRESS(job->flags));
               |                                           ^

            ok: field_byte_offset of job.queue.weight = 24
              --> ./access.c:70:45 in walk, raw_tp/walk+0x98
            70 |  probe_read_kernel(&weight, sizeof(weight), FIELD_ADDRESS(job->queue.weight));
               |                                             ^

            3 of 26 relocations shown
        "#]],
    );
}

#[test]
fn a_field_that_became_a_bitfield_cannot_be_loaded() {
    check(
        "access.bpfel.o --target fixtures/btf/bitfields.le.btf --program loads --status poisoned",
        expect![[r#"
            warning[size_change]: field_byte_offset of job.uid: poisoned
              --> ./access.c:17:20 in loads, syscall+0x0
            17 |  answers[0] = job->uid;
               |                    ^
              = why: a 4-byte load or store cannot follow a field that became a bitfield
                  struct job, 144 bytes                                  struct job, 152 bytes
                  job_id_t pid;                    /*     0       4 */   job_id_t pid;                    /*     0       4 */
               >> u32 uid;                         /*     4       4 */ | u32 uid : 20;                    /*     4:0     4 */
                  u64 flags;                       /*     8       8 */   u64 flags;                       /*     8       8 */
                  … 14 more
                  enum job_error error;            /*   124       4 */   enum job_error error;            /*   124       4 */
                  u32 prio : 3;                    /*   128:0     4 */ | u32 prio;                        /*   128       4 */
                                                                       > u32 frozen : 30;                 /*   132:0     4 */
                  s32 nice : 5;                    /*   128:3     4 */ | s32 nice : 6;                    /*   136:0     4 */
                  u64 ticks : 40;                  /*   129:0     8 */ | u64 ticks : 33;                  /*   136:6     8 */
                  _Bool dirty;                     /*   134       1 */ | _Bool dirty : 1;                 /*   140:7     1 */
                  s8 retries;                      /*   135       1 */ | s8 retries : 4;                  /*   141:0     1 */
                  job_version_t version;           /*   136       8 */   job_version_t version;           /*   144       8 */
                  … 1 more
              = help: read it with BPF_CORE_READ_BITFIELD, or BPF_CORE_READ_BITFIELD_PROBED from memory that is not the program's: they take place, size and sign from the target; there is no such way to write it

            warning[size_change]: field_byte_offset of job.dirty: poisoned
              --> ./access.c:26:20 in loads, syscall+0xa0
            26 |  answers[9] = job->dirty;
               |                    ^
              = why: a 1-byte load or store cannot follow a field that became a bitfield
                  struct job, 144 bytes                                  struct job, 152 bytes
                  job_id_t pid;                    /*     0       4 */   job_id_t pid;                    /*     0       4 */
                  u32 uid;                         /*     4       4 */ | u32 uid : 20;                    /*     4:0     4 */
                  u64 flags;                       /*     8       8 */   u64 flags;                       /*     8       8 */
                  … 14 more
                  enum job_error error;            /*   124       4 */   enum job_error error;            /*   124       4 */
                  u32 prio : 3;                    /*   128:0     4 */ | u32 prio;                        /*   128       4 */
                                                                       > u32 frozen : 30;                 /*   132:0     4 */
                  s32 nice : 5;                    /*   128:3     4 */ | s32 nice : 6;                    /*   136:0     4 */
                  u64 ticks : 40;                  /*   129:0     8 */ | u64 ticks : 33;                  /*   136:6     8 */
               >> _Bool dirty;                     /*   134       1 */ | _Bool dirty : 1;                 /*   140:7     1 */
                  s8 retries;                      /*   135       1 */ | s8 retries : 4;                  /*   141:0     1 */
                  job_version_t version;           /*   136       8 */   job_version_t version;           /*   144       8 */
                  … 1 more
              = help: read it with BPF_CORE_READ_BITFIELD, or BPF_CORE_READ_BITFIELD_PROBED from memory that is not the program's: they take place, size and sign from the target; there is no such way to write it

            2 of 26 relocations shown
        "#]],
    );
}

#[test]
fn a_type_may_be_a_modules() {
    check(
        "module.bpfel.o --target fixtures/btf/modular.le.btf --status poisoned",
        expect![[r#"
            warning[type_missing]: field_byte_offset of job_stats.failed: poisoned
              --> ./module.c:16:13 in stats, syscall+0x48
            16 |  answers[4] = FIELD_BYTE_OFFSET(stats->failed);
               |             ^
              = why: the target has no struct job_stats
              = help: a module may have it, and the target was given without modules: give it by --module FILE

            warning[type_missing]: field_byte_offset of job_stats.started: poisoned
              --> ./module.c:17:22 in stats, syscall+0x58
            17 |  answers[5] = stats->started;
               |                      ^
              = why: the target has no struct job_stats
              = help: a module may have it, and the target was given without modules: give it by --module FILE

            2 of 7 relocations shown
        "#]],
    );
}

#[test]
fn arrays_may_be_too_short() {
    check(
        "fields.bpfel.o --target fixtures/btf/resized.le.btf --program offsets --status poisoned",
        expect![[r#"
            warning[array_too_short]: field_byte_offset of job.grid[2]: poisoned
              --> ./fields.c:22:14 in offsets, syscall+0xa0
            22 |  answers[10] = FIELD_BYTE_OFFSET(job->grid[2]);
               |              ^
              = why: candidate struct job [43]: index 2 is beyond the array's 2 elements
                  struct job, 144 bytes                                  struct job, 160 bytes
                  job_id_t pid;                    /*     0       4 */ | job_id_t pid;                    /*     0       8 */
                  u32 uid;                         /*     4       4 */   u32 uid;                         /*     8       4 */
                  u64 flags;                       /*     8       8 */ | u32 flags;                       /*    12       4 */
                  char comm[16];                   /*    16      16 */ | char comm[32];                   /*    16      32 */
                  struct job_queue queue;          /*    32      12 */ | struct job_queue queue;          /*    48      20 */
                  struct {                                               struct {
                  … 5 more
                  };                               /*    44       4 */   };                               /*    68       4 */
               >> int grid[3][4];                  /*    48      48 */ | int grid[2][4];                  /*    72      32 */
                  struct job *parent;              /*    96       8 */   struct job *parent;              /*   104       8 */
                  … 3 more
                  enum job_error error;            /*   124       4 */   enum job_error error;            /*   132       4 */
                  u32 prio : 3;                    /*   128:0     4 */ | u32 prio : 5;                    /*   136:0     4 */
                  s32 nice : 5;                    /*   128:3     4 */   s32 nice : 5;                    /*   136:5     4 */
                  u64 ticks : 40;                  /*   129:0     8 */   u64 ticks : 40;                  /*   137:2     8 */
                  _Bool dirty;                     /*   134       1 */ | int dirty;                       /*   144       4 */
                  s8 retries;                      /*   135       1 */ | s16 retries;                     /*   148       2 */
                  job_version_t version;           /*   136       8 */   job_version_t version;           /*   152       8 */
                  … 1 more
              = help: such targets have 2 elements: compare the index with the number that bpf_core_field_size tells, before the access

            warning[array_too_short]: field_byte_offset of job.grid[2][1]: poisoned
              --> ./fields.c:23:14 in offsets, syscall+0xb0
            23 |  answers[11] = FIELD_BYTE_OFFSET(job->grid[2][1]);
               |              ^
              = why: candidate struct job [43]: index 2 is beyond the array's 2 elements
                  struct job, 144 bytes                                  struct job, 160 bytes
                  job_id_t pid;                    /*     0       4 */ | job_id_t pid;                    /*     0       8 */
                  u32 uid;                         /*     4       4 */   u32 uid;                         /*     8       4 */
                  u64 flags;                       /*     8       8 */ | u32 flags;                       /*    12       4 */
                  char comm[16];                   /*    16      16 */ | char comm[32];                   /*    16      32 */
                  struct job_queue queue;          /*    32      12 */ | struct job_queue queue;          /*    48      20 */
                  struct {                                               struct {
                  … 5 more
                  };                               /*    44       4 */   };                               /*    68       4 */
               >> int grid[3][4];                  /*    48      48 */ | int grid[2][4];                  /*    72      32 */
                  struct job *parent;              /*    96       8 */   struct job *parent;              /*   104       8 */
                  … 3 more
                  enum job_error error;            /*   124       4 */   enum job_error error;            /*   132       4 */
                  u32 prio : 3;                    /*   128:0     4 */ | u32 prio : 5;                    /*   136:0     4 */
                  s32 nice : 5;                    /*   128:3     4 */   s32 nice : 5;                    /*   136:5     4 */
                  u64 ticks : 40;                  /*   129:0     8 */   u64 ticks : 40;                  /*   137:2     8 */
                  _Bool dirty;                     /*   134       1 */ | int dirty;                       /*   144       4 */
                  s8 retries;                      /*   135       1 */ | s16 retries;                     /*   148       2 */
                  job_version_t version;           /*   136       8 */   job_version_t version;           /*   152       8 */
                  … 1 more
              = help: such targets have 2 elements: compare the index with the number that bpf_core_field_size tells, before the access

            2 of 58 relocations shown
        "#]],
    );
}

#[test]
fn enumerators_may_be_gone() {
    check(
        "enums.bpfel.o --target fixtures/btf/gone.le.btf --program values --status poisoned",
        expect![[r#"
            warning[enumerator_missing]: enumval_value of job_state::JOB_DONE: poisoned
              --> ./enums.c:12:13 in values, syscall+0x18
            12 |  answers[1] = ENUMVAL_VALUE(enum job_state, JOB_DONE);
               |             ^
              = why: candidate enum job_state [17]: there is no enumerator `JOB_DONE`
                  enum job_state, 4 bytes   enum job_state, 4 bytes
                  JOB_IDLE = 0,             JOB_IDLE = 0,
                  JOB_RUNNING = 1,          JOB_RUNNING = 1,
               >> JOB_DONE = 7,           <

            warning[type_missing]: enumval_value of job_error::JOB_FAILED: poisoned
              --> ./enums.c:13:13 in values, syscall+0x30
            13 |  answers[2] = ENUMVAL_VALUE(enum job_error, JOB_FAILED);
               |             ^
              = why: the target has no enum job_error
              = help: a module may have it, and the target was given without modules: give it by --module FILE

            warning[type_missing]: enumval_value of job_error::JOB_LOST: poisoned
              --> ./enums.c:14:13 in values, syscall+0x48
            14 |  answers[3] = ENUMVAL_VALUE(enum job_error, JOB_LOST);
               |             ^
              = why: the target has no enum job_error
              = help: a module may have it, and the target was given without modules: give it by --module FILE

            warning[enumerator_missing]: enumval_value of job_mask::JOB_MASK_HIGH: poisoned
              --> ./enums.c:15:13 in values, syscall+0x60
            15 |  answers[4] = ENUMVAL_VALUE(enum job_mask, JOB_MASK_HIGH);
               |             ^
              = why: candidate enum job_mask [19]: there is no enumerator `JOB_MASK_HIGH`
                  enum job_mask, 8 bytes           enum job_mask, 8 bytes
                  JOB_MASK_LOW = 255,              JOB_MASK_LOW = 255,
               >> JOB_MASK_HIGH = 1095216660480, <
               >>                                > JOB_MASK_MID = 1099511627776,
              = help: `enum job_mask` has an enumerator of a name that is alike: `JOB_MASK_MID` = 1099511627776

            4 of 14 relocations shown
        "#]],
    );
}

#[test]
fn a_failed_relocation_is_exit_status_1() {
    let run = run_line(
        "explain fixtures/objects/access.bpfel.o --target fixtures/btf/differing.le.btf --status failed",
    );
    assert_eq!((run.status, run.stderr.as_str()), (1, ""));
    expect![[r#"
        error[ambiguous]: field_byte_offset of job.uid: failed
          --> ./access.c:17:20 in loads, syscall+0x0
        17 |  answers[0] = job->uid;
           |                    ^
          = why: ambiguous: struct job [44] gives 4 (bit offset 32), struct job [45] gives 0 (bit offset 0)
              struct job [44]                                        struct job [45]
           >>                                                      > u32 uid;                         /*     0       4 */
              job_id_t pid;                    /*     0       4 */   job_id_t pid;                    /*     4       4 */
           >> u32 uid;                         /*     4       4 */ <
              u64 flags;                       /*     8       8 */   u64 flags;                       /*     8       8 */
              … 22 more
          = help: both have the same members, so that no access can tell which is meant: let the loader choose the offset, as a constant in .rodata

        error[ambiguous]: field_byte_offset of job.pid: failed
          --> ./access.c:36:20 in signed_loads, syscall+0xc0
        36 |  answers[0] = job->pid;
           |                    ^
          = why: ambiguous: struct job [44] gives 0 (bit offset 0), struct job [45] gives 4 (bit offset 32)
              struct job [44]                                        struct job [45]
                                                                   > u32 uid;                         /*     0       4 */
           >> job_id_t pid;                    /*     0       4 */   job_id_t pid;                    /*     4       4 */
              u32 uid;                         /*     4       4 */ <
              u64 flags;                       /*     8       8 */   u64 flags;                       /*     8       8 */
              … 22 more
          = help: both have the same members, so that no access can tell which is meant: let the loader choose the offset, as a constant in .rodata

        error[ambiguous]: field_byte_offset of job.uid: failed
          --> ./access.c:50:11 in stores, syscall+0x190
        50 |  job->uid = answers[0];
           |           ^
          = why: ambiguous: struct job [44] gives 4 (bit offset 32), struct job [45] gives 0 (bit offset 0)
              struct job [44]                                        struct job [45]
           >>                                                      > u32 uid;                         /*     0       4 */
              job_id_t pid;                    /*     0       4 */   job_id_t pid;                    /*     4       4 */
           >> u32 uid;                         /*     4       4 */ <
              u64 flags;                       /*     8       8 */   u64 flags;                       /*     8       8 */
              … 22 more
          = help: both have the same members, so that no access can tell which is meant: let the loader choose the offset, as a constant in .rodata

        error[ambiguous]: field_byte_offset of job.pid: failed
          --> ./access.c:54:11 in stores, syscall+0x1d0
        54 |  job->pid = 1;
           |           ^
          = why: ambiguous: struct job [44] gives 0 (bit offset 0), struct job [45] gives 4 (bit offset 32)
              struct job [44]                                        struct job [45]
                                                                   > u32 uid;                         /*     0       4 */
           >> job_id_t pid;                    /*     0       4 */   job_id_t pid;                    /*     4       4 */
              u32 uid;                         /*     4       4 */ <
              u64 flags;                       /*     8       8 */   u64 flags;                       /*     8       8 */
              … 22 more
          = help: both have the same members, so that no access can tell which is meant: let the loader choose the offset, as a constant in .rodata

        4 of 26 relocations shown
    "#]].assert_eq(&run.stdout);
    // It was not chosen here.
    run_line(
        "explain fixtures/objects/access.bpfel.o --target fixtures/btf/differing.le.btf --status relocated",
    )
    .good();
}

#[test]
fn json_has_an_object_for_each_relocation() {
    check(
        "weak.bpfel.o --target fixtures/btf/gone.le.btf --format json",
        expect![[r#"
            {"section":".text","index":0,"insn_off":0,"kind":"type_size","type_id":5,"root":"job","access":"0","path":"struct job","function":null,"file":"./weak_default.c","line":8,"column":0,"source":"__attribute__((weak, noinline)) u64 job_size(u64 unit)","status":"skipped","value":null,"problem":"invalid","reason":"no function covers the instruction, most likely one that a linker dropped","comparisons":[],"cures":[]}
            {"section":".text","index":1,"insn_off":24,"kind":"type_size","type_id":13,"root":"job_queue","access":"0","path":"struct job_queue","function":"job_size","file":"./weak_override.c","line":8,"column":37,"source":"\\treturn TYPE_SIZE(struct job_queue) * unit;","status":"relocated","value":8,"problem":null,"reason":null,"comparisons":[],"cures":[]}
            {"section":"syscall","index":0,"insn_off":8,"kind":"field_byte_size","type_id":5,"root":"job","access":"0:1","path":"job.uid","function":"uses_default","file":"./weak_default.c","line":16,"column":22,"source":"\\tsheet->answers[0] = job_size(FIELD_BYTE_SIZE(JOB(sheet)->uid));","status":"poisoned","value":null,"problem":"field_missing","reason":"candidate struct job [31]: struct job has no member `uid`","comparisons":[{"titles":["struct job, 144 bytes","struct job, 104 bytes"],"rows":[{"left":"job_id_t pid;","right":null,"differs":true,"focus":false,"left_out":0},{"left":"u32 uid;","right":null,"differs":true,"focus":true,"left_out":0},{"left":"u64 flags;","right":"u64 flags;","differs":false,"focus":false,"left_out":0},{"left":"char comm[16];","right":"char comm[16];","differs":false,"focus":false,"left_out":0},{"left":"struct job_queue queue;","right":"struct job_queue queue;","differs":true,"focus":false,"left_out":0},{"left":"struct {","right":null,"differs":true,"focus":false,"left_out":0},{"left":"u16 first;","right":null,"differs":true,"focus":false,"left_out":0},{"left":"union {","right":null,"differs":true,"focus":false,"left_out":0},{"left":"u16 second;","right":null,"differs":true,"focus":false,"left_out":0},{"left":"u8 bytes[2];","right":null,"differs":true,"focus":false,"left_out":0},{"left":"};","right":null,"differs":true,"focus":false,"left_out":0},{"left":"};","right":null,"differs":true,"focus":false,"left_out":0},{"left":"int grid[3][4];","right":"int grid[3][4];","differs":false,"focus":false,"left_out":0},{"left":"struct job *parent;","right":"struct job *parent;","differs":false,"focus":false,"left_out":0},{"left":"job_callback_t callback;","right":null,"differs":true,"focus":false,"left_out":0},{"left":"union job_result result;","right":null,"differs":true,"focus":false,"left_out":0},{"left":"enum job_state state;","right":"enum job_state state;","differs":false,"focus":false,"left_out":0},{"left":"enum job_error error;","right":null,"differs":true,"focus":false,"left_out":0},{"left":"u32 prio : 3;","right":null,"differs":true,"focus":false,"left_out":0},{"left":"s32 nice : 5;","right":"s32 nice : 5;","differs":false,"focus":false,"left_out":0},{"left":null,"right":null,"differs":false,"focus":false,"left_out":2},{"left":"s8 retries;","right":"s8 retries;","differs":false,"focus":false,"left_out":0},{"left":"job_version_t version;","right":null,"differs":true,"focus":false,"left_out":0},{"left":"u8 tail[];","right":null,"differs":true,"focus":false,"left_out":0}]}],"cures":[]}
            {"section":"syscall","index":1,"insn_off":56,"kind":"field_byte_size","type_id":5,"root":"job","access":"0:2","path":"job.flags","function":"uses_override","file":"./weak_override.c","line":14,"column":22,"source":"\\tsheet->answers[0] = job_size(FIELD_BYTE_SIZE(JOB(sheet)->flags));","status":"relocated","value":8,"problem":null,"reason":null,"comparisons":[],"cures":[]}
        "#]],
    );
}

#[test]
fn every_fixture_is_explained_for_every_kernel() {
    // That it ends, and well: what it says of the sorts of problems is above.
    for object in ["fields", "access", "types", "enums", "bitfields", "module", "programs"] {
        for kernel in ["gone", "flavored", "forward", "typedefs", "enum64", "layout", "differing"] {
            let run = run_line(&format!(
                "explain fixtures/objects/{object}.bpfeb.o --target fixtures/btf/{kernel}.be.btf"
            ));
            assert!(run.status < 2 && run.stderr.is_empty(), "{object} {kernel}: {}", run.stderr);
            assert!(run.stdout.ends_with(" relocations shown\n"), "{object} {kernel}");
        }
    }
}

#[test]
fn names_that_are_of_nothing_are_said() {
    let target = "--target fixtures/btf/same.le.btf";
    let run = run_line(&format!(
        "explain fixtures/objects/access.bpfel.o {target} --program load --type jobs"
    ));
    assert_eq!((run.status, run.stdout.as_str()), (0, "0 of 26 relocations shown\n"));
    expect![[r#"
        core-reloc: warning: no relocation is in a function or section `load`; there are in: loads, signed_loads, stores, walk
        core-reloc: warning: no relocation is of a type `jobs`; there are of: job
    "#]].assert_eq(&run.stderr);
}
