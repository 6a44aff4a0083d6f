//! Installs the program as users do, and checks its size.

use std::fs;

use crate::Result;
use crate::command::cargo;

/// Where the program is installed.
const ROOT: &str = "target/installed";

/// The largest allowed program, in bytes. It has no debug information.
const MAX_LEN: u64 = 6_000_000;

/// Installs the program by `cargo install`, which must not warn, and checks its size.
pub(super) fn check() -> Result {
    let root = std::env::current_dir()?.join(ROOT);
    let mut install = cargo();
    install.args(["install", "--path", "crates/core-reloc-cli", "--locked", "--force"]);
    // What other steps have built for a release is used.
    install.args(["--target-dir", "target"]).arg("--root").arg(&root);
    // Otherwise cargo warns that the folder is not in PATH.
    let path = std::env::var("PATH").unwrap_or_default();
    install.env("PATH", format!("{}:{path}", root.join("bin").display()));
    let output = install.output().map_err(|error| format!("cargo install: {error}"))?;
    let messages = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() || messages.lines().any(|line| line.starts_with("warning")) {
        return Err(format!("cargo install failed or warned:\n{messages}").into());
    }
    let program = root.join("bin/core-reloc");
    let len =
        fs::metadata(&program).map_err(|error| format!("{}: {error}", program.display()))?.len();
    println!("core-reloc: {len} bytes installed");
    if len <= MAX_LEN {
        return Ok(());
    }
    Err(format!("the installed program has {len} bytes, allowed are {MAX_LEN}").into())
}
