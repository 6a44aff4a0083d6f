//! `dump`: what it prints of each kind of type.

use expect_test::expect;
use serde_json::Value;

use crate::program::run_line;

const KERNEL: &str = "--target fixtures/btf/same.le.btf";

#[test]
fn text_is_c_with_offsets_and_sizes() {
    expect![[r#"
        /* [44] STRUCT, 144 bytes */
        struct job {
            job_id_t pid;            /*     0       4 */
            u32 uid;                 /*     4       4 */
            u64 flags;               /*     8       8 */
            char comm[16];           /*    16      16 */
            struct job_queue queue;  /*    32      12 */
            struct {
              u16 first;             /*    44       2 */
              union {
                u16 second;          /*    46       2 */
                u8 bytes[2];         /*    46       2 */
              };                     /*    46       2 */
            };                       /*    44       4 */
            int grid[3][4];          /*    48      48 */
            struct job *parent;      /*    96       8 */
            job_callback_t callback; /*   104       8 */
            union job_result result; /*   112       8 */
            enum job_state state;    /*   120       4 */
            enum job_error error;    /*   124       4 */
            u32 prio : 3;            /*   128:0     4 */
            s32 nice : 5;            /*   128:3     4 */
            u64 ticks : 40;          /*   129:0     8 */
            _Bool dirty;             /*   134       1 */
            s8 retries;              /*   135       1 */
            job_version_t version;   /*   136       8 */
            u8 tail[];               /*   144       0 */
        };

        /* [27] STRUCT, 12 bytes */
        struct job_queue {
            int weight;   /*     0       4 */
            u16 slots[4]; /*     4       8 */
        };

        /* [29] UNION, 8 bytes */
        union job_result {
            u64 whole;     /*     0       8 */
            u32 halves[2]; /*     0       8 */
        };

        /* [18] ENUM, 4 bytes */
        enum job_error {
            JOB_OK = 0,
            JOB_FAILED = -1,
            JOB_LOST = -5,
        };

        /* [20] ENUM64, 8 bytes */
        enum job_mask {
            JOB_MASK_LOW = 255,
            JOB_MASK_HIGH = 1095216660480,
        };

        /* [24] TYPEDEF, 8 bytes */
        typedef struct {
            u32 major; /*     0       4 */
            u32 minor; /*     4       4 */
        } job_version_t;

        /* [34] TYPEDEF, 8 bytes */
        typedef int (*job_callback_t)(struct job *job, long cause);

        /* [8] TYPEDEF, 2 bytes */
        typedef unsigned short u16;

    "#]].assert_eq(
        &run_line(&format!(
            "dump job job_queue job_result job_error job_mask job_version_t job_callback_t u16 {KERNEL}"
        ))
        .good(),
    );
}

#[test]
fn json_has_an_object_for_each_type() {
    expect![[r#"
        {"id":27,"module":null,"kind":"STRUCT","name":"job_queue","size":12,"type_id":null,"type":null,"len":null,"members":[{"name":"weight","type_id":9,"type":"int","bit_offset":0,"bitfield_size":0},{"name":"slots","type_id":26,"type":"u16[4]","bit_offset":32,"bitfield_size":0}],"enumerators":[],"parameters":[]}
        {"id":18,"module":null,"kind":"ENUM","name":"job_error","size":4,"type_id":null,"type":null,"len":null,"members":[],"enumerators":[{"name":"JOB_OK","value":0},{"name":"JOB_FAILED","value":-1},{"name":"JOB_LOST","value":-5}],"parameters":[]}
        {"id":22,"module":null,"kind":"TYPEDEF","name":"job_id_t","size":4,"type_id":9,"type":"int","len":null,"members":[],"enumerators":[],"parameters":[]}
    "#]].assert_eq(
        &run_line(&format!("dump job_queue job_error job_id_t --format json {KERNEL}")).good(),
    );
}

#[test]
fn every_type_is_dumped_and_can_be_asked_for_by_its_id() {
    let all = run_line(&format!("dump --format json {KERNEL}")).good();
    for (id, line) in (1..).zip(all.lines()) {
        let ty: Value = serde_json::from_str(line).unwrap();
        assert_eq!(ty["id"], id);
        assert_eq!(run_line(&format!("dump {id} --format json {KERNEL}")).good().trim_end(), line);
    }
    let text = run_line(&format!("dump {KERNEL}")).good();
    assert_eq!(text.matches("/* [").count(), all.lines().count());
}

#[test]
fn what_is_not_there_is_exit_status_1() {
    let run = run_line(&format!("dump job_id_t job_fictio 99999 {KERNEL}"));
    assert_eq!(run.status, 1);
    assert_eq!(run.stdout.matches("typedef").count(), 1);
    expect![[r#"
        core-reloc: error: there is no type `job_fictio`
        core-reloc: error: there is no type `99999`
    "#]]
    .assert_eq(&run.stderr);
}

#[test]
fn a_modules_types_are_found_on_their_kernel() {
    let modules =
        "--module fixtures/btf/modular.le.stats.btf --module fixtures/btf/modular.le.other.btf";
    let target = format!("--target fixtures/btf/modular.le.btf {modules}");
    expect![[r#"
        /* [45] STRUCT, 16 bytes, of module modular.le.stats */
        struct job_stats {
            u32 dropped; /*     0       4 */
            u32 failed;  /*     4       4 */
            u64 started; /*     8       8 */
        };

    "#]]
    .assert_eq(&run_line(&format!("dump job_stats {target}")).good());
    // The module's first own id, which the kernel does not have.
    let lines = run_line(&format!("dump 45 struct_of_none {target} --format json"));
    assert_eq!(lines.status, 1);
    let line: Value = serde_json::from_str(lines.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(line["module"], "modular.le.stats");
    // Every type once: the module's after the kernel's.
    let all = run_line(&format!("dump {target} --format json")).good();
    let ids = |module: Value| -> Vec<u64> {
        let lines = all.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines
            .filter(|line| line["module"] == module)
            .map(|line| line["id"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(ids(Value::Null), (1..=44).collect::<Vec<_>>());
    assert_eq!(ids("modular.le.stats".into()), [45]);
}
