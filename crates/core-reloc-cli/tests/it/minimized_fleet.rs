//! The folder or archive that `minimize` writes for a fleet, as a target of other commands: the full kernels give the
//! expected results.

use serde_json::Value;

use crate::{
    fleet::{KERNELS, OBJECTS, check, fleet},
    program::{Folder, run, run_line},
};

/// Minimizes the fleet with everything that `check` asks for.
fn minimize(folder: &Folder, target: &str, name: &str) -> String {
    let (target, out) = (folder.path(target), folder.path(name));
    let run =
        run(&[&["minimize"], &OBJECTS[..], &["--target", &target, "--keep-verdicts", "-o", &out]]
            .concat());
    assert!(run.status < 2, "{}", run.stderr);
    out
}

/// Checks the objects; returns the report without reasons and cures, which are about types that were left out.
fn checked(target: &str) -> Vec<Value> {
    let run = check(target, &["--format", "json"]);
    // The archive of each kernel is part of its label, where two have the same name.
    let mut text = run.stdout;
    for (_, version, _) in KERNELS {
        text = text.replace(&format!("{version}.btf.tar.xz/{version}"), version);
    }
    let lines = text.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        for key in ["reason", "cures"] {
            if let Some(value) = line.get_mut(key) {
                *value = Value::Null;
            }
        }
        line
    });
    lines.collect()
}

#[test]
fn verdicts_are_those_of_the_full_kernels() {
    let folder = fleet();
    let full = checked(&folder.path("archive"));
    assert!(full.len() > KERNELS.len() * OBJECTS.len(), "{}", full.len());
    for name in ["folder", "archive.tar.xz"] {
        let minimized = checked(&minimize(&folder, "archive", name));
        for (full, minimized) in full.iter().zip(&minimized) {
            assert_eq!(full, minimized, "{name}");
        }
        assert_eq!(full.len(), minimized.len());
    }
}

#[test]
fn an_archive_is_minimized_again_with_its_folders() {
    let folder = fleet();
    let once = minimize(&folder, "archive", "once.tar.xz");
    let twice = minimize(&folder, "once.tar.xz", "twice.tar.xz");
    let list = |archive: &str| {
        let kernels = run(&["query", "job.pid", "--target", archive, "--format", "json"]);
        kernels.stdout.replace(archive, "")
    };
    assert_eq!(list(&once), list(&twice));
    assert_eq!(list(&once).lines().count(), KERNELS.len());
}

#[test]
fn a_kernel_of_the_folder_relocates_and_answers_as_the_full_one() {
    let folder = fleet();
    let out = minimize(&folder, "archive", "out");
    for (place, version, name) in KERNELS {
        let [full, minimized] =
            [format!("fixtures/btf/{name}.btf"), format!("{out}/{place}/{version}.btf")].map(
                |target| {
                    let object = OBJECTS[0];
                    let run =
                        run_line(&format!("relocate {object} --target {target} --format json"));
                    let values = run.stdout.lines().map(|line| {
                        let line: Value = serde_json::from_str(line).unwrap();
                        [line["status"].clone(), line["value"].clone()]
                    });
                    (run.status, values.collect::<Vec<_>>())
                },
            );
        assert_eq!(full, minimized, "{place} {version}");
    }
}
