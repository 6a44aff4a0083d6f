//! Every file that a command reads may be `-`, standard input, and has a limit.

use std::{fs, fs::File, process::Stdio};

use expect_test::expect;

use crate::program::{Folder, Run, command, fixture, root, run, run_line, run_on};

/// The path of a fixture, from any folder.
fn path(name: &str) -> String {
    root().join("fixtures").join(name).to_str().unwrap().to_string()
}

/// Command lines with each of their inputs as `INPUT`, and the fixture that it is.
fn commands() -> Vec<(String, &'static str)> {
    const OBJECT: &str = "objects/access.bpfel.o";
    const KERNEL: &str = "btf/moved.le.btf";
    const MODULE: &str = "btf/modular.le.stats.btf";
    let (object, kernel) = (path(OBJECT), path(KERNEL));
    let (of_module, modular) = (path("objects/module.bpfel.o"), path("btf/modular.le.btf"));
    let lines = [
        (format!("relocate INPUT --target {kernel}"), OBJECT),
        (format!("relocate {object} --target INPUT"), KERNEL),
        (format!("relocate {of_module} --target {modular} --module INPUT --format json"), MODULE),
        ("inspect INPUT".to_string(), OBJECT),
        (format!("explain INPUT --target {kernel}"), OBJECT),
        (format!("explain {object} --target INPUT"), KERNEL),
        (format!("check INPUT --target {kernel}"), OBJECT),
        (format!("check {object} --target INPUT"), KERNEL),
        (format!("blame INPUT --log {} --target {kernel}", path("btf/moved.le.btf")), OBJECT),
        ("query job.pid --target INPUT".to_string(), KERNEL),
        (format!("query job_stats --target {modular} --module INPUT"), MODULE),
        ("dump --target INPUT".to_string(), KERNEL),
        (format!("minimize INPUT --target {kernel} -o /dev/null"), OBJECT),
        (format!("minimize {object} --target INPUT -o /dev/null"), KERNEL),
    ];
    lines.into()
}

/// Runs a command on the file `%` in the folder.
fn run_in(folder: &Folder, line: &str) -> Run {
    let mut command = command(&line.split(' ').collect::<Vec<_>>());
    Run::of(command.current_dir(folder.path("")).output().unwrap())
}

/// The judge is the same command with the path of the file.
#[test]
fn every_input_may_be_standard_input() {
    let folder = Folder::new();
    for (line, name) in commands() {
        let input = folder.file("%", &fixture(name));
        let mut expected = run_in(&folder, &line.replace("INPUT", "%"));
        expected.stdout = expected.stdout.replace('%', "-");
        expected.stderr = expected.stderr.replace('%', "-");
        assert_ne!((expected.status, expected.stdout.as_str()), (2, ""), "{line}: {expected:?}");

        let line = line.replace("INPUT", "-");
        let arguments: Vec<&str> = line.split(' ').collect();
        assert_eq!(run_on(&fixture(name), &arguments), expected, "{line}");
        // Redirected from a file.
        let output = command(&arguments).stdin(File::open(&input).unwrap()).output().unwrap();
        assert_eq!(Run::of(output), expected, "{line}");
    }
}

#[test]
fn a_baseline_and_a_log_may_be_standard_input() {
    let folder = Folder::new();
    let known = folder.path("known.tsv");
    let check = "check fixtures/objects/access.bpfel.o --target fixtures/btf/gone.le.btf";
    run_line(&format!("{check} --write-baseline {known}")).good();
    let line = format!("{check} --baseline -");
    let arguments: Vec<&str> = line.split(' ').collect();
    assert_eq!(run_line(check).status, 1);
    assert_eq!(run_on(&fs::read(known).unwrap(), &arguments).status, 0);

    let blame = "blame fixtures/objects/access.bpfel.o --target fixtures/btf/gone.le.btf --log -";
    let arguments: Vec<&str> = blame.split(' ').collect();
    let run = run_on(b"12: (85) call unknown#195896080\n", &arguments);
    assert!(run.stdout.starts_with("-:1: "), "{run:?}");
}

