//! Resolves every relocation of the objects in `fixtures/objects` for every made-up kernel in
//! `fixtures/btf`, in both byte orders. The expected values come from the description that the kernels are
//! generated from (see `fixtures/README.md`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use btf_types::{Btf, BtfExt};
use core_reloc::{
    Cause, Code, Error, Module, OnUnresolved, Options, Relocation, Relocator, Resolution, Target,
    patch::patch_insn, resolve::Resize,
};
use core_reloc_tests::data::{fixture, read_fixture as read};
use object::{Object, ObjectSection};

/// The kind, root type and access string of a relocation.
type Question = (String, String, String);

/// The columns of answers.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Expected {
    answer: String,
    access: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Little,
    Big,
}

impl Order {
    /// Returns the suffixes of objects and of BTF.
    fn suffixes(self) -> (&'static str, &'static str) {
        match self {
            Order::Little => (".bpfel.o", "le"),
            Order::Big => (".bpfeb.o", "be"),
        }
    }
}

/// Returns the names of the files with a suffix in a folder, without the suffix, in order.
fn names(folder: &str, suffix: &str) -> Vec<String> {
    let entries = fs::read_dir(fixture(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names: BTreeSet<String> =
        names.filter_map(|name| name.strip_suffix(suffix).map(str::to_string)).collect();
    names.into_iter().collect()
}

fn kernels() -> Vec<String> {
    names("btf", ".answers")
}

/// Returns the objects, except for `task`, which has relocations of a real kernel's types.
fn objects(order: Order) -> Vec<(String, Vec<u8>)> {
    let suffix = order.suffixes().0;
    let names = names("objects", suffix).into_iter().filter(|name| name != "task");
    names.map(|name| (name.clone(), read(&format!("objects/{name}{suffix}")))).collect()
}

fn answers(kernel: &str) -> BTreeMap<Question, Expected> {
    let text = String::from_utf8(read(&format!("btf/{kernel}.answers"))).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let mut columns = line.split_whitespace().map(str::to_string);
            let mut next = || columns.next().unwrap_or_else(|| panic!("{kernel}: {line}"));
            ((next(), next(), next()), Expected { answer: next(), access: next() })
        })
        .collect()
}

/// Returns all relocations of an object, with their instructions.
fn relocations(local: &Btf<'_>, object: &object::File<'_>) -> Vec<(Question, Relocation, Code)> {
    let ext = BtfExt::parse(section(object, ".BTF.ext")).unwrap();
    let mut relocations = Vec::new();
    for group in ext.core_relocs().sections() {
        let code = section(object, local.string(group.name_off()).unwrap().to_str().unwrap());
        for record in group.records() {
            let relocation = Relocation::from_record(local, &record).unwrap();
            let name = local.type_by_id(record.type_id).unwrap().name().unwrap().to_string();
            let root = if name.is_empty() { "-".to_string() } else { name };
            let access = local.string(record.access_str_off).unwrap().to_string();
            let insn = Code::at(code, relocation.insn_off).unwrap();
            let question = (relocation.kind.name().to_string(), root, access);
            relocations.push((question, relocation, insn));
        }
    }
    relocations
}

fn section<'a>(object: &object::File<'a>, name: &str) -> &'a [u8] {
    object.section_by_name(name).unwrap_or_else(|| panic!("no {name}")).data().unwrap()
}

/// Converts a result to the columns of an answer.
fn answer(result: &Result<Resolution, Error>, expected: &str) -> Expected {
    let (answer, access) = match result {
        Err(Error { cause: Cause::Ambiguous(_), .. }) => ("ambiguous".to_string(), None),
        Err(error) => (error.to_string(), None),
        Ok(resolution) => match resolution.change {
            None => ("unresolved".to_string(), None),
            Some(change) if expected == "local" && change.value == change.original => {
                ("local".to_string(), None)
            }
            Some(change) => ((change.value as i64).to_string(), Some(change.resize)),
        },
    };
    let access = match access {
        None | Some(Resize::Same) => "-".to_string(),
        Some(Resize::To { to, .. }) => to.to_string(),
        Some(Resize::Unsafe { .. }) => "poison".to_string(),
        Some(resize) => panic!("{resize:?}"),
    };
    Expected { answer, access }
}

