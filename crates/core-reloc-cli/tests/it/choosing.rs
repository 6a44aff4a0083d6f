//! One of several kernels, chosen by its name: the answers are those of the BTF file that the store was made of, but
//! for the ids of types.

use std::{
    fs,
    path::{Path, PathBuf},
};

use core_reloc_tests::judge::skipped;
use serde_json::Value;

use crate::program::{Folder, Run, fixture, root, run, run_line};

/// The kernels, with the fixtures that they are.
const KERNELS: [(&str, &str); 4] = [
    ("debian/12/amd64/6.1.0-50", "modular.le"),
    ("debian/12/arm64/6.1.0-50", "moved.le"),
    ("debian/13/amd64/6.12.0-1", "renamed.le"),
    ("ubuntu/22.04/amd64/5.15.0-1", "nested.le"),
];

/// A folder with kernels in the folder `k`, and their store `s`.
struct Kernels(Folder);

impl Kernels {
    fn new() -> Self {
        let folder = Folder::new();
        let add = |name: &str, fixture_name: &str| {
            let path = PathBuf::from(folder.path(&format!("k/{name}.btf")));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, fixture(&format!("btf/{fixture_name}.btf"))).unwrap();
        };
        for (name, fixture) in KERNELS {
            add(name, fixture);
        }
        for module in ["stats", "other"] {
            add(&format!("{}.{module}", KERNELS[0].0), &format!("modular.le.{module}"));
        }
        run(&["store", "add", &folder.path("s"), &folder.path("k")]).good();
        Self(folder)
    }

    /// Runs a command in which `STORE`, `FOLDER` and `KERNEL/…` stand for paths.
    fn run(&self, line: &str) -> Run {
        let (store, folder) = (self.0.path("s"), self.0.path("k"));
        run_line(&line.replace("STORE", &store).replace("FOLDER", &folder))
    }

    /// Compares what a command says of a store with what it says of files.
    #[track_caller]
    fn assert_same(&self, of_store: &str, of_files: &str) {
        let (one, other) = (self.run(of_store), self.run(of_files));
        assert_eq!(one.stderr, other.stderr, "{of_store}");
        assert_eq!(one.status, other.status, "{of_store}");
        assert_eq!(self.equalized(&one.stdout), self.equalized(&other.stdout), "{of_store}");
    }

    /// Returns lines of JSON, sorted, without paths of kernels and ids of types.
    fn equalized(&self, lines: &str) -> Vec<String> {
        let (store, folder) = (self.0.path("s!"), self.0.path("k/"));
        let text = lines.replace(&store, "").replace(&folder, "");
        let mut lines: Vec<String> = text.lines().map(without_ids).collect();
        lines.sort();
        assert!(!lines.is_empty());
        lines
    }
}

/// Returns a line of JSON without the ids of types: of a kernel, `[44]` in text, and what `type_id_target` gives.
pub(crate) fn without_ids(line: &str) -> String {
    let mut value: Value = serde_json::from_str(line).unwrap();
    if value["kind"] == "type_id_target" {
        for key in ["value", "after", "error"] {
            value[key] = Value::Null;
        }
    }
    remove_ids(&mut value);
    let mut text = String::new();
    let mut digits = None;
    for c in value.to_string().chars() {
        match (c, digits) {
            // The length of an array has no space before it.
            ('[', _) if text.ends_with(' ') => digits = Some(text.len()),
            (']', Some(start)) => {
                if text.len() > start + 1 {
                    text.truncate(start + 1);
                }
                digits = None;
            }
            (c, _) if !c.is_ascii_digit() => digits = None,
            _ => {}
        }
        text.push(c);
    }
    text
}

fn remove_ids(value: &mut Value) {
    match value {
        Value::Object(keys) => {
            keys.retain(|key, _| !["id", "type_id", "root_id"].contains(&key.as_str()));
            keys.values_mut().for_each(remove_ids);
        }
        Value::Array(values) => values.iter_mut().for_each(remove_ids),
        _ => {}
    }
}

