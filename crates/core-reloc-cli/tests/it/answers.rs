//! Relocates every object of `fixtures/objects` for every kernel of `fixtures/btf`, in both byte orders,
//! and compares the results with the description of the kernel (see `fixtures/README.md`).

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use serde_json::Value;

use crate::program::{fixture, root, run};

/// The byte orders in the names of objects and of BTF.
const ORDERS: [(&str, &str); 2] = [("bpfel", "le"), ("bpfeb", "be")];

/// The question of a relocation: kind, root type, access string.
type Question = (String, String, String);

/// The columns after the question in a line of answers.
struct Answer {
    little: String,
    big: String,
    access: String,
    in_words: String,
}

/// Returns the names of a folder's files that end with `end`, without it.
fn names(folder: &str, end: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("fixtures").join(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_suffix(end).map(str::to_string)).collect()
}

/// Reads the description of a kernel.
fn answers(kernel: &str) -> BTreeMap<Question, Answer> {
    let text = String::from_utf8(fixture(&format!("btf/{kernel}.answers"))).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let parse = |line: &str| {
        let mut words = line.split_whitespace().map(str::to_string);
        let mut next = || words.next().unwrap();
        let question = (next(), next(), next());
        let answer = next();
        let (little, big) = answer.split_once('/').unwrap_or((&answer, &answer));
        let (little, big) = (little.to_string(), big.to_string());
        let answer =
            Answer { little, big, access: next(), in_words: words.collect::<Vec<_>>().join(" ") };
        (question, answer)
    };
    lines.map(parse).collect()
}

/// Runs the program; returns its exit status and its lines of JSON.
fn lines(arguments: &[String]) -> (i32, Vec<Value>) {
    let run = run(arguments);
    let lines = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (run.status, lines)
}

fn text<'a>(line: &'a Value, key: &str) -> &'a str {
    line[key].as_str().unwrap_or_else(|| panic!("{key} of {line}"))
}

fn question(line: &Value) -> Question {
    let root = if text(line, "root").is_empty() { "-" } else { text(line, "root") };
    (text(line, "kind").to_string(), root.to_string(), text(line, "access").to_string())
}

/// Compares a line with the answer; returns the difference as an error.
fn check(line: &Value, answer: &str, access: &str) -> Result<(), String> {
    let (status, value) = (text(line, "status"), &line["value"]);
    let (before, after) = (text(line, "before"), text(line, "after"));
    // A load or store that cannot change its width is poisoned too.
    let is_access = matches!(u8::from_str_radix(&before[..2], 16).unwrap() & 7, 1..=3);
    let expected = match answer {
        "ambiguous" => "failed",
        "unresolved" => "poisoned",
        _ if access == "poison" && is_access => "poisoned",
        _ => "relocated",
    };
    let wrong = |what: &str| Err(format!("{what}, expected {answer}, {expected}: {line}"));
    if status != expected {
        // The tests of `weak.bpfel.o` cover skipped relocations.
        return if status == "skipped" { Ok(()) } else { wrong("status") };
    }
    let is_poison = after.starts_with("85") && before != after;
    if is_poison != (status == "poisoned") || (status == "failed" && before != after) {
        return wrong("after");
    }
    if line["error"].is_null() != (status == "relocated") {
        return wrong("error");
    }
    if status != "relocated" {
        return if value.is_null() { Ok(()) } else { wrong("value") };
    }
    let Some(value) = value.as_u64() else { return wrong("value") };
    let right = match answer {
        "local" => true,
        number => number.parse::<i64>().unwrap() == value as i64,
    };
    if right { Ok(()) } else { wrong("value") }
}

#[test]
fn relocate_prints_the_values_of_the_kernels_descriptions() {
    let (mut count, mut wrong) = (0, Vec::new());
    for kernel in names("btf", ".answers") {
        let answers = answers(&kernel);
        for (object_order, btf_order) in ORDERS {
            let mut target = vec!["--target".to_string()];
            target.push(format!("fixtures/btf/{kernel}.{btf_order}.btf"));
            for module in names("btf", ".btf") {
                if module.starts_with(&format!("{kernel}.{btf_order}.")) {
                    target.extend(["--module".to_string(), format!("fixtures/btf/{module}.btf")]);
                }
            }
            for object in names("objects", &format!(".{object_order}.o")) {
                if object == "task" {
                    continue;
                }
                let mut arguments: Vec<String> =
                    ["relocate", "--format", "json"].map(str::to_string).to_vec();
                arguments.push(format!("fixtures/objects/{object}.{object_order}.o"));
                arguments.extend(target.clone());
                let (status, lines) = lines(&arguments);
                let failed = lines.iter().any(|line| text(line, "status") == "failed");
                assert_eq!(status, i32::from(failed), "{arguments:?}");
                for line in &lines {
                    let answer = &answers[&question(line)];
                    let value = if btf_order == "le" { &answer.little } else { &answer.big };
                    if let Err(error) = check(line, value, &answer.access) {
                        wrong.push(format!("{object} for {kernel}: {error}"));
                    }
                }
                count += lines.len();
            }
        }
    }
    assert!(count > 8000, "only {count} relocations were compared");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Removes the flavors from a path: the answers name the types without them.
fn without_flavor(path: &str) -> String {
    let is_end = |c: char| matches!(c, '.' | ':' | '[');
    let mut words = path.split_inclusive(is_end).map(|word| {
        let (word, end) = word.split_at(word.find(is_end).unwrap_or(word.len()));
        word.split("___").next().unwrap_or_default().to_string() + end
    });
    words.by_ref().collect()
}

#[test]
fn inspect_prints_the_paths_of_the_description() {
    let answers = answers("same");
    let mut count = 0;
    for (order, _) in ORDERS {
        for object in names("objects", &format!(".{order}.o")) {
            if object == "task" {
                continue;
            }
            let object = format!("fixtures/objects/{object}.{order}.o");
            let arguments = ["inspect", "--format", "json", &object].map(str::to_string);
            let (status, lines) = lines(&arguments);
            assert_eq!(status, 0);
            for line in &lines {
                let expected = answers[&question(line)].in_words.as_str();
                let path = without_flavor(text(line, "path"));
                // In C's notation, `struct` precedes a type but not an access.
                let expected = match expected.split_once(' ') {
                    Some((_, access)) if access.contains(['.', ':', '[']) => access,
                    _ => expected,
                };
                if text(line, "root").is_empty() {
                    assert_eq!(expected, "types without a name");
                } else {
                    assert_eq!(path, expected, "{line}");
                }
                assert!(line["error"].is_null(), "{line}");
                count += 1;
            }
        }
    }
    assert!(count > 400, "only {count} relocations were compared");
}
