//! Standard output that is closed or full, and control characters in it.

use std::{
    fs::{self, File},
    io::Read,
    process::Stdio,
};

use crate::program::{Folder, command, root, run};

const OBJECT: &str = "fixtures/objects/fields.bpfel.o";
const TARGET: &str = "fixtures/btf/same.le.btf";

#[test]
fn without_a_reader_the_work_is_done_silently() {
    let folder = Folder::new();
    let out = folder.path("out.o");
    for format in ["text", "json"] {
        let arguments = ["relocate", OBJECT, "--target", TARGET, "--format", format, "-o", &out];
        let mut child =
            command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
        fs::remove_file(&out).unwrap();
    }
}

#[test]
fn a_reader_may_stop_in_the_middle() {
    let mut child = command(&["inspect", OBJECT, "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut start = [0; 16];
    child.stdout.take().unwrap().read_exact(&mut start).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn a_full_device_is_reported() {
    for arguments in [vec!["inspect", OBJECT], vec!["relocate", OBJECT, "--target", TARGET]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = command(&arguments).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            "core-reloc: error: cannot write to standard output: \
             No space left on device (os error 28)\n"
        );
    }
}

#[test]
fn terminal_control_characters_are_escaped_in_paths() {
    let folder = Folder::new();
    let [object, target, out] =
        ["a\x1b[2J.o", "b\x1b[2J.btf", "c\nd.o"].map(|name| folder.path(name));
    fs::copy(root().join(OBJECT), &object).unwrap();
    fs::copy(root().join(TARGET), &target).unwrap();

    let printed = run(&["relocate", &object, "--target", &target, "-o", &out]).good();
    assert!(printed.ends_with("/c\\nd.o\n"), "{printed}");
    let printed = run(&["query", "job", "--target", &target]).good();
    assert!(printed.contains("/b\\u{1b}[2J.btf  ") && !printed.contains('\x1b'), "{printed}");
    fs::remove_file(&object).unwrap();
    let message = run(&["query", "job", "--target", &object]).refused();
    assert!(message.contains("/a\\u{1b}[2J.o: ") && !message.contains('\x1b'), "{message}");
}
