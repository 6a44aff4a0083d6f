//! Generated programs, which show whether the paths that we follow are those of a kernel's verifier.
//!
//! A program of the tests' package (`generated`) makes them, and compares and records what the kernel does.

use std::fs;
use std::path::Path;

use super::images::Image;
use super::{MADE, run_program, tool};
use crate::Result;
use crate::command::run;

/// The program that loads them.
const LOADER: &str = "xtask/src/kernels/generated.c";

/// The kernels whose verifiers differ, for machines of the host's byte order.
pub(super) const KERNELS: [&str; 3] = ["amd64-5.10", "amd64-6.1", "amd64-6.12"];

/// Has a kernel load the first programs, and compares.
pub(super) fn load(image: &Image, count: &str) -> Result {
    // The name has the release after the architecture.
    let release = image.name.rsplit('-').next().unwrap_or_default();
    let folder = Path::new(MADE).join(image.name);
    fs::create_dir_all(&folder)?;
    let (programs, answers) = (folder.join("programs"), folder.join("generated"));
    run(tool("generated").args(["write", release, count]).arg(&programs))?;
    let lines = run_program(image, LOADER, &[&programs.to_string_lossy()])?;
    fs::write(&answers, lines.join("\n"))?;
    run(tool("generated").args(["conclude", image.name, release]).arg(&answers))
}