#[test]
fn compressed_input_comes_from_standard_input_too() {
    let gzip = core_reloc_tests::kernel_files::pack("gzip -c", &fixture("btf/moved.le.btf"));
    let Some(packed) = gzip else { return };
    let kernel = "fixtures/btf/moved.le.btf";
    let expected = run_line(&format!("query job.pid --format json --target {kernel}")).good();
    let arguments = ["query", "job.pid", "--format", "json", "--target", "-"];
    assert_eq!(run_on(&packed, &arguments).good(), expected.replace(kernel, "-"));
}

#[test]
fn standard_input_is_one_input_only() {
    let expected = "core-reloc: error: standard input (-) is named twice; name a file\n";
    for line in [
        "relocate - --target -",
        "explain a.o --target - --module -",
        "blame - --log -",
        "check - a.o -",
        "check a.o --target - --baseline -",
        "query job --target - --target -",
        "dump --target - --module -",
        "minimize - --target - -o out",
    ] {
        assert_eq!(run_line(line).refused(), expected, "{line}");
    }
}

#[test]
fn bad_standard_input_is_named() {
    let error =
        |input: &[u8], line: &str| run_on(input, &line.split(' ').collect::<Vec<_>>()).refused();
    expect![[r#"
        core-reloc: error: -: is empty
    "#]]
    .assert_eq(&error(b"", "inspect -"));
    expect![[r#"
        core-reloc: error: -: starts with 23 21 2f 62, expected ELF (7f 45 4c 46)
    "#]]
    .assert_eq(&error(b"#!/bin/sh", "inspect -"));
    expect![[r#"
        core-reloc: error: -: is empty
    "#]]
    .assert_eq(&error(b"", "dump --target -"));
    let directory = File::open("/").unwrap();
    let output = command(&["inspect", "-"]).stdin(Stdio::from(directory)).output().unwrap();
    expect![[r#"
        core-reloc: error: -: Is a directory (os error 21)
    "#]]
    .assert_eq(&Run::of(output).refused());
}

/// Files without an end, and one that is a byte too large.
#[test]
fn every_input_has_a_limit() {
    let folder = Folder::new();
    let large = |start: &[u8]| {
        let path = folder.file("large", start);
        File::options().write(true).open(&path).unwrap().set_len((1 << 30) + 1).unwrap();
        path
    };
    let error = |line: &str| folder.strip(&run_line(line).refused());
    let object = large(b"\x7fELF");
    expect![[r#"
        core-reloc: error: /large: the file has 1073741825 bytes, at most 1073741824 are read
    "#]]
    .assert_eq(&error(&format!("inspect {object}")));
    let target = large(b"\x9f\xeb\x01\0");
    expect![[r#"
        core-reloc: error: /large: the file has 1073741825 bytes, at most 1073741824 are read
    "#]]
    .assert_eq(&error(&format!("dump --target {target}")));
    expect![[r#"
        core-reloc: error: cannot read /dev/zero: the file has more than 67108864 bytes
    "#]]
    .assert_eq(&error("blame fixtures/objects/access.bpfel.o --log /dev/zero"));
    expect![[r#"
        core-reloc: error: cannot read /dev/zero: the file has more than 134217728 bytes
    "#]]
    .assert_eq(&error("check fixtures/objects/access.bpfel.o --baseline /dev/zero"));
    let baseline = folder.file("known.tsv", b"\xff\t\t\t\t\t");
    let run = run(&["check", "fixtures/objects/access.bpfel.o", "--baseline", &baseline]);
    expect![[r#"
        core-reloc: error: /known.tsv: is not text in UTF-8, as a baseline is
    "#]]
    .assert_eq(&folder.strip(&run.refused()));
}
