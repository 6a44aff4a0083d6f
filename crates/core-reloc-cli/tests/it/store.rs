//! `store`, and stores as targets: the answers are those of the BTF that was added.

use std::{fs, path::Path, process::Command};

use core_reloc_tests::{
    data::{self, Kernel},
    judge::skipped,
};
use serde_json::Value;

use crate::{
    choosing::without_ids,
    program::{Folder, Run, fixture, run},
};

/// Makes a folder with kernels of fixtures, as BTFHub has them.
fn kernels() -> Folder {
    let folder = Folder::new();
    for (path, kernel) in [
        ("k/debian/12/amd64/6.1.0-50.btf", "same"),
        ("k/debian/12/amd64/6.1.0-57.btf", "moved"),
        ("k/debian/13/amd64/6.12.0-1.btf", "resized"),
    ] {
        let path = folder.path(path);
        fs::create_dir_all(Path::new(&path).parent().unwrap()).unwrap();
        fs::write(path, fixture(&format!("btf/{kernel}.le.btf"))).unwrap();
    }
    folder
}

fn releases(store: &str) -> Vec<String> {
    let lines = run(&["store", "list", store, "--format", "json"]).good();
    let line = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    lines.lines().map(|text| line(text)["release"].as_str().unwrap().to_string()).collect()
}

/// Returns sorted lines of JSON without what may differ: the name of the folder or store, and ids of types.
fn equalized(run: Run, target: &str, separator: char) -> (i32, Vec<String>) {
    let Run { status, stdout, stderr } = run;
    assert_eq!(stderr, "");
    let text = stdout.replace(&format!("{target}{separator}"), "");
    let mut lines: Vec<String> = text.lines().map(without_ids).collect();
    lines.sort();
    (status, lines)
}

#[test]
fn kernels_are_added_listed_extracted_merged_and_removed() {
    let folder = kernels();
    let [all, one, two, merged] = ["a", "1", "2", "m"].map(|name| folder.path(name));
    run(&["store", "add", &all, &folder.path("k")]).good();
    assert_eq!(
        run(&["store", "list", &all]).good(),
        "debian/12/amd64/6.1.0-50\ndebian/12/amd64/6.1.0-57\ndebian/13/amd64/6.12.0-1\n"
    );

    // Nothing shows in what order, and in how many steps, the kernels were added.
    run(&["store", "add", &one, &folder.path("k/debian/13/amd64/6.12.0-1.btf")]).good();
    run(&["store", "add", &two, &folder.path("k/debian/12")]).good();
    assert_eq!(releases(&one), ["6.12.0-1"]);
    let again = folder.path("again");
    run(&["store", "add", &again, &all]).good();
    run(&["store", "add", &again, &all]).good();
    assert!(fs::read(&again).unwrap() == fs::read(&all).unwrap());
    // A single file is in the folders that lead to it.
    let step = folder.path("step");
    for kernel in ["13/amd64/6.12.0-1", "12/amd64/6.1.0-57", "12/amd64/6.1.0-50"] {
        run(&["store", "add", &step, &folder.path(&format!("k/debian/{kernel}.btf"))]).good();
    }
    assert!(fs::read(&step).unwrap() == fs::read(&all).unwrap());

    run(&["store", "merge", "-o", &merged, &one, &two]).good();
    assert_eq!(releases(&merged).len(), 3);

    let before = fs::read(&all).unwrap();
    let removed = run(&["store", "remove", &all, "--release", "6.1.*", "--dry-run"]).good();
    assert_eq!(removed, "debian/12/amd64/6.1.0-50\ndebian/12/amd64/6.1.0-57\n");
    assert!(fs::read(&all).unwrap() == before);
    run(&["store", "remove", &all, "--release", "6.1.*"]).good();
    assert_eq!(releases(&all), ["6.12.0-1"]);

    let extracted = folder.path("e.btf");
    run(&["store", "extract", &again, "6.1.0-57", "-o", &extracted]).good();
    let object = "fixtures/objects/access.bpfel.o";
    let relocate = |target: &str| run(&["relocate", object, "--target", target]).stdout;
    assert_eq!(relocate(&extracted), relocate("fixtures/btf/moved.le.btf"));

    let missing = run(&["store", "extract", &again, "7.0", "-o", &extracted]);
    let expected = format!(
        "core-reloc: error: {again}: has no kernel 7.0; it has debian/12/amd64/6.1.0-50, \
         debian/12/amd64/6.1.0-57, debian/13/amd64/6.12.0-1\n"
    );
    assert_eq!((missing.status, missing.stderr), (2, expected));

    let remove = |arguments: &[&str]| run(&[&["store", "remove", &again], arguments].concat());
    let of_12 = ["--distribution", "*/12", "--architecture", "a*64", "--dry-run"];
    assert_eq!(remove(&of_12).good().lines().count(), 2);
    remove(&["--distribution", "*/12", "--architecture", "arm64"]).refused();
    remove(&["--dry-run"]).refused();
}

