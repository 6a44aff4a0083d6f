//! `minimize --since`: the output is that of a run over all kernels, and what has not changed is taken from an earlier
//! output.

use std::{fs, io::Read, path::Path};

use btf_from_c::btf;
use btf_types::ByteOrder;
use expect_test::expect;
use lzma_rust2::XzReader;
use serde_json::{Value, json};
use twox_hash::XxHash3_128;

use crate::{
    fleet::{KERNELS, OBJECTS, check, fleet},
    program::{Folder, Run, fixture, run, run_line},
};

/// Minimizes for objects, with paths in the folder.
#[track_caller]
fn minimize_for(folder: &Folder, objects: &[&str], names: [&str; 3]) -> Run {
    let [target, since, out] = names.map(|name| folder.path(name));
    let options = ["--target", &target, "--since", &since, "-o", &out];
    let run = run(&[&["minimize"], objects, &options].concat());
    assert!(run.status < 2, "{}", run.stderr);
    run
}

#[track_caller]
fn minimize(folder: &Folder, names: [&str; 3]) -> Run {
    minimize_for(folder, &OBJECTS, names)
}

/// Returns the last line of the report, which says how many kernels were taken.
fn summary(folder: &Folder, run: &Run) -> String {
    folder.strip(run.stdout.lines().last().unwrap())
}

/// Returns the report about all kernels, without the folder and the name of the output.
fn about_kernels(folder: &Folder, run: &Run, out: &str) -> String {
    let lines: Vec<&str> = run.stdout.lines().collect();
    folder.strip(&lines[..lines.len() - 1].join("\n")).replace(out, "OUT")
}

fn read(folder: &Folder, name: &str) -> Vec<u8> {
    fs::read(folder.path(name)).unwrap()
}

/// Returns the names and contents of the files in an archive.
fn unpacked(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    XzReader::new(archive, true).read_to_end(&mut bytes).unwrap();
    let mut archive = tar::Archive::new(bytes.as_slice());
    let files = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (entry.path().unwrap().to_str().unwrap().to_string(), bytes)
    });
    files.collect()
}

/// Returns an archive that is not compressed.
fn packed(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    archive.into_inner().unwrap()
}

/// Changes the list of an archive.
fn with_manifest(archive: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut files = unpacked(archive);
    let (name, bytes) = files.first_mut().unwrap();
    assert_eq!(name, "core-reloc.json");
    let mut manifest = serde_json::from_slice(bytes).unwrap();
    change(&mut manifest);
    *bytes = serde_json::to_vec(&manifest).unwrap();
    packed(&files)
}

/// A kernel is new, one has other types, and one is gone.
fn change(folder: &Folder) {
    let at = |(place, version, _): (&str, &str, &str)| format!("archive/{place}/{version}");
    let [first, second, third, ..] = KERNELS.map(at);
    fs::copy(
        folder.path(&format!("{first}.btf.tar.xz")),
        folder.path("archive/debian/12/x86_64/4.15.0-20-generic.btf.tar.xz"),
    )
    .unwrap();
    fs::copy(
        folder.path(&format!("{}.btf.tar.xz", at(KERNELS[5]))),
        folder.path(&format!("{second}.btf.tar.xz")),
    )
    .unwrap();
    fs::remove_file(folder.path(&format!("{third}.btf.tar.xz"))).unwrap();
}

