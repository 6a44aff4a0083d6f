//! `cargo xtask bench`: measures core-reloc, libbpf and aya-obj with the package `bench`.

use std::process::Command;

use crate::Result;
use crate::command::{cargo, run as run_command};

/// Builds the programs that take part and runs the bench, which has a `--help` of its own.
pub(crate) fn run(arguments: &[String]) -> Result {
    let mut build = cargo();
    build.args(["build", "--release", "--locked", "--package", "core-reloc-cli"]);
    build.args(["--package", "core-reloc-bench", "--features", "core-reloc-bench/peers"]);
    run_command(&mut build)?;
    run_command(Command::new("target/release/core-reloc-bench").args(arguments))
}
