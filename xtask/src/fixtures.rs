//! `cargo xtask fixtures`: generates the files in `fixtures/` that the tests use.
//!
//! They are committed, so that tests need no compiler.

mod abi;
mod answers;
mod btf;
mod c_compiler;
mod c_types;
mod fields;
mod kernels;
mod manifest;
mod objects;
mod questions;
mod targets;

use crate::Result;
use crate::command::flag;
use crate::recorded::{Recorded, settle};
use crate::skip::skipped;

/// Where the fixtures are, from the workspace's root.
const FOLDER: &str = "fixtures";

/// One generated file.
struct Fixture {
    /// The path from `fixtures/`.
    name: String,
    bytes: Vec<u8>,
    /// The command, or the part of xtask, that generates it: for the manifest.
    made_by: String,
}

pub(crate) fn run(arguments: &[String]) -> Result {
    let check = flag(arguments, "--check")?;
    let missing = objects::missing_tools();
    if !missing.is_empty() {
        let why = format!("the fixtures need {}, not installed here", missing.join(", "));
        return if check { skipped(&why) } else { Err(why.into()) };
    }
    let mut fixtures = targets::make()?;
    fixtures.extend(objects::compile()?);
    let manifest = manifest::write(&fixtures)?;
    let recorded = |name: &str, content| Recorded { path: format!("{FOLDER}/{name}"), content };
    let mut files = vec![recorded(manifest::NAME, manifest)];
    files.extend(fixtures.into_iter().map(|fixture| recorded(&fixture.name, fixture.bytes)));
    let folders = GENERATED.map(|folder| format!("{FOLDER}/{folder}"));
    settle(&files, &folders.each_ref().map(String::as_str), check, "cargo xtask fixtures")
}

/// The folders that hold only generated files.
const GENERATED: [&str; 3] = [objects::FOLDER, objects::VERDICTS, targets::FOLDER];
