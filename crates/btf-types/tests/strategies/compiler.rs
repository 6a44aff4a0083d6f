//! A C compiler judges what is laid out.

use std::{
    collections::BTreeMap,
    env, fs,
    path::Path,
    process::{Command, Output},
};

use btf_types::proptest::{Graph, Layout, Profile, TypeDesc, graph};
use proptest::{strategy::ValueTree, test_runner::TestRunner};

use crate::in_c::declarations;

const CLANG: &str = "clang-19";

/// Machines of either byte order, BPF among them, and the largest scalar that they align to its
/// size, in bytes.
const MACHINES_64: [(&str, u32); 4] =
    [("bpfel", 16), ("bpfeb", 16), ("x86_64-linux-gnu", 16), ("s390x-linux-gnu", 8)];
const MACHINES_32: [(&str, u32); 2] = [("armv7-linux-gnueabihf", 8), ("powerpc-linux-gnu", 8)];

/// How many graphs each machine gets.
const GRAPHS: usize = 400;

/// What a compiler says of a struct or union.
#[derive(Debug, PartialEq, Eq)]
struct Record {
    bit_size: u64,
    bit_alignment: u64,
    bit_offsets: Vec<u64>,
}

#[test]
fn layouts_are_those_of_a_c_compiler() {
    let mut runner = TestRunner::deterministic();
    let strategy = graph(Profile::default());
    let graphs: Vec<Graph> = std::iter::repeat_with(|| {
        use proptest::strategy::Strategy;
        strategy.new_tree(&mut runner).unwrap().current()
    })
    .take(GRAPHS)
    .collect();
    for (pointer_size, machines) in [(8, &MACHINES_64[..]), (4, &MACHINES_32[..])] {
        for (machine, largest) in machines {
            let fitting = graphs.iter().filter(|graph| {
                graph.pointer_size() == pointer_size && largest_scalar(graph) <= *largest
            });
            let Some(compared) = compare(machine, fitting) else { return };
            println!("{machine}: {compared} structs and unions");
            assert!(compared > 100, "{machine}: only {compared} structs and unions were compared");
        }
    }
}

/// Compares all composites of some graphs, and says how many there were; `None` if there is no
/// compiler.
fn compare<'g>(machine: &str, graphs: impl Iterator<Item = &'g Graph>) -> Option<usize> {
    let mut source = String::new();
    let mut ours = BTreeMap::new();
    for (at, graph) in graphs.enumerate() {
        let layout = graph.layout().unwrap();
        let prefix = format!("g{at}_");
        source += &declarations(graph, &layout, &prefix);
        for (id, ty) in graph.iter() {
            if matches!(ty, TypeDesc::Composite(_)) {
                let name = format!("{prefix}{}", id.0);
                ours.insert(name, (record(&layout, id), ty));
            }
        }
    }
    let theirs = compiled(machine, &source)?;
    for (name, (ours, ty)) in &ours {
        assert_eq!(Some(ours), theirs.get(name), "on {machine}: {ty:#?}");
    }
    Some(ours.len())
}

fn record(layout: &Layout, id: btf_types::TypeId) -> Record {
    Record {
        bit_size: u64::from(layout.size(id).unwrap()) * 8,
        bit_alignment: u64::from(layout.alignment(id).unwrap()) * 8,
        bit_offsets: layout.offsets(id).iter().copied().map(u64::from).collect(),
    }
}

fn largest_scalar(graph: &Graph) -> u32 {
    let sizes = graph.types.iter().map(|ty| match ty {
        TypeDesc::Int { size, .. } | TypeDesc::Float { size, .. } => *size,
        _ => 0,
    });
    sizes.max().unwrap_or(0)
}

/// Compiles C, and reads the layouts that clang prints.
fn compiled(machine: &str, source: &str) -> Option<BTreeMap<String, Record>> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("layouts.{machine}.c"));
    fs::write(&path, source).unwrap();
    let mut clang = Command::new(CLANG);
    clang.args(["-target", machine, "-fsyntax-only", "-w"]);
    clang.args(["-Xclang", "-fdump-record-layouts-simple"]).arg(&path);
    let Output { status, stdout, stderr } = match clang.output() {
        Ok(output) => output,
        Err(error) => {
            let in_ci = env::var_os("CI").is_some_and(|value| !value.is_empty());
            assert!(!in_ci, "in CI every judge must run: {CLANG} does not start: {error}");
            println!("SKIPPED: {CLANG} does not start: {error}");
            return None;
        }
    };
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    Some(layouts(&String::from_utf8(stdout).unwrap()))
}

/// The layouts by the names of their types.
fn layouts(dump: &str) -> BTreeMap<String, Record> {
    let layouts = dump.split("*** Dumping AST Record Layout").skip(1).map(|layout| {
        let value = |key: &str| {
            let mut lines = layout.lines().map(str::trim);
            let found = lines.find_map(|line| line.strip_prefix(key)).map(str::trim);
            found.unwrap_or_else(|| panic!("no {key} in {layout}"))
        };
        let name = value("Type:").rsplit(' ').next().unwrap().to_owned();
        let offsets = value("FieldOffsets:").trim_matches(['[', ']', '>']);
        let record = Record {
            bit_size: value("Size:").parse().unwrap(),
            bit_alignment: value("Alignment:").parse().unwrap(),
            bit_offsets: offsets
                .split(',')
                .filter_map(|offset| offset.trim().parse().ok())
                .collect(),
        };
        (name, record)
    });
    layouts.collect()
}
