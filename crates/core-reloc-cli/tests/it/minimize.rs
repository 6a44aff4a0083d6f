//! `minimize`: its output files, and that objects relocate with them as with the full BTF.

use std::{fs, path::Path, process::Command};

use core_reloc_tests::judge::skipped;
use expect_test::expect;
use serde_json::Value;

use crate::program::{Folder, fixture, run_line};

const OBJECT: &str = "fixtures/objects/access.bpfel.o";

/// Relocates an object; returns the report without what may differ between the full and minimized BTF.
pub(crate) fn relocated(object: &str, target: &str) -> Vec<Value> {
    let run = run_line(&format!("relocate {object} {target} --format json"));
    let lines = run.stdout.lines();
    lines
        .map(|line| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            // Type ids differ.
            if line["kind"] == "type_id_target" {
                line["after"] = Value::Null;
                line["value"] = Value::from(u64::from(line["value"].as_u64() > Some(0)));
            }
            // The errors of unresolved relocations name other candidates.
            if line["status"] == "poisoned" {
                line["error"] = Value::Null;
            }
            line
        })
        .collect()
}

#[test]
fn objects_relocate_as_with_the_full_btf() {
    let folder = Folder::new();
    let out = folder.path("out.btf");
    let mut relocations = 0;
    for order in ["le", "be"] {
        for kernel in ["same", "moved", "resized", "bitfields", "nested", "gone", "grown", "ilp32"]
        {
            for object in ["access", "fields", "bitfields", "enums", "types", "task"] {
                let object = format!("fixtures/objects/{object}.bpfel.o");
                let target = format!("--target fixtures/btf/{kernel}.{order}.btf");
                let run = run_line(&format!("minimize {object} {target} -o {out}"));
                let before = relocated(&object, &target);
                if run.stderr.contains("would have no types") {
                    let is_missing =
                        |line: &Value| line["value"] == 0 || line["status"] == "poisoned";
                    assert!(before.iter().all(is_missing), "{object} {target}");
                    continue;
                }
                assert_eq!(run.status, 0, "{}", run.stderr);
                assert_eq!(before, relocated(&object, &format!("--target {out}")), "{target}");
                relocations += before.len();
            }
        }
    }
    assert!(relocations > 1000, "{relocations}");
}

