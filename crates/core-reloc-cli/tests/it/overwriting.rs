//! Outputs never replace inputs, nor files that the option has not written.

use std::{
    fs::{self, File, hard_link},
    os::unix::fs::symlink,
};

use expect_test::expect;

use crate::{
    output::{KERNEL, OBJECT, relocated},
    program::{Folder, Run, command, fixture, run, run_line},
};

/// A folder with each kind of input.
fn inputs() -> Folder {
    let folder = Folder::new();
    folder.file("a.o", &fixture("objects/access.bpfel.o"));
    folder.file("6.1.btf", &fixture("btf/modular.le.btf"));
    folder.file("stats.btf", &fixture("btf/modular.le.stats.btf"));
    folder.file("known.tsv", b"# Known problems that core-reloc check --baseline accepts.\n");
    fs::create_dir(folder.path("kernels")).unwrap();
    folder.file("kernels/6.2.btf", &fixture("btf/moved.le.btf"));
    folder.file("kernels/all.tar.xz", b"");
    symlink("a.o", folder.path("link.o")).unwrap();
    hard_link(folder.path("a.o"), folder.path("twin.o")).unwrap();
    symlink(folder.path("known.tsv"), folder.path("link.tsv")).unwrap();
    folder
}

/// The names and contents of the files in a folder.
fn contents(folder: &Folder) -> Vec<(String, Vec<u8>)> {
    let files = folder.names().into_iter().filter(|name| name != "kernels");
    files.map(|name| (name.clone(), fs::read(folder.path(&name)).unwrap())).collect()
}

/// Runs a command in the folder.
fn run_in(folder: &Folder, line: &str) -> Run {
    let mut command = command(&line.split(' ').collect::<Vec<_>>());
    Run::of(command.current_dir(folder.path("")).output().unwrap())
}

#[test]
fn an_output_that_is_an_input_is_refused() {
    let folder = inputs();
    let before = contents(&folder);
    let relocate = "relocate a.o --target 6.1.btf --module stats.btf";
    let minimize = "minimize a.o --target 6.1.btf";
    let check = "check a.o --target 6.1.btf --baseline known.tsv";
    let all = "minimize a.o --target kernels -o kernels";
    for (line, expected) in [
        (
            format!("{relocate} -o a.o"),
            "a.o: it is also the object; name another file, or use --in-place",
        ),
        (
            format!("{relocate} -o link.o"),
            "link.o: it is also the object; name another file, or use --in-place",
        ),
        (
            format!("{relocate} -o twin.o"),
            "twin.o: it is also the object; name another file, or use --in-place",
        ),
        (
            format!("{relocate} -o 6.1.btf"),
            "6.1.btf: it is also an input, 6.1.btf; name another file",
        ),
        (
            format!("{relocate} -o ./stats.btf"),
            "./stats.btf: it is also an input, stats.btf; name another file",
        ),
        (
            format!("{minimize} -o 6.1.btf"),
            "6.1.btf: it is also an input, 6.1.btf; name another file",
        ),
        (format!("{minimize} -o twin.o"), "twin.o: it is also an input, a.o; name another file"),
        (
            format!("{all}/all.tar.xz"),
            "kernels/all.tar.xz: it is also an input, kernels/all.tar.xz; name another file",
        ),
        (format!("{check} --html a.o"), "a.o: it is also an input, a.o; name another file"),
        (
            format!("{check} --html 6.1.btf"),
            "6.1.btf: it is also an input, 6.1.btf; name another file",
        ),
        (
            format!("{check} --write-baseline known.tsv"),
            "known.tsv: it is also an input, known.tsv; name another file",
        ),
        (
            format!("{check} --write-baseline link.tsv"),
            "link.tsv: it is also an input, known.tsv; name another file",
        ),
    ] {
        let error = run_in(&folder, &line).refused();
        assert_eq!(error, format!("core-reloc: error: cannot write {expected}\n"), "{line}");
    }
    assert_eq!(contents(&folder), before);
}

