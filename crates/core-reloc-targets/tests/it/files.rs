//! Files and folders.

use std::{fs, os::unix::fs::symlink, process::Command, thread};

use core_reloc_targets::{
    Files, Found, Kernels, Limits, Listing, TargetProblem, Targets, map, module_name, open,
};
use core_reloc_tests::kernel_files::{Folder, btf, elf, pack};

use crate::support::targets;

#[test]
fn plain_files_are_opened() {
    let folder = Folder::new();
    let btf = btf("same.le");
    for content in [btf.clone(), elf(&[(".BTF", &btf)])] {
        let path = folder.file("file", &content);
        assert_eq!(open(&path, Limits::default()).unwrap().as_bytes(), btf);
        // SAFETY: no process modifies the file.
        let mapped = unsafe { map(&path, Limits::default()) }.unwrap();
        assert_eq!(mapped.as_bytes(), btf);
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
fn folders_are_searched_in_order() {
    let folder = Folder::new();
    let [one, two] = ["same.le", "grown.be"].map(btf);
    folder.file("all/b/2.btf", &two);
    folder.file("all/b/1.btf", &one);
    folder.file("all/c.btf", &one);
    folder.file("all/a.ko", &elf(&[(".BTF", &two)]));
    folder.file("all/b.txt", b"text");
    symlink(folder.path("all/b/2.btf"), folder.path("all/d.btf")).unwrap();
    // Links to folders are not followed: they may form a circle.
    symlink(folder.path("all"), folder.path("all/e")).unwrap();
    // Opening a pipe would block.
    assert!(Command::new("mkfifo").arg(folder.path("all/pipe")).status().unwrap().success());
    let found = targets(&folder, "all", Limits::default());
    let names: Vec<_> = found
        .iter()
        .map(|target| match target {
            Ok((path, _)) => path.as_str(),
            Err(message) => message.split(':').next().unwrap(),
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
fn unknown_formats_are_distinguished_from_damaged_files() {
    let folder = Folder::new();
    folder.file("all/README", b"text");
    folder.file("all/empty", b"");
    folder.file("all/damaged.ko", b"\x7fELF");
    folder.file("all/damaged.gz", b"\x1f\x8b\x08\0");
    symlink("nowhere", folder.path("all/link")).unwrap();
    let found: Vec<_> = Targets::new(&folder.path("all"), Limits::default())
        .map(|target| {
            let error = target.unwrap_err();
            (folder.strip(error.path.to_str().unwrap()), error.is_unrecognized())
        })
        .collect();
    let expected = [
        ("/all/README", true),
        ("/all/damaged.gz", false),
        ("/all/damaged.ko", false),
        ("/all/empty", true),
        ("/all/link", false),
    ];
    assert_eq!(found, expected.map(|(path, unrecognized)| (path.to_string(), unrecognized)));
}

#[test]
fn modules_are_distinguished_from_kernels() {
    let folder = Folder::new();
    folder.file("all/kernel.btf", &btf("modular.le"));
    folder.file("all/stats.btf", &btf("modular.le.stats"));
    let targets = Targets::new(&folder.path("all"), Limits::default());
    let split: Vec<_> = targets.map(|target| target.unwrap().is_split()).collect();
    assert_eq!(split, [false, true]);
}

#[test]
fn a_folder_is_not_a_target() {
    let folder = Folder::new();
    let error = open(&folder.path(""), Limits::default()).unwrap_err();
    assert_eq!(folder.strip(&error.to_string()), "/: is a directory, expected a file");
    let found = targets(&folder, "absent", Limits::default());
    assert_eq!(found, [Err("/absent: No such file or directory (os error 2)".into())]);
}

#[test]
fn kernels_are_found_among_other_files() {
    let folder = Folder::new();
    folder.file("all/README", b"text");
    folder.file("all/1/kernel.btf", &btf("modular.le"));
    folder.file("all/2/kernel.btf", &btf("modular.le"));
    folder.file("all/stats.btf", &btf("modular.le.stats"));
    // Neither inline sites nor modules of a kernel are mentioned.
    folder.file("all/kernel.inline", &btf("modular.le.stats"));
    folder.file("all/1/stats.btf", &btf("modular.le.stats"));
    folder.file("all/2/kernel.stats.btf", &btf("modular.le.stats"));
    let shown = |kernels: Kernels| -> Vec<String> {
        let shown = |found| match found {
            Ok(Found::Kernel(kernel)) => format!("kernel {}", kernel.file().path().display()),
            Ok(Found::Other(error)) => format!("other {error}"),
            Err(error) => format!("error {error}"),
        };
        kernels.map(|found| folder.strip(&shown(found))).collect()
    };
    let unknown = "/all/README: starts with 74 65 78 74, expected BTF, ELF, a kernel image, a tar \
                   archive or compressed data of these";
    assert_eq!(
        shown(Kernels::new(&folder.path("all"), Limits::default())),
        [
            "kernel /all/1/kernel.btf".into(),
            "kernel /all/2/kernel.btf".into(),
            format!("other {unknown}"),
            "other /all/stats.btf: contains a module's types, not a kernel's".into(),
        ]
    );
    // A file that is given must be a kernel, or at least BTF; a listed one need not be.
    let readme = folder.path("all/README");
    let given = Kernels::new(&readme, Limits::default());
    assert_eq!(shown(given), [format!("error {unknown}")]);
    let (listing, errors) = Listing::new(&folder.path("all"), Limits::default());
    assert!(errors.is_empty());
    let listed = Kernels::in_listing(&listing, &readme);
    assert_eq!(shown(listed), [format!("other {unknown}")]);
}

#[test]
fn modules_are_called_as_their_files() {
    for (path, name) in [
        ("nf_conntrack.ko", "nf_conntrack"),
        ("a/nf_conntrack.ko.zst", "nf_conntrack"),
        ("modular.le.stats.btf", "modular.le.stats"),
        ("stats", "stats"),
    ] {
        assert_eq!(module_name(path.as_ref()), name);
    }
}

#[test]
fn plain_files_are_limited_too() {
    let folder = Folder::new();
    let btf = btf("same.le");
    let len = btf.len() as u64;
    let too_large =
        |what: &str| format!("/file: {what} has {len} bytes, at most {} are read", len - 1);
    for (content, what) in [
        (btf.clone(), "the file"),
        // Only the section counts.
        (elf(&[(".text", &[0; 9000]), (".BTF", &btf)]), "the .BTF section"),
    ] {
        let path = folder.file("file", &content);
        assert_eq!(open(&path, Limits::default().file(len)).unwrap().as_bytes(), btf);
        let limits = Limits::default().file(len - 1);
        let error = open(&path, limits).unwrap_err();
        assert_eq!(folder.strip(&error.to_string()), too_large(what));
        assert_eq!(targets(&folder, "file", limits), [Err(too_large(what))]);
    }
    // SAFETY: no process modifies the file.
    let error = unsafe { map(&folder.file("file", &btf), Limits::default().file(len - 1)) };
    assert_eq!(folder.strip(&error.unwrap_err().to_string()), too_large("the file"));
}

#[test]
fn folders_are_searched_to_a_bounded_depth() {
    let folder = Folder::new();
    let deep = vec!["d"; 63].join("/");
    folder.file(&format!("{deep}/shallow"), b"text");
    folder.file(&format!("{deep}/d/deep"), b"text");
    let errors: Vec<_> = Targets::new(&folder.path(""), Limits::default())
        .map(|target| target.unwrap_err())
        .collect();
    assert!(matches!(errors[0].problem, TargetProblem::TooDeep(64)), "{}", errors[0]);
    assert_eq!(errors[0].path, folder.path(&format!("{deep}/d")));
    assert!(errors[1].is_unrecognized() && errors.len() == 2);
}
