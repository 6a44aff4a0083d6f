//! Real kernels in a store. The BTF that is extracted from it declares the same in C, as bpftool writes it, and
//! libbpf and we relocate the real objects with it as with the original. Generated kernels are in
//! `crates/btf-store/tests/it`.
#![cfg(feature = "libbpf")]

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use btf_store::{Info, Selection, Store, Writer};
use btf_types::Btf;
use core_reloc::elf::{Object, Outcome};
use core_reloc::{Options, Target};
use core_reloc_tests::conformance::{Kernel, ObjectFile, inputs};
use core_reloc_tests::judge::skipped;

/// Returns the kernels of the data, with their modules, and the store of all of them.
fn kernels() -> Option<(Vec<Kernel>, Vec<u8>)> {
    let kernels = inputs::kernels().map_err(|why| skipped(&why)).ok()?;
    let mut writer = Writer::new();
    for kernel in &kernels {
        let main = Btf::parse(&kernel.main).unwrap();
        let modules = kernel.modules.iter();
        let modules: Vec<_> = modules
            .map(|(name, bytes)| (name.as_str(), Btf::parse_split(bytes, &main).unwrap()))
            .collect();
        let modules: Vec<_> = modules.iter().map(|(name, btf)| (*name, btf)).collect();
        writer.add(Info { release: &kernel.name, ..Info::default() }, &main, &modules).unwrap();
    }
    Some((kernels, writer.finish_packed().unwrap()))
}

fn extract(store: &Store<'_>, name: &str) -> Kernel {
    let kernel = store.find(name).unwrap().next().unwrap().unwrap();
    let extracted = kernel.extract().unwrap();
    let modules = kernel.modules().unwrap();
    let modules = modules.iter();
    let modules = modules
        .map(|module| (module.name().to_owned(), extracted.module(module).unwrap()))
        .collect();
    Kernel { modules, ..Kernel::new(name, extracted.into_bytes()) }
}

/// Returns the objects of all architectures.
fn objects() -> Vec<ObjectFile> {
    inputs::objects().map_or_else(
        |why| {
            skipped(&why);
            Vec::new()
        },
        |objects| objects.into_values().flatten().collect(),
    )
}

/// Returns a text without the numbers that bpftool appends to names that it wrote before, in the order of ids.
fn without_numbers(text: &str) -> String {
    let mut parts = text.split("___");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_number = rest.len() < part.len()
            && !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        if is_number {
            plain.push_str(rest);
        } else {
            plain.push_str("___");
            plain.push_str(part);
        }
    }
    plain
}

/// Returns the definitions that bpftool writes in C. Declarations without a body may be more or less often there,
/// by the order of the types.
fn definitions(kernel: &Kernel) -> Result<BTreeSet<String>, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let path = folder.path().join("btf");
    fs::write(&path, &kernel.main).map_err(|error| error.to_string())?;
    let mut command = Command::new("/usr/sbin/bpftool");
    let output = command.args(["btf", "dump", "file"]).arg(&path).args(["format", "c"]).output();
    let output = output.map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8(output.stdout).map_err(|error| error.to_string())?;
    let mut all = BTreeSet::new();
    for definition in text.split("\n\n").map(str::trim) {
        if definition.contains('{') && !definition.starts_with('#') {
            all.insert(without_numbers(definition));
        }
    }
    Ok(all)
}

#[test]
fn bpftool_declares_the_same() {
    let Some((kernels, bytes)) = kernels() else { return };
    let store = Store::open(&bytes).unwrap();
    for kernel in &kernels {
        let extracted = extract(&store, &kernel.name);
        match (definitions(kernel), definitions(&extracted)) {
            (Ok(one), Ok(other)) => {
                println!("{}: {} definitions", kernel.name, one.len());
                assert!(one.len() > 5000, "{}", one.len());
                let missing: Vec<_> = one.difference(&other).take(3).collect();
                let added: Vec<_> = other.difference(&one).take(3).collect();
                assert!(missing.is_empty() && added.is_empty(), "{missing:#?} {added:#?}");
            }
            (Err(why), _) => skipped(&why),
            (Ok(_), Err(why)) => panic!("bpftool reads the original only: {why}"),
        }
    }
}

#[test]
fn libbpf_relocates_the_same() {
    let Some((kernels, bytes)) = kernels() else { return };
    let store = Store::open(&bytes).unwrap();
    let mut count = 0;
    for kernel in &kernels {
        let extracted = extract(&store, &kernel.name);
        let order = Btf::parse(&kernel.main).unwrap().byte_order();
        for object in objects() {
            let parsed = Object::parse(&object.bytes).unwrap();
            if parsed.byte_order() != order {
                continue;
            }
            let differences = object.differences(kernel, &extracted).unwrap();
            assert!(differences.is_empty(), "{differences:#?}");
            count += parsed.relocations().count();
        }
    }
    println!("libbpf relocates {count} relocations the same");
    assert!(count == 0 || count > 5_000, "{count}");
}

/// Returns what we make of each relocation, without the ids of target types.
fn outcomes(object: &Object<'_>, target: &Target<'_>) -> Vec<String> {
    const TYPE_ID_TARGET: u32 = 7;
    let reports = object.relocate(target, Options::default());
    let outcomes = reports.map(|report| match report.outcome {
        Outcome::Applied { status, .. } if report.relocation.record().kind == TYPE_ID_TARGET => {
            format!("{status:?}")
        }
        Outcome::Applied { status, .. } => format!("{status:?} {:?}", report.after),
        Outcome::Failed(_) => "failed".into(),
        other => format!("{other:?}"),
    });
    outcomes.collect()
}

/// What is extracted for an object alone answers all of its relocations, for each kernel of a group.
#[test]
fn objects_get_the_same_from_what_they_ask_for() {
    let Some((kernels, bytes)) = kernels() else { return };
    let store = Store::open(&bytes).unwrap();
    let whole: Vec<_> = kernels.iter().map(|kernel| Btf::parse(&kernel.main).unwrap()).collect();
    let whole: Vec<_> = whole.iter().map(|main| Target::new(main).indexed()).collect();
    // In the order of the store.
    let index = |number: u32| {
        let release = store.kernel(number).unwrap().info().release;
        kernels.iter().position(|kernel| kernel.name == release).unwrap()
    };
    let (mut count, mut groups, mut len) = (0, 0, 0);
    for object in objects() {
        let parsed = Object::parse(&object.bytes).unwrap();
        let Some(local) = parsed.btf() else { continue };
        let roots = parsed.relocations().map(|relocation| relocation.record().type_id);
        let names = roots.filter_map(|id| local.type_by_id(id).ok()?.name().ok());
        let selection = Selection::new().types(names);
        for group in store.groups(&selection).unwrap() {
            let extracted = group.extract(&store).unwrap();
            let main = Btf::parse(extracted.as_bytes()).unwrap();
            let found = outcomes(&parsed, &Target::new(&main));
            for number in group.kernels() {
                let expected = outcomes(&parsed, &whole[index(*number)]);
                assert_eq!(found, expected, "{} on kernel {number}", object.name);
                count += found.len();
            }
            groups += 1;
            len += extracted.as_bytes().len();
        }
    }
    println!("{count} relocations have the same outcome, in {groups} groups of {len} bytes");
}
