//! `check --shard` and `merge`: what is merged is what one run prints, byte for byte. A report that is missing or
//! damaged is named.

use std::{collections::BTreeSet, fs};

use serde_json::{Value, json};

use crate::{
    fleet::{KERNELS, check, fleet},
    program::{Folder, Run, fixture, root, run, run_on},
};

/// Runs each shard, and returns the paths of their reports, in `folder`.
fn shards(folder: &Folder, target: &str, count: usize) -> Vec<String> {
    let shard = |index: usize| {
        let report = check(target, &["--shard", &format!("{index}/{count}"), "--format", "json"]);
        assert_eq!(report.status, 0, "{}", report.stderr);
        folder.file(&format!("{index}-of-{count}.json"), report.stdout.as_bytes())
    };
    (1..=count).map(shard).collect()
}

fn merge(reports: &[String], more: &[&str]) -> Run {
    let reports: Vec<&str> = reports.iter().map(String::as_str).collect();
    run(&[&["merge"], &reports[..], more].concat())
}

/// Returns the lines of a type.
fn lines_of(report: &str, kind: &str) -> Vec<Value> {
    let lines = report.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["type"] == kind).collect()
}

#[test]
fn merged_shards_are_one_run_in_every_format() {
    let folder = fleet();
    let archive = folder.path("archive");
    let known = folder.path("known.tsv");
    let (page, merged_page) = (folder.path("page.html"), folder.path("merged.html"));
    check(&archive, &["--write-baseline", &known]);
    let some: String = fs::read_to_string(&known)
        .unwrap()
        .lines()
        .step_by(2)
        .map(|it| format!("{it}\n"))
        .collect();
    let known = folder.file("some.tsv", some.as_bytes());
    for count in [1, 2, 5] {
        let mut reports = shards(&folder, &archive, count);
        reports.reverse();
        for more in [
            &["--format", "json"][..],
            &["--format", "json", "--explain", "--ranges"],
            &["--format", "text"],
            &["--format", "text", "--explain"],
            &["--format", "github", "--source-root", "fixtures/c/verdicts"],
            &["--format", "sarif"],
            &["--format", "junit"],
            &["--format", "json", "--baseline", &known],
            &["--format", "text", "--baseline", &known],
        ] {
            let whole = check(&archive, &[more, &["--html", &page]].concat());
            let merged = merge(&reports, &[more, &["--html", &merged_page]].concat());
            assert_eq!(merged, whole, "{count} {more:?}");
            assert!(whole.status == 1 && whole.stdout.len() > 1000);
            let pages = [&page, &merged_page].map(|path| fs::read_to_string(path).unwrap());
            assert!(pages[0] == pages[1], "{count} {more:?}");
        }
    }
    // The whole baseline accepts everything, and is written alike.
    let (one, other) = (folder.path("one.tsv"), folder.path("other.tsv"));
    let reports = shards(&folder, &archive, 3);
    assert_eq!(merge(&reports, &["--quiet", "--write-baseline", &one]).good(), "");
    assert_eq!(check(&archive, &["--quiet", "--write-baseline", &other]).good(), "");
    assert_eq!(fs::read(one).unwrap(), fs::read(other).unwrap());
}

/// Each kernel is in one shard, which depends on its path in the folder and on nothing else.
#[test]
fn machines_with_other_paths_split_alike() {
    let (here, there) = (fleet(), fleet());
    let kernels = |folder: &Folder, report: &str| -> BTreeSet<String> {
        let report = fs::read_to_string(report).unwrap();
        let kernels = lines_of(&report, "kernel");
        kernels.iter().map(|it| folder.strip(it["path"].as_str().unwrap())).collect()
    };
    let mut all = BTreeSet::new();
    let (reports, others) =
        (shards(&here, &here.path("archive"), 3), shards(&there, &there.path("archive"), 3));
    for (one, other) in reports.iter().zip(&others) {
        let part = kernels(&here, one);
        assert_eq!(part, kernels(&there, other));
        assert!(!part.is_empty() && part.is_disjoint(&all));
        all.extend(part);
    }
    assert_eq!(all.len(), KERNELS.len());
    // The reports of several machines fit together.
    let mixed = [reports[0].clone(), others[1].clone(), reports[2].clone()];
    let one = merge(&reports, &["--format", "json"]);
    assert_eq!(merge(&mixed, &["--format", "json"]), one);
    // More shards than kernels: some have none.
    let many = shards(&here, &here.path("archive"), 40);
    assert_eq!(merge(&many, &["--format", "json"]), one);
}

