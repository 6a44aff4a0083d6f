//! Archives and folders of which a part cannot be read: it is named, the rest is done, and the exit
//! status is 1.

use core_reloc_tests::kernel_files::pack_in;
use serde_json::Value;
use std::{fs, path::Path};

use crate::program::{Folder, Run, fixture, run_line};

const OBJECT: &str = "fixtures/objects/access.bpfel.o";

/// A folder with two kernels, and between them damaged and unusual files.
fn kernels() -> Folder {
    let folder = Folder::new();
    let whole = fixture("btf/same.le.btf");
    folder.file("1.btf", &fixture("btf/moved.le.btf"));
    folder.file("2-cut.btf", &whole[..whole.len() / 2]);
    folder.file("3-gzip.btf", b"\x1f\x8b\x08\x00not gzip");
    // With a reference that leads nowhere.
    let mut damaged = whole.clone();
    damaged[24 + 8..24 + 12].copy_from_slice(&[0xff; 4]);
    damaged[24..28].copy_from_slice(&[0xff; 4]);
    folder.file("4-damaged.btf", &damaged);
    folder.file("5.btf", &whole);
    folder
}

/// Checks that each bad file is named, and how many of the targets there are.
fn names_bad_files(run: &Run, source: &str) {
    assert_eq!(run.status, 1, "{source}: {run:?}");
    for name in ["2-cut.btf", "3-gzip.btf", "4-damaged.btf"] {
        let is_named = |line: &str| line.starts_with("core-reloc: error: ") && line.contains(name);
        assert_eq!(run.stderr.lines().filter(|line| is_named(line)).count(), 1, "{name}: {run:?}");
    }
    let summary = "core-reloc: error: 3 of 5 targets cannot be used\n";
    assert!(run.stderr.ends_with(summary), "{source}: {}", run.stderr);
}

/// Returns the folder, and an archive of it if tar is installed, with and without compression.
fn sources(folder: &Folder, archives: &Folder) -> Vec<String> {
    let mut sources = vec![folder.path("")];
    for (name, options) in [("all.tar", "--format=gnu"), ("all.tar.gz", "-z"), ("all.tar.xz", "-J")]
    {
        let files = folder.names().join(" ");
        let line = format!("tar {options} -c -f - {files}");
        let Some(archive) = pack_in(Path::new(&folder.path("")), &line, b"") else { continue };
        sources.push(archives.file(name, &archive));
    }
    sources
}

#[test]
fn the_rest_of_an_archive_or_folder_is_done() {
    let (folder, archives, outputs) = (kernels(), Folder::new(), Folder::new());
    for source in sources(&folder, &archives) {
        let run = run_line(&format!("check {OBJECT} --target {source} --format json"));
        names_bad_files(&run, &source);
        let line: Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
        assert_eq!(line["kernels"], 2, "{source}: {}", run.stdout);

        let run = run_line(&format!("query job.pid --target {source} --format json"));
        names_bad_files(&run, &source);
        assert_eq!(run.stdout.lines().count(), 2, "{source}: {}", run.stdout);

        let out = outputs.path("btfs");
        let run = run_line(&format!("minimize {OBJECT} --target {source} -o {out} --format json"));
        names_bad_files(&run, &source);
        assert_eq!(run.stdout.lines().count(), 2, "{source}: {}", run.stdout);
        let mut written: Vec<_> =
            fs::read_dir(&out).unwrap().map(|file| file.unwrap().file_name()).collect();
        written.sort();
        assert_eq!(written, ["1.btf", "5.btf"], "{source}");
        fs::remove_dir_all(out).unwrap();
    }
}

#[test]
fn a_kernel_that_has_none_of_the_types_is_named() {
    let (folder, outputs) = (Folder::new(), Folder::new());
    folder.file("1.btf", &fixture("btf/moved.le.btf"));
    folder.file("2.btf", &fixture("btf/forward.le.btf"));
    let out = outputs.path("btfs");
    let run = run_line(&format!("minimize {OBJECT} --target {} -o {out}", folder.path("")));
    assert_eq!(run.status, 1, "{run:?}");
    let is_named = |line: &str| line.contains("2.btf: the minimized BTF would have no types");
    assert!(run.stderr.lines().any(is_named), "{run:?}");
    assert!(fs::read(format!("{out}/1.btf")).is_ok() && fs::read(format!("{out}/2.btf")).is_err());
}

#[test]
fn an_archive_that_ends_too_early_is_used_as_far_as_it_goes() {
    let folder = Folder::new();
    for name in ["1.btf", "2.btf"] {
        folder.file(name, &fixture("btf/moved.le.btf"));
    }
    let tar = pack_in(Path::new(&folder.path("")), "tar -c -f - 1.btf 2.btf", b"");
    let Some(archive) = tar else { return };
    let cut = folder.file("cut.tar", &archive[..4000]);
    let run = run_line(&format!("query job.pid --target {cut} --format json"));
    assert_eq!((run.status, run.stdout.lines().count()), (1, 1), "{run:?}");
    assert!(run.stderr.contains("/cut.tar!2.btf: the archive ends "), "{}", run.stderr);
}

#[test]
fn without_any_readable_target_nothing_is_done() {
    let folder = kernels();
    for name in ["1.btf", "5.btf"] {
        fs::remove_file(folder.path(name)).unwrap();
    }
    let (source, outputs) = (folder.path(""), Folder::new());
    let out = outputs.path("out");
    for line in [
        format!("check {OBJECT} --target {source}"),
        format!("query job.pid --target {source}"),
        format!("minimize {OBJECT} --target {source} -o {out}"),
    ] {
        let error = run_line(&line).refused();
        assert!(error.ends_with("core-reloc: error: 3 of 3 targets cannot be used\n"), "{error}");
    }
    assert!(outputs.names().is_empty());
}
