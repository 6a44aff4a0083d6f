//! Standard output that nobody reads, or that is full.

use std::{
    fs::{self, File},
    io::Read,
    process::Stdio,
};

use crate::program::{Folder, command};

const OBJECT: &str = "fixtures/objects/fields.bpfel.o";
const TARGET: &str = "fixtures/btf/same.le.btf";

#[test]
fn when_nobody_reads_the_work_is_done_quietly() {
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
fn a_full_device_is_said() {
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
