//! What the lint finds in C programs. Each source has a program in each line, and after it a comment: the rule
//! that it breaks, if there is one, and whether the running kernel loads it.
#![cfg(feature = "libbpf")]

mod random;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use core_reloc::elf::Object;
use core_reloc_tests::{
    c_compiler::{CLANG, OLD_CLANG, compile},
    judge::{kernel::loads_programs, libbpf::object::load_alone},
};
use core_reloc_tools::lint::{Rule, lint};

/// A program, and what its comment says.
#[derive(Debug)]
struct Expected {
    name: String,
    /// The rule, and a part of the message.
    rule: Option<(String, String)>,
    /// Whether the kernel loads it, if that is said.
    loads: Option<bool>,
}

fn folder_of_sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lints")
}

/// Returns the programs of a source.
fn programs(source: &str) -> Vec<Expected> {
    let program = |line: &str| {
        let (code, comment) = line.strip_prefix("SEC(")?.rsplit_once(" //").expect(line);
        let name = code.split(" int ").nth(1).unwrap().split('(').next().unwrap().to_owned();
        let (mut rule, mut loads) = (None, None);
        for said in comment.split(';').map(str::trim).filter(|said| !said.is_empty()) {
            match said {
                "loads" => loads = Some(true),
                "refused" => loads = Some(false),
                said => {
                    let (name, message) = said.split_once(": ").unwrap_or((said, ""));
                    assert!(Rule::ALL.iter().any(|rule| rule.name() == name), "{said}");
                    rule = Some((name.to_owned(), message.to_owned()));
                }
            }
        }
        Some(Expected { name, rule, loads })
    };
    source.lines().filter_map(program).collect()
}

/// Compares the findings and the running kernel with the comments of a source.
fn compare(name: &str) {
    let source = fs::read_to_string(folder_of_sources().join(name)).unwrap();
    let expected = programs(&source);
    assert!(expected.len() > 5);
    for (compiler, target) in [(CLANG, "bpfel"), (CLANG, "bpfeb"), (OLD_CLANG, "bpfel")] {
        let compiled = compile(compiler, target, &source, &folder_of_sources());
        let Some(bytes) = compiled else { continue };
        let object = Object::parse(&bytes).unwrap();
        let mut found: BTreeMap<String, Vec<(&str, String)>> = BTreeMap::new();
        for finding in lint(&object).unwrap() {
            let of_function = found.entry(finding.function.to_string()).or_default();
            of_function.push((finding.rule.name(), finding.message));
        }
        for Expected { name, rule, .. } in &expected {
            let found = found.remove(name).unwrap_or_default();
            let what = format!("{compiler}: {name}: {found:?}, expected {rule:?}");
            match rule {
                None => assert!(found.is_empty(), "{what}"),
                Some((rule, message)) => {
                    assert!(!found.is_empty(), "{what}");
                    for (name, said) in &found {
                        assert!(name == rule && said.contains(message), "{what}");
                    }
                }
            }
        }
        assert!(found.is_empty(), "{found:?}");
        if target == "bpfeb" {
            continue;
        }
        if let Err(unheard) = loads_programs() {
            unheard.skip();
            continue;
        }
        for Expected { name, loads, .. } in &expected {
            let Some(loads) = loads else { continue };
            let loaded = load_alone(&bytes, name);
            assert_eq!(loaded.is_ok(), *loads, "{compiler}: {name}: {loaded:?}");
        }
    }
}

#[test]
fn questions_that_protect_nothing_are_found() {
    compare("guards.c");
}

#[test]
fn records_that_no_loader_accepts_are_found() {
    compare("records.c");
}

#[test]
fn reads_without_records_and_past_fields_are_found() {
    compare("reads.c");
}

/// The kernel refuses the programs of all findings. `LINT_PROGRAMS` sets their number.
#[test]
fn programs_with_findings_are_refused() {
    if let Err(unheard) = loads_programs() {
        return unheard.skip();
    }
    let count = std::env::var("LINT_PROGRAMS").map_or(160, |count| count.parse().unwrap());
    let mut table = BTreeMap::<(&str, bool), usize>::new();
    for seed in 0..count / 16 {
        let names: Vec<String> = (0..16).map(|at| format!("random_{seed}_{at}")).collect();
        let source = random::source(&names, seed);
        let Some(bytes) = compile(CLANG, "bpfel", &source, &folder_of_sources()) else { return };
        let object = Object::parse(&bytes).unwrap();
        let found = lint(&object).unwrap();
        for name in &names {
            let is_gone = |access: &str| access.contains(".gone") || access.contains(".lost");
            let mut of_program = found.iter().filter(|finding| {
                finding.function == name.as_str()
                    && finding.relocation.is_some_and(|it| is_gone(&it.access_in_c()))
            });
            let finding = of_program.next();
            let rule = finding.map_or("none", |finding| finding.rule.name());
            let message = finding.map(|finding| &finding.message);
            let loads = load_alone(&bytes, name).is_ok();
            *table.entry((rule, loads)).or_default() += 1;
            if loads && rule != "none" {
                let line = source.lines().find(|line| line.contains(&format!("{name}("))).unwrap();
                panic!("the kernel loads {line}, but it breaks {rule}: {:?}", message);
            }
        }
    }
    println!("{table:#?}");
    for rule in ["idle-question", "wrong-branch", "unguarded-access"] {
        assert!(table.contains_key(&(rule, false)), "no program breaks {rule}");
    }
}
