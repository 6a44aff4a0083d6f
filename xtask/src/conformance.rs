//! `cargo xtask conformance`: compares core-reloc with libbpf on all data that are present.
//!
//! The comparison is a program in the tests' package, which links libbpf. `cargo xtask data` fetches
//! real kernels and objects for it.

use crate::Result;
use crate::command::{cargo, run as run_command};

/// Runs the comparison; a difference that is not on the list of accepted ones is an error.
pub(crate) fn run(arguments: &[String]) -> Result {
    let mut compare = cargo();
    compare.args(["run", "--quiet", "--release", "--locked", "--package", "core-reloc-tests"]);
    compare.args(["--features", "libbpf", "--bin", "conformance", "--"]);
    run_command(compare.args(arguments))
}
