//! `dump`: which types it prints. The output for each kind is in `printed`.

use btf_types::{ByteOrder, IntEncoding, build::Builder};
use expect_test::expect;
use serde_json::Value;

use crate::program::{Folder, run, run_line};

const KERNEL: &str = "--target fixtures/btf/same.le.btf";

#[test]
fn every_type_is_dumped_and_can_be_selected_by_its_id() {
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
fn a_missing_type_is_exit_status_1() {
    let run = run_line(&format!("dump job_id_t job_fictio 99999 {KERNEL}"));
    assert_eq!(run.status, 1);
    assert_eq!(run.stdout.matches("typedef").count(), 1);
    expect![[r#"
        core-reloc: error: type `job_fictio` not found
        core-reloc: error: type `99999` not found
    "#]]
    .assert_eq(&run.stderr);
}

#[test]
fn the_types_of_a_module_follow_those_of_its_kernel() {
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
    // The first id of the module's own types.
    let lines = run_line(&format!("dump 45 struct_of_none {target} --format json"));
    assert_eq!(lines.status, 1);
    let line: Value = serde_json::from_str(lines.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(line["module"], "modular.le.stats");
    // Each type is printed once, the module's after the kernel's.
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

#[test]
fn anonymous_types_are_defined_where_they_are_used() {
    let kernel = btf_from_c::btf(
        ByteOrder::Little,
        "struct all {
            const struct { int a; long b; };
            struct { int id; int flags; } pairs[2];
            struct { short port; } *next;
            enum { OFF, ON } state;
            struct { unsigned low : 3; unsigned high : 7; } flags;
        };
        typedef struct { int counter; } atomic_t;",
    );
    let folder = Folder::new();
    let target = folder.file("kernel", &kernel);
    expect![[r#"
        /* [14] STRUCT, 48 bytes */
        struct all {
            const struct {
              int a;                 /*     0       4 */
              long b;                /*     8       8 */
            };                       /*     0      16 */
            struct {
              int id;                /*    16       4 */
              int flags;             /*    20       4 */
            } pairs[2];              /*    16      16 */
            struct {
              short port;            /*     0       2 */
            } *next;                 /*    32       8 */
            enum {
              OFF = 0,
              ON = 1,
            } state;                 /*    40       4 */
            struct {
              unsigned int low : 3;  /*    44:0     4 */
              unsigned int high : 7; /*    44:3     4 */
            } flags;                 /*    44       4 */
        };

        /* [16] TYPEDEF, 4 bytes */
        typedef struct {
            int counter; /*     0       4 */
        } atomic_t;

    "#]]
    .assert_eq(&run(&["dump", "all", "atomic_t", "--target", &target]).good());
}

#[test]
fn an_old_bitfield_has_the_bits_of_its_integer() {
    // Bits 5 to 7 of the second word: 32 + 5 = 37.
    let mut btf = Builder::new(ByteOrder::Little);
    let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    let bits = btf.int("unsigned int", 4, IntEncoding(3 | 5 << 16));
    btf.structure("flags", 8).member("whole", int, 0).member("part", bits, 32).finish();
    let folder = Folder::new();
    let target = folder.file("kernel", &btf.finish().unwrap());
    expect![[r#"
        /* [3] STRUCT, 8 bytes */
        struct flags {
            int whole;             /*     0       4 */
            unsigned int part : 3; /*     4:5     4 */
        };

    "#]]
    .assert_eq(&run(&["dump", "flags", "--target", &target]).good());
    let line = run(&["dump", "flags", "--format", "json", "--target", &target]).good();
    let line: Value = serde_json::from_str(&line).unwrap();
    let part = &line["members"][1];
    assert_eq!((&part["bit_offset"], &part["bitfield_size"]), (&37.into(), &3.into()));
}

#[test]
fn a_guessed_sign_is_marked() {
    let mut btf = Builder::new(ByteOrder::Little);
    let low = (-400_i32).cast_unsigned();
    btf.enumeration("priority", 4).enumerator("LOW", low).enumerator("HIGH", 5).finish();
    let folder = Folder::new();
    let target = folder.file("kernel", &btf.finish().unwrap());
    expect![[r#"
        /* [1] ENUM, 4 bytes */
        enum priority {
            LOW = -400, /* a guess: or 4294966896 */
            HIGH = 5,
        };

    "#]]
    .assert_eq(&run(&["dump", "priority", "--target", &target]).good());
    let line = run(&["dump", "priority", "--format", "json", "--target", &target]).good();
    assert!(line.contains(r#"{"name":"LOW","value":-400,"guess":true},{"name":"HIGH","value":5}"#));
}

#[test]
fn a_pattern_selects_several_types() {
    let names = |arguments: &str| -> Vec<String> {
        let lines = run_line(&format!("dump {arguments} --format json {KERNEL}")).good();
        let name = |line: &str| serde_json::from_str::<Value>(line).unwrap()["name"].clone();
        lines.lines().map(|line| name(line).as_str().unwrap().to_string()).collect()
    };
    let all = names("*");
    let expected: Vec<_> = all.iter().filter(|name| name.starts_with("job_")).cloned().collect();
    assert!(expected.len() > 2 && expected.len() < all.len());
    assert_eq!(names("job_*"), expected);
    assert_eq!(names("j?b"), names("job"));
    let none = run_line(&format!("dump 'no*pe' {KERNEL}"));
    assert_eq!(none.status, 1);
}

#[test]
fn a_name_that_was_mistyped_is_suggested() {
    let run = run_line(&format!("dump job_id_tt {KERNEL}"));
    assert_eq!(run.status, 1);
    expect![[r#"
        core-reloc: error: type `job_id_tt` not found; did you mean `job_id_t`?
    "#]]
    .assert_eq(&run.stderr);
}

#[test]
fn a_header_has_what_an_object_uses() {
    let target = "--target fixtures/btf/modular.le.btf \
                  --module fixtures/btf/modular.le.stats.btf --format c";
    let header = |rest: &str| run_line(&format!("dump {target} {rest}")).good();
    let small = header("--for fixtures/objects/module.bpfel.o");
    assert!(small.contains("struct job_stats {"));
    let (whole, named) = (header(""), header("job_stats"));
    assert!(small.len() < whole.len() && named.len() < small.len());
    assert!(named.contains("struct job_stats {") && whole.contains("struct job_stats {"));
    // Names add to what the object uses.
    assert_eq!(header("job_stats --for fixtures/objects/module.bpfel.o"), small);
}

#[test]
fn what_a_header_cannot_express_is_a_warning() {
    let mut btf = Builder::new(ByteOrder::Little);
    let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    btf.structure("Vec<u8>", 4).member("len", int, 0).finish();
    let folder = Folder::new();
    let target = folder.file("kernel", &btf.finish().unwrap());
    let run = run(&["dump", "--format", "c", "--target", &target]);
    assert_eq!(run.status, 0);
    expect![[r#"
        core-reloc: warning: 1 difference from the kernel, which the comment at the end of the header lists
    "#]].assert_eq(&run.stderr);
    assert!(run.stdout.contains("struct Vec<u8>: its name is not an identifier of C"));
}
