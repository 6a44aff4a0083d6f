//! `diff`: what it compares, what it prints and how it ends. Whole kernels are compared in `tests/tests`, with bpftool.

use std::fs;

use btf_types::ByteOrder;
use expect_test::expect;
use serde_json::Value;

use crate::program::{Folder, Run, command, fixture, run, run_line};

const OLD: &str = "
    struct list { struct list *next; };
    struct job {
        long state;
        int pid;
        int prio;
        long start;
        long end;
        long used;
        unsigned low : 3;
        unsigned high : 5;
        struct { int id; } pairs[2];
        int (*run)(struct job *job, struct list *of_all_that_are_queued, long and_a_number_of_them);
    };
    typedef unsigned int pid_t;
    typedef struct { int counter; } atomic_t;
    enum kind { FIRST, SECOND, THIRD, FOURTH, LAST };
    struct gone { int a; };
    enum { OLD_LIMIT = 4 };
";
const NEW: &str = "
    struct list { struct list *next; struct list *prev; };
    struct job {
        unsigned __state;
        int pid;
        struct list all;
        int prio;
        long start;
        long end;
        long used;
        unsigned low : 4;
        unsigned high : 5;
        struct { int id; } pairs[3];
        int (*run)(struct job *job, struct list *of_all_that_are_queued, int and_a_number_of_them);
    };
    typedef unsigned long pid_t;
    typedef struct { long counter; } atomic_t;
    enum kind { FIRST, NEXT, SECOND, THIRD, FOURTH, LAST };
    union fresh { int a; };
    enum { NEW_LIMIT = 4 };
";

/// Writes the two kernels, and returns their paths.
fn kernels(folder: &Folder) -> [String; 2] {
    [("old", OLD), ("new", NEW)]
        .map(|(name, types)| folder.file(name, &btf_from_c::btf(ByteOrder::Little, types)))
}