#[test]
fn only_what_is_new_or_changed_is_minimized() {
    let folder = fleet();
    let first = minimize(&folder, ["archive", "none", "first.tar.xz"]);
    expect!["16 kernels, all minimized: nothing is taken from /none: it does not exist"]
        .assert_eq(&summary(&folder, &first));
    // Without the list, the output is that without the option.
    let plain = folder.path("plain.tar.xz");
    let target = folder.path("archive");
    run(&[&["minimize"], &OBJECTS[..], &["--target", &target, "-o", &plain]].concat());
    let files = unpacked(&read(&folder, "first.tar.xz"));
    assert_eq!(files[1..], unpacked(&fs::read(plain).unwrap()));

    change(&folder);
    let full = minimize(&folder, ["archive", "none", "full.tar.xz"]);
    let since = minimize(&folder, ["archive", "first.tar.xz", "since.tar.xz"]);
    assert!(read(&folder, "full.tar.xz") == read(&folder, "since.tar.xz"));
    expect!["16 kernels, 2 minimized, 14 taken from /first.tar.xz"]
        .assert_eq(&summary(&folder, &since));
    let [full_report, since_report] = [(&full, "full.tar.xz"), (&since, "since.tar.xz")]
        .map(|(run, out)| (about_kernels(&folder, run, out), run.stderr.clone(), run.status));
    assert_eq!(full_report, since_report);
    assert!(full.stderr.contains("s390x"), "{}", full.stderr);

    // The archive may be the output.
    fs::copy(folder.path("first.tar.xz"), folder.path("kept.tar.xz")).unwrap();
    let again = minimize(&folder, ["archive", "kept.tar.xz", "kept.tar.xz"]);
    assert_eq!(summary(&folder, &again), summary(&folder, &since).replace("first", "kept"));
    assert!(read(&folder, "full.tar.xz") == read(&folder, "kept.tar.xz"));
    let again = minimize(&folder, ["archive", "kept.tar.xz", "kept.tar.xz"]);
    assert_eq!(summary(&folder, &again), "16 kernels, 0 minimized, 16 taken from /kept.tar.xz");
    assert!(read(&folder, "full.tar.xz") == read(&folder, "kept.tar.xz"));
}

#[test]
fn folders_are_brought_up_to_date() {
    let folder = fleet();
    minimize(&folder, ["archive", "none", "first"]);
    change(&folder);
    minimize(&folder, ["archive", "none", "full.tar.xz"]);
    for (since, out) in [("first", "second"), ("second", "third"), ("full.tar.xz", "fourth")] {
        let run = minimize(&folder, ["archive", since, out]);
        let taken = if since == "first" { 14 } else { 16 };
        let expected = format!("16 kernels, {} minimized, {taken} taken from /{since}", 16 - taken);
        assert_eq!(summary(&folder, &run), expected);
        for (name, bytes) in unpacked(&read(&folder, "full.tar.xz")) {
            assert!(read(&folder, &format!("{out}/{name}")) == bytes, "{out} {name}");
        }
    }
}

#[test]
fn json_says_which_kernels_were_taken() {
    let folder = fleet();
    minimize(&folder, ["archive", "none", "first.tar.xz"]);
    change(&folder);
    let [target, since, out] = ["archive", "first.tar.xz", "out"].map(|name| folder.path(name));
    let options = ["--target", &target, "--since", &since, "-o", &out, "--format", "json"];
    let run = run(&[&["minimize"], &OBJECTS[..], &options].concat());
    let lines: Vec<Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (last, kernels) = lines.split_last().unwrap();
    let expected = json!({"since": since, "taken": 14, "minimized": 2, "reason": null});
    assert_eq!(*last, expected);
    let minimized = kernels.iter().filter(|line| line["taken"] == false);
    let minimized: Vec<&str> = minimized.map(|line| line["target"].as_str().unwrap()).collect();
    assert_eq!(minimized.len(), 2, "{minimized:?}");
    for name in ["debian/12/x86_64/4.15.0-20-generic.", "18.04/x86_64/4.15.0-213-generic."] {
        assert!(minimized.iter().any(|target| target.contains(name)), "{minimized:?}");
    }
}