/// Returns the answer for a byte order; a line may have both, as `little/big`.
fn for_order(expected: &Expected, order: Order) -> Expected {
    let answer = match (expected.answer.split_once('/'), order) {
        (Some((little, _)), Order::Little) => little.to_string(),
        (Some((_, big)), Order::Big) => big.to_string(),
        (None, _) => expected.answer.clone(),
    };
    Expected { answer, access: expected.access.clone() }
}

/// Compares all relocations of the objects of a byte order for a kernel. Returns the differences, and the
/// number of relocations.
fn compare(kernel: &str, order: Order) -> (Vec<String>, usize) {
    let answers = answers(kernel);
    let end = order.suffixes().1;
    let main = read(&format!("btf/{kernel}.{end}.btf"));
    let main = Btf::parse(&main).unwrap();
    let module_prefix = format!("{kernel}.{end}.");
    let modules: Vec<(String, Vec<u8>)> = names("btf", ".btf")
        .iter()
        .filter_map(|name| name.strip_prefix(&module_prefix))
        .map(|name| (name.to_string(), read(&format!("btf/{module_prefix}{name}.btf"))))
        .collect();
    let modules: Vec<(&str, Btf<'_>)> = modules
        .iter()
        .map(|(name, bytes)| (name.as_str(), Btf::parse_split(bytes, &main).unwrap()))
        .collect();
    let modules = modules.iter().map(|(name, btf)| Module { name, btf });
    let target = Target::new(&main).with_modules(modules);

    let (mut differences, mut count) = (Vec::new(), 0);
    for (object_name, bytes) in objects(order) {
        let object = object::File::parse(&*bytes).unwrap();
        let local = Btf::parse(section(&object, ".BTF")).unwrap();
        let mut relocator = Relocator::with_options(&local, &target, Options::default());
        for (question, relocation, insn) in relocations(&local, &object) {
            let expected = answers
                .get(&question)
                .unwrap_or_else(|| panic!("{object_name}: no answer for {question:?}"));
            let expected = for_order(expected, order);
            let resolution = relocator.resolve(&relocation).map(|resolution| {
                match patch_insn(insn, &resolution, OnUnresolved::Keep) {
                    Ok(patched) => patched.settle(resolution),
                    Err(_) => resolution,
                }
            });
            let found = answer(&resolution, &expected.answer);
            if found != expected {
                differences.push(format!(
                    "{object_name} on {kernel}.{end}: {question:?}: expected {expected:?}, got {found:?}"
                ));
            }
            count += 1;
        }
    }
    (differences, count)
}

#[test]
fn every_relocation_resolves_as_described() {
    let mut differences = Vec::new();
    let mut count = 0;
    for kernel in kernels() {
        for order in [Order::Little, Order::Big] {
            let (differ, compared) = compare(&kernel, order);
            differences.extend(differ);
            count += compared;
        }
    }
    assert!(count > 8000, "only {count} relocations were compared");
    assert!(
        differences.is_empty(),
        "{} of {count}:\n{}",
        differences.len(),
        differences.join("\n")
    );
}

#[test]
fn every_answer_has_a_relocation() {
    let mut relocated = BTreeSet::new();
    for (_, bytes) in objects(Order::Little) {
        let object = object::File::parse(&*bytes).unwrap();
        let local = Btf::parse(section(&object, ".BTF")).unwrap();
        let relocations = relocations(&local, &object);
        relocated.extend(relocations.into_iter().map(|(question, ..)| question));
    }
    for kernel in kernels() {
        let answered: BTreeSet<Question> = answers(&kernel).into_keys().collect();
        assert_eq!(answered, relocated, "{kernel}");
    }
}
