//! `cargo xtask api`: lists the public interface of each published crate, an item a line, and records
//! it below `docs/api`; or, with `--check`, finds that it is as recorded.

use std::process::Stdio;

use crate::Result;
use crate::command::{cargo, run as run_command, shown};
use crate::crates::PUBLISHED;
use crate::recorded::{Listing, settle};
use crate::skip::skipped;

/// rustdoc's JSON is unstable, and cargo builds everything anew for a compiler that may use what is:
/// apart, so that nothing else is built twice.
const TARGET: &str = "target/api";
/// The exit status by which the lister says that rustdoc writes another format than it reads.
const OTHER_FORMAT: i32 = 3;

pub(crate) fn run(arguments: &[String]) -> Result {
    let check = match arguments {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => return Err("usage: cargo xtask api [--check]".into()),
    };
    let mut listings = Vec::new();
    for name in PUBLISHED {
        document(name)?;
        let Some(text) = list(name)? else {
            return skipped("this rustdoc writes another format than xtask-api reads");
        };
        println!("{name}: {} lines", text.lines().count());
        listings.push(Listing { path: format!("docs/api/{name}.txt"), text });
    }
    settle(&listings, check, "cargo xtask api")
}

/// Has rustdoc write down the interface of a crate with all features.
fn document(name: &str) -> Result {
    let mut doc = cargo();
    doc.args(["rustdoc", "--quiet", "--package", name, "--lib", "--all-features", "--locked"]);
    doc.args(["--target-dir", TARGET, "--", "-Z", "unstable-options", "--output-format", "json"]);
    // As docs.rs does it, where the pages tell which feature an item needs.
    doc.args(["--cfg", "docsrs"]);
    run_command(doc.env("RUSTC_BOOTSTRAP", "1"))
}

/// The listing; none if it cannot be read.
fn list(name: &str) -> Result<Option<String>> {
    let json = format!("{TARGET}/doc/{}.json", name.replace('-', "_"));
    let mut lister = cargo();
    lister.args(["run", "--quiet", "--locked", "--package", "xtask-api", "--", &json]);
    let shown = shown(&lister);
    println!("$ {shown}");
    let output = lister.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    match output.status.code() {
        Some(0) => Ok(Some(String::from_utf8(output.stdout)?)),
        Some(OTHER_FORMAT) => Ok(None),
        _ => Err(format!("`{shown}` failed: {}", output.status).into()),
    }
}