#[test]
fn other_objects_minimize_everything() {
    let folder = fleet();
    minimize(&folder, ["archive", "none", "first.tar.xz"]);
    for objects in [&OBJECTS[..5], &[OBJECTS[1], OBJECTS[0]], &OBJECTS[1..]] {
        minimize_for(&folder, objects, ["archive", "none", "full.tar.xz"]);
        let run = minimize_for(&folder, objects, ["archive", "first.tar.xz", "out.tar.xz"]);
        expect!["16 kernels, all minimized: nothing is taken from /first.tar.xz: it was written for other objects or with other options"].assert_eq(&summary(&folder, &run));
        assert!(read(&folder, "full.tar.xz") == read(&folder, "out.tar.xz"));
    }
    // With what verdicts need, too.
    let more = [&OBJECTS[..], &["--keep-verdicts"]].concat();
    minimize_for(&folder, &more, ["archive", "none", "full.tar.xz"]);
    let run = minimize_for(&folder, &more, ["archive", "first.tar.xz", "out.tar.xz"]);
    assert!(summary(&folder, &run).ends_with("for other objects or with other options"));
    let run = minimize_for(&folder, &more, ["archive", "out.tar.xz", "out.tar.xz"]);
    assert!(summary(&folder, &run).contains(" 16 taken"), "{}", run.stdout);
    assert!(read(&folder, "full.tar.xz") == read(&folder, "out.tar.xz"));
    // Their paths do not matter.
    let objects = OBJECTS.map(|object| {
        let name = Path::new(object).file_name().unwrap().to_str().unwrap();
        folder.file(name, &fixture(object.strip_prefix("fixtures/").unwrap()))
    });
    let objects = objects.each_ref().map(String::as_str);
    let run = minimize_for(&folder, &objects, ["archive", "first.tar.xz", "out.tar.xz"]);
    assert!(summary(&folder, &run).contains(" 16 taken"), "{}", run.stdout);
}

#[test]
fn one_archive_of_all_kernels_is_taken_whole_or_not_at_all() {
    let folder = fleet();
    minimize(&folder, ["archive", "none", "whole.tar.xz"]);
    let files = unpacked(&read(&folder, "whole.tar.xz"));
    folder.file("all.tar", &packed(&files));
    minimize(&folder, ["all.tar", "none", "first.tar.xz"]);
    let run = minimize(&folder, ["all.tar", "first.tar.xz", "out.tar.xz"]);
    assert_eq!(summary(&folder, &run), "16 kernels, 0 minimized, 16 taken from /first.tar.xz");
    assert!(read(&folder, "first.tar.xz") == read(&folder, "out.tar.xz"));

    folder.file("all.tar", &packed(&files[..10]));
    minimize(&folder, ["all.tar", "none", "full.tar.xz"]);
    let run = minimize(&folder, ["all.tar", "first.tar.xz", "out.tar.xz"]);
    assert_eq!(summary(&folder, &run), "9 kernels, 9 minimized, 0 taken from /first.tar.xz");
    assert!(read(&folder, "full.tar.xz") == read(&folder, "out.tar.xz"));
}

/// What cannot be minimized is not tried again, but reported again.
#[test]
fn kernels_without_what_is_needed_are_reported_again() {
    let folder = Folder::new();
    for sub in ["kernels", "kernels/more"] {
        fs::create_dir(folder.path(sub)).unwrap();
    }
    folder.file("kernels/5.10.btf", &fixture("btf/same.le.btf"));
    let other = btf(ByteOrder::Little, "struct other { int a; };");
    folder.file("kernels/4.19.btf", &other);
    folder.file("kernels/README", b"about these kernels");
    let readme = ("README".to_string(), b"about these kernels".to_vec());
    let kernel = ("6.1.btf".to_string(), fixture("btf/moved.le.btf"));
    let other = ("4.9.btf".to_string(), other);
    folder.file("kernels/more/all.tar", &packed(&[readme, kernel, other]));
    // It may be readable tomorrow.
    folder.file("kernels/6.12.btf", &fixture("btf/same.le.btf")[..1000]);

    let objects = ["fixtures/objects/access.bpfel.o"];
    let full = minimize_for(&folder, &objects, ["kernels", "none", "full.tar.xz"]);
    let out = minimize_for(&folder, &objects, ["kernels", "full.tar.xz", "out.tar.xz"]);
    assert_eq!(summary(&folder, &out), "2 kernels, 0 minimized, 2 taken from /full.tar.xz");
    assert_eq!((full.status, &full.stderr), (out.status, &out.stderr));
    for part in ["4.19.btf: ", "more/all.tar!4.9.btf: ", "6.12.btf: ", "skipped 2 files"] {
        assert!(full.stderr.contains(part), "{}", full.stderr);
    }
    assert!(read(&folder, "full.tar.xz") == read(&folder, "out.tar.xz"));
    let manifest = String::from_utf8(unpacked(&read(&folder, "out.tar.xz"))[0].1.clone()).unwrap();
    assert!(manifest.contains("4.19.btf") && !manifest.contains("6.12.btf"), "{manifest}");
}

