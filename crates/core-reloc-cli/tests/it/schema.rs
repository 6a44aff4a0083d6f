//! The lines of JSON are as the schemas in `docs` say, by Python's jsonschema.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    process::{Command, Stdio},
};

use core_reloc_tests::judge::skipped;
use serde_json::Value;

use crate::{
    program::{Folder, fixture, root, run, run_line},
    registry::python,
};

/// Reads lines of JSON from standard input, and prints what is wrong with each.
const VALIDATE: &str = "
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
by_type = {it['properties']['type']['const']: name for name, it in schema['$defs'].items()
           if 'type' in it.get('properties', {})}
for number, line in enumerate(sys.stdin, 1):
    line = json.loads(line)
    one = dict(schema, oneOf=[{'$ref': '#/$defs/' + by_type[line['type']]}])
    for error in jsonschema.Draft202012Validator(one).iter_errors(line):
        for inner in error.context or [error]:
            print(number, line['type'], inner.message)
";

/// Returns what is wrong with lines, or why that cannot be told.
fn validate(lines: &str) -> Result<String, String> {
    let mut command = Command::new(python("jsonschema")?);
    command.args(["-c", VALIDATE]).arg(root().join("docs/check.schema.json"));
    Ok(printed(&mut command, lines))
}

#[test]
fn every_line_is_as_the_schema_says() {
    let folder = Folder::new();
    fs::create_dir(folder.path("kernels")).unwrap();
    for name in ["gone.le", "nested.le", "incompatible.le", "same.le", "same.be"] {
        folder.file(&format!("kernels/{name}.btf"), &fixture(&format!("btf/{name}.btf")));
    }
    let (kernels, known) = (folder.path("kernels"), folder.path("known.tsv"));
    let objects = ["access", "module", "enums", "fields", "programs"]
        .map(|name| format!("fixtures/objects/{name}.bpfel.o"));
    let check = |objects: &[String], more: &[&str]| {
        let mut arguments = vec!["check", "--format", "json", "--explain", "--target", &kernels];
        arguments.extend(objects.iter().map(String::as_str));
        arguments.extend(more);
        run(&arguments).stdout
    };
    let lines = check(&objects, &[]);
    check(&objects[..2], &["--write-baseline", &known]);
    let lines = lines + &check(&objects, &["--baseline", &known]);
    folder.file("kernels/broken.btf", &[0x9f, 0xeb, 1, 0, 24]);
    let module = "fixtures/btf/modular.le.stats.btf";
    let lines = lines + &check(&objects, &["--shard", "1/1", "--module", module]);
    let mut lint = vec!["check", "--lint", "--format", "json"];
    lint.extend(objects.iter().map(String::as_str));
    let lines = lines + &run(&lint).stdout;

    let parsed: Vec<Value> = lines.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let types: BTreeSet<&str> = parsed.iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!(
        types,
        [
            "report",
            "program",
            "relocation",
            "cause",
            "range",
            "summary",
            "lint",
            "object",
            "given",
            "explanation",
            "row",
            "kernel",
            "unreadable",
        ]
        .into_iter()
        .collect()
    );
    assert!(parsed.iter().any(|line| line["type"] == "program" && line["accepted"] == true));
    match validate(&lines) {
        Ok(wrong) => assert_eq!(wrong, ""),
        Err(why) => return skipped(&why),
    }
    // A line with an unknown key is found out.
    let summary = lines.lines().find(|line| line.contains(r#""type":"summary""#)).unwrap();
    let unknown = summary.replace("\"objects\"", "\"things\"");
    assert!(!validate(&(unknown + "\n")).unwrap().is_empty());
}

/// Reads lines of JSON from standard input, and prints what is wrong with each.
const VALIDATE_LINES: &str = "
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
for number, line in enumerate(sys.stdin, 1):
    for error in validator.iter_errors(json.loads(line)):
        print(number, error.json_path, error.message)
";

/// The schemas of all commands but `check`, each with commands that print lines of as many forms as there are; what is
/// in capitals is a path.
const LINES: &[(&str, &[&str])] = &[
    (
        "relocate",
        &[
            "relocate fixtures/objects/module.bpfel.o --target fixtures/btf/modular.le.btf",
            "relocate fixtures/objects/weak.bpfel.o --target fixtures/btf/gone.le.btf",
            "relocate fixtures/objects/access.bpfel.o --target fixtures/btf/gone.le.btf --unresolved keep",
            "relocate fixtures/objects/access.bpfel.o --target fixtures/btf/differing.le.btf",
        ],
    ),
    (
        "inspect",
        &[
            "inspect fixtures/objects/weak.bpfel.o",
            "inspect fixtures/objects/enums.bpfeb.o",
            "inspect fixtures/verdicts/guards.bpfel.o",
        ],
    ),
    (
        "explain",
        &[
            "explain fixtures/objects/weak.bpfel.o --target fixtures/btf/gone.le.btf",
            "explain fixtures/objects/access.bpfel.o --target fixtures/btf/renamed.le.btf",
            "explain fixtures/objects/access.bpfel.o --target fixtures/btf/differing.le.btf",
            "explain fixtures/objects/module.bpfel.o --target fixtures/btf/same.le.btf",
        ],
    ),
    (
        "blame",
        &["blame fixtures/objects/access.bpfel.o --target fixtures/btf/renamed.le.btf --log LOG"],
    ),
    (
        "query",
        &[
            "query job.prio job_error::JOB_LOST job.number job nothing.pid --target fixtures/btf/same.be.btf",
            "query JOB_LOST job.prio --target fixtures/btf/same.le.btf --target fixtures/btf/gone.le.btf",
        ],
    ),
    (
        "dump",
        &[
            "dump --target fixtures/btf/same.le.btf",
            "dump job_stats --target fixtures/btf/modular.le.btf --module fixtures/btf/modular.le.stats.btf",
        ],
    ),
    (
        "minimize",
        &[
            "minimize fixtures/objects/access.bpfel.o fixtures/objects/enums.bpfel.o --target \
             fixtures/btf/gone.le.btf -o OUT/1.btf",
            "minimize fixtures/objects/module.bpfel.o --target fixtures/btf/modular.le.btf --module \
             fixtures/btf/modular.le.stats.btf --module fixtures/btf/modular.le.other.btf -o OUT/2",
            "minimize fixtures/objects/access.bpfel.o --target fixtures/btf/gone.le.btf --since OUT/3.tar.xz \
             -o OUT/3.tar.xz",
            "minimize fixtures/objects/access.bpfel.o --target fixtures/btf/gone.le.btf --since OUT/3.tar.xz \
             -o OUT/4",
        ],
    ),
    (
        "diff",
        &[
            "diff fixtures/btf/same.le.btf fixtures/btf/nested.le.btf",
            "diff fixtures/btf/modular.le.btf fixtures/btf/gone.be.btf --module fixtures/btf/modular.le.stats.btf",
            "diff fixtures/btf/differing.le.btf fixtures/btf/grown.le.btf",
        ],
    ),
    ("store", &["store list STORE"]),
    ("support", &["support"]),
];

/// Of each command, the lines are as the schema says, and its title names the version.
#[test]
fn the_lines_of_every_command_are_as_its_schema_says() {
    let python = match python("jsonschema") {
        Ok(python) => python,
        Err(why) => return skipped(&why),
    };
    let folder = Folder::new();
    let log = "0: (61) r1 = *(u32 *)(r2 +0)\n1: (85) call unknown#195896080\ninvalid func unknown#195896080\n";
    let log = folder.file("verifier.log", log.as_bytes());
    let kernels = ["fixtures/btf/same.le.btf", "fixtures/btf/modular.be.btf"];
    let store = folder.path("kernels.store");
    run(&["store", "add", &store, kernels[0], kernels[1]]).good();
    for (name, commands) in LINES {
        let schema = root().join(format!("docs/{name}.schema.json"));
        let text: Value = serde_json::from_str(&fs::read_to_string(&schema).unwrap()).unwrap();
        assert!(text["title"].as_str().unwrap().ends_with(", version 1"), "{name}");
        let mut lines = String::new();
        for command in *commands {
            let command = command.replace("LOG", &log).replace("OUT", &folder.path(""));
            let command = command.replace("STORE", &store);
            let run = run_line(&format!("{command} --format json"));
            assert!(run.status < 2 && !run.stdout.is_empty(), "{command}: {run:?}");
            lines += &run.stdout;
        }
        let validate = |lines: &str| {
            let mut command = Command::new(python);
            command.args(["-c", VALIDATE_LINES]).arg(&schema);
            printed(&mut command, lines)
        };
        assert_eq!(validate(&lines), "", "{name}");
        // A line with another key is found out, and so is one without a key.
        let (first, _) = lines.split_once('\n').unwrap();
        let mut line: BTreeMap<String, Value> = serde_json::from_str(first).unwrap();
        let (key, value) = line.pop_first().unwrap();
        assert_ne!(validate(&serde_json::to_string(&line).unwrap()), "", "{name}");
        line.insert(key, value);
        line.insert("unknown".to_string(), Value::Null);
        assert_ne!(validate(&serde_json::to_string(&line).unwrap()), "", "{name}");
    }
}

/// The page that lists them leaves none out.
#[test]
fn all_schemas_are_listed() {
    let page = fs::read_to_string(root().join("docs/json.md")).unwrap();
    let names = fs::read_dir(root().join("docs")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let schemas: Vec<String> = names.filter(|name| name.ends_with(".schema.json")).collect();
    assert!(schemas.len() > LINES.len(), "{schemas:?}");
    for name in schemas {
        assert!(page.contains(&format!("]({name})")), "{name}");
    }
}

/// Returns what a command prints with a text as its standard input.
fn printed(command: &mut Command, text: &str) -> String {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}
