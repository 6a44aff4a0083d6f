//! `--quiet`: the work is done, and only errors and warnings are printed.

use std::fs;

use crate::program::{Folder, Run, run};

/// Runs a command with and without `--quiet`, and returns the former run; everything but the report is the same.
fn quiet(arguments: &[&str]) -> Run {
    let loud = run(arguments);
    assert_ne!(loud.stdout, "");
    for option in ["--quiet", "-q"] {
        let quiet = run(&[arguments, &[option]].concat());
        assert_eq!(quiet.stdout, "");
        assert_eq!((quiet.status, &quiet.stderr), (loud.status, &loud.stderr));
    }
    run(&[arguments, &["--quiet", "--format", "json"]].concat())
}

#[test]
fn relocate_writes_the_object_alone() {
    let folder = Folder::new();
    let object = "fixtures/objects/fields.bpfel.o";
    let [loud, quiet_] = ["loud.o", "quiet.o"].map(|name| folder.path(name));
    let relocate = ["relocate", object, "--target", "fixtures/btf/moved.le.btf"];
    run(&[&relocate[..], &["-o", &loud]].concat()).good();
    assert_eq!(quiet(&[&relocate[..], &["-o", &quiet_]].concat()).good(), "");
    assert_eq!(fs::read(loud).unwrap(), fs::read(quiet_).unwrap());

    // What fails is on standard error.
    let failing = [
        "relocate",
        "fixtures/objects/access.bpfel.o",
        "--target",
        "fixtures/btf/differing.le.btf",
    ];
    let run = quiet(&failing);
    assert_eq!((run.status, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.ends_with(": 4 of 26 relocations failed\n"), "{}", run.stderr);
}

#[test]
fn check_has_its_exit_status_and_files() {
    let folder = Folder::new();
    let known = folder.path("known.tsv");
    let check =
        ["check", "fixtures/objects/access.bpfel.o", "--target", "fixtures/btf/gone.le.btf"];
    assert_eq!(quiet(&check).status, 1);
    assert_eq!(quiet(&[&check[..], &["--write-baseline", &known]].concat()).status, 0);
    assert!(fs::read_to_string(known).unwrap().lines().count() > 2);
    assert_eq!(quiet(&["check", "--lint", "fixtures/objects/module.bpfel.o"]).status, 1);
}

#[test]
fn minimize_writes_the_btf_alone() {
    let folder = Folder::new();
    let out = folder.path("out.btf");
    let minimize = [
        "minimize",
        "fixtures/objects/access.bpfel.o",
        "--target",
        "fixtures/btf/same.le.btf",
        "-o",
        &out,
    ];
    assert_eq!(quiet(&minimize).good(), "");
    assert!(fs::metadata(out).unwrap().len() > 0);
}
