//! `minimize` for the kernels of a whole archive: into an archive, and into a store.

use std::{fs, path::Path, process::Command};

use btf_store::{Build, Store};
use core_reloc_tests::judge::skipped;
use serde_json::Value;

use crate::{
    minimize::relocated,
    program::{Folder, fixture, run, run_line},
};

const OBJECTS: [&str; 3] = ["access", "enums", "types"];

/// Each kernel's path in the archive, with the fixture that it has. Two have the same BTF.
const KERNELS: [(&str, &str); 4] = [
    ("debian/11/x86_64/5.10.0-30-amd64.btf", "same"),
    ("debian/12/arm64/6.1.0-50-arm64.btf", "moved"),
    ("debian/12/x86_64/6.1.0-50-amd64.btf", "moved"),
    ("fedora/38/x86_64/6.1.0-50-amd64.btf", "gone"),
];

fn kernel(name: &str) -> Vec<u8> {
    fixture(&format!("btf/{name}.le.btf"))
}

/// Writes an archive of all kernels in BTFHub's layout, with the folder's name before each path.
fn archive(folder: &Folder) -> String {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, name) in KERNELS {
        let bytes = kernel(name);
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, format!("./{path}"), bytes.as_slice()).unwrap();
    }
    folder.file("all.tar", &archive.into_inner().unwrap())
}

/// Minimizes an archive for the objects, into `option`.
fn minimize(target: &str, option: &[&str]) -> String {
    let objects = OBJECTS.map(|object| format!("fixtures/objects/{object}.bpfel.o"));
    let objects: Vec<&str> = objects.iter().map(String::as_str).collect();
    run(&[&["minimize"], objects.as_slice(), &["--target", target], option].concat()).good()
}

/// Checks that every object relocates with the minimized BTF of a kernel as with the full one.
#[track_caller]
fn assert_relocates_as_full(name: &str, minimized: &[u8]) {
    let folder = Folder::new();
    let minimized = folder.file("minimized.btf", minimized);
    for object in OBJECTS {
        let object = format!("fixtures/objects/{object}.bpfel.o");
        let full = relocated(&object, &format!("--target fixtures/btf/{name}.le.btf"));
        assert!(!full.is_empty());
        assert_eq!(full, relocated(&object, &format!("--target {minimized}")), "{name}");
    }
}

/// Returns what `check` finds of fields, types and enumerators: the verdict, the programs and the kernels. The
/// reasons name candidates that are not kept, and what programs need besides relocations is not kept either.
fn verdicts(target: &str) -> Vec<String> {
    let run = run_line(&format!(
        "check fixtures/objects/access.bpfel.o fixtures/objects/enums.bpfel.o --target {target} \
         --format json"
    ));
    assert_eq!(run.stderr, "");
    let lines = run.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let causes = lines.filter(|line| {
        line["type"] == "cause"
            && ["field", "type", "enumerator"].map(Value::from).contains(&line["what"])
    });
    let keys = ["what", "name", "verdict", "programs", "kernels"];
    causes.map(|line| format!("{:?}", keys.map(|key| line[key].to_string()))).collect()
}

#[test]
fn an_archive_keeps_its_layout_and_is_a_target() {
    let folder = Folder::new();
    let (full, out) = (archive(&folder), folder.path("out.tar.xz"));
    minimize(&full, &["-o", &out]);
    // Loaders look into the unpacked folder.
    let unpacked = folder.path("unpacked");
    fs::create_dir(&unpacked).unwrap();
    match Command::new("tar").args(["-xJf", &out, "-C", &unpacked]).status() {
        Ok(status) => assert!(status.success()),
        Err(error) => return skipped(&format!("tar: {error}")),
    }
    for (path, name) in KERNELS {
        let minimized = fs::read(Path::new(&unpacked).join(path)).unwrap();
        assert!(minimized.len() < kernel(name).len());
        assert_relocates_as_full(name, &minimized);
    }

    let before = verdicts(&full);
    assert!(!before.is_empty());
    assert_eq!(before, verdicts(&out));
}

#[test]
fn what_is_written_does_not_depend_on_the_form_of_the_target() {
    let folder = Folder::new();
    let full = archive(&folder);
    for (path, name) in KERNELS {
        let path = folder.path(&format!("kernels/{path}"));
        fs::create_dir_all(Path::new(&path).parent().unwrap()).unwrap();
        fs::write(path, kernel(name)).unwrap();
    }
    let kernels = folder.path("kernels");
    for (option, name) in [("-o", "out.tar.xz"), ("--store", "out.store")] {
        let written = [&full, &kernels].map(|target| {
            let out = folder.path(name);
            minimize(target, &[option, &out]);
            fs::read(out).unwrap()
        });
        let [archive, files] = written;
        assert!(archive == files, "{option}");
    }
}

#[test]
fn a_store_has_all_kernels_for_agents() {
    let folder = Folder::new();
    let (full, out) = (archive(&folder), folder.path("agent.store"));
    let report = minimize(&full, &["--store", &out]);
    assert_eq!(report.matches("/agent.store").count(), KERNELS.len(), "{report}");
    let bytes = fs::read(&out).unwrap();
    let store = Store::open(&bytes).unwrap();
    assert_eq!(store.len(), KERNELS.len());

    let build = |release, machine| Build { release, version: "#1 SMP", machine };
    for (release, machine, name) in
        [("5.10.0-30-amd64", "x86_64", "same"), ("6.1.0-50-arm64", "aarch64", "moved")]
    {
        let kernel = store.find_build(&build(release, machine)).unwrap().unwrap();
        assert_relocates_as_full(name, kernel.extract().unwrap().as_bytes());
    }
    // Two distributions have a kernel of this release, and nothing tells which is meant.
    assert!(store.find_build(&build("6.1.0-50-amd64", "x86_64")).unwrap().is_none());
    for kernel in store.find("6.1.0-50-amd64").unwrap() {
        let kernel = kernel.unwrap();
        assert_eq!(kernel.info().architecture, "x86_64");
        let name = match kernel.info().distribution {
            "debian/12" => "moved",
            "fedora/38" => "gone",
            other => panic!("{other}"),
        };
        assert_relocates_as_full(name, kernel.extract().unwrap().as_bytes());
    }
}

#[test]
fn a_store_keeps_modules() {
    let folder = Folder::new();
    let out = folder.path("agent.store");
    let target = "--target fixtures/btf/modular.le.btf --module fixtures/btf/modular.le.stats.btf";
    run_line(&format!("minimize fixtures/objects/module.bpfel.o {target} --store {out}")).good();
    let bytes = fs::read(&out).unwrap();
    let store = Store::open(&bytes).unwrap();
    let kernel = store.kernel(0).unwrap();
    let modules = kernel.modules().unwrap();
    let modules: Vec<&str> = modules.iter().map(|module| module.name()).collect();
    assert_eq!(modules, ["modular.le.stats"]);
}

#[test]
fn a_store_replaces_the_output() {
    let line = "minimize fixtures/objects/access.bpfel.o --target fixtures/btf/same.le.btf";
    let refused = run_line(line).refused();
    assert!(refused.contains("--output <OUT>"), "{refused}");
    let refused = run_line(&format!("{line} -o a.btf --store a.store")).refused();
    assert!(refused.contains("cannot be used with"), "{refused}");
}
