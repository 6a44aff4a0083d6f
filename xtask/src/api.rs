//! `cargo xtask api`: lists the public interface of each published crate in `docs/api`, one item a
//! line.

use std::process::Stdio;

use crate::Result;
use crate::command::{cargo, flag, run as run_command, shown};
use crate::crates::PUBLISHED;
use crate::recorded::{Recorded, settle};
use crate::skip::skipped;

/// A target folder of its own: rustdoc's JSON is unstable, and enabling unstable options would make
/// cargo rebuild everything.
const TARGET: &str = "target/api";
/// The lister's exit status if rustdoc writes another format than it reads.
const OTHER_FORMAT: i32 = 3;

pub(crate) fn run(arguments: &[String]) -> Result {
    let check = flag(arguments, "--check")?;
    let mut listings = Vec::new();
    for name in PUBLISHED {
        document(name)?;
        let Some(content) = list(name)? else {
            return skipped("this rustdoc writes another format than xtask-api reads");
        };
        listings.push(Recorded { path: format!("docs/api/{name}.txt"), content });
    }
    settle(&listings, &["docs/api"], check, "cargo xtask api")
}

/// Runs rustdoc on a crate with all features.
fn document(name: &str) -> Result {
    let mut doc = cargo();
    doc.args(["rustdoc", "--quiet", "--package", name, "--lib", "--all-features", "--locked"]);
    doc.args(["--target-dir", TARGET, "--", "-Z", "unstable-options", "--output-format", "json"]);
    // As on docs.rs, where each item shows the feature that it needs.
    doc.args(["--cfg", "docsrs"]);
    run_command(doc.env("RUSTC_BOOTSTRAP", "1"))
}

/// The listing, or `None` if rustdoc's format cannot be read.
fn list(name: &str) -> Result<Option<Vec<u8>>> {
    let json = format!("{TARGET}/doc/{}.json", name.replace('-', "_"));
    let mut lister = cargo();
    lister.args(["run", "--quiet", "--locked", "--package", "xtask-api", "--", &json]);
    let shown = shown(&lister);
    println!("$ {shown}");
    let output = lister.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    match output.status.code() {
        Some(0) => Ok(Some(output.stdout)),
        Some(OTHER_FORMAT) => Ok(None),
        _ => Err(format!("`{shown}` failed: {}", output.status).into()),
    }
}
