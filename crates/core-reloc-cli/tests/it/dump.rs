//! `dump`: which types it prints. The output for each kind is in `printed`.

use expect_test::expect;
use serde_json::Value;

use crate::program::run_line;

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
