//! Kernels with the same BTF are checked once, with the results of kernels that differ.

use std::{fs, path::Path};

use core_reloc_tests::kernel_files::pack_in;

use crate::program::{Folder, fixture, run_line, with_unused_string};

const NAMES: [&str; 4] = ["5.10.btf", "5.10.1-copy.btf", "6.12.btf", "6.12.1-copy.btf"];

/// The objects: what one of them loads on depends on the kernel's release, too.
const OBJECTS: &str = "fixtures/verdicts/guards.bpfel.o fixtures/objects/access.bpfel.o";

#[test]
fn kernels_with_the_same_types_have_the_results_of_their_own_release() {
    let (same, different, archives) = (Folder::new(), Folder::new(), Folder::new());
    let btf = fixture("btf/moved.le.btf");
    for name in NAMES {
        same.file(name, &btf);
        different.file(name, &with_unused_string(&btf, name));
    }
    let mut sources = [&same, &different].map(|folder| vec![folder.path("")]);
    for ((folder, name), sources) in
        [(&same, "same.tar"), (&different, "different.tar")].into_iter().zip(&mut sources)
    {
        let line = format!("tar -c -f - {}", NAMES.join(" "));
        let Some(archive) = pack_in(Path::new(&folder.path("")), &line, b"") else { continue };
        sources.push(archives.file(name, &archive));
    }
    let [same, different] = sources;
    for (same, different) in same.iter().zip(&different) {
        let [same, different] = [same, different].map(|source| {
            run_line(&format!("check {OBJECTS} --target {source} --format json --explain"))
        });
        assert!(different.stdout.contains("6.12.1-copy"), "{different:?}");
        assert_eq!(same, different);
    }
}

#[test]
fn a_kernel_is_not_the_same_with_other_modules() {
    let folder = Folder::new();
    let kernel = fixture("btf/modular.le.btf");
    // The first has no modules, the second has the one that the object asks for.
    folder.file("1.btf", &kernel);
    folder.file("2.btf", &kernel);
    let modules = folder.path("2.modules");
    fs::create_dir(&modules).unwrap();
    fs::write(format!("{modules}/stats.btf"), fixture("btf/modular.le.stats.btf")).unwrap();
    let programs = |target: &str| -> Vec<String> {
        let object = "fixtures/objects/module.bpfel.o";
        let run = run_line(&format!("check {object} --target {target} --format json"));
        let is_program = |line: &&str| line.starts_with(r#"{"type":"program""#);
        run.stdout.lines().filter(is_program).map(str::to_string).collect()
    };
    let alone = ["1.btf", "2.btf"].map(|name| programs(&folder.path(name)));
    assert!(alone[0][0].contains(r#""verdict":"poisoned""#), "{alone:?}");
    assert!(!alone[1][0].contains(r#""verdict":"poisoned""#), "{alone:?}");
    assert_eq!(programs(&folder.path("")), alone.concat());
}