#[test]
fn only_a_store_is_replaced_by_one() {
    let folder = kernels();
    let notes = folder.file("notes", b"not a store");
    let path = folder.path("k");
    let refused = run(&["store", "add", &notes, &path]);
    assert_eq!(refused.status, 2);
    assert_eq!(fs::read(&notes).unwrap(), b"not a store");
}

#[test]
fn a_store_answers_as_its_folder() {
    let folder = kernels();
    let (store, files) = (folder.path("s.store"), folder.path("k"));
    run(&["store", "add", &store, &files]).good();
    let object = "fixtures/objects/access.bpfel.o";
    let query = |target: &str| {
        run(&["query", "outer.number", "no_such", "--format", "json", "--target", target])
    };
    assert_eq!(equalized(query(&store), &store, '!'), equalized(query(&files), &files, '/'));
    let check = |target: &str| run(&["check", object, "--format", "json", "--target", target]);
    assert_eq!(equalized(check(&store), &store, '!'), equalized(check(&files), &files, '/'));
}

#[test]
fn real_kernels_answer_the_same_from_a_store() {
    let kernels = crate::program::root().join("target/data/kernels");
    if !kernels.join("amd64-6.12.btf").exists() {
        return skipped("there are no real kernels, which `cargo xtask data` fetches");
    }
    let folder = Folder::new();
    let (store, files) = (folder.path("s.store"), folder.path("k"));
    for path in core_reloc_targets::Files::new(&kernels).map(Result::unwrap) {
        let name = path.strip_prefix(&kernels).unwrap();
        if name.to_str().unwrap().starts_with("amd64-6.1") {
            let copy = Path::new(&files).join(name);
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(path, copy).unwrap();
        }
    }
    run(&["store", "add", &store, &files]).good();
    let listed = run(&["store", "list", &store]).good();
    assert!(listed.contains("amd64-6.1  ") && listed.contains(" modules\n"), "{listed}");
    let questions = ["task_struct.pid", "sock", "bpf_func_id::BPF_FUNC_map_lookup_elem", "none"];
    let query = |target: &str| {
        run(&[&["query", "--format", "json", "--target", target], &questions[..]].concat())
    };
    assert_eq!(equalized(query(&store), &store, '!'), equalized(query(&files), &files, '/'));

    // Verdicts, some of which depend on types of modules.
    let objects = kernels.join("../objects");
    let names =
        ["execsnoop-libbpf", "tcpconnlat-libbpf", "biosnoop-libbpf", "pwru.1", "xdp-forward.1"];
    let objects = names.map(|name| objects.join(format!("{name}.bpf.o")).display().to_string());
    let check = |target: &str| {
        let options = ["check", "--explain", "--format", "json", "--target", target];
        let objects: Vec<&str> = objects.iter().map(String::as_str).collect();
        run(&[&options[..], &objects, &["fixtures/objects/module.bpfel.o"]].concat())
    };
    let (of_store, of_files) =
        (equalized(check(&store), &store, '!'), equalized(check(&files), &files, '/'));
    println!("check prints {} lines, the same for the store", of_store.1.len());
    assert!(of_store.1.len() > 100);
    assert_eq!(of_store, of_files);
}

/// `file` reads release and version from the header of an x86 image, where the kernel's build puts them too.
#[test]
fn kernels_of_images_have_their_version() {
    let images = data::folder().join("images");
    let folder = Folder::new();
    let mut count = 0;
    for name in ["amd64-5.10", "amd64-6.1", "amd64-6.12", "amd64-sid"] {
        let image = images.join(name).join("vmlinuz");
        if !image.exists() {
            continue;
        }
        let text = match Command::new("file").arg("-Lb").arg(&image).output() {
            Ok(output) => String::from_utf8(output.stdout).unwrap(),
            Err(error) => return skipped(&format!("file does not start: {error}")),
        };
        let (_, text) = text.split_once("bzImage, version ").unwrap();
        let (text, _) = text.split_once(", RO-rootFS").unwrap();
        let (release, rest) = text.split_once(' ').unwrap();
        let (_, version) = rest.split_once(") #").unwrap();
        let store = folder.path(name);
        run(&["store", "add", &store, image.to_str().unwrap()]).good();
        let line = run(&["store", "list", &store, "--format", "json"]).good();
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["release"], release);
        assert_eq!(line["version"], format!("#{version}"));
        count += 1;
    }
    if count == 0 {
        return skipped("there is no image of a kernel, which `cargo xtask ci data` fetches");
    }
    println!("{count} images state their build as `file` reads it");
}

/// Checks objects on files and on the store of them: the reports must be the same.
fn check_as_files(folder: &Folder, files: &str, objects: &[String]) {
    let store = folder.path("checked.store");
    run(&["store", "add", &store, files]).good();
    let check = |target: &str, format: &str| {
        let options = ["--explain", "--ranges", "--format", format, "--target", target];
        let objects = objects.iter().map(String::as_str);
        run(&["check"].into_iter().chain(objects).chain(options).collect::<Vec<_>>())
    };
    let Run { status, stdout, stderr } = check(files, "text");
    let of_store = check(&store, "text");
    assert_eq!((of_store.status, of_store.stderr), (status, stderr));
    assert!(of_store.stdout == stdout, "{stdout}\nof the store:\n{}", of_store.stdout);

    let (of_files, of_store) = (check(files, "json").stdout, check(&store, "json").stdout);
    of_files.lines().zip(of_store.lines()).for_each(|(files, store)| {
        assert_eq!(store, without_id(files));
    });
    assert_eq!(of_files.lines().count(), of_store.lines().count());
}

