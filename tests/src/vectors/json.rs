//! Writes a file of vectors: one line for each BTF, each vector and each relocation.

use std::collections::HashSet;
use std::fmt::Write;

use serde_json::{Value as Json, json};

use super::File;
use super::case::{Error, Group, KIND_NAMES, Poisoned, Value};
use super::judge::{Outcome, Step, Vector, vector};
use super::pool::{ORDERS, Pool, Types};

/// Makes the file of a group. Adds what is wrong to `problems`.
pub(super) fn file(group: &Group, problems: &mut Vec<String>) -> File {
    let (pool, types) = Pool::new(&group.cases);
    let mut names = HashSet::new();
    let mut vectors = Vec::new();
    for (case, types) in group.cases.iter().zip(&types) {
        assert!(names.insert(&case.name), "two cases are called {}", case.name);
        for (position, (order, suffix)) in ORDERS.into_iter().enumerate() {
            let theirs = if case.is_mixed { 1 - position } else { position };
            let bytes = |index: usize, order: usize| &pool.entries[index].bytes[order][..];
            let modules: Vec<&[u8]> =
                types.modules.iter().map(|&module| bytes(module, theirs)).collect();
            let (local, target) = (bytes(types.local, position), bytes(types.target, theirs));
            let vector = match vector(case, order, local, target, &modules) {
                Ok(vector) => vector,
                Err(problem) => {
                    problems.push(format!("{}, {}: {problem}", group.name, case.name));
                    continue;
                }
            };
            let names = Names { pool: &pool, types, local: suffix, target: ORDERS[theirs].1 };
            let name = format!("{}/{suffix}", case.name);
            vectors.push(vector_lines(&name, case.rule, &case.about, &names, &vector));
        }
    }
    let texts = pool.entries.iter().map(|entry| entry_line(&entry.name, &entry.text));
    let hex = pool.entries.iter().flat_map(|entry| {
        let named = entry.bytes.iter().zip(ORDERS);
        named.map(|(bytes, (_, suffix))| {
            entry_line(&format!("{}.{suffix}", entry.name), &hex(bytes))
        })
    });
    let json = format!(
        "{{\n\"format\": 1,\n\"about\": {},\n\"c\": {{\n{}\n}},\n\"btf\": {{\n{}\n}},\n\
         \"vectors\": [\n{}\n]\n}}\n",
        json!(group.about),
        lines(texts),
        lines(hex),
        vectors.join(",\n"),
    );
    File { name: format!("{}.json", group.name), json }
}

/// The names of a vector's BTFs.
struct Names<'n> {
    pool: &'n Pool,
    types: &'n Types,
    /// The byte orders of the local types and the target.
    local: &'static str,
    target: &'static str,
}

impl Names<'_> {
    fn name(&self, index: usize, order: &str) -> String {
        format!("{}.{order}", self.pool.entries[index].name)
    }
}

fn vector_lines(name: &str, rule: &str, about: &str, names: &Names<'_>, vector: &Vector) -> String {
    let modules = names.types.modules.iter().map(|&module| names.name(module, names.target));
    let relocations = vector.steps.iter().map(|step| format!("  {}", step_line(step)));
    let members = [
        ("name", json!(name)),
        ("rule", json!(rule)),
        ("about", json!(about)),
        ("judge", json!(vector.judge)),
        ("local", json!(names.name(names.types.local, names.local))),
        ("target", json!(names.name(names.types.target, names.target))),
        ("modules", json!(modules.collect::<Vec<_>>())),
        ("code", json!(hex(&vector.code))),
    ];
    format!("{{{}, \"relocations\": [\n{}]}}", joined(&members), lines(relocations))
}

fn step_line(step: &Step) -> String {
    let Step { access, record, outcome: Outcome { expected, code } } = step;
    let (outcome, value) = match expected {
        Value(value) => ("relocated", json!(value.to_string())),
        Poisoned => ("poisoned", Json::Null),
        Error => ("error", Json::Null),
    };
    let members = [
        ("insn_off", json!(record.insn_off)),
        ("type_id", json!(record.type_id)),
        ("access_str_off", json!(record.access_str_off)),
        ("access", json!(access)),
        ("kind", json!(record.kind)),
        ("kind_name", json!(KIND_NAMES.get(record.kind as usize))),
        ("outcome", json!(outcome)),
        ("value", value),
        ("code", json!(hex(code))),
    ];
    format!("{{{}}}", joined(&members))
}

fn joined(members: &[(&str, Json)]) -> String {
    let members = members.iter().map(|(name, value)| format!("\"{name}\": {value}"));
    members.collect::<Vec<_>>().join(", ")
}

fn entry_line(name: &str, text: &str) -> String {
    format!("{}: {}", json!(name), json!(text.split_whitespace().collect::<Vec<_>>().join(" ")))
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join(",\n")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string takes everything");
        hex
    })
}