#[test]
fn each_difference_is_a_line() {
    let folder = Folder::new();
    let [old, new] = kernels(&folder);
    let diff = command(&["diff", &old, &new]).env("COLUMNS", "80").output().unwrap();
    let diff = Run::of(diff);
    assert_eq!((diff.status, diff.stderr.as_str()), (1, ""));
    assert!(diff.stdout.lines().all(|line| line.chars().count() <= 80));
    expect![[r#"
        --- /old
        +++ /new

        + union fresh; /* 4 bytes */
        - struct gone; /* 4 bytes */

        /* STRUCT, 64 → 80 bytes */
          struct job {
        ~   unsigned int __state;        /*     0       4 */ was long state, 8 bytes
        ~   int pid;                     /*     4       4 */ was at 8
        +   struct list all;             /*     8      16 */
        ~   int prio;                    /*    24       4 */ was at 12
        ~   3 members moved by +16: start to used
        ~   unsigned int low : 4;        /*    56:0     4 */ was at 40:0, 3 bits
        ~   unsigned int high : 5;       /*    56:4     4 */ was at 40:3
        ~   struct {…} pairs[3];         /*    60      12 */
                  was struct {…} pairs[2] at 44, 8 bytes
        ~   int pairs[].id;              /*    60       4 */ was at 44
        ~   int (*run)(struct job *job, struct list
        ~         *of_all_that_are_queued, int
        ~         and_a_number_of_them); /*    72       8 */
                  was int (*run)(struct job *job, struct list *of_all_that_are_queued,
                          long and_a_number_of_them) at 56
          };

        /* STRUCT, 8 → 16 bytes */
          struct list {
        +   struct list *prev; /*     8       8 */
          };

        /* ENUM, 4 bytes */
        - enum {
        -   OLD_LIMIT = 4,
        - };

        /* ENUM, 4 bytes */
        + enum {
        +   NEW_LIMIT = 4,
        + };

        /* ENUM, 4 bytes */
          enum kind {
        +   NEXT = 1,
        ~   4 enumerators changed by +1: SECOND to LAST
          };

        /* TYPEDEF, 4 → 8 bytes */
          typedef struct {
        ~   long counter; /*     0       8 */ was int counter, 4 bytes
          } atomic_t;

        - typedef unsigned int pid_t; /* 4 bytes */
        + typedef unsigned long pid_t; /* 8 bytes */
        + unsigned long; /* 8 bytes, unsigned */

                        changed  renamed     gone      new    equal
        structs, unions        2        0        1        1        0
        enums                 1        0        1        1        0
        typedefs              2        0        0        0        0
        numbers               0        0        0        1        4
        members: 10 moved, 4 resized, 4 retyped, 1 renamed, 2 new
        enumerators: 4 changed, 1 gone, 2 new
    "#]]
    .assert_eq(&folder.strip(&diff.stdout));
}

#[test]
fn members_that_were_only_moved_are_listed_on_demand() {
    let folder = Folder::new();
    let [old, new] = kernels(&folder);
    let diff = run(&["diff", &old, &new, "job", "enum kind", "--all"]).stdout;
    expect![[r#"
        --- /old
        +++ /new

        /* STRUCT, 64 → 80 bytes */
          struct job {
        ~   unsigned int __state;  /*     0       4 */ was long state, 8 bytes
        ~   int pid;               /*     4       4 */ was at 8
        +   struct list all;       /*     8      16 */
        ~   int prio;              /*    24       4 */ was at 12
        ~   long start;            /*    32       8 */ was at 16
        ~   long end;              /*    40       8 */ was at 24
        ~   long used;             /*    48       8 */ was at 32
        ~   unsigned int low : 4;  /*    56:0     4 */ was at 40:0, 3 bits
        ~   unsigned int high : 5; /*    56:4     4 */ was at 40:3
        ~   struct {…} pairs[3];   /*    60      12 */ was struct {…} pairs[2] at 44, 8 bytes
        ~   int pairs[].id;        /*    60       4 */ was at 44
        ~   int (*run)(struct job *job, struct list *of_all_that_are_queued, int and_a_number_of_them); /*    72       8 */ was int (*run)(struct job *job, struct list *of_all_that_are_queued, long and_a_number_of_them) at 56
          };

        /* ENUM, 4 bytes */
          enum kind {
        +   NEXT = 1,
        ~   SECOND = 2, /* was 1 */
        ~   THIRD = 3, /* was 2 */
        ~   FOURTH = 4, /* was 3 */
        ~   LAST = 5, /* was 4 */
          };

                        changed  renamed     gone      new    equal
        structs, unions        1        0        0        0        0
        enums                 1        0        0        0        0
        members: 10 moved, 3 resized, 3 retyped, 1 renamed, 1 new
        enumerators: 4 changed, 1 new
    "#]]
    .assert_eq(&folder.strip(&diff));
}

#[test]
fn the_exit_status_says_whether_something_differs() {
    let folder = Folder::new();
    let [old, new] = kernels(&folder);
    let status = |arguments: &[&str]| {
        let mut all = vec!["diff"];
        all.extend(arguments);
        run(&all).status
    };
    assert_eq!(status(&[&old, &new]), 1);
    assert_eq!(status(&[&old, &old]), 0);
    assert_eq!(status(&[&old, &new, "int"]), 0);
    assert_eq!(status(&[&old, &new, "int", "none"]), 1);
    assert_eq!(status(&[&old, &folder.path("none")]), 2);
    let same = run(&["diff", &old, &old]).good();
    expect![[r#"
        --- /old
        +++ /old

                        changed  renamed     gone      new    equal
        structs, unions        0        0        0        0        3
        enums                 0        0        0        0        2
        typedefs              0        0        0        0        2
        numbers               0        0        0        0        4
    "#]]
    .assert_eq(&folder.strip(&same));
    let missing = run(&["diff", &old, &new, "joc"]).stderr;
    expect![[r#"
        core-reloc: error: type `joc` not found
    "#]]
    .assert_eq(&missing);
}

#[test]
fn names_patterns_and_objects_select_types() {
    let names = |arguments: &str| -> Vec<String> {
        let kernels = "fixtures/btf/same.le.btf fixtures/btf/nested.le.btf";
        let lines = run_line(&format!("diff {kernels} {arguments} --format json")).stdout;
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let differences = lines.filter(|line| line["type"] == "difference");
        differences.map(|line| line["name"].as_str().unwrap().to_string()).collect()
    };
    assert_eq!(names(""), ["job", "job_queue"]);
    assert_eq!(names("job"), ["job"]);
    assert_eq!(names("job_*"), ["job_queue"]);
    assert_eq!(names("job?queue job"), ["job", "job_queue"]);
    // What an object uses, and names.
    assert_eq!(names("--for fixtures/objects/enums.bpfel.o"), [""; 0]);
    assert_eq!(names("--for fixtures/objects/access.bpfel.o"), ["job", "job_queue"]);
    let several = "--for fixtures/objects/signs.bpfel.o --for fixtures/objects/enums.bpfel.o";
    assert_eq!(names(&format!("{several} job_queue")), ["job_queue"]);
}

#[test]
fn modules_are_compared_on_the_kernel_that_they_were_built_for() {
    let module = "--module fixtures/btf/modular.le.stats.btf";
    let kernel = "fixtures/btf/modular.le.btf";
    let same = run_line(&format!("diff {kernel} {kernel} job_stats {module}"));
    assert_eq!(same.status, 0, "{same:?}");
    let gone = run_line(&format!("diff {kernel} fixtures/btf/moved.le.btf job_stats {module}"));
    assert_eq!(gone.status, 1, "{gone:?}");
    assert!(gone.stdout.contains("of module modular.le.stats"), "{}", gone.stdout);
    let none = "diff fixtures/btf/layout.le.btf fixtures/btf/moved.le.btf";
    let refused = run_line(&format!("{none} {module}")).refused();
    assert!(refused.contains("fits none of the 2 kernels"), "{refused}");
}

#[test]
fn a_folder_has_one_kernel() {
    let folder = Folder::new();
    let kernel = fixture("btf/same.le.btf");
    fs::create_dir(folder.path("one")).unwrap();
    folder.file("one/vmlinux.btf", &kernel);
    let (one, all) = (folder.path("one"), folder.path(""));
    assert_eq!(run(&["diff", &one, "fixtures/btf/same.le.btf"]).status, 0);
    folder.file("other.btf", &kernel);
    let refused = folder.strip(&run(&["diff", &one, &all]).refused());
    expect![[r#"
        core-reloc: error: /: has several kernels: one/vmlinux, other; name one of them with --new-kernel
    "#]]
    .assert_eq(&refused);
}