#[test]
fn every_command_answers_for_a_kernel_of_a_store_as_for_its_file() {
    let kernels = Kernels::new();
    let object = "fixtures/objects/access.bpfel.o";
    for (name, _) in KERNELS {
        let (of_store, of_file) =
            (format!("--target STORE --kernel {name}"), format!("--target FOLDER/{name}.btf"));
        for command in [
            format!("relocate {object}"),
            format!("explain {object} --all"),
            "dump".to_string(),
            format!("dump --for {object}"),
            "query job.pid job.number job_error::JOB_LOST nothing.pid".to_string(),
        ] {
            let command = format!("{command} --format json");
            kernels.assert_same(&format!("{command} {of_store}"), &format!("{command} {of_file}"));
        }
        let of_folder = format!("relocate {object} --format json --target FOLDER --kernel {name}");
        kernels.assert_same(
            &of_folder,
            &format!("relocate {object} --format json --target FOLDER/{name}.btf"),
        );
        for (other, _) in KERNELS {
            let command = format!("diff --format json --for {object}");
            kernels.assert_same(
                &format!("{command} STORE STORE --old-kernel {name} --new-kernel {other}"),
                &format!("{command} FOLDER/{name}.btf FOLDER/{other}.btf"),
            );
            kernels.assert_same(
                &format!("{command} STORE FOLDER/{other}.btf --old-kernel {name}"),
                &format!("{command} FOLDER/{name}.btf FOLDER/{other}.btf"),
            );
        }
    }
}

#[test]
fn a_relocated_object_is_the_same() {
    let kernels = Kernels::new();
    let object = "fixtures/objects/access.bpfel.o";
    let relocate = |target: &str| {
        let out = kernels.0.path("out.o");
        kernels.run(&format!("relocate {object} {target} -o {out} -q")).good();
        fs::read(out).unwrap()
    };
    let of_file = relocate("--target fixtures/btf/renamed.le.btf");
    assert!(relocate("--target STORE --kernel 13/amd64/6.12.0-1") == of_file);
}

#[test]
fn modules_are_named_as_in_the_store() {
    let kernels = Kernels::new();
    let (object, name) = ("fixtures/objects/module.bpfel.o", KERNELS[0].0);
    let by_file = format!("--target FOLDER/{name}.btf --module FOLDER/{name}.stats.btf");
    let by_name = format!("--target STORE --kernel {name} --module stats");
    for command in [
        format!("relocate {object}"),
        format!("explain {object} --all"),
        "dump job_stats".to_string(),
        "query job_stats.failed job.pid".to_string(),
    ] {
        let command = format!("{command} --format json");
        let paths = |line: &str| format!("{command} {line}");
        let run = |line: &str| {
            let run = kernels.run(&paths(line));
            assert_eq!(run.stderr, "", "{line}");
            let text = run.stdout.replace("6.1.0-50.stats", "stats");
            (run.status, kernels.equalized(&text))
        };
        let expected = run(&by_file);
        assert_eq!(run(&by_name), expected, "{command}");
        // Also those of a kernel in a folder, or of a file.
        let in_folder = format!("--target FOLDER --kernel {name} --module stats");
        assert_eq!(run(&in_folder), expected, "{command}");
        let beside = format!("--target FOLDER/{name}.btf --module stats");
        assert_eq!(run(&beside), expected, "{command}");
    }
    let diff = |line: &str| kernels.run(&format!("diff --format json {line}"));
    let of_files = diff(&format!(
        "FOLDER/{name}.btf FOLDER/{}.btf --module FOLDER/{name}.stats.btf",
        KERNELS[1].0
    ));
    let of_store = diff(&format!(
        "STORE STORE --old-kernel {name} --new-kernel {} --module stats",
        KERNELS[1].0
    ));
    let named = of_files.stdout.replace("6.1.0-50.stats", "stats");
    assert_eq!(kernels.equalized(&of_store.stdout), kernels.equalized(&named));

    // The extracted module is split BTF on the extracted kernel.
    let [main, module] = ["main.btf", "stats.btf"].map(|name| kernels.0.path(name));
    kernels.run(&format!("store extract STORE {name} -o {main}")).good();
    kernels.run(&format!("store extract STORE {name} --module stats -o {module}")).good();
    let command = format!("relocate {object} --format json");
    kernels.assert_same(
        &format!("{command} --target {main} --module {module}"),
        &format!("{command} {by_file}"),
    );
}

