//! Folders of objects.

use std::fs;

use serde_json::Value;

use crate::program::{Folder, fixture, run};

/// Makes a folder with objects of both byte orders among other files.
fn folder() -> Folder {
    let folder = Folder::new();
    fs::create_dir(folder.path("deep")).unwrap();
    for (name, object) in [
        ("b.o", "access.bpfel.o"),
        ("a.o", "enums.bpfeb.o"),
        ("deep/c", "module.bpfel.o"),
        ("deep/copy.o", "enums.bpfeb.o"),
    ] {
        folder.file(name, &fixture(&format!("objects/{object}")));
    }
    // An ELF file for another machine, and the start of one.
    fs::copy(env!("CARGO_BIN_EXE_core-reloc"), folder.path("program")).unwrap();
    folder.file("short.o", &fixture("objects/access.bpfel.o")[..19]);
    folder.file("notes.txt", b"twenty bytes of text, and more");
    folder.file("empty", b"");
    folder
}

/// Returns the values of a key of all lines of JSON, without repetitions.
fn values(json: &str, key: &str) -> Vec<String> {
    let mut values: Vec<String> = json
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter_map(|line| Some(line[key].as_str()?.to_string()))
        .collect();
    values.dedup();
    values
}

#[test]
fn the_objects_in_a_folder_are_used_in_order() {
    let folder = folder();
    let kernel = "fixtures/btf/same.le.btf";
    let names = ["a.o", "b.o", "deep/c", "deep/copy.o"];
    let as_files: Vec<String> = names.iter().map(|name| folder.path(name)).collect();

    let target = ["--target", kernel, "--format", "json"];
    let with =
        |command: &[&str], objects: &[&str], more: &[&str]| run(&[command, objects, more].concat());
    let files: Vec<&str> = as_files.iter().map(String::as_str).collect();
    let path = folder.path("");
    let checked = with(&["check"], &[&path], &target);
    assert_eq!(checked, with(&["check"], &files, &target));
    // Labels are as short as they can be.
    let mut labels = values(&checked.stdout, "object");
    labels.truncate(4);
    assert_eq!(labels, ["a.o", "b.o", "c", "copy.o"]);
    // A file may be named besides.
    let more = ["fixtures/objects/types.bpfel.o", path.as_str()];
    let objects = values(&with(&["check"], &more, &target).stdout, "object");
    assert!(objects.starts_with(&["types.bpfel.o".to_string(), "a.o".to_string()]), "{objects:?}");

    let lint = ["check", "--lint"];
    assert_eq!(with(&lint, &[&path], &[]), with(&lint, &files, &[]));

    let out = Folder::new();
    let minimized = |objects: &[&str]| {
        let out = out.path("out.btf");
        let run = with(&["minimize"], objects, &["--target", kernel, "-o", &out]);
        assert_eq!(run.status, 0, "{run:?}");
        (run, fs::read(&out).unwrap())
    };
    assert_eq!(minimized(&[&path]), minimized(&files));
}

#[test]
fn a_damaged_object_in_a_folder_is_an_error() {
    let folder = Folder::new();
    folder.file("good.o", &fixture("objects/access.bpfel.o"));
    let bad = folder.file("bad.o", &fixture("objects/access.bpfel.o")[..100]);
    let refused =
        run(&["check", &folder.path(""), "--target", "fixtures/btf/same.le.btf"]).refused();
    assert!(refused.starts_with(&format!("core-reloc: error: {bad}: ")), "{refused}");
}

#[test]
fn a_folder_without_objects_is_an_error() {
    let folder = Folder::new();
    folder.file("notes.txt", b"text");
    let path = folder.path("");
    for arguments in [
        vec!["check", &path],
        vec!["check", "--lint", &path],
        vec!["minimize", &path, "-o", "/nowhere/out"],
    ] {
        let message = run(&arguments).refused();
        let is_known = message.contains("no BPF object found in ") || message.contains("no folder");
        assert!(is_known, "{message}");
    }
    // A file that is named is none to pass over.
    let message = run(&["check", &folder.path("notes.txt")]).refused();
    assert!(message.contains("notes.txt: "), "{message}");
}

/// An output in the folder would replace an input.
#[test]
fn an_output_may_not_be_an_object_of_the_folder() {
    let folder = folder();
    let (path, object) = (folder.path(""), folder.path("b.o"));
    let kernel = "fixtures/btf/same.le.btf";
    let before = fs::read(&object).unwrap();
    let message = run(&["minimize", &path, "--target", kernel, "-o", &object]).refused();
    assert!(message.contains("it is also an input"), "{message}");
    assert_eq!(fs::read(&object).unwrap(), before);
}
