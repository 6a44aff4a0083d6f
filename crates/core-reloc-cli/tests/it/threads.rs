//! Where no thread can be created, commands do their work with one.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt},
    process::Command,
};

use core_reloc_tests::judge::skipped;

use crate::{
    program::{Folder, Run, fixture},
    relocate::many,
};

/// Returns a command that runs the program as a user who may have a single thread.
fn single_threaded(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=64321", "--regid=64321", "--clear-groups", "--inh-caps=-all"]);
    command.args(["prlimit", "--nproc=1", program]);
    command
}

#[test]
fn every_command_works_without_threads() {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return skipped("only root can run the program as another user");
    }
    let folder = Folder::new();
    fs::set_permissions(folder.path(""), Permissions::from_mode(0o777)).unwrap();
    let program = folder.path("program");
    fs::copy(env!("CARGO_BIN_EXE_core-reloc"), &program).unwrap();
    let object = folder.file("a.o", &fixture("objects/access.bpfel.o"));
    let kernels = folder.path("kernels");
    fs::create_dir(&kernels).unwrap();
    for name in ["moved", "same", "grown"] {
        folder.file(&format!("kernels/{name}.btf"), &fixture(&format!("btf/{name}.le.btf")));
    }
    let log = folder.file("verifier.log", b"12: (85) call unknown#195896080\n");
    let (kernel, out) = (folder.path("kernels/moved.btf"), folder.path("out"));
    let [many, many_target] = many(&folder);

    // The limit works: a shell cannot start a second process.
    let mut shell = single_threaded("sh");
    let status = shell.args(["-c", "true & wait"]).output().unwrap().status;
    if status.success() {
        return skipped("the limit of threads does not apply here");
    }

    for line in [
        format!("relocate {object} --target {kernel} -o {out}.o"),
        format!("relocate {many} --target {many_target}"),
        format!("inspect {object}"),
        format!("explain {object} --target {kernel}"),
        format!("check {object} --target {kernels}"),
        format!("check {object} --target {kernel} --html {out}.html"),
        format!("check {object}"),
        format!("blame {object} --log {log} --target {kernel}"),
        format!("query job.pid --target {kernels}"),
        format!("dump job --target {kernel}"),
        format!("minimize {object} --target {kernels} -o {out}"),
        format!("minimize {object} --target {kernels} -o {out}.tar.xz"),
        "support".to_string(),
    ] {
        let arguments: Vec<&str> = line.split(' ').collect();
        let with_threads = Run::of(Command::new(&program).args(&arguments).output().unwrap());
        for written in ["out", "out.o", "out.html", "out.tar.xz"] {
            let _ = fs::remove_file(folder.path(written));
            let _ = fs::remove_dir_all(folder.path(written));
        }
        let without = Run::of(single_threaded(&program).args(&arguments).output().unwrap());
        assert_eq!(without, with_threads, "{line}");
        assert!(without.status < 2, "{line}: {without:?}");
    }
}