/// Returns a line of a report without the id of a type, which a store does not tell; that of no type is 0.
fn without_id(line: &str) -> String {
    let is_id = line.contains(r#""kind":"type_id_target""#);
    let Some((before, rest)) = line.split_once(r#""value":"#).filter(|_| is_id) else {
        return line.to_owned();
    };
    let digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let value = &rest[..rest.len() - digits.len()];
    let value = if value == "0" { "0" } else { "null" };
    let after = digits.strip_prefix("null").unwrap_or(digits);
    format!(r#"{before}"value":{value}{after}"#)
}

#[test]
fn groups_of_kernels_answer_as_each_kernel() {
    let root = crate::program::root().join("fixtures");
    let names = |folder: &str| {
        let entries = fs::read_dir(root.join(folder)).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let folder = Folder::new();
    let files = folder.path("k/debian/12/amd64");
    fs::create_dir_all(&files).unwrap();
    // Each kernel with two releases of one series, and with one of another.
    for name in names("btf") {
        // A kernel with a kind of type that is not known yet cannot be added.
        let Some((kernel, "le.btf")) = name.split_once('.').filter(|(it, _)| *it != "layout")
        else {
            continue;
        };
        for release in ["6.1.0-50", "6.1.0-57", "6.12.0-1"] {
            let file = format!("{files}/{release}-{kernel}.btf");
            fs::write(file, fixture(&format!("btf/{name}"))).unwrap();
        }
    }
    // Ambiguities between types tell their ids, which stores do not keep.
    let is_asked = |name: &String| name.ends_with(".bpfel.o") && !name.starts_with("types");
    let objects = names("objects").into_iter().filter(is_asked);
    let objects: Vec<String> = objects.map(|name| format!("fixtures/objects/{name}")).collect();
    assert!(objects.len() > 5);
    check_as_files(&folder, &folder.path("k"), &objects);
    for object in &objects {
        fs::remove_file(folder.path("checked.store")).unwrap();
        check_as_files(&folder, &folder.path("k"), std::slice::from_ref(object));
    }
}

#[test]
fn groups_of_real_kernels_answer_as_each_kernel() {
    let objects = ["opensnoop", "tcptracer", "vfsstat"]
        .map(|name| data::folder().join(format!("objects/{name}-libbpf.bpf.o")));
    let mut kernels = data::kernels().unwrap();
    kernels.retain(|kernel| kernel.name.starts_with("amd64-"));
    if kernels.is_empty() || !objects.iter().all(|object| object.exists()) {
        return skipped("there are no real kernels and objects, which `cargo xtask data` fetches");
    }
    let folder = Folder::new();
    let files = folder.path("k/debian/12/amd64");
    fs::create_dir_all(&files).unwrap();
    // Each kernel with two releases: they are a group.
    for Kernel { name, btf, .. } in kernels {
        let release = name.trim_start_matches("amd64-");
        for update in 1..=2 {
            fs::copy(&btf, format!("{files}/{release}.0-{update}.btf")).unwrap();
        }
    }
    // Real groups: two builds of one series differ, but hardly in what an object looks at.
    if let Ok(fleet) = fs::read_dir(crate::program::root().join("target/fleet/debian/12/x86_64")) {
        let mut kernels: Vec<_> = fleet.map(|entry| entry.unwrap().path()).collect();
        kernels.sort();
        for kernel in kernels.iter().step_by((kernels.len() / 6).max(1)) {
            fs::copy(kernel, Path::new(&files).join(kernel.file_name().unwrap())).unwrap();
        }
    }
    let objects = objects.map(|object| object.display().to_string());
    check_as_files(&folder, &folder.path("k"), &objects);
}

#[test]
fn damaged_and_truncated_stores_are_refused() {
    let folder = kernels();
    let store = folder.path("s.store");
    run(&["store", "add", &store, &folder.path("k")]).good();
    let bytes = fs::read(&store).unwrap();
    let step = bytes.len() / 40 + 1;
    for at in (8..bytes.len()).step_by(step) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x41;
        for damaged in [&bytes[..at], &changed] {
            let path = folder.file("damaged.store", damaged);
            for command in [
                &["store", "list", &path][..],
                &["query", "outer", "--target", &path],
                &["store", "merge", "-o", &folder.path("out"), &path],
            ] {
                let Run { status, stderr, .. } = run(command);
                assert!(!stderr.contains("panicked"), "{at}: {stderr}");
                assert!(status != 2 || stderr.contains(&path), "{at}: {stderr}");
                assert!(status <= 2, "{at}: {stderr}");
            }
        }
        // What is cut is seen at once.
        assert_eq!(run(&["store", "list", &folder.file("cut", &bytes[..at])]).status, 2);
    }
}
