//! Files and folders.

use std::{fs, os::unix::fs::symlink, process::Command, thread};

use core_reloc_cli::targets::{Files, Limits, Targets, open};

use crate::make::{Folder, btf, elf, pack};

#[test]
fn plain_files_are_opened_as_they_are() {
    let folder = Folder::new();
    let btf = btf("same.le");
    for content in [btf.clone(), elf(&[(".BTF", &btf)])] {
        let path = folder.file("file", &content);
        assert_eq!(open(&path, Limits::default()).unwrap().as_bytes(), btf);
    }
}

#[test]
fn pipes_are_read() {
    let folder = Folder::new();
    let btf = btf("same.le");
    let mut contents = vec![btf.clone(), elf(&[(".BTF", &btf)])];
    contents.extend(pack("xz -c", &btf));
    let pipe = folder.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for content in contents {
        let writer = thread::spawn({
            let pipe = pipe.clone();
            move || fs::write(pipe, content).unwrap()
        });
        assert_eq!(open(&pipe, Limits::default()).unwrap().as_bytes(), btf);
        writer.join().unwrap();
    }
}

#[test]
fn folders_are_gone_through_in_order() {
    let folder = Folder::new();
    let [one, two] = ["same.le", "grown.be"].map(btf);
    folder.file("all/b/2.btf", &two);
    folder.file("all/b/1.btf", &one);
    folder.file("all/c.btf", &one);
    folder.file("all/a.ko", &elf(&[(".BTF", &two)]));
    folder.file("all/b.txt", b"text");
    symlink(folder.path("all/b/2.btf"), folder.path("all/d.btf")).unwrap();
    // A folder that a link leads to might be this one.
    symlink(folder.path("all"), folder.path("all/e")).unwrap();
    // Whoever opens it waits for someone to write.
    assert!(Command::new("mkfifo").arg(folder.path("all/pipe")).status().unwrap().success());
    let found = folder.targets("all", Limits::default());
    let names: Vec<_> = found
        .iter()
        .map(|target| match target {
            Ok((path, _)) => path.as_str(),
            Err(complaint) => complaint.split(':').next().unwrap(),
        })
        .collect();
    let expected =
        ["/all/a.ko", "/all/b/1.btf", "/all/b/2.btf", "/all/b.txt", "/all/c.btf", "/all/d.btf"];
    assert_eq!(names, expected);
    let files: Vec<_> = Files::new(&folder.path("all"))
        .map(|path| folder.strip(path.unwrap().to_str().unwrap()))
        .collect();
    assert_eq!(files, expected);
    let bytes: Vec<_> = found.into_iter().filter_map(|target| Some(target.ok()?.1)).collect();
    assert_eq!(bytes, [two.clone(), one.clone(), two.clone(), one, two]);
}

#[test]
fn what_can_be_passed_over_is_told_from_what_is_damaged() {
    let folder = Folder::new();
    folder.file("all/README", b"text");
    folder.file("all/empty", b"");
    folder.file("all/damaged.ko", b"\x7fELF");
    folder.file("all/damaged.gz", b"\x1f\x8b\x08\0");
    symlink("nowhere", folder.path("all/link")).unwrap();
    let passed_over: Vec<_> = Targets::new(&folder.path("all"), Limits::default())
        .map(|target| {
            let error = target.unwrap_err();
            (folder.strip(error.path.to_str().unwrap()), error.is_unrecognised())
        })
        .collect();
    let expected = [
        ("/all/README", true),
        ("/all/damaged.gz", false),
        ("/all/damaged.ko", false),
        ("/all/empty", true),
        ("/all/link", false),
    ];
    assert_eq!(passed_over, expected.map(|(path, passed)| (path.to_string(), passed)));
}

#[test]
fn modules_are_told_from_kernels() {
    let folder = Folder::new();
    folder.file("all/kernel.btf", &btf("modular.le"));
    folder.file("all/stats.btf", &btf("modular.le.stats"));
    let targets = Targets::new(&folder.path("all"), Limits::default());
    let split: Vec<_> = targets.map(|target| target.unwrap().is_split()).collect();
    assert_eq!(split, [false, true]);
}

#[test]
fn a_folder_is_not_one_target() {
    let folder = Folder::new();
    let error = open(&folder.path(""), Limits::default()).unwrap_err();
    assert_eq!(folder.strip(&error.to_string()), "/: is a directory, expected a file");
    let found = folder.targets("absent", Limits::default());
    assert_eq!(found, [Err("/absent: No such file or directory (os error 2)".into())]);
}
