//! clang judges what is written into instructions.

use std::{
    collections::BTreeMap,
    env,
    fmt::Write,
    fs,
    path::Path,
    process::{Command, Output},
};

use btf_types::{
    ByteOrder, TypeId,
    proptest::{Graph, Layout, TypeDesc},
};
use core_reloc::{
    RelocKind, Subject,
    proptest::{Case, CaseProfile, RelocDesc, Walked, case, original_value, walk},
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};

use crate::in_c::declarations;

const CLANG: &str = "clang-19";

/// How many programs each byte order gets.
const CASES: usize = 300;

#[test]
fn originals_are_those_of_a_compiler() {
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

/// Compares the values of all fields of some cases, and says how many there were of each kind;
/// `None` if there is no compiler.
fn compare(target: &str, cases: &[Case]) -> Option<BTreeMap<RelocKind, usize>> {
    let mut source = String::new();
    let mut ours = BTreeMap::new();
    for (at, case) in cases.iter().enumerate() {
        let local = &case.evolution.local;
        let layout = local.layout().unwrap();
        let prefix = format!("g{at}_");
        source += &declarations(local, &layout, &prefix);
        for (number, relocation) in case.relocations.iter().enumerate() {
            let Some(walked) = asked(local, &layout, relocation) else { continue };
            let name = format!("f{at}_{number}");
            let field = in_c(local, relocation, &walked);
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

/// Where a relocation leads to, if it is one that clang takes.
fn asked(graph: &Graph, layout: &Layout, relocation: &RelocDesc) -> Option<Walked> {
    if relocation.kind.subject() != Subject::Field {
        return None;
    }
    let walked = walk(graph, layout, relocation.root, &relocation.path)?;
    // An access begins with a member, and clang does not follow arrays that it got by a typedef
    // into arrays.
    let is_array = |holder: &TypeId| matches!(graph.get(*holder), Some(TypeDesc::Array { .. }));
    let [first, ..] = walked.holders.as_slice() else { return None };
    let followed =
        !is_array(first) && !walked.holders.windows(2).any(|pair| pair.iter().all(is_array));
    let size = layout.size(walked.ty)?;
    let takes = match (relocation.kind, walked.bits) {
        (RelocKind::FieldSigned | RelocKind::FieldLshiftU64 | RelocKind::FieldRshiftU64, None) => {
            let resolved = graph.resolve(walked.ty);
            let number = matches!(resolved, Some(TypeDesc::Int { .. } | TypeDesc::Enum(_)));
            number && !walked.is_element && size <= 8
        }
        (_, None) => true,
        // clang loads a bitfield by a unit that its own types have, or gives up.
        (kind, Some(_)) => matches!(kind, RelocKind::FieldExists | RelocKind::FieldSigned),
    };
    (followed && takes).then_some(walked)
}

/// The access, from a pointer `p` to the root.
fn in_c(graph: &Graph, relocation: &RelocDesc, walked: &Walked) -> String {
    let (first, rest) = relocation.path.split_first().unwrap();
    let steps = rest.iter().zip(&walked.holders).map(|(number, holder)| {
        match graph.get(*holder).unwrap() {
            TypeDesc::Composite(_) => format!(".m{number}"),
            _ => format!("[{number}]"),
        }
    });
    let steps: String = steps.collect();
    format!("p[{first}]{steps}")
}

/// Compiles C to assembly, and reads what each function returns.
fn compiled(target: &str, source: &str) -> Option<BTreeMap<String, u64>> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("originals.{target}.c"));
    fs::write(&path, source).unwrap();
    let mut clang = Command::new(CLANG);
    clang
        .args(["-target", target, "-g", "-O2", "-w", "-fno-crash-diagnostics", "-S", "-o", "-"])
        .arg(&path);
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
    Some(returned(&String::from_utf8(stdout).unwrap()))
}

/// The numbers that functions move into register 0, by the functions' names.
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
