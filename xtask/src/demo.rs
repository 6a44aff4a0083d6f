//! Shows the program at work: on committed files, and on the running kernel.

use std::path::Path;

use crate::Result;
use crate::command::{cargo, run as run_command};

/// The running kernel's types, where it publishes any.
const RUNNING: &str = "/sys/kernel/btf/vmlinux";

/// Relocates a committed object for a made-up kernel whose fields moved, and one that reads
/// `task_struct` for the kernel that is running.
pub(crate) fn run(arguments: &[String]) -> Result {
    if let [unexpected, ..] = arguments {
        return Err(format!("demo takes no arguments, found `{unexpected}`").into());
    }
    relocate(&["fixtures/objects/fields.bpfel.o", "--target", "fixtures/btf/moved.le.btf"])?;
    if Path::new(RUNNING).exists() {
        relocate(&["fixtures/objects/task.bpfel.o"])
    } else {
        println!("SKIPPED: the running kernel has no {RUNNING}");
        Ok(())
    }
}

fn relocate(arguments: &[&str]) -> Result {
    run_command(
        cargo()
            .args(["run", "--quiet", "--release", "--package", "core-reloc-cli", "--", "relocate"])
            .args(arguments),
    )
}