/// Of an archive that is named itself, each kernel belongs to a shard.
#[test]
fn kernels_of_one_archive_are_split() {
    let folder = fleet();
    let mut archive = tar::Builder::new(Vec::new());
    for (place, version, name) in KERNELS {
        let bytes = fixture(&format!("btf/{name}.btf"));
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, format!("{place}/{version}.btf"), &*bytes).unwrap();
    }
    folder.file("all.tar", &archive.into_inner().unwrap());
    let all = folder.path("all.tar");
    let reports = shards(&folder, &all, 3);
    for report in &reports {
        assert!(!lines_of(&fs::read_to_string(report).unwrap(), "kernel").is_empty());
    }
    assert_eq!(merge(&reports, &["--format", "json"]), check(&all, &["--format", "json"]));
}

/// A target that cannot be used is an error of the merged run, and fails no shard.
#[test]
fn unusable_targets_are_reported_by_merge() {
    let folder = fleet();
    let archive = folder.path("archive");
    fs::write(format!("{archive}/5.9.btf"), [0x9f, 0xeb, 1, 0, 24]).unwrap();
    let reports = shards(&folder, &archive, 2);
    assert_eq!(merge(&reports, &[]), check(&archive, &[]));

    let only = folder.path("only");
    fs::create_dir(&only).unwrap();
    fs::write(format!("{only}/5.9.btf"), [0x9f, 0xeb, 1, 0, 24]).unwrap();
    let reports = shards(&folder, &only, 2);
    assert_eq!(merge(&reports, &[]), check(&only, &[]));
}

/// A module that fits no kernel of a shard may fit one of another.
#[test]
fn files_for_some_kernels_count_over_all_shards() {
    let folder = Folder::new();
    fs::create_dir(folder.path("k")).unwrap();
    for name in ["modular.le", "same.le", "gone.le"] {
        folder.file(&format!("k/{name}.btf"), &fixture(&format!("btf/{name}.btf")));
    }
    let object = "fixtures/objects/module.bpfel.o";
    let kernels = folder.path("k");
    let module = "fixtures/btf/modular.le.stats.btf";
    let of_none = folder.file("System.map-9.9.9-none", b"ffffffff81000000 T _text\n");
    let check = |more: &[&str]| {
        run(&[&["check", object, "--target", &kernels, "--format", "json"], more].concat())
    };
    let merged = |more: &[&str]| {
        let reports = [1, 2].map(|index| {
            let report = check(&[more, &["--shard", &format!("{index}/2")]].concat());
            assert_eq!(report.status, 0, "{}", report.stderr);
            folder.file(&format!("{index}.json"), report.stdout.as_bytes())
        });
        merge(&reports, &["--format", "json"])
    };
    assert_eq!(merged(&["--module", module]), check(&["--module", module]));
    let whole = check(&["--symbols", &of_none]);
    assert_eq!(whole.status, 2);
    assert_eq!(merged(&["--symbols", &of_none]), whole);
}

#[test]
fn reports_that_are_not_those_of_all_shards_are_named() {
    let folder = fleet();
    let archive = folder.path("archive");
    let reports = shards(&folder, &archive, 3);
    let [one, two, three] = <[String; 3]>::try_from(reports).unwrap();
    let text = fs::read_to_string(&two).unwrap();
    let cut = |len: usize| folder.file("cut.json", &text.as_bytes()[..len]);
    let refused = |reports: &[&String]| {
        let reports: Vec<String> = reports.iter().map(|it| (*it).clone()).collect();
        folder.strip(&merge(&reports, &["--format", "json"]).refused())
    };
    let missing = refused(&[&one, &three]);
    assert!(missing.contains("no report of shard 2 of 3"), "{missing}");
    assert!(missing.contains("--shard 2/3"), "{missing}");
    let twice = refused(&[&one, &two, &three, &two]);
    assert!(twice.contains("/2-of-3.json: is of shard 2/3, as /2-of-3.json is"), "{twice}");

    // Wherever the shard died, its report is named.
    let first_line = text.find('\n').unwrap();
    let ends =
        (0..60).map(|at| text.len() * at / 60).chain([first_line, first_line + 1, text.len() - 1]);
    for end in ends {
        let died = refused(&[&one, &cut(end), &three]);
        assert!(died.contains("/cut.json"), "{end}: {died}");
        let is_known = end > first_line;
        assert_eq!(died.contains("run it again with --shard 2/3"), is_known, "{end}: {died}");
        assert_eq!(died.contains("no report of shard 2 of 3"), !is_known, "{end}: {died}");
    }
    let damaged = folder.file("nul.json", &[0; 4096]);
    assert!(refused(&[&one, &damaged]).contains("/nul.json:1: "));

    // Reports of different checks.
    let other = check(&archive, &["--shard", "2/4", "--format", "json"]);
    let other = folder.file("other.json", other.stdout.as_bytes());
    let refusal = refused(&[&one, &other, &three]);
    assert!(refusal.contains("/other.json: is not of the same check as /1-of-3.json"), "{refusal}");
    assert!(refusal.contains("it has one of 4 shards"), "{refusal}");
    let changes = [
        ("\"program\":\"", "\"program\":\"9", "core-reloc 9"),
        ("\"files\":\"", "\"files\":\"0", "other files"),
        ("\"digest\":\"", "\"digest\":\"0", "the object access.bpfel.o differs"),
    ];
    for (old, new, expected) in changes {
        let changed = folder.file("changed.json", text.replacen(old, new, 1).as_bytes());
        let refusal = refused(&[&one, &changed, &three]);
        assert!(refusal.contains(expected), "{refusal}");
    }
    let map = folder.file("System.map-5.10.0-8-amd64", b"ffffffff81000000 T _text\n");
    let given = check(&archive, &["--shard", "2/3", "--format", "json", "--symbols", &map]);
    let given = folder.file("given.json", given.stdout.as_bytes());
    assert!(refused(&[&one, &given, &three]).contains("--symbols"));

    let whole = check(&archive, &["--format", "json"]);
    let whole = folder.file("whole.json", whole.stdout.as_bytes());
    assert!(refused(&[&whole]).contains("run check with --shard"));
}

