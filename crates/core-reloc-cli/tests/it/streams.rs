//! Standard output that is closed or full, and control characters in it.

use std::{
    fs::{self, File},
    io::Read,
    process::{Command, Stdio},
};

use crate::{
    program::{Folder, command, root, run},
    relocate::many,
};

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
    let folder = Folder::new();
    let [many, many_target] = many(&folder);
    let out = folder.path("out.o");
    for arguments in [
        vec!["inspect", OBJECT],
        vec!["relocate", OBJECT, "--target", TARGET],
        // Printed by another thread, whose first write fails before the object is written.
        vec!["relocate", &many, "--target", &many_target, "-o", &out],
    ] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = command(&arguments).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            "core-reloc: error: cannot write to standard output: \
             No space left on device (os error 28)\n"
        );
    }
    assert!(!folder.names().contains(&"out.o".to_string()));
}

/// Runs a command whose report is longer than the 64 KiB that are written at once.
fn long_report(format: &str) -> Command {
    let check = ["check", "fixtures/objects", "--target", "fixtures/btf", "--explain"];
    let mut command = command(&[&check[..], &["--format", format]].concat());
    assert!(command.output().unwrap().stdout.len() > 2 << 16);
    command
}

/// The error of a write in the middle is found, and not only that of the last one.
#[test]
fn a_device_that_is_full_in_the_middle_is_reported() {
    for format in ["text", "json"] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = long_report(format).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let stderr = String::from_utf8(output.stderr).unwrap();
        let error = "core-reloc: error: cannot write to standard output: \
                     No space left on device (os error 28)\n";
        assert!(stderr.ends_with(error), "{stderr}");
        assert_eq!(stderr.matches("error").count(), 2, "{stderr}");
    }
    // The report is on standard error if the object is on standard output, and neither can be written.
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let relocate = ["relocate", OBJECT, "--target", TARGET, "-o"];
    let to = |out: &str| command(&[&relocate[..], &[out]].concat());
    assert_eq!(to("-").stdout(full()).output().unwrap().status.code(), Some(2));
    assert_eq!(to("-").stderr(full()).output().unwrap().status.code(), Some(2));
    // Nobody waits for what is quiet.
    let mut quiet = to("/dev/null");
    assert_eq!(quiet.arg("--quiet").stdout(full()).output().unwrap().status.code(), Some(0));
}

#[test]
fn a_reader_may_stop_in_the_middle_of_a_long_report() {
    for format in ["text", "json"] {
        let mut command = long_report(format);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut start = [0; 16];
        child.stdout.take().unwrap().read_exact(&mut start).unwrap();
        let output = child.wait_with_output().unwrap();
        // As with a reader of everything.
        assert_eq!(output.status.code(), Some(1));
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!stderr.contains("write"), "{stderr}");
    }
}

#[test]
fn help_and_version_for_a_full_device_fail() {
    for arguments in [
        vec!["help"],
        vec!["--help"],
        vec!["-h"],
        vec!["--version"],
        vec!["-V"],
        vec!["help", "relocate"],
        vec!["check", "--help"],
    ] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = command(&arguments).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            "core-reloc: error: cannot write to standard output: \
             No space left on device (os error 28)\n",
            "{arguments:?}"
        );
        // A reader that stops early is no error.
        let mut child = command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments:?}");
    }
}

/// Characters that reorder or hide text, or end the line in some terminals and editors.
#[test]
fn misleading_characters_are_escaped_in_paths() {
    let folder = Folder::new();
    let [object, target, out] = ["a\u{202e}o.x", "b\u{2028}.btf", "c\u{200b}\u{feff}\u{2066}.o"]
        .map(|name| folder.path(name));
    fs::copy(root().join(OBJECT), &object).unwrap();
    fs::copy(root().join(TARGET), &target).unwrap();
    let is_escaped = |text: &str| {
        let is_plain = |character: char| {
            !matches!(character, '\u{200b}' | '\u{202e}' | '\u{2028}' | '\u{2066}' | '\u{feff}')
        };
        assert!(text.chars().all(is_plain) && text.contains(r"\u{2"), "{text}");
    };
    is_escaped(&run(&["relocate", &object, "--target", &target, "-o", &out]).good());
    is_escaped(&run(&["query", "job", "--target", &target]).good());
    is_escaped(&run(&["check", &object, "--target", &target]).good());
    is_escaped(&run(&["minimize", &object, "--target", &target, "-o", &out]).good());
    is_escaped(&run(&["inspect", &target]).refused());
    fs::write(&object, "text").unwrap();
    is_escaped(&run(&["query", "job", "--target", &object]).refused());
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
