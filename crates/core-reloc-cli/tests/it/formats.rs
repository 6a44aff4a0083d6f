//! The formats of `check` for CI systems, judged by the tools and schemas of others, and by the sources of the
//! objects.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use core_reloc_tests::judge::skipped;
use serde_json::Value;

use crate::{
    program::{Folder, Run, fixture, root, run},
    registry::{Package, python, run_python},
};

/// Microsoft's validator, with the schema of the standard.
const SARIF_TOOL: &str = "@microsoft/sarif-multitool-linux@5.7.0";

/// Has Jenkins's schema of JUnit reports.
const JUNIT_SCHEMA: &str = "pytest==9.2.0";

/// Objects, with kernels in a folder.
struct Checked {
    folder: Folder,
    objects: Vec<String>,
}

impl Checked {
    /// Two real kernels, and objects some of whose programs do not load.
    fn new() -> Self {
        let folder = Folder::new();
        fs::create_dir(folder.path("kernels")).unwrap();
        for entry in fs::read_dir(root().join("tests/kernels")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let Some((name @ ("amd64-5.10" | "amd64-6.1"), _)) = name.rsplit_once('-') else {
                continue;
            };
            let types = fs::read(path.join("types.btf.xz")).unwrap();
            folder.file(&format!("kernels/{name}.btf.xz"), &types);
        }
        let names = ["guards", "optional", "asks_targets", "asks_more", "asks_symbols"];
        let objects = names.map(|name| format!("fixtures/verdicts/{name}.bpfel.o"));
        Self { folder, objects: objects.into() }
    }

    /// Objects whose names and lines of source are hostile.
    fn hostile() -> Self {
        let mut checked = Self::new();
        let hostile: [(&[u8], &[u8]); 5] = [
            (b"not_asked\0", b"]]><\n::e\x01\0"),
            (b"other_branch\0", b"a\r%0A::b\"&'\xff\0"),
            (b"answer_returned\0", b"\x1b[31m \xef\xbf\xbe](x:y)\0"),
            (b"gone\0", b"##[b\0"),
            (b"./guards.c\0", b"./g\n,:%1.c\0"),
        ];
        let mut object = fixture("verdicts/guards.bpfel.o");
        for (name, other) in hostile {
            assert_eq!(name.len(), other.len());
            let places: Vec<usize> =
                (0..object.len()).filter(|at| object[*at..].starts_with(name)).collect();
            assert!(!places.is_empty());
            places.iter().for_each(|at| object[*at..*at + name.len()].copy_from_slice(other));
        }
        let name = "a\n::error::<b>%\u{1}.o";
        checked.objects = vec![checked.folder.file(name, &object)];
        checked
    }

    fn check(&self, format: &str, more: &[&str]) -> Run {
        self.check_on("kernels", format, more)
    }

    fn check_on(&self, kernels: &str, format: &str, more: &[&str]) -> Run {
        let kernels = self.folder.path(kernels);
        let mut arguments = vec!["check", "--format", format];
        if !more.contains(&"--lint") {
            arguments.extend(["--target", &kernels]);
        }
        arguments.extend(self.objects.iter().map(String::as_str));
        arguments.extend(more);
        run(&arguments)
    }

    /// Returns the lines of `--format json` with a type.
    fn lines(&self, kind: &str, more: &[&str]) -> Vec<Value> {
        let run = self.check("json", more);
        let lines = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.filter(|line: &Value| line["type"] == kind).collect()
    }
}

/// Returns everything that `check` is asked for here: its other arguments.
fn variants(checked: &Checked) -> Vec<Vec<String>> {
    let known = checked.folder.path("known.tsv");
    let written = checked.check("text", &["--write-baseline", &known]);
    assert_eq!(written.status, 0, "{written:?}");
    let all = [vec![], vec!["--explain"], vec!["--lint"], vec!["--baseline", &known]];
    let owned = |all: Vec<&str>| all.into_iter().map(ToString::to_string).collect();
    all.map(owned).into()
}