/// The list names a file that is no kernel at all: had the program read it, it would say so.
#[test]
fn what_has_not_changed_is_not_unpacked() {
    let folder = Folder::new();
    fs::create_dir(folder.path("kernels")).unwrap();
    let path = folder.file("kernels/5.10.btf.tar.xz", &fixture("btf/same.le.btf"));
    let objects = ["fixtures/objects/access.bpfel.o"];
    minimize_for(&folder, &objects, ["kernels", "none", "first.tar.xz"]);
    let garbage = b"\xfd7zXZ\0 and nothing that could be unpacked";
    fs::write(&path, garbage).unwrap();
    let first = read(&folder, "first.tar.xz");
    let minimized = unpacked(&first)[1].1.clone();
    let forged = with_manifest(&first, |manifest| {
        let digest = format!("{:032x}", XxHash3_128::oneshot(garbage));
        let result = &manifest["results"][0];
        let result = format!(r#"{{"types":{},"counts":{}}}"#, result["types"], result["counts"]);
        let record = &mut manifest["files"]["5.10.btf.tar.xz"];
        let kernel = format!(r#"["",{},{result}]"#, record["kernels"][0]["bytes"]);
        let mut bytes = format!(r#"["{digest}",[{kernel}],[],null]"#).into_bytes();
        bytes.extend((minimized.len() as u64).to_le_bytes());
        bytes.extend(&minimized);
        record["check"] = format!("{:032x}", XxHash3_128::oneshot(&bytes)).into();
    });
    folder.file("forged.tar", &forged);
    let run = minimize_for(&folder, &objects, ["kernels", "forged.tar", "out.tar.xz"]);
    assert_eq!(summary(&folder, &run), "1 kernel, 0 minimized, 1 taken from /forged.tar");

    // A byte more or less, or another one: the file is read, and is damaged.
    for changed in [&garbage[1..], &garbage.map(|byte| byte.max(b'!'))] {
        fs::write(&path, changed).unwrap();
        let [target, since, out] =
            ["kernels", "forged.tar", "out.tar.xz"].map(|name| folder.path(name));
        let line = format!("minimize {} --target {target} --since {since} -o {out}", objects[0]);
        assert_eq!(run_line(&line).status, 2, "{changed:?}");
    }
}

/// Whatever the list says, the output is that of a run over all kernels.
#[test]
fn a_list_that_does_not_fit_is_not_followed() {
    let folder = fleet();
    let full = minimize(&folder, ["archive", "none", "full.tar.xz"]);
    let archive = read(&folder, "full.tar.xz");
    let changed = |archive: &[u8]| {
        folder.file("changed.tar", archive);
        let run = minimize(&folder, ["archive", "changed.tar", "out.tar.xz"]);
        assert!(read(&folder, "out.tar.xz") == read(&folder, "full.tar.xz"));
        assert_eq!(
            (about_kernels(&folder, &run, "out.tar.xz"), &run.stderr),
            (about_kernels(&folder, &full, "full.tar.xz"), &full.stderr)
        );
        summary(&folder, &run)
    };

    let anew = |change: &dyn Fn(&mut Value)| {
        let summary = changed(&with_manifest(&archive, change));
        summary
            .strip_prefix("16 kernels, all minimized: nothing is taken from ")
            .unwrap()
            .to_string()
    };
    expect![[r#"/changed.tar: its core-reloc.json has the format "core-reloc minimize 2", not "core-reloc minimize 1""#]]
        .assert_eq(&anew(&|it| it["format"] = "core-reloc minimize 2".into()));
    let version = anew(&|it| it["core_reloc"] = "0.0.1\u{1b}[2J".into());
    let expected = r#"/changed.tar: it was written by core-reloc "0.0.1\u{1b}[2J", and this is "#;
    assert!(version.starts_with(expected), "{version}");
    expect!["/changed.tar: it was written for other objects or with other options"]
        .assert_eq(&anew(&|it| it["needs"] = "0".into()));
    let damaged = |summary: String| {
        assert!(summary.contains("/changed.tar: its core-reloc.json is damaged: "), "{summary}");
    };
    damaged(anew(&|it| it["files"] = Value::Null));
    damaged(anew(&|it| *it = json!([])));
    damaged(anew(&|it| it["results"][0]["counts"][0][0] = (1_u64 << 32).into()));
    let mut files = unpacked(&archive);
    for bytes in [&b""[..], b"{", b"\xff\xfe", "[".repeat(100_000).as_bytes()] {
        files[0].1 = bytes.to_vec();
        damaged(changed(&packed(&files)));
    }
    expect!["16 kernels, all minimized: nothing is taken from /changed.tar: it has no core-reloc.json, which --since writes"].assert_eq(&changed(&packed(&files[1..])));

    // Of one file.
    const NAME: &str = "debian/12/x86_64/6.1.0-9-amd64.btf.tar.xz";
    let one = |change: &dyn Fn(&mut Value)| {
        let changed = changed(&with_manifest(&archive, |it| change(&mut it["files"][NAME])));
        assert_eq!(changed, "16 kernels, 1 minimized, 15 taken from /changed.tar");
    };
    one(&|record| record["check"] = "0".repeat(32).into());
    one(&|record| record["kernels"][0]["bytes"] = 1.into());
    one(&|record| record["kernels"][0]["bytes"] = u64::MAX.into());
    one(&|record| record["kernels"][0]["result"] = 0.into());
    one(&|record| record["kernels"][0]["result"] = u64::MAX.into());
    one(&|record| record["kernels"][0]["part"] = "!../../../../etc/passwd".into());
    one(&|record| record["kernels"] = json!([]));
    one(&|record| {
        record["failed"] = json!([{"part": "", "object": u64::MAX, "problem": "\u{1b}[2J"}]);
    });
    one(&|record| record["skipped"] = json!({"count": u64::MAX, "first": ""}));
    // Counts that no longer fit the hash of the kernels that have them.
    let result = with_manifest(&archive, |it| it["results"][0]["counts"] = json!([]));
    assert!(!changed(&result).contains(" 16 taken"));
    // The minimized BTF is not the one that was written.
    let mut files = unpacked(&archive);
    let at = files.iter().position(|(name, _)| NAME.starts_with(name.as_str())).unwrap();
    let last = files[at].1.len() - 2;
    files[at].1[last] ^= 1;
    assert_eq!(changed(&packed(&files)), "16 kernels, 1 minimized, 15 taken from /changed.tar");
    files.remove(at);
    assert_eq!(changed(&packed(&files)), "16 kernels, 1 minimized, 15 taken from /changed.tar");
}

#[test]
fn what_is_no_output_of_minimize_is_refused() {
    let folder = fleet();
    minimize(&folder, ["archive", "none", "full.tar.xz"]);
    let archive = read(&folder, "full.tar.xz");
    let refused = |name: &str| {
        let [target, since, out] = ["archive", name, "out.tar.xz"].map(|name| folder.path(name));
        let options = ["--target", &target, "--since", &since, "-o", &out];
        let error = run(&[&["minimize"], &OBJECTS[..], &options].concat()).refused();
        assert!(!Path::new(&out).exists());
        folder.strip(&error)
    };
    folder.file("cut.tar.xz", &archive[..archive.len() / 2]);
    let error = refused("cut.tar.xz");
    assert!(error.contains("/cut.tar.xz: damaged xz data: "), "{error}");
    folder.file("kernel.btf", &fixture("btf/same.le.btf"));
    expect![[r#"
        core-reloc: error: /kernel.btf: is not an archive that core-reloc minimize wrote: it is no tar archive; without --since, every kernel is minimized
    "#]].assert_eq(&refused("kernel.btf"));

    // An entry that claims to be much larger than the archive, and one that unpacks to much more than its bytes.
    let files = unpacked(&archive);
    let mut header = tar::Header::new_gnu();
    header.set_path("core-reloc.json").unwrap();
    header.set_size(1 << 40);
    header.set_cksum();
    folder.file("large.tar", &[header.as_bytes(), &files[0].1[..]].concat());
    let error = refused("large.tar");
    assert!(
        error.contains("/large.tar: is not an archive that core-reloc minimize wrote"),
        "{error}"
    );
    let sparse = header.as_gnu_mut().unwrap();
    sparse.set_is_extended(false);
    // One hole of 8 GiB, and no bytes after it.
    sparse.realsize = *b"77777777777\0";
    sparse.sparse[0].offset = sparse.realsize;
    sparse.sparse[0].numbytes = *b"00000000000\0";
    header.set_entry_type(tar::EntryType::GNUSparse);
    header.set_size(0);
    header.set_cksum();
    folder.file("sparse.tar", &[header.as_bytes(), &packed(&[])[..]].concat());
    let run = minimize(&folder, ["archive", "sparse.tar", "out.tar.xz"]);
    assert!(summary(&folder, &run).contains("it has no core-reloc.json"), "{}", run.stdout);
}

#[test]
fn the_list_is_no_target() {
    let folder = fleet();
    for [plain, listed] in [["plain.tar.xz", "listed.tar.xz"], ["plain", "listed"]] {
        minimize(&folder, ["archive", "none", listed]);
        let (target, out) = (folder.path("archive"), folder.path(plain));
        run(&[&["minimize"], &OBJECTS[..], &["--target", &target, "-o", &out]].concat());
        let [expected, found] = [plain, listed].map(|name| {
            let run = check(&folder.path(name), &[]);
            (run.status, run.stdout, run.stderr.replace(name, "OUT"))
        });
        assert_eq!(expected, found);
        assert!(!found.2.contains("skipped"), "{}", found.2);
        // It is minimized again to the same, also as a stream.
        let again = minimize(&folder, [listed, "none", &format!("again-{listed}")]);
        assert!(!again.stderr.contains("skipped"), "{}", again.stderr);
    }
}

#[test]
fn the_target_must_be_files() {
    let line = "minimize fixtures/objects/access.bpfel.o --since a.tar.xz -o b.tar.xz";
    for (more, expected) in [
        ("", "--target <FILE|DIR>"),
        ("--target fixtures/btf/same.le.btf --module a.ko", "'--module <FILE>'"),
        ("--target -", "-: is not a file, and --since recognizes files that have not changed"),
        ("--target /dev/null", "/dev/null: is not a file"),
        ("--target - --since -", "cannot be used multiple times"),
    ] {
        let error = run_line(&format!("{line} {more}")).refused();
        assert!(error.contains(expected), "{more}: {error}");
    }
    let error = run_line(
        "minimize fixtures/objects/access.bpfel.o --since a.tar.xz --target fixtures --store b",
    );
    assert!(error.refused().contains("cannot be used with"));
    let error =
        run_line("minimize fixtures/objects/access.bpfel.o --since - --target - -o b.tar.xz");
    assert!(error.refused().contains("standard input (-) is named twice"));
}
