//! The values written into instructions are those of clang.

use std::{collections::BTreeMap, fmt::Write};

use btf_types::{ByteOrder, TypeId};
use core_reloc::{RelocKind, record::Subject};
use core_reloc_proptest::{
    CaseProfile, case,
    relocations::{Case, RelocDesc, ResolvedPath, original_value, resolve_path},
    types::{Graph, Layout, TypeDesc},
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};

use crate::{clang, in_c::declarations};

/// The number of programs in each byte order.
const CASES: usize = 300;

#[test]
fn originals_are_those_of_clang() {
    let mut runner = TestRunner::deterministic();
    for (target, order) in [("bpfel", ByteOrder::Little), ("bpfeb", ByteOrder::Big)] {
        let profile = CaseProfile::default().flaws(0);
        let types = profile.types.clone().byte_order(order);
        let strategy = case(profile.types(types));
        let cases: Vec<Case> =
            (0..CASES).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
        let Some(compared) = compare(target, &cases) else { return };
        println!("{target}: {compared:?}");
        assert!(compared.values().all(|count| *count > 50), "{target}: {compared:?}");
    }
}

/// Compares the values of all field-based relocations of some cases, and returns the number of each
/// kind; `None` if there is no clang.
fn compare(target: &str, cases: &[Case]) -> Option<BTreeMap<RelocKind, usize>> {
    let mut source = String::new();
    let mut ours = BTreeMap::new();
    for (at, case) in cases.iter().enumerate() {
        let local = &case.evolution.local;
        let layout = local.layout().unwrap();
        let prefix = format!("g{at}_");
        source += &declarations(local, &layout, &prefix);
        for (number, relocation) in case.relocations.iter().enumerate() {
            let Some(resolved) = accepted(local, &layout, relocation) else { continue };
            let name = format!("f{at}_{number}");
            let field = in_c(local, relocation, &resolved);
            let (root, kind) = (relocation.root.0, relocation.kind.to_raw());
            writeln!(
                source,
                "unsigned long long {name}({prefix}{root} *p)\n\
                 {{ return __builtin_preserve_field_info({field}, {kind}); }}"
            )
            .unwrap();
            let value = original_value(local, &layout, relocation).unwrap();
            ours.insert(name, (value, relocation, local));
        }
    }
    let theirs = compiled(target, &source)?;
    let mut compared = BTreeMap::new();
    for (name, (value, relocation, local)) in &ours {
        assert_eq!(Some(value), theirs.get(name), "{name} on {target}: {relocation:?} {local:#?}");
        *compared.entry(relocation.kind).or_default() += 1;
    }
    Some(compared)
}

/// Resolves the access path of a relocation; `None` if clang does not accept the relocation.
fn accepted(graph: &Graph, layout: &Layout, relocation: &RelocDesc) -> Option<ResolvedPath> {
    if relocation.kind.subject() != Subject::Field {
        return None;
    }
    let resolved = resolve_path(graph, layout, relocation.root, &relocation.path)?;
    // clang wants accesses to start with a member, and rejects arrays of arrays declared by
    // typedefs.
    let is_array =
        |container: &TypeId| matches!(graph.get(*container), Some(TypeDesc::Array { .. }));
    let [first, ..] = resolved.containers.as_slice() else { return None };
    let followed =
        !is_array(first) && !resolved.containers.windows(2).any(|pair| pair.iter().all(is_array));
    // clang 19 crashes on a member of a struct whose members all have no size.
    if resolved.containers.iter().any(|container| layout.size(*container) == Some(0)) {
        return None;
    }
    let size = layout.size(resolved.ty)?;
    let has_value = match (relocation.kind, resolved.bits) {
        (RelocKind::FieldSigned | RelocKind::FieldLshiftU64 | RelocKind::FieldRshiftU64, None) => {
            let ty = graph.resolve(resolved.ty);
            let number = matches!(ty, Some(TypeDesc::Int { .. } | TypeDesc::Enum(_)));
            number && !resolved.is_element && size <= 8
        }
        (_, None) => true,
        // clang may load a bitfield by another unit, or report an error.
        (kind, Some(_)) => matches!(kind, RelocKind::FieldExists | RelocKind::FieldSigned),
    };
    (followed && has_value).then_some(resolved)
}

/// Returns the access in C, from a pointer `p` to the root type.
fn in_c(graph: &Graph, relocation: &RelocDesc, resolved: &ResolvedPath) -> String {
    let (first, rest) = relocation.path.split_first().unwrap();
    let steps = rest.iter().zip(&resolved.containers).map(|(number, container)| {
        match graph.get(*container).unwrap() {
            TypeDesc::Composite(_) => format!(".m{number}"),
            _ => format!("[{number}]"),
        }
    });
    let steps: String = steps.collect();
    format!("p[{first}]{steps}")
}

/// Compiles C to assembly, and returns what each function returns.
fn compiled(target: &str, source: &str) -> Option<BTreeMap<String, u64>> {
    let arguments =
        ["-target", target, "-g", "-O2", "-w", "-fno-crash-diagnostics", "-S", "-o", "-"];
    let assembly = clang::compile(&format!("originals.{target}.c"), source, &arguments)?;
    Some(returned(&assembly))
}

/// Parses the numbers that functions move into register 0, by the names of the functions.
fn returned(assembly: &str) -> BTreeMap<String, u64> {
    let mut returned = BTreeMap::new();
    let mut function = "";
    for line in assembly.lines() {
        let code = line.split('#').next().unwrap_or(line).trim();
        if let Some(label) = code.strip_suffix(':')
            && label.starts_with('f')
        {
            function = label;
        }
        if let Some(number) = code.strip_prefix("r0 = ")
            && let Ok(number) = number.trim_end_matches(" ll").parse()
        {
            returned.insert(function.to_owned(), number);
        }
    }
    returned
}
