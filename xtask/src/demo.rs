//! `cargo xtask demo`: runs the program on committed files and on the running kernel.

use std::fmt;
use std::io::{IsTerminal, stdout};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

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
    let first = if program().exists() { "" } else { " for the first time: a few minutes" };
    // Cargo shows its own progress.
    step(
        1,
        &format!("build the program{first}"),
        cargo().args(["build", "--release", "--package", "core-reloc-cli"]),
    )?;
    step(
        2,
        "relocate an object for a made-up kernel whose fields moved",
        &mut relocate(&[
            "fixtures/objects/fields.bpfel.o",
            "--target",
            "fixtures/btf/moved.le.btf",
        ]),
    )?;
    let title = "relocate an object that reads task_struct for the running kernel";
    if Path::new(RUNNING).exists() {
        return step(3, title, &mut relocate(&["fixtures/objects/task.bpfel.o"]));
    }
    println!("{}", Heading(3, title));
    println!("SKIPPED: the running kernel has no {RUNNING}");
    Ok(())
}

/// The number of steps.
const STEPS: usize = 3;

/// Runs a command, below a heading with its number, and says how long it took.
fn step(number: usize, title: &str, command: &mut Command) -> Result {
    println!("{}", Heading(number, title));
    let start = Instant::now();
    run_command(command)?;
    let took = start.elapsed();
    // Building takes seconds, and relocating milliseconds.
    let took = if took.as_secs() > 0 {
        format!("{:.0} s", took.as_secs_f64())
    } else {
        format!("{:.1} ms", took.as_secs_f64() * 1000.0)
    };
    println!("done in {took}\n");
    Ok(())
}

/// The heading of a step, which is bold in a terminal.
struct Heading<'t>(usize, &'t str);

impl fmt::Display for Heading<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, title) = self;
        let has_colors = stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let [bold, plain] = if has_colors { ["\x1b[1m", "\x1b[0m"] } else { ["", ""] };
        write!(f, "{bold}[{number}/{STEPS}] {title}{plain}")
    }
}

/// Returns the path of the program, where cargo builds it.
fn program() -> PathBuf {
    let folder = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    Path::new(&folder).join("release/core-reloc")
}

fn relocate(arguments: &[&str]) -> Command {
    let mut program = Command::new(program());
    program.arg("relocate").args(arguments);
    program
}
