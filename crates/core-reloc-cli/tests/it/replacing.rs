//! How an output replaces a file: its owner, permissions and links stay, and it is on the disk first.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink},
    process::Command,
};

use core_reloc_tests::judge::skipped;
use expect_test::expect;

use crate::{
    output::{KERNEL, OBJECT, relocated},
    program::{Folder, command, run_line},
};

fn mode(path: &str) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn relocate_to(out: &str) {
    run_line(&format!("relocate {OBJECT} {KERNEL} -o {out}")).good();
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

#[test]
fn permissions_stay_without_setuid_and_setgid() {
    let folder = Folder::new();
    for (before, after) in [(0o640, 0o640), (0o444, 0o444), (0o6755, 0o755), (0o7777, 0o777)] {
        let out = folder.file("out.o", b"before");
        fs::set_permissions(&out, Permissions::from_mode(before)).unwrap();
        if before == 0o444 && !is_root() {
            fs::remove_file(out).unwrap();
            continue;
        }
        relocate_to(&out);
        assert_eq!(mode(&out), after, "{before:o}");
        fs::remove_file(out).unwrap();
    }
    // A new file has the default permissions.
    let (new, other) = (folder.path("new.o"), folder.file("other", b""));
    relocate_to(&new);
    assert_eq!(mode(&new), mode(&other));
}

#[test]
fn the_owner_stays() {
    if !is_root() {
        return skipped("only root can give files to others");
    }
    let folder = Folder::new();
    let out = folder.file("out.o", b"before");
    fs::set_permissions(&out, Permissions::from_mode(0o4750)).unwrap();
    chown(&out, Some(12345), Some(54321)).unwrap();
    relocate_to(&out);
    let written = fs::metadata(&out).unwrap();
    assert_eq!((written.uid(), written.gid(), mode(&out)), (12345, 54321, 0o750));

    // Of an empty folder too.
    let (kernels, out) = (folder.path("kernels"), folder.path("btfs"));
    for path in [&kernels, &out] {
        fs::create_dir(path).unwrap();
    }
    fs::set_permissions(&out, Permissions::from_mode(0o2750)).unwrap();
    chown(&out, Some(12345), Some(54321)).unwrap();
    fs::copy("../../fixtures/btf/moved.le.btf", format!("{kernels}/6.1.btf")).unwrap();
    run_line(&format!("minimize {OBJECT} --target {kernels} -o {out}")).good();
    let written = fs::metadata(&out).unwrap();
    assert_eq!((written.uid(), written.gid()), (12345, 54321));
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
}

#[test]
fn a_file_whose_owner_cannot_stay_is_not_replaced() {
    if !is_root() {
        return skipped("only root can run the program as another user");
    }
    let folder = Folder::new();
    fs::set_permissions(folder.path(""), Permissions::from_mode(0o777)).unwrap();
    let program = folder.path("program");
    fs::copy(env!("CARGO_BIN_EXE_core-reloc"), &program).unwrap();
    let object = folder.file("a.o", &fs::read("../../fixtures/objects/access.bpfel.o").unwrap());
    let target = folder.file("a.btf", &fs::read("../../fixtures/btf/moved.le.btf").unwrap());
    let out = folder.file("out.o", b"before");
    fs::set_permissions(&out, Permissions::from_mode(0o666)).unwrap();
    let mut other = Command::new("setpriv");
    other.args(["--reuid=12345", "--regid=12345", "--clear-groups", &program]);
    let output = other.args(["relocate", &object, "--target", &target, "-o", &out]).output();
    let output = output.expect("util-linux has setpriv");
    assert_eq!(output.status.code(), Some(2));
    expect![[r#"
        core-reloc: error: cannot write /out.o: cannot keep its owner 0 and group 0: Operation not permitted (os error 1)
    "#]]
    .assert_eq(&folder.strip(&String::from_utf8(output.stderr).unwrap()));
    assert_eq!(fs::read(out).unwrap(), b"before");
    assert_eq!(folder.names(), ["a.btf", "a.o", "out.o", "program"]);
}

#[test]
fn links_stay_links() {
    let folder = Folder::new();
    fs::create_dir(folder.path("there")).unwrap();
    folder.file("there/file.o", b"before");
    // To a file, to nothing yet, and through another link.
    for (link, target) in
        [("a.o", "there/file.o"), ("b.o", "there/new.o"), ("c.o", "d.o"), ("d.o", "there/last.o")]
    {
        symlink(target, folder.path(link)).unwrap();
    }
    for (link, file) in [("a.o", "there/file.o"), ("b.o", "there/new.o"), ("c.o", "there/last.o")] {
        relocate_to(&folder.path(link));
        assert!(fs::symlink_metadata(folder.path(link)).unwrap().is_symlink(), "{link}");
        assert!(fs::symlink_metadata(folder.path(file)).unwrap().is_file(), "{link}");
        assert!(fs::read(folder.path(file)).unwrap() == relocated(), "{link}");
    }
    assert!(fs::symlink_metadata(folder.path("d.o")).unwrap().is_symlink());

    symlink("absent/file.o", folder.path("e.o")).unwrap();
    symlink("g.o", folder.path("f.o")).unwrap();
    symlink("f.o", folder.path("g.o")).unwrap();
    let error = |name: &str| {
        let run =
            run_line(&format!("relocate {OBJECT} {KERNEL} --format json -o {}", folder.path(name)));
        assert_eq!(run.status, 2);
        folder.strip(&run.stderr)
    };
    assert!(
        error("e.o").starts_with("core-reloc: error: cannot write /e.o: No such file or directory")
    );
    assert!(error("f.o").starts_with("core-reloc: error: cannot write /f.o: "));
}

/// strace shows the system calls.
#[test]
fn an_output_is_on_the_disk_before_it_is_renamed() {
    let folder = Folder::new();
    let (out, trace) = (folder.path("out.o"), folder.path("trace"));
    let traced = Command::new("strace")
        .args(["-f", "-e", "trace=write,fsync,fdatasync,rename,renameat,renameat2", "-o", &trace])
        .args([env!("CARGO_BIN_EXE_core-reloc"), "relocate", OBJECT, "-o", &out])
        .args(KERNEL.split(' '))
        .current_dir(crate::program::root())
        .output();
    match traced {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            return skipped(&format!("strace: {}", String::from_utf8_lossy(&output.stderr)));
        }
        Err(error) => return skipped(&format!("strace: {error}")),
    }
    let trace = fs::read_to_string(trace).unwrap();
    let calls: Vec<&str> =
        trace.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    let position = |name: &str| calls.iter().rposition(|call| call.starts_with(name));
    let written = trace.lines().position(|line| line.contains(r#"write("#) && line.contains("ELF"));
    let (written, synced, renamed) =
        (written.unwrap(), position("fsync").unwrap(), position("rename").unwrap());
    assert!(written < synced && synced < renamed, "{trace}");
}

/// The limit is in blocks of 512 or 1024 bytes; the object has more.
#[test]
fn a_file_that_exceeds_the_users_limit_is_an_error() {
    let folder = Folder::new();
    let out = folder.path("out.o");
    let line = format!(
        "ulimit -f 1; exec {} relocate {OBJECT} {KERNEL} --format json -o {out} > /dev/null",
        env!("CARGO_BIN_EXE_core-reloc")
    );
    let mut shell = Command::new("sh");
    let output = shell.args(["-c", &line]).current_dir(crate::program::root()).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    expect![[r#"
        core-reloc: error: cannot write /out.o: File too large (os error 27)
    "#]]
    .assert_eq(&folder.strip(&String::from_utf8(output.stderr).unwrap()));
    assert!(folder.names().is_empty());
}

#[test]
fn a_message_that_cannot_be_printed_changes_no_status() {
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = command(&["inspect", "/absent"]).stderr(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
