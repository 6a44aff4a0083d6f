//! The lines of `check --format json` are as `docs/check.schema.json` says, by Python's jsonschema.

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    process::{Command, Stdio},
};

use core_reloc_tests::judge::skipped;
use serde_json::Value;

use crate::program::{Folder, fixture, run};

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
    let has_module = Command::new("python3").args(["-c", "import jsonschema"]).output();
    if !has_module.is_ok_and(|output| output.status.success()) {
        return Err("python3 has no module jsonschema".to_string());
    }
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/check.schema.json");
    let mut python = Command::new("python3")
        .args(["-c", VALIDATE, schema])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    python.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    Ok(String::from_utf8(output.stdout).unwrap())
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
    let mut lint = vec!["check", "--lint", "--format", "json"];
    lint.extend(objects.iter().map(String::as_str));
    let lines = lines + &run(&lint).stdout;

    let parsed: Vec<Value> = lines.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let types: BTreeSet<&str> = parsed.iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!(
        types,
        ["report", "program", "relocation", "cause", "summary", "lint"].into_iter().collect()
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
