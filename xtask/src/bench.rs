//! `cargo xtask bench`: measures core-reloc, libbpf and aya-obj with the package `bench`; `cargo xtask bench fleet`
//! measures checks of a whole fleet of kernels.

use std::process::Command;

use crate::Result;
use crate::command::{cargo, run as run_command};

/// Builds the programs that take part and runs the bench, which has a `--help` of its own.
pub(crate) fn run(arguments: &[String]) -> Result {
    let fleet = arguments.first().is_some_and(|first| first == "fleet");
    let (features, program, arguments) = match arguments {
        [_, rest @ ..] if fleet => {
            ("core-reloc-bench/fleet,core-reloc-cli/liblzma", "bench-fleet", rest)
        }
        all => ("core-reloc-bench/peers", "core-reloc-bench", all),
    };
    let mut build = cargo();
    build.args(["build", "--release", "--locked", "--package", "core-reloc-cli"]);
    build.args(["--package", "core-reloc-bench", "--features", features]);
    run_command(&mut build)?;
    run_command(Command::new(format!("target/release/{program}")).args(arguments))
}
