//! C compilers as judges: they lay out structs, and write the relocations that users have.

use std::io;
use std::path::Path;
use std::process::Command;
use std::{fs, str};

use crate::judge::skipped;

/// The current compiler of the fixtures.
pub const CLANG: &str = "clang-19";
/// The oldest compiler of the fixtures.
pub const OLD_CLANG: &str = "clang-14";

/// Compiles C for BPF, with debug information. `target` is `bpf`, `bpfel` or `bpfeb`, and `headers` the folder
/// of what the source includes. Returns `None` if the compiler is not installed, and reports that.
///
/// # Panics
/// Panics if the source has an error, or a file cannot be written.
pub fn compile(compiler: &str, target: &str, source: &str, headers: &Path) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [file, object] = ["source.c", "object.o"].map(|name| folder.path().join(name));
    fs::write(&file, source).expect("the folder is new");
    let mut command = Command::new(compiler);
    command.args(["-g", "-O2", "-target", target, "-mcpu=v3", "-c"]).arg(&file);
    match command.arg("-I").arg(headers).arg("-o").arg(&object).output() {
        Ok(output) => {
            let messages = str::from_utf8(&output.stderr).unwrap_or_default();
            assert!(output.status.success(), "{compiler}: {messages}");
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            skipped(&format!("{compiler} is not installed"));
            return None;
        }
        Err(error) => panic!("{compiler}: {error}"),
    }
    Some(fs::read(&object).expect("the compiler wrote it"))
}
