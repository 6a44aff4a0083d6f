//! `check --lint`: exit statuses and options. Its output is in `printed`.

use expect_test::expect;

use crate::program::run_line;

#[test]
fn nothing_to_report_is_success() {
    let run =
        run_line("check --lint fixtures/objects/access.bpfel.o fixtures/objects/enums.bpfeb.o");
    assert_eq!(run.good(), "2 objects: 0 findings\n");
    let json = run_line("check --lint fixtures/objects/access.bpfel.o --format json");
    assert_eq!(json.good(), "");
}

#[test]
fn a_finding_is_no_success_in_any_byte_order() {
    for order in ["bpfel", "bpfeb"] {
        let run = run_line(&format!("check --lint fixtures/objects/module.{order}.o"));
        assert_eq!(run.status, 1);
        assert!(run.stdout.ends_with("1 object: 1 finding\n"), "{run:?}");
    }
}

#[test]
fn targets_have_no_use() {
    let refused = run_line("check --lint fixtures/objects/access.bpfel.o --target a").refused();
    expect![[r"
        error: the argument '--lint' cannot be used with '--target <FILE|DIR>'

        Usage: core-reloc check --lint <OBJECT|DIR>...

        For more information, try '--help'.
    "]]
    .assert_eq(&refused);
}
