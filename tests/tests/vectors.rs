//! The vectors for other implementers: each outcome is ours, and a script that knows only their
//! documentation reads them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use btf_types::{Btf, StrOffset, TypeId, ext::CoreReloc};
use core_reloc::{Module, RelocKind, Relocator, Status, Target};
use core_reloc_tests::data::{files, fixture};
use core_reloc_tests::judge::skipped;
use serde_json::Value as Json;

/// A file of vectors, with the bytes of its BTFs.
struct File {
    name: String,
    btf: BTreeMap<String, Vec<u8>>,
    vectors: Vec<Json>,
}

impl File {
    fn read_all() -> Vec<Self> {
        let paths = files(&fixture("vectors"), ".json").unwrap();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    fn read(path: &Path) -> Self {
        let json: Json = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let btf = json["btf"].as_object().unwrap().iter();
        Self {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            btf: btf.map(|(name, hex)| (name.clone(), from_hex(hex))).collect(),
            vectors: json["vectors"].as_array().unwrap().clone(),
        }
    }

    fn btf(&self, name: &Json) -> &[u8] {
        &self.btf[text(name)]
    }
}

fn text(json: &Json) -> &str {
    json.as_str().unwrap_or_else(|| panic!("{json} is not a string"))
}

fn number(json: &Json) -> u32 {
    u32::try_from(json.as_u64().unwrap()).unwrap()
}

fn from_hex(json: &Json) -> Vec<u8> {
    let (pairs, rest) = text(json).as_bytes().as_chunks::<2>();
    assert!(rest.is_empty(), "{json}");
    let byte = |pair: &[u8; 2]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.iter().map(byte).collect()
}

/// Relocates the code of a vector, and compares each outcome.
fn check(file: &File, vector: &Json) {
    let local = Btf::parse(file.btf(&vector["local"])).unwrap();
    let main = Btf::parse(file.btf(&vector["target"])).unwrap();
    let modules = vector["modules"].as_array().unwrap().iter();
    let modules: Vec<Btf<'_>> =
        modules.map(|name| Btf::parse_split(file.btf(name), &main).unwrap()).collect();
    let modules = modules.iter().map(|btf| Module { name: "module", btf });
    let target = Target::new(&main).with_modules(modules);
    let mut relocator = Relocator::new(&local, &target);
    let mut code = from_hex(&vector["code"]);
    for expected in vector["relocations"].as_array().unwrap() {
        let record = CoreReloc {
            insn_off: number(&expected["insn_off"]),
            type_id: TypeId(number(&expected["type_id"])),
            access_str_off: StrOffset(number(&expected["access_str_off"])),
            kind: number(&expected["kind"]),
        };
        let access = local.string(record.access_str_off).unwrap();
        assert_eq!(access.to_str().unwrap(), text(&expected["access"]));
        assert_eq!(
            RelocKind::from_raw(record.kind).map(RelocKind::name),
            expected["kind_name"].as_str()
        );

        let relocation = relocator.decode(&record);
        let applied = relocation.and_then(|relocation| relocator.relocate(&mut code, &relocation));
        let (outcome, value) = match &applied {
            Err(_) => ("error", None),
            Ok(applied) => match applied.patched.status {
                Status::Relocated => ("relocated", applied.resolution.value()),
                Status::Poisoned(_) => ("poisoned", None),
                Status::Kept(_) => ("kept", None),
                status => panic!("{status:?}"),
            },
        };
        let value = value.map(|value| value.to_string());
        let is_expected = outcome == text(&expected["outcome"])
            && value.as_deref() == expected["value"].as_str()
            && code == from_hex(&expected["code"]);
        let name = text(&vector["name"]);
        assert!(is_expected, "{}, {name}: expected\n{expected}\nfound {applied:?}\n", file.name);
    }
}

#[test]
fn each_outcome_is_ours() {
    let (mut count, mut orders) = (0, BTreeSet::new());
    let mut outcomes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in File::read_all() {
        for vector in &file.vectors {
            check(&file, vector);
            count += 1;
            orders.insert(file.btf(&vector["local"])[0]);
            for relocation in vector["relocations"].as_array().unwrap() {
                let kind = relocation["kind"].to_string();
                let outcome = text(&relocation["outcome"]).to_owned();
                outcomes.entry(kind).or_default().insert(outcome);
            }
        }
    }
    assert!(count >= 1000 && orders.len() == 2, "{count} vectors, {orders:?}");
    for kind in RelocKind::ALL {
        let found = outcomes.get(&kind.to_raw().to_string()).unwrap();
        // Kinds that have an answer where the target has nothing are not poisoned.
        let is_always_answered = kind.is_existence()
            || matches!(
                kind,
                RelocKind::TypeIdLocal | RelocKind::TypeIdTarget | RelocKind::TypeSize
            );
        assert_eq!(found.len(), if is_always_answered { 2 } else { 3 }, "{kind}: {found:?}");
    }
}

#[test]
fn each_vector_names_its_judge() {
    for file in File::read_all() {
        let mut names = BTreeSet::new();
        for vector in &file.vectors {
            let judge = text(&vector["judge"]);
            let is_known = judge == "libbpf 1.7" || judge.starts_with("arithmetic: libbpf ");
            assert!(is_known, "{}: {judge}", file.name);
            assert!(names.insert(text(&vector["name"])), "{}: {}", file.name, vector["name"]);
            for member in ["rule", "about"] {
                assert!(!text(&vector[member]).is_empty(), "{}: {vector}", file.name);
            }
        }
    }
}

#[test]
fn a_python_script_reads_them() {
    let script = fixture("../docs/vectors.py");
    let lines = fs::read_to_string(&script).unwrap().lines().count();
    assert!(lines <= 150, "{lines} lines");
    let mut python = Command::new("python3");
    let output = match python.arg(&script).arg(fixture("vectors")).output() {
        Ok(output) => output,
        Err(error) => return skipped(&format!("python3: {error}")),
    };
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{errors}");
    // As in `1170 vectors in 14 files are well-formed; 350 outcomes computed again`.
    let numbers: Vec<u32> = printed.split(' ').filter_map(|word| word.parse().ok()).collect();
    let [vectors, files, computed] = numbers[..] else { panic!("{printed}") };
    assert!(vectors >= 1000 && files >= 14 && computed >= 200, "{printed}");
}
