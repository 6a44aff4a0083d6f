//! Source lines, compared with the source: the line of a relocation contains the name of its field, type
//! or enumerator.

use std::fs;
use std::path::{Path, PathBuf};

use core_reloc::elf::{Object, SourceLines};

/// Returns the last name of an access in C: `weight` of `job.queue.weight`, `job` of `struct job *`. A flavor
/// is part of the name.
fn last_name(access: &str) -> &str {
    let mut names = access.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    let is_name = |name: &&str| name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    names.rfind(is_name).unwrap()
}

/// Returns the relocations of an object whose line does not contain their name.
fn misplaced(path: &Path) -> Vec<String> {
    let bytes = fs::read(path).unwrap();
    let object = Object::parse(&bytes).unwrap();
    let lines = SourceLines::of(&object);
    let mut misplaced = Vec::new();
    for relocation in object.relocations() {
        let access = relocation.access_in_c();
        let line = lines.written_in(&relocation).unwrap();
        if !line.text.to_string().contains(last_name(&access)) {
            let file = path.file_name().unwrap().to_str().unwrap();
            misplaced.push(format!("{file}: {access} in {}", line.text));
        }
    }
    misplaced
}

#[test]
fn the_line_of_a_relocation_contains_its_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/objects");
    let mut objects: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    objects.sort();
    assert!(objects.len() > 15);
    let misplaced: Vec<String> = objects.iter().flat_map(|path| misplaced(path)).collect();
    // There, clang moved a store of the previous statement between the constant and its use.
    assert_eq!(
        misplaced,
        [
            r"access_v4.bpfeb.o: job.parent in \tu64 flags = 0;",
            r"access_v4.bpfel.o: job.parent in \tu64 flags = 0;",
        ]
    );
}
