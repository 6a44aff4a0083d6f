//! llvm-objdump as a judge: it lists the same relocations of the compiled objects, with the same offsets,
//! functions, instructions and source lines.

use std::{
    collections::BTreeMap, env, ffi::OsStr, fs, path::Path, path::PathBuf, process::Command,
};

use core_reloc::{
    RelocKind,
    elf::{Object, ObjectRelocation, Skip, SourceLines},
    record::Subject,
};

/// A relocation as llvm-objdump lists it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Listed {
    section: String,
    insn_off: u32,
    /// The kind, the id of the type, and the access.
    access: String,
    /// The name of the section, where no function covers the instruction.
    function: String,
    insn: String,
    line: Option<String>,
}

/// LLVM's names of the kinds, in the order of their numbers.
const KINDS: [&str; 13] = [
    "byte_off",
    "byte_sz",
    "field_exists",
    "signed",
    "lshift_u64",
    "rshift_u64",
    "local_type_id",
    "target_type_id",
    "type_exists",
    "type_size",
    "enumval_exists",
    "enumval_value",
    "type_matches",
];

fn ours(path: &Path) -> Vec<Listed> {
    let bytes = fs::read(path).unwrap();
    let object = Object::parse(&bytes).unwrap();
    let lines = SourceLines::of(&object);
    let mut listed: Vec<Listed> = object
        .relocations()
        .map(|relocation| {
            let function = match relocation.function() {
                Ok(name) => name.unwrap().to_string(),
                Err(Skip::NoFunction) => relocation.section().to_string(),
                Err(skip) => panic!("{skip}"),
            };
            let line = lines.line(&relocation);
            Listed {
                section: relocation.section().to_string(),
                insn_off: relocation.insn_off(),
                access: access(&relocation),
                function,
                insn: relocation.insn().unwrap().to_string(),
                line: line.map(|line| format!("{}:{}", line.file, line.line)),
            }
        })
        .collect();
    listed.sort();
    listed
}

fn access(relocation: &ObjectRelocation<'_>) -> String {
    let kind = relocation.kind().unwrap();
    let root = relocation.root_name().unwrap();
    let id = relocation.type_id();
    let root = if root.is_empty() { format!("<anon {}>", id.0) } else { root.to_string() };
    let what = match kind.subject() {
        Subject::Field => format!("({})", relocation.access_string().unwrap()),
        Subject::Type => root,
        Subject::Enumerator => relocation.access_in_c(),
    };
    format!("<{}> {id} {what}", KINDS[kind.to_raw() as usize])
}

/// Returns the relocations that llvm-objdump lists.
fn theirs(objdump: &str, path: &Path) -> Vec<Listed> {
    let output = Command::new(objdump).arg("-drl").arg(path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();

    let mut listed = Vec::new();
    let (mut section, mut function, mut line) = ("", "", None);
    let mut insns: BTreeMap<u32, String> = BTreeMap::new();
    for text in text.lines() {
        if let Some(name) = text.strip_prefix("Disassembly of section ") {
            section = name.strip_suffix(':').unwrap();
            line = None;
            insns.clear();
        } else if let Some(place) = text.strip_prefix("; ") {
            line = Some(place.to_string());
        } else if let Some((_, name)) =
            text.strip_suffix(">:").and_then(|text| text.split_once(" <"))
        {
            function = name;
        } else if let Some((at, relocation)) = text.split_once(":  CO-RE ") {
            let insn_off = u32::from_str_radix(at.trim(), 16).unwrap();
            listed.push(Listed {
                section: section.to_string(),
                insn_off,
                access: normalized(relocation),
                function: function.to_string(),
                insn: insns[&(insn_off / 8)].clone(),
                line: line.clone(),
            });
        } else if let Some((number, rest)) = text.split_once(":\t") {
            // Other lines with a colon and a tab are relocations of other kinds.
            let Ok(number) = number.trim().parse::<u32>() else { continue };
            let hex = rest.split('\t').next().unwrap().replace(' ', "");
            insns.insert(number, hex);
        }
    }
    listed.sort();
    listed
}

/// `<byte_off> [12] struct task_struct::pid (0:3)` becomes `<byte_off> [12] (0:3)`, `<type_size> [5]
/// struct job` becomes `<type_size> [5] job`, `<enumval_value> [7] enum e::A = 1` becomes
/// `<enumval_value> [7] e::A`.
fn normalized(relocation: &str) -> String {
    let (kind, rest) = relocation.split_once(' ').unwrap();
    let (id, what) = rest.split_once(' ').unwrap();
    let number = KINDS.iter().position(|name| format!("<{name}>") == kind).unwrap();
    let what = match RelocKind::from_raw(number as u32).unwrap().subject() {
        Subject::Field => &what[what.rfind('(').unwrap()..],
        _ if what.starts_with('<') => what,
        _ => {
            let tagless = what.split_once(' ').unwrap().1;
            tagless.split_once(" = ").map_or(tagless, |(enumerator, _)| enumerator)
        }
    };
    format!("{kind} {id} {what}")
}

/// Returns an llvm-objdump that supports CO-RE, as since version 17.
fn objdump() -> Option<&'static str> {
    let names = ["llvm-objdump-19", "llvm-objdump-22", "llvm-objdump-21", "llvm-objdump-20"];
    names.into_iter().find(|name| Command::new(name).arg("--version").output().is_ok())
}

fn compiled_objects() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/objects");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension() == Some(OsStr::new("o"))).collect();
    paths.sort();
    paths
}

#[test]
fn llvm_objdump_lists_the_same_relocations() {
    let Some(objdump) = objdump() else {
        assert!(env::var_os("CI").is_none(), "llvm-objdump 19 or later is not installed");
        println!("SKIPPED: llvm-objdump 19 or later is not installed");
        return;
    };
    let mut count = 0;
    for path in compiled_objects() {
        let ours = ours(&path);
        count += ours.len();
        let theirs = theirs(objdump, &path);
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(ours, theirs, "{}", path.display());
        }
        assert_eq!(ours.len(), theirs.len(), "{}", path.display());
    }
    assert!(count > 400, "only {count} relocations were compared");
}