#[test]
fn errors_say_which_kernels_there_are() {
    let kernels = Kernels::new();
    let refused = |line: &str| {
        let message = kernels.run(line).refused();
        kernels.0.strip(message.strip_prefix("core-reloc: error: ").unwrap())
    };
    let all = "debian/12/amd64/6.1.0-50, debian/12/arm64/6.1.0-50, debian/13/amd64/6.12.0-1";
    let in_store = format!("ubuntu/22.04/amd64/5.15.0-1, {all}");
    let in_folder = format!("{all}, ubuntu/22.04/amd64/5.15.0-1");
    let two = "debian/12/amd64/6.1.0-50, debian/12/arm64/6.1.0-50";
    for (line, expected) in [
        (
            "dump job --target STORE",
            format!("/s: has several kernels: {in_store}; name one of them with --kernel\n"),
        ),
        (
            "dump job --target STORE --kernel 6.1.0-50",
            format!("/s: has several kernels 6.1.0-50: {two}; name one of them with --kernel\n"),
        ),
        (
            "query job --target FOLDER --kernel 6.1.0-50",
            format!("/k: has several kernels 6.1.0-50: {two}; name one of them with --kernel\n"),
        ),
        (
            "relocate fixtures/objects/access.bpfel.o --target STORE --kernel 7.0",
            format!("/s: has no kernel 7.0; it has {in_store}\n"),
        ),
        (
            "relocate fixtures/objects/access.bpfel.o --target FOLDER --kernel 7.0",
            format!("/k: has no kernel 7.0; it has {in_folder}\n"),
        ),
        (
            "diff STORE STORE --old-kernel arm64/6.1.0-50 --new-kernel 6.1.0-50",
            format!(
                "/s: has several kernels 6.1.0-50: {two}; name one of them with --new-kernel\n"
            ),
        ),
        (
            "store extract STORE 6.1.0-50 -o out.btf",
            format!("/s: has several kernels 6.1.0-50: {two}; name one of them with its folders\n"),
        ),
        (
            "dump job_stats --target STORE --kernel amd64/6.1.0-50 --module state",
            "/s!debian/12/amd64/6.1.0-50.btf: has no module state; it has other, stats\n".into(),
        ),
        (
            "dump job --target FOLDER/debian/12/arm64/6.1.0-50.btf --module state",
            "/k/debian/12/arm64/6.1.0-50.btf: has no module state, and no other; name its file\n"
                .into(),
        ),
    ] {
        assert_eq!(refused(line), expected, "{line}");
    }
    assert!(!Path::new("out.btf").exists());
}

#[test]
fn a_real_kernel_of_a_store_answers_as_its_file() {
    let data = root().join("target/data");
    let (kernels, objects) = (data.join("kernels"), data.join("objects"));
    if !kernels.join("amd64-6.12.btf").exists() || !objects.is_dir() {
        return skipped("there are no real kernels and objects, which `cargo xtask data` fetches");
    }
    let folder = Folder::new();
    let store = folder.path("s");
    let file = |name: &str| kernels.join(name).display().to_string();
    let files = ["amd64-6.1.btf", "amd64-6.12.btf"].map(file);
    run(&["store", "add", &store, &files[0], &files[1]]).good();
    let object = objects.join("execsnoop-libbpf.bpf.o").display().to_string();
    for file in &files {
        let name = Path::new(file).file_stem().unwrap().to_str().unwrap();
        for command in [
            format!("relocate {object}"),
            format!("dump --for {object}"),
            "query task_struct.pid sock".into(),
        ] {
            let answer = |target: String| {
                let run = run_line(&format!("{command} --format json --target {target}"));
                assert_eq!(run.stderr, "", "{command}");
                let text =
                    run.stdout.replace(&format!("{store}!{name}"), "K").replace(file, "K.btf");
                let mut lines: Vec<String> = text.lines().map(without_ids).collect();
                lines.sort();
                (run.status, lines)
            };
            assert_eq!(
                answer(format!("{store} --kernel {name}")),
                answer(file.clone()),
                "{command}"
            );
        }
    }
}