#[test]
fn the_result_is_reported() {
    let folder = Folder::new();
    let out = folder.path("out.btf");
    let text = run_line(&format!(
        "minimize {OBJECT} fixtures/objects/enums.bpfel.o --target fixtures/btf/gone.le.btf -o {out}"
    ))
    .good();
    expect![[r#"
        fixtures/btf/gone.le.btf: 40 relocations: 23 resolved, 17 unresolved
          1077 bytes reduced to 671: /out.btf
    "#]]
    .assert_eq(&folder.strip(&text));
    let json = run_line(&format!(
        "minimize {OBJECT} fixtures/objects/enums.bpfel.o --target fixtures/btf/gone.le.btf -o {out} \
         --format json"
    ))
    .good();
    expect![[r#"
        {"target":"fixtures/btf/gone.le.btf","output":"/out.btf","taken":false,"whole_bytes":1077,"bytes":671,"types":17,"modules":[],"objects":[{"object":"fixtures/objects/access.bpfel.o","resolved":13,"unresolved":13,"failed":0},{"object":"fixtures/objects/enums.bpfel.o","resolved":10,"unresolved":4,"failed":0}]}
    "#]].assert_eq(&folder.strip(&json));
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["whole_bytes"], fixture("btf/gone.le.btf").len());
    assert_eq!(json["bytes"], fs::metadata(out).unwrap().len());
}

#[test]
fn relocations_that_fail_still_fail_and_the_file_is_written() {
    let folder = Folder::new();
    let out = folder.path("out.btf");
    let target = "--target fixtures/btf/differing.le.btf";
    let run = run_line(&format!("minimize {OBJECT} {target} -o {out}"));
    assert_eq!((run.status, run.stderr.as_str()), (1, ""));
    expect![[r#"
        fixtures/btf/differing.le.btf: 26 relocations: 22 resolved, 4 failed
          1974 bytes reduced to 1079: /out.btf
          4 failed, as with the full BTF; to see why: core-reloc explain fixtures/objects/access.bpfel.o --target fixtures/btf/differing.le.btf --status failed
    "#]].assert_eq(&folder.strip(&run.stdout));
    let count = |target: &str| {
        relocated(OBJECT, target).iter().filter(|line| line["status"] == "failed").count()
    };
    assert_eq!(count(&format!("--target {out}")), count(target));
}

#[test]
fn modules_become_split_btf_beside_their_kernel() {
    let folder = Folder::new();
    let out = folder.path("out");
    let object = "fixtures/objects/module.bpfel.o";
    let (kernel, module) = ("fixtures/btf/modular.le.btf", "fixtures/btf/modular.le.stats.btf");
    let target = format!("--target {kernel} --module {module}");
    let text = run_line(&format!("minimize {object} {target} -o {out}")).good();
    expect![[r#"
        fixtures/btf/modular.le.btf: 7 relocations: 7 resolved
          1734 bytes reduced to 105: /out/modular.le.btf
          105 bytes reduced to 85: /out/modular.le.modular.le.stats.btf
    "#]]
    .assert_eq(&folder.strip(&text));
    let names = ["modular.le.btf", "modular.le.modular.le.stats.btf"];
    let files = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name());
    let mut files: Vec<String> = files.map(|name| name.into_string().unwrap()).collect();
    files.sort();
    assert_eq!(files, names);
    let minimized = format!("--target {out}/{} --module {out}/{}", names[0], names[1]);
    assert_eq!(relocated(object, &target), relocated(object, &minimized));
}

#[test]
fn a_module_that_nothing_needs_is_not_written() {
    let folder = Folder::new();
    let out = folder.path("out");
    let target = "--target fixtures/btf/modular.le.btf --module fixtures/btf/modular.le.stats.btf";
    let text = run_line(&format!("minimize {OBJECT} {target} -o {out}")).good();
    expect![[r#"
        fixtures/btf/modular.le.btf: 26 relocations: 26 resolved
          1734 bytes reduced to 911: /out/modular.le.btf
          no relocation needs a type of fixtures/btf/modular.le.stats.btf; nothing is written for it
    "#]]
    .assert_eq(&folder.strip(&text));
    let files = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(files.collect::<Vec<_>>(), ["modular.le.btf"]);
    fs::remove_dir_all(&out).unwrap();
    let json = run_line(&format!("minimize {OBJECT} {target} -o {out} --format json")).good();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["modules"][0]["output"], Value::Null);
    assert_eq!(json["modules"][0]["whole_bytes"], fixture("btf/modular.le.stats.btf").len());
}

#[test]
fn btf_without_types_is_refused() {
    let folder = Folder::new();
    let out = folder.path("out.btf");
    let run = run_line(&format!(
        "minimize fixtures/objects/task.bpfel.o --target fixtures/btf/same.le.btf -o {out}"
    ));
    assert_eq!((run.status, run.stdout.as_str()), (2, ""));
    expect![[r#"
        core-reloc: error: fixtures/btf/same.le.btf: the minimized BTF would have no types, because no relocation needs one of the target: 3 resolved without one, 15 unresolved; nothing was written
    "#]].assert_eq(&run.stderr);
    assert_eq!(folder.names(), [""; 0]);
}

/// Makes a folder of kernels in BTFHub's layout, with a file that is not a kernel.
fn kernels() -> Folder {
    let folder = Folder::new();
    for sub in ["kernels", "kernels/debian", "kernels/fedora"] {
        fs::create_dir(folder.path(sub)).unwrap();
    }
    folder.file("kernels/README", b"about these kernels");
    folder.file("kernels/debian/5.10.btf", &fixture("btf/same.le.btf"));
    folder.file("kernels/debian/6.1.btf", &fixture("btf/moved.le.btf"));
    folder.file("kernels/fedora/6.1.btf", &fixture("btf/resized.le.btf"));
    folder
}

#[test]
fn a_folder_becomes_a_folder() {
    let folder = kernels();
    let (kernels, out) = (folder.path("kernels"), folder.path("out"));
    let run = run_line(&format!("minimize {OBJECT} --target {kernels} -o {out}"));
    assert_eq!(run.status, 0, "{}", run.stderr);
    expect![[r#"
        /kernels/debian/5.10.btf: 26 relocations: 26 resolved
          1734 bytes reduced to 911: /out/debian/5.10.btf
        /kernels/debian/6.1.btf: 26 relocations: 26 resolved
          1796 bytes reduced to 911: /out/debian/6.1.btf
        /kernels/fedora/6.1.btf: 26 relocations: 25 resolved, 1 unresolved
          1712 bytes reduced to 844: /out/fedora/6.1.btf
    "#]]
    .assert_eq(&folder.strip(&run.stdout));
    expect![[r#"
        core-reloc: warning: /kernels: skipped a file that is not a kernel: /kernels/README: starts with 61 62 6f 75, expected BTF, ELF, a kernel image, a tar archive or compressed data of these
    "#]].assert_eq(&folder.strip(&run.stderr));
    for name in ["debian/5.10.btf", "debian/6.1.btf", "fedora/6.1.btf"] {
        let before = relocated(OBJECT, &format!("--target {kernels}/{name}"));
        assert_eq!(before, relocated(OBJECT, &format!("--target {out}/{name}")), "{name}");
    }
    assert_eq!(folder.names(), ["kernels", "out"]);

    // The folder is no longer empty.
    let run = run_line(&format!("minimize {OBJECT} --target {kernels} -o {out}"));
    assert_eq!(run.status, 2);
    let error = run.stderr.lines().last().unwrap();
    expect!["core-reloc: error: cannot write /out: the folder is not empty; name an empty or a new folder"].assert_eq(&folder.strip(error));
}

#[test]
fn a_folder_becomes_an_archive() {
    let folder = kernels();
    let (kernels, out, again) =
        (folder.path("kernels"), folder.path("out.tar.xz"), folder.path("again.tar.xz"));
    for out in [&out, &again] {
        let run = run_line(&format!("minimize {OBJECT} --target {kernels} -o {out}"));
        assert_eq!(run.status, 0, "{}", run.stderr);
    }
    assert!(fs::read(&out).unwrap() == fs::read(again).unwrap(), "the same bytes every time");

    // tar reads the archive, to have an independent judge.
    let unpacked = folder.path("unpacked");
    fs::create_dir(&unpacked).unwrap();
    match Command::new("tar").args(["-xJf", &out, "-C", &unpacked]).status() {
        Ok(status) => assert!(status.success()),
        Err(error) => return skipped(&format!("tar: {error}")),
    }
    let folder_out = folder.path("folder");
    run_line(&format!("minimize {OBJECT} --target {kernels} -o {folder_out}"));
    for name in ["debian/5.10.btf", "debian/6.1.btf", "fedora/6.1.btf"] {
        let read = |folder: &str| fs::read(Path::new(folder).join(name)).unwrap();
        assert!(read(&unpacked) == read(&folder_out), "{name}");
    }
}

#[test]
fn kernels_of_another_byte_order_are_one_warning() {
    let folder = Folder::new();
    fs::create_dir(folder.path("kernels")).unwrap();
    let kernel = |name: &str, order: &str| {
        folder.file(&format!("kernels/{name}.btf"), &fixture(&format!("btf/same.{order}.btf")));
    };
    let warnings = |objects: &str, out: &str| {
        let (kernels, out) = (folder.path("kernels"), folder.path(out));
        folder.strip(&run_line(&format!("minimize {objects} --target {kernels} -o {out}")).stderr)
    };
    kernel("5.10-amd64", "le");
    kernel("5.10-s390x", "be");
    expect![[r#"
        core-reloc: warning: /kernels/5.10-s390x.btf is big endian, but fixtures/objects/access.bpfel.o is little endian; this kernel cannot run it
    "#]].assert_eq(&warnings(OBJECT, "one"));
    kernel("6.1-s390x", "be");
    kernel("6.12-s390x", "be");
    expect![[r#"
        core-reloc: warning: /kernels/5.10-s390x.btf and 2 other kernels are big endian, but fixtures/objects/access.bpfel.o is little endian; these kernels cannot run it
    "#]].assert_eq(&warnings(OBJECT, "three"));
    let both = format!("{OBJECT} fixtures/objects/access.bpfeb.o");
    expect![[r#"
        core-reloc: warning: /kernels/5.10-amd64.btf is little endian, but fixtures/objects/access.bpfeb.o is big endian; this kernel cannot run it
        core-reloc: warning: /kernels/5.10-s390x.btf and 2 other kernels are big endian, but fixtures/objects/access.bpfel.o is little endian; these kernels cannot run it
    "#]].assert_eq(&warnings(&both, "both"));
}

#[test]
fn nothing_is_written_after_an_error() {
    let folder = kernels();
    let (kernels, out) = (folder.path("kernels"), folder.path("out"));
    let refused = |line: &str| {
        let run = run_line(line);
        assert_eq!(run.status, 2, "{line}: {}", run.stdout);
        assert_eq!(folder.names(), ["kernels"], "{line}");
        folder.strip(run.stderr.lines().last().unwrap())
    };
    expect!["core-reloc: error: /kernels: contains several kernels, but --module needs one; name the modules' kernel with --target"].assert_eq(&refused(&format!(
        "minimize {OBJECT} --target {kernels} --module fixtures/btf/modular.le.stats.btf -o {out}"
    )));
    expect!["core-reloc: error: fixtures/objects/none.o: No such file or directory (os error 2)"]
        .assert_eq(&refused(&format!(
            "minimize {OBJECT} fixtures/objects/none.o --target {kernels} -o {out}"
        )));
    expect!["core-reloc: error: cannot write /out/x/y.btf: there is no folder /out/x"]
        .assert_eq(&refused(&format!("minimize {OBJECT} -o {out}/x/y.btf")));
    let whole = fixture("btf/same.le.btf");
    // Two kernels whose outputs would have the same name.
    folder.file("kernels/fedora/6.1", &whole);
    expect!["core-reloc: error: /kernels/fedora/6.1 and /kernels/fedora/6.1.btf would both be written to fedora/6.1.btf; minimize them separately"].assert_eq(&refused(&format!("minimize {OBJECT} --target {kernels} -o {out}")));
}

#[test]
fn the_running_kernel_is_the_default_target() {
    if !Path::new("/sys/kernel/btf/vmlinux").exists() {
        return skipped("this kernel has no BTF");
    }
    let folder = Folder::new();
    let out = folder.path("out.btf");
    let object = "fixtures/objects/task.bpfel.o";
    run_line(&format!("minimize {object} -o {out}")).good();
    let before = relocated(object, "--target /sys/kernel/btf/vmlinux");
    assert!(!before.is_empty());
    assert_eq!(before, relocated(object, &format!("--target {out}")));
}
