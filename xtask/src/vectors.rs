//! `cargo xtask vectors`: generates the vectors for other implementers, `fixtures/vectors`.
//!
//! A program in the tests' package, which links libbpf, makes them.

use std::fs;
use std::path::Path;

use crate::Result;
use crate::command::{cargo, flag, run as run_command};
use crate::recorded::{Recorded, settle};

/// The folder of the generated files, and the one where they are recorded.
const MADE: &str = "target/vectors";
const RECORDED: &str = "fixtures/vectors";

pub(crate) fn run(arguments: &[String]) -> Result {
    let check = flag(arguments, "--check")?;
    if Path::new(MADE).exists() {
        fs::remove_dir_all(MADE)?;
    }
    let mut make = cargo();
    make.args(["run", "--quiet", "--locked", "--package", "core-reloc-tests"]);
    run_command(make.args(["--features", "libbpf", "--bin", "vectors", "--", MADE]))?;
    let mut files = Vec::new();
    for entry in fs::read_dir(MADE)? {
        let entry = entry?;
        let path = format!("{RECORDED}/{}", entry.file_name().to_string_lossy());
        files.push(Recorded { path, content: fs::read(entry.path())? });
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    settle(&files, &[RECORDED], check, "cargo xtask vectors")
}
