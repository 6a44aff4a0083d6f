//! `cargo xtask conformance`: compares us with libbpf, on whatever data are there.
//!
//! The comparison is a program of the tests' package, which links libbpf; this builds it with
//! optimization and hands the arguments on. `cargo xtask data` fetches the data.

use crate::Result;
use crate::command::{cargo, run as run_command};

/// Runs the comparison; a difference that nothing explains is an error.
pub(crate) fn run(arguments: &[String]) -> Result {
    let mut compare = cargo();
    compare.args(["run", "--quiet", "--release", "--locked", "--package", "core-reloc-tests"]);
    compare.args(["--features", "libbpf", "--bin", "conformance", "--"]);
    run_command(compare.args(arguments))
}