fn borrowed(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

/// All formats are of one exit status.
#[test]
fn exit_statuses_are_those_of_text() {
    let checked = Checked::new();
    for more in variants(&checked) {
        let more = borrowed(&more);
        let text = checked.check("text", &more);
        for format in ["json", "github", "sarif", "junit"] {
            let run = checked.check(format, &more);
            assert_eq!((run.status, &run.stderr), (text.status, &text.stderr), "{format} {more:?}");
        }
    }
}

/// A command of a workflow: its name, properties and message, as the runner of GitHub Actions reads them.
type Annotation = (String, BTreeMap<String, String>, String);

fn annotations(output: &str) -> Vec<Annotation> {
    let unescaped = |text: &str| {
        let text = text.replace("%0D", "\r").replace("%0A", "\n");
        text.replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
    };
    let lines = output.lines().filter_map(|line| line.strip_prefix("::"));
    let lines =
        lines.filter(|line| !line.starts_with("group::") && !line.starts_with("endgroup::"));
    let annotation = |line: &str| {
        let (command, message) = line.split_once("::").unwrap();
        let (command, properties) = command.split_once(' ').unwrap();
        let properties = properties.split(',').map(|property| property.split_once('=').unwrap());
        let properties = properties.map(|(name, value)| (name.to_string(), unescaped(value)));
        (command.to_string(), properties.collect(), unescaped(message))
    };
    lines.map(annotation).collect()
}

/// Each line that is named reads the field, or starts the program that asks for what is missing.
#[test]
fn annotations_are_at_the_lines_of_the_source() {
    let mut checked = Checked::new();
    // What the others lack is missing for whole objects, and is not in the lines of their programs.
    checked.objects.truncate(3);
    let run = checked.check("github", &["--source-root", "fixtures/c/verdicts"]);
    let annotations = annotations(&run.stdout);
    let causes = checked.lines("cause", &[]);
    let count =
        |is_counted: &dyn Fn(&Value) -> bool| causes.iter().filter(|it| is_counted(it)).count();
    let of = |command: &str| annotations.iter().filter(|(it, ..)| it == command).count();
    assert_eq!(of("error"), count(&|cause| cause["problem"] == true));
    let is_open =
        |cause: &Value| ["conditional", "left_open"].map(Value::from).contains(&cause["verdict"]);
    assert_eq!(of("notice"), count(&is_open));

    let mut compared = 0;
    for (_, properties, message) in &annotations {
        let (file, title) = (&properties["file"], &properties["title"]);
        let Some(line) = properties.get("line") else { continue };
        let source = fs::read_to_string(root().join(file)).unwrap();
        let lines: Vec<&str> = source.lines().collect();
        let line: usize = line.parse().unwrap();
        let thing = title.rsplit([' ', '.']).next().unwrap();
        // Before the body of a function is its section, which names the hook.
        let text = lines[line.saturating_sub(4)..line].join("\n");
        if title.starts_with("missing") {
            assert!(text.contains(thing), "{title} {message}: {text}");
            compared += 1;
        }
    }
    assert!(compared >= 5, "{annotations:?}");
}

#[test]
fn hostile_names_make_no_commands() {
    let checked = Checked::hostile();
    let run = checked.check("github", &["--explain"]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    let causes = checked.lines("cause", &["--explain"]);
    // A line for each cause, and the summary.
    assert_eq!(lines.len(), causes.len() + 1, "{}", run.stdout);
    assert!(causes.iter().any(|cause| cause["name"] == "task_struct.##[b"), "{causes:?}");
    let commands: BTreeSet<String> =
        annotations(&run.stdout).into_iter().map(|(command, ..)| command).collect();
    assert!(commands.iter().all(|it| ["error", "notice"].contains(&it.as_str())), "{commands:?}");
    assert!(!run.stdout.contains(['\u{1}', '\r', '\u{1b}']));
    assert!(!lines.last().unwrap().contains("##["));
}

/// Validates a file as the standard's schema says.
const VALIDATE: &str = "
import json, sys, jsonschema
schema, log = [json.load(open(path)) for path in sys.argv[1:]]
for error in jsonschema.Draft202012Validator(schema).iter_errors(log):
    print(error.json_path, error.message)
";

/// Returns what Microsoft's validator has against files, for the standard and for GitHub.
fn complaints(tool: &Package, logs: &[String]) -> Vec<String> {
    let program = tool.path("Sarif.Multitool");
    Command::new("chmod").arg("+x").arg(&program).status().unwrap();
    let output = Command::new(program)
        .arg("validate")
        .args(logs)
        .args(["--rule-kind", "Sarif;Ghas", "--level", "Error;Warning"])
        // It would need a library for languages.
        .env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("Analysis completed successfully"), "{text}");
    let is_complaint = |line: &&str| [": error ", ": warning "].iter().any(|it| line.contains(it));
    // The project has no address yet.
    let is_address = |line: &str| line.contains("SARIF2005") && line.contains("informationUri");
    let lines = text.lines().filter(is_complaint).filter(|line| !is_address(line));
    lines.map(ToString::to_string).collect()
}

#[test]
fn sarif_is_valid_and_has_all_causes() {
    let (tool, python) = match (Package::npm(SARIF_TOOL), python("jsonschema")) {
        (Ok(tool), Ok(python)) => (tool, python),
        (Err(why), _) | (_, Err(why)) => return skipped(&why),
    };
    let schema = tool.path("sarif-2.1.0.json");
    for checked in [Checked::new(), Checked::hostile()] {
        let mut logs = Vec::new();
        for (number, more) in variants(&checked).iter().enumerate() {
            let more = borrowed(more);
            let text = checked.check("sarif", &more).stdout;
            let log = checked.folder.file(&format!("{number}.sarif"), text.as_bytes());
            assert_eq!(run_python(python, VALIDATE, &[&schema, Path::new(&log)]), "", "{more:?}");
            logs.push(log);

            let log: Value = serde_json::from_str(&text).unwrap();
            let results = log["runs"][0]["results"].as_array().unwrap();
            let has = |result: &Value, key: &str, value: &str| result[key] == value;
            let errors = results.iter().filter(|it| has(it, "level", "error")).count();
            let suppressed =
                |it: &&Value| it["suppressions"].as_array().is_some_and(|it| !it.is_empty());
            let accepted = results.iter().filter(suppressed).count();
            if more == ["--lint"] {
                assert_eq!(errors, checked.lines("lint", &more).len());
                continue;
            }
            let summary = &checked.lines("summary", &more)[0];
            assert_eq!(
                (&summary["problems"], &summary["accepted"]),
                (&errors.into(), &accepted.into())
            );
            if more == ["--explain"] {
                let causes =
                    checked.lines("cause", &more).len() + checked.lines("note", &more).len();
                assert_eq!(results.len(), causes);
            }
        }
        assert_eq!(complaints(&tool, &logs), [""; 0]);
    }
}

/// Returns the fingerprints of all results.
fn fingerprints(run: &Run) -> Vec<String> {
    let log: Value = serde_json::from_str(&run.stdout).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let print = |result: &Value| {
        result["partialFingerprints"]["coreRelocIssue/v1"].as_str().unwrap().to_string()
    };
    results.iter().map(print).collect()
}

#[test]
fn fingerprints_are_the_same_for_other_kernels_and_orders() {
    let mut checked = Checked::new();
    let all = fingerprints(&checked.check("sarif", &["--explain"]));
    let unique: BTreeSet<&String> = all.iter().collect();
    assert!(all.len() > 5 && unique.len() == all.len(), "{all:?}");
    checked.objects.reverse();
    let reversed = fingerprints(&checked.check("sarif", &["--explain"]));
    assert_eq!(reversed.iter().collect::<BTreeSet<_>>(), unique);
    let of_one =
        fingerprints(&checked.check_on("kernels/amd64-6.1.btf.xz", "sarif", &["--explain"]));
    assert!(of_one.len() < all.len() && of_one.iter().all(|it| unique.contains(it)), "{of_one:?}");
}

/// Prints the outcome of each test case.
const PARSE_JUNIT: &str = "
import json, sys, junitparser
report = junitparser.JUnitXml.fromfile(sys.argv[1])
for suite in report:
    cases = list(suite)
    failed = [case for case in cases if any(isinstance(it, junitparser.Failure) for it in case.result)]
    skipped = [case for case in cases if any(isinstance(it, junitparser.Skipped) for it in case.result)]
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (len(cases), len(failed), 0, len(skipped))
    for case in cases:
        outcome = 'failed' if case in failed else 'skipped' if case in skipped else 'passed'
        print(json.dumps([suite.name, case.classname, case.name, outcome]))
assert (report.tests, report.failures) == (sum(it.tests for it in report), sum(it.failures for it in report))
";

#[test]
fn junit_is_valid_and_has_all_programs() {
    let (schema, python) = match (Package::pypi_sources(JUNIT_SCHEMA), python("junitparser")) {
        (Ok(schema), Ok(python)) => (schema, python),
        (Err(why), _) | (_, Err(why)) => return skipped(&why),
    };
    let schema = schema.path("testing/example_scripts/junit-10.xsd");
    for checked in [Checked::new(), Checked::hostile()] {
        for more in variants(&checked) {
            let more = borrowed(&more);
            let run = checked.check("junit", &more);
            let report = checked.folder.file("report.xml", run.stdout.as_bytes());
            let mut xmllint = Command::new("xmllint");
            xmllint.args(["--noout", "--schema"]).arg(&schema).arg(&report);
            let Ok(output) = xmllint.output() else { return skipped("there is no xmllint") };
            assert!(
                output.status.success(),
                "{more:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            let cases = run_python(python, PARSE_JUNIT, &[Path::new(&report)]);
            let cases: Vec<Vec<String>> =
                cases.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let has_failures = cases.iter().any(|case| case[3] == "failed");
            assert_eq!(run.status, i32::from(has_failures), "{more:?}: {cases:?}");
            if more == ["--lint"] {
                continue;
            }
            let programs = checked.lines("program", &more);
            let expected: Vec<Vec<String>> = programs.iter().map(expected_case).collect();
            let sorted = |cases: Vec<Vec<String>>| cases.into_iter().collect::<BTreeSet<_>>();
            assert_eq!(cases.len(), expected.len());
            assert_eq!(sorted(cases), sorted(expected), "{more:?}");
        }
    }
}

/// Returns the suite, class, name and outcome of a program on a kernel, which is a line of JSON.
fn expected_case(program: &Value) -> Vec<String> {
    // XML cannot have this character.
    let text = |key: &str| program[key].as_str().unwrap().replace('\u{fffe}', r"\u{fffe}");
    let verdict = text("verdict");
    let is_excused = program["optional"] == true || program["accepted"] == true;
    let outcome = match verdict.as_str() {
        "failed" | "missing" | "poisoned" | "not_attachable" if is_excused => "skipped",
        "failed" | "missing" | "poisoned" | "not_attachable" => "failed",
        "skipped" | "left_open" => "skipped",
        _ => "passed",
    };
    let name = format!("{} on {}", text("program"), text("kernel"));
    vec![text("kernel"), text("object"), name, outcome.to_string()]
}
