//! Wrong usage, and the help.

use crate::program::{run, run_line};

#[test]
fn wrong_usage_is_reported() {
    for line in [
        "",
        "relocate",
        "inspect",
        "reloc a.o",
        "relocate a.o --unresolved ignore",
        "relocate a.o --format xml",
        "relocate a.o b.o",
        "relocate a.o --output",
        "inspect a.o --target b.btf",
        "support a.o",
        "explain",
        "explain a.o --status good",
        "check",
        "check a.o --target",
        "blame a.o",
        "query",
        "dump --target",
        "minimize -o out",
        "minimize a.o",
    ] {
        let run = run_line(line);
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{line}");
        assert!(run.stderr.contains("--help"), "{line}: {}", run.stderr);
    }
}

#[test]
fn help_has_examples_and_exit_statuses() {
    assert!(run(&["--help"]).good().contains("Exit status:"));
    for command in ["relocate", "inspect", "explain", "check", "blame", "query", "dump", "minimize"]
    {
        assert!(run(&[command, "--help"]).good().contains("Examples:\n  core-reloc"), "{command}");
    }
    let version = run(&["--version"]).good();
    assert_eq!(version, format!("core-reloc {}\n", env!("CARGO_PKG_VERSION")));
}
