//! `cargo xtask bench`: measures core-reloc, libbpf and aya-obj with the package `bench`; `cargo xtask bench fleet`
//! and `cargo xtask bench store` measure checks of a whole fleet of kernels, and a store of it.

use std::process::Command;

use crate::Result;
use crate::command::{cargo, run as run_command};

/// Builds the programs that take part and runs the bench, which has a `--help` of its own.
pub(crate) fn run(arguments: &[String]) -> Result {
    const FLEET: &str = "core-reloc-bench/fleet,core-reloc-cli/liblzma";
    let (features, program) = match arguments.first().map(String::as_str) {
        Some("fleet" | "store") => (FLEET, "bench-fleet"),
        _ => ("core-reloc-bench/peers", "core-reloc-bench"),
    };
    let mut build = cargo();
    build.args(["build", "--release", "--locked", "--package", "core-reloc-cli"]);
    build.args(["--package", "core-reloc-bench", "--features", features]);
    run_command(&mut build)?;
    run_command(Command::new(format!("target/release/{program}")).args(arguments))
}
