//! The layouts of graphs are those of clang.

use std::collections::BTreeMap;

use btf_types::TypeId;
use core_reloc_proptest::{
    Profile, graph,
    types::{Graph, Layout, TypeDesc},
};

use crate::{clang, in_c::declarations, support::values};

/// Machines of both byte orders, BPF included, and the size in bytes of the largest scalar that
/// they align to its size.
const MACHINES_64: [(&str, u32); 4] =
    [("bpfel", 16), ("bpfeb", 16), ("x86_64-linux-gnu", 16), ("s390x-linux-gnu", 8)];
const MACHINES_32: [(&str, u32); 2] = [("armv7-linux-gnueabihf", 8), ("powerpc-linux-gnu", 8)];

/// The number of graphs, before those that do not fit the machine are left out.
const GRAPHS: usize = 400;

/// The layout of a struct or union.
#[derive(Debug, PartialEq, Eq)]
struct Record {
    bit_size: u64,
    bit_alignment: u64,
    bit_offsets: Vec<u64>,
}

#[test]
fn layouts_are_those_of_clang() {
    let graphs: Vec<Graph> = values(graph(Profile::default()), GRAPHS).collect();
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

/// Compares the layouts of all composites of some graphs, and returns their number; `None` if there
/// is no clang.
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

fn record(layout: &Layout, id: TypeId) -> Record {
    Record {
        bit_size: u64::from(layout.size(id).unwrap()) * 8,
        bit_alignment: u64::from(layout.alignment(id).unwrap()) * 8,
        bit_offsets: layout.offsets(id).iter().copied().map(u64::from).collect(),
    }
}

/// Returns the size of the largest INT or FLOAT in bytes.
fn largest_scalar(graph: &Graph) -> u32 {
    let sizes = graph.types.iter().map(|ty| match ty {
        TypeDesc::Int { size, .. } | TypeDesc::Float { size, .. } => *size,
        _ => 0,
    });
    sizes.max().unwrap_or(0)
}

/// Compiles C, and returns the layouts that clang prints.
fn compiled(machine: &str, source: &str) -> Option<BTreeMap<String, Record>> {
    let arguments =
        ["-target", machine, "-fsyntax-only", "-w", "-Xclang", "-fdump-record-layouts-simple"];
    let dump = clang::compile(&format!("layouts.{machine}.c"), source, &arguments)?;
    Some(layouts(&dump))
}

/// Parses the layouts that clang prints, by the names of the types.
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
