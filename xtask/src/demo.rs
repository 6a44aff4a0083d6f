//! `cargo xtask demo`: runs the program on committed files and on the running kernel.

use std::path::Path;

use crate::Result;
use crate::command::{cargo, run as run_command};

/// The running kernel's types, if it publishes them.
const RUNNING: &str = "/sys/kernel/btf/vmlinux";

/// Relocates a committed object for a made-up kernel whose fields moved, and one that reads
/// `task_struct` for the running kernel.
pub(crate) fn run(arguments: &[String]) -> Result {
    if let [unexpected, ..] = arguments {
        return Err(format!("demo takes no arguments, found `{unexpected}`").into());
    }
    relocate(&["fixtures/objects/fields.bpfel.o", "--target", "fixtures/btf/moved.le.btf"])?;
    if Path::new(RUNNING).exists() {
        return relocate(&["fixtures/objects/task.bpfel.o"]);
    }
    println!("SKIPPED: the running kernel has no {RUNNING}");
    Ok(())
}

fn relocate(arguments: &[&str]) -> Result {
    let mut program = cargo();
    program.args(["run", "--quiet", "--release", "--package", "core-reloc-cli", "--"]);
    run_command(program.arg("relocate").args(arguments))
}
