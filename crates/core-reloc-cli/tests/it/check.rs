//! `check`: verdicts, baselines and exit statuses. Its output is in `printed`.

use std::fs;

use expect_test::expect;
use serde_json::{Value, json};

use crate::program::{Folder, Run, fixture, run, run_line};

/// Makes a folder of kernels, which are fixtures.
fn kernels(names: &[&str]) -> Folder {
    let folder = Folder::new();
    for name in names {
        folder.file(&format!("{name}.btf"), &fixture(&format!("btf/{name}.btf")));
    }
    folder
}

/// Runs `check` on the folder.
fn check(objects: &[&str], folder: &Folder, more: &[&str]) -> Run {
    let objects: Vec<String> =
        objects.iter().map(|name| format!("fixtures/objects/{name}.o")).collect();
    let target = folder.path("");
    let mut arguments = vec!["check", "--target", &target];
    arguments.extend(objects.iter().map(String::as_str));
    arguments.extend(more);
    let mut run = run(&arguments);
    run.stdout = folder.strip(&run.stdout);
    run.stderr = folder.strip(&run.stderr);
    run
}

/// Parses the lines of JSON.
fn lines(run: &Run) -> Vec<Value> {
    run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Parses the lines of a type.
fn lines_of(run: &Run, kind: &str) -> Vec<Value> {
    lines(run).into_iter().filter(|line| line["type"] == kind).collect()
}

const MODULES: &str =
    " --module fixtures/btf/modular.le.other.btf --module fixtures/btf/modular.le.stats.btf";

/// Other tests compare `relocate` with libbpf and with the descriptions of the kernels.
#[test]
fn verdicts_agree_with_relocate() {
    let mut compared = 0;
    let mut seen = std::collections::BTreeSet::new();
    for kernel in ["gone", "grown", "incompatible", "modular", "nested", "resized", "differing"] {
        for object in ["access", "bitfields", "enums", "fields", "module", "programs", "types"] {
            let kernel = format!("fixtures/btf/{kernel}.le.btf");
            let object = format!("fixtures/objects/{object}.bpfel.o");
            let line =
                |command: &str| format!("{command} {object} --format json --target {kernel}");
            let checked = run_line(&format!("{} --explain", line("check")));
            let mut checked = lines_of(&checked, "relocation").into_iter().peekable();
            // `check` finds the modules beside the kernel by itself.
            let modules = if kernel.contains("modular") { MODULES } else { "" };
            for done in lines(&run_line(&format!("{}{modules}", line("relocate")))) {
                let is_same = |line: &Value| {
                    ["section", "index", "insn_off"].iter().all(|key| line[key] == done[key])
                };
                let verdict = match checked.next_if(is_same) {
                    Some(line) => {
                        assert_eq!(line["value"], done["value"]);
                        line["verdict"].as_str().unwrap().to_string()
                    }
                    None => "unchanged".to_string(),
                };
                let expected: &[&str] = match done["status"].as_str().unwrap() {
                    "relocated" if done["before"] == done["after"] => &["unchanged"],
                    "relocated" => &["changed"],
                    "poisoned" => &["poisoned", "conditional", "guarded"],
                    "failed" => &["failed"],
                    _ => &["skipped"],
                };
                assert!(expected.contains(&verdict.as_str()), "{object} on {kernel}: {done}");
                seen.insert(verdict);
                compared += 1;
            }
            assert_eq!(checked.next(), None);
        }
    }
    assert!(compared > 1000, "{compared}");
    assert!(
        ["changed", "failed", "poisoned", "unchanged"]
            .iter()
            .all(|verdict| seen.contains(*verdict)),
        "{seen:?}"
    );
}

#[test]
fn a_baseline_accepts_known_problems_only() {
    let folder = kernels(&["gone.le", "nested.le"]);
    let objects = ["access.bpfel"];
    let outside = Folder::new();
    let known = outside.path("known.tsv");
    let before = check(&objects, &folder, &["--format", "json"]);
    assert_eq!(before.status, 1);
    let written = check(&objects, &folder, &["--write-baseline", &known]);
    assert_eq!((written.status, written.stderr.as_str()), (0, ""));
    // What is accepted is counted, and not printed.
    let causes = |run: &Run| {
        let starts = ["error: ", "accepted: "];
        let lines = run.stdout.lines();
        lines.filter(|line| starts.iter().any(|start| line.starts_with(start))).count()
    };
    let problems = causes(&check(&objects, &folder, &[]));
    assert!(problems > 1, "{problems}");
    assert_eq!(causes(&written), 0);
    let summary = format!("0 problems, {problems} accepted, ");
    assert!(written.stdout.contains(&summary), "{}", written.stdout);
    assert!(causes(&check(&objects, &folder, &["--baseline", &known, "--explain"])) == problems);
    let text = fs::read_to_string(&known).unwrap();
    let problems: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(problems.contains(&"access.bpfel.o\tsigned_loads\tpoisoned\tfield job.pid\tnested.le"));
    assert!(problems.is_sorted());

    let accepted = check(&objects, &folder, &["--baseline", &known, "--format", "json"]);
    assert_eq!((accepted.status, accepted.stderr.as_str()), (0, ""));
    let is_accepted = |line: &Value| line["accepted"] == true;
    let is_problem = |line: &Value| {
        line["verdict"].as_str().is_some_and(|verdict| ["poisoned", "failed"].contains(&verdict))
    };
    for kind in ["program", "cause"] {
        let problems = |run| lines_of(run, kind).into_iter().filter(is_problem).collect::<Vec<_>>();
        assert!(problems(&accepted).iter().all(is_accepted));
        assert!(!problems(&before).iter().any(is_accepted));
        assert_eq!(problems(&accepted).len(), problems(&before).len());
    }

    // A problem that is not listed is new, and a listed problem that does not occur is reported.
    let (gone, rest) = problems.split_first().unwrap();
    let more = "access.bpfel.o\tstores\tpoisoned\tfield job.never\tnested.le";
    let other_kernel = "access.bpfel.o\tstores\tpoisoned\tfield job.never\t4.19";
    let edited = format!("# edited\n\n{}\n{more}\n{other_kernel}\n", rest.join("\n"));
    let known = outside.file("edited.tsv", edited.as_bytes());
    let run = check(&objects, &folder, &["--baseline", &known]);
    assert_eq!(run.status, 1);
    assert_eq!(
        run.stderr,
        format!(
            "core-reloc: warning: a problem of the baseline no longer occurs: {}\n",
            more.replace('\t', " ")
        )
    );
    let cause = gone.split('\t').nth(3).unwrap();
    let new: Vec<&str> = run.stdout.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(new.len(), 1);
    assert!(new[0].contains(cause), "{new:?}");
    assert!(run.stdout.lines().last().unwrap().contains("1 problem, "));

    // A cause that is new on one kernel is printed for that one.
    let of_nested = "access.bpfel.o\tsigned_loads\tpoisoned\tfield job.pid\tnested.le\n";
    let of_both: Vec<&str> =
        text.lines().filter(|line| line.contains("\tfield job.pid\t")).collect();
    assert!(of_both.iter().any(|line| line.ends_with("\tgone.le")), "{of_both:?}");
    let known = outside.file("nested.tsv", text.replace(of_nested, "").as_bytes());
    let run = check(&objects, &folder, &["--baseline", &known]);
    let start = run.stdout.find("error: ").unwrap();
    let cause: Vec<&str> = run.stdout[start..].lines().take(3).collect();
    assert_eq!(cause[1], "  --> signed_loads in access.bpfel.o");
    assert_eq!(cause[2], "  = on: nested.le; accepted on gone.le");

    // A star stands for any kernel.
    let kernel = gone.rsplit('\t').next().unwrap();
    let star = gone.strip_suffix(kernel).unwrap().to_string() + "*";
    let known = outside.file("star.tsv", format!("{}\n{star}\n", rest.join("\n")).as_bytes());
    assert_eq!(check(&objects, &folder, &["--baseline", &known]).status, 0);
}

#[test]
fn an_invalid_baseline_is_refused() {
    let outside = Folder::new();
    let folder = kernels(&["same.le"]);
    let known = outside.file("known.tsv", b"# good\njust words\n");
    let run = check(&["access.bpfel"], &folder, &["--baseline", &known]);
    assert_eq!((run.status, run.stdout.as_str()), (2, ""));
    assert_eq!(
        outside.strip(&run.stderr),
        "core-reloc: error: /known.tsv:2: has 1 fields, expected 5, separated by tabs\n"
    );
}

#[test]
fn files_that_are_not_kernels_are_reported() {
    let folder = kernels(&["same.le", "modular.le.stats"]);
    folder.file("damaged.btf", &fixture("btf/same.le.btf")[..100]);
    folder.file("notes.txt", b"hello");
    let run = check(&["bitfields.bpfel"], &folder, &["--format", "json"]);
    // The intact kernel was checked.
    assert!(lines_of(&run, "program").iter().all(|line| line["kernel"] == "same.le"));
    expect![[r#"
        core-reloc: warning: /: skipped 2 files that are not kernels, first: /modular.le.stats.btf: contains a module's types, not a kernel's
        core-reloc: error: /damaged.btf: type section at offset 0x18 needs 1136 bytes, 76 are left
        core-reloc: error: 1 of 2 targets cannot be used
    "#]].assert_eq(&run.stderr);
    assert_eq!(run.status, 1);

    let none = Folder::new();
    let run = check(&["bitfields.bpfel"], &none, &[]);
    assert_eq!(run.refused(), "core-reloc: error: no kernel BTF found in /\n");
}

#[test]
fn an_object_that_no_kernel_can_run_is_reported() {
    let folder = kernels(&["same.be"]);
    let run = check(&["bitfields.bpfel"], &folder, &["--format", "json"]);
    assert_eq!(run.status, 1);
    for line in lines_of(&run, "program") {
        assert_eq!(line["verdict"], "other_architecture");
        assert_eq!(line["causes"], json!(["little-endian on a big-endian kernel"]));
    }
    assert_eq!(run.stderr, "");
}

#[test]
fn files_of_the_same_name_are_distinguished() {
    let folder = Folder::new();
    for name in ["one", "two"] {
        fs::create_dir(folder.path(name)).unwrap();
        folder.file(&format!("{name}/vmlinux"), &fixture("btf/same.le.btf"));
    }
    let run = check(&["bitfields.bpfel"], &folder, &["--format", "json"]);
    let mut kernels: Vec<String> = lines_of(&run, "program")
        .iter()
        .map(|line| line["kernel"].as_str().unwrap().to_string())
        .collect();
    kernels.dedup();
    assert_eq!(kernels, ["one/vmlinux", "two/vmlinux"]);
}