#[test]
fn an_output_that_is_standard_input_is_refused() {
    let folder = inputs();
    let target = File::open(folder.path("6.1.btf")).unwrap();
    let (object, out) = (folder.path("a.o"), folder.path("6.1.btf"));
    let arguments = ["relocate", &object, "--target", "-", "-o", &out];
    let output = command(&arguments).stdin(target).output().unwrap();
    expect![[r#"
        core-reloc: error: cannot write /6.1.btf: it is also an input, standard input; name another file
    "#]]
    .assert_eq(&folder.strip(&Run::of(output).refused()));
    let arguments = ["relocate", "-", "--target", "fixtures/btf/moved.le.btf", "-o", &object];
    let output = command(&arguments).stdin(File::open(&object).unwrap()).output().unwrap();
    expect![[r#"
        core-reloc: error: cannot write /a.o: it is also an input, standard input; name another file
    "#]]
    .assert_eq(&folder.strip(&Run::of(output).refused()));
}

#[test]
fn the_object_is_replaced_in_place() {
    for more in ["--in-place", "--in-place -o OBJECT", "--in-place -o LINK"] {
        let folder = Folder::new();
        let object = folder.file("object.o", &fixture("objects/access.bpfel.o"));
        let link = folder.path("link.o");
        symlink("object.o", &link).unwrap();
        let more = more.replace("OBJECT", &object).replace("LINK", &link);
        run_line(&format!("relocate {object} {KERNEL} {more}")).good();
        assert!(fs::read(object).unwrap() == relocated());
        assert!(fs::symlink_metadata(link).unwrap().is_symlink());
        assert_eq!(folder.names(), ["link.o", "object.o"]);
    }
}

#[test]
fn in_place_replaces_the_object_only() {
    let folder = inputs();
    let before = contents(&folder);
    let error = |line: &str| run_in(&folder, line).refused();
    expect![[r#"
        core-reloc: error: --in-place writes to a.o, but -o names b.o; use one of them
    "#]]
    .assert_eq(&error("relocate a.o --target 6.1.btf --in-place -o b.o"));
    // The target is read as BTF of a kernel, and must stay.
    expect![[r#"
        core-reloc: error: cannot write a.o: it is also an input, twin.o; name another file
    "#]]
    .assert_eq(&error("relocate a.o --target twin.o --in-place"));
    assert_eq!(contents(&folder), before);
}

#[test]
fn check_replaces_only_files_that_it_has_written() {
    let folder = Folder::new();
    let known = folder.file("notes.tsv", b"the only copy\n");
    let page =
        folder.file("index.html", b"<!DOCTYPE html>\n<html lang=\"en\">\n<p>the only copy\n");
    let before = contents(&folder);
    let check = format!("check {OBJECT} {KERNEL}");
    let error = |more: &str| folder.strip(&run_line(&format!("{check} {more}")).refused());
    expect![[r#"
        core-reloc: error: cannot write /notes.tsv: the file was not written by core-reloc check; name another file, or remove it
    "#]]
    .assert_eq(&error(&format!("--write-baseline {known}")));
    expect![[r#"
        core-reloc: error: cannot write /index.html: the file was not written by core-reloc check; name another file, or remove it
    "#]]
    .assert_eq(&error(&format!("--html {page}")));
    assert_eq!(contents(&folder), before);

    // Empty files, and those of earlier runs.
    for name in ["notes.tsv", "index.html"] {
        folder.file(name, b"");
    }
    for _ in 0..2 {
        run_line(&format!("{check} --write-baseline {known} --html {page}")).good();
    }
    // Each is not what the other option writes.
    assert!(error(&format!("--write-baseline {page}")).contains("was not written by"));
    assert!(error(&format!("--html {known}")).contains("was not written by"));
    expect![[r#"
        core-reloc: error: two options write to /new; name different files
    "#]]
    .assert_eq(&error(&format!("--html {0} --write-baseline {0}", folder.path("new"))));
}

#[test]
fn every_output_may_be_standard_output() {
    let folder = Folder::new();
    let out = folder.path("out");
    // The report goes to standard error.
    for (line, report) in [
        (format!("relocate {OBJECT} {KERNEL} -o OUT"), "26 relocations: 26 relocated; written to "),
        (format!("minimize {OBJECT} {KERNEL} -o OUT"), "fixtures/btf/moved.le.btf: 26 relocations"),
        (format!("check {OBJECT} {KERNEL} --html OUT"), "1 object, "),
        (format!("check {OBJECT} {KERNEL} --write-baseline OUT"), "1 object, "),
    ] {
        run_line(&line.replace("OUT", &out)).good();
        let expected = fs::read(&out).unwrap();
        fs::remove_file(&out).unwrap();
        let line = line.replace("OUT", "-");
        let output = command(&line.split(' ').collect::<Vec<_>>()).output().unwrap();
        assert!(output.status.success(), "{line}");
        assert!(output.stdout == expected, "{line}");
        let printed = String::from_utf8(output.stderr).unwrap();
        assert!(printed.contains(report), "{line}: {printed}");
    }
    assert!(folder.names().is_empty());
    let two = run(&["check", OBJECT, "--html", "-", "--write-baseline", "-"]).refused();
    expect![[r#"
        core-reloc: error: two options write to -; name different files
    "#]]
    .assert_eq(&two);
    let folders = run_line(&format!("minimize {OBJECT} --target fixtures/btf -o -"));
    assert!(folders.refused().ends_with(
        "core-reloc: error: standard output takes a single file; name a folder, or NAME.tar.xz for an archive\n"
    ));
}

#[test]
fn a_full_standard_output_is_reported() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let line = format!("relocate {OBJECT} {KERNEL} -o -");
    let output = command(&line.split(' ').collect::<Vec<_>>()).stdout(full).output().unwrap();
    let run = Run::of(output);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("cannot write to standard output: No space left"), "{run:?}");
}