/// No report makes the program do anything but merge it or name a line.
#[test]
fn hostile_reports_are_refused() {
    let folder = fleet();
    let [report] = <[String; 1]>::try_from(shards(&folder, &folder.path("archive"), 1)).unwrap();
    let text = fs::read_to_string(report).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let with = |at: usize, line: Option<Value>| {
        let lines = lines
            .iter()
            .enumerate()
            .filter_map(|(number, old)| if number == at { line.as_ref() } else { Some(old) });
        lines.map(|line| format!("{line}\n")).collect::<String>()
    };
    let kept = ["object", "explanation", "row", "kernel", "summary"];
    let (mut refused, mut accepted) = (0, 0);
    for (at, line) in lines.iter().enumerate() {
        if !kept.contains(&line["type"].as_str().unwrap()) {
            continue;
        }
        // Each number in turn is too large, and each text is not plain.
        let mut variants = vec![None];
        for (pointer, value) in leaves(line, String::new()).into_iter().take(40) {
            let hostile = match value {
                Value::Number(_) => json!(u64::MAX),
                Value::String(_) => json!("\u{1b}[31m\u{202e}"),
                _ => continue,
            };
            let mut changed = line.clone();
            *changed.pointer_mut(&pointer).unwrap() = hostile;
            variants.push(Some(changed));
        }
        // A sample keeps the test short.
        for variant in variants.into_iter().step_by(1 + at % 7) {
            let run = run_on(with(at, variant).as_bytes(), &["merge", "-"]);
            match run.status {
                2 => {
                    assert!(run.stderr.contains("core-reloc: error: -:"), "{}", run.stderr);
                    refused += 1;
                }
                _ => accepted += 1,
            }
            assert!(run.status < 3 && !run.stderr.contains("panicked"), "{}", run.stderr);
            assert!(!(run.stdout + &run.stderr).contains(['\u{1b}', '\u{202e}']));
        }
    }
    assert!(refused > 100, "{refused} {accepted}");
    let long = format!("{}\n{{\"type\":\"{}", text.lines().next().unwrap(), "x".repeat(65 << 20));
    let run = run_on(long.as_bytes(), &["merge", "-"]);
    assert!(run.refused().contains("-:2: the line has more than"));
    let deep = format!("{}\n{}\n", text.lines().next().unwrap(), "[".repeat(100_000));
    assert!(run_on(deep.as_bytes(), &["merge", "-"]).refused().contains("-:2: "));
}

/// Returns the paths and values of all texts and numbers in a value.
fn leaves(value: &Value, path: String) -> Vec<(String, Value)> {
    match value {
        Value::Array(values) => {
            let inner = values.iter().enumerate();
            inner.flat_map(|(at, it)| leaves(it, format!("{path}/{at}"))).collect()
        }
        Value::Object(values) => {
            let inner = values.iter().filter(|(key, _)| *key != "type");
            inner.flat_map(|(key, it)| leaves(it, format!("{path}/{key}"))).collect()
        }
        leaf => vec![(path, leaf.clone())],
    }
}

#[test]
fn arguments_that_do_not_fit_are_usage_errors() {
    let folder = fleet();
    let archive = folder.path("archive");
    for more in [
        &["--shard", "0/2", "--format", "json"][..],
        &["--shard", "3/2", "--format", "json"],
        &["--shard", "2", "--format", "json"],
        &["--shard", "1/2"],
        &["--shard", "1/2", "--format", "junit"],
        &["--shard", "1/2", "--format", "json", "--html", "x.html"],
        &["--shard", "1/2", "--format", "json", "--baseline", "x.tsv"],
    ] {
        check(&archive, more).refused();
    }
    run(&["check", "fixtures/objects/access.bpfel.o", "--shard", "1/2", "--format", "json"])
        .refused();
    run(&["merge"]).refused();
    assert!(!root().join("x.html").exists());
}
