//! `cargo xtask bench`: core-reloc beside libbpf and aya-obj.
//!
//! The package `bench` does it; this builds all programs that take part.

use crate::Result;
use crate::command::{cargo, run as run_command};

/// Builds the programs and runs the bench with the given arguments; it has a `--help` of its own.
pub(crate) fn run(arguments: &[String]) -> Result {
    let mut build = cargo();
    build.args(["build", "--release", "--locked", "--package", "core-reloc-cli"]);
    run_command(build.args([
        "--package",
        "core-reloc-bench",
        "--features",
        "core-reloc-bench/peers",
    ]))?;
    run_command(std::process::Command::new("target/release/core-reloc-bench").args(arguments))
}
