//! `cargo xtask fixtures`: makes every generated file below `fixtures/`.
//!
//! They are committed, so that tests need no compiler. With `--check` nothing is
//! written: a file that would change, or that nobody makes any more, is an error.

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

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::Result;
use crate::skip::skipped;

/// Where the fixtures are, from the workspace's root.
const FOLDER: &str = "fixtures";

/// One generated file.
struct Fixture {
    /// From `fixtures/`, with `/`.
    name: String,
    bytes: Vec<u8>,
    /// The command or the part of xtask that makes it: for the manifest.
    made_by: String,
}

pub(crate) fn run(arguments: &[String]) -> Result {
    let check = match arguments {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => return Err("usage: cargo xtask fixtures [--check]".into()),
    };
    let missing = objects::missing_tools();
    if !missing.is_empty() {
        let why = format!("the fixtures need {}, missing here", missing.join(", "));
        return if check { skipped(&why) } else { Err(why.into()) };
    }
    let mut fixtures = targets::make()?;
    fixtures.extend(objects::compile()?);
    let manifest = manifest::write(&fixtures)?;
    let mut made: BTreeMap<String, Vec<u8>> =
        fixtures.into_iter().map(|fixture| (fixture.name, fixture.bytes)).collect();
    made.insert(manifest::NAME.to_string(), manifest);

    let drift = drift(&made)?;
    if check {
        return report(&drift, made.len());
    }
    for (name, change) in &drift {
        let path = Path::new(FOLDER).join(name);
        match made.get(name) {
            Some(bytes) => write(&path, bytes)?,
            None => fs::remove_file(&path)?,
        }
        println!("{change}: {}", path.display());
    }
    println!("{} fixtures, {} of them changed", made.len(), drift.len());
    Ok(())
}

fn report(drift: &[(String, &str)], count: usize) -> Result {
    if drift.is_empty() {
        println!("all {count} fixtures are as they would be made now");
        return Ok(());
    }
    let list: String = drift.iter().map(|(name, change)| format!("  {change}: {name}\n")).collect();
    Err(format!("the fixtures have drifted:\n{list}make them again with: cargo xtask fixtures")
        .into())
}

fn write(path: &Path, bytes: &[u8]) -> Result {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// What differs between the files that are there and those that were made.
fn drift(made: &BTreeMap<String, Vec<u8>>) -> Result<Vec<(String, &'static str)>> {
    let mut drift = Vec::new();
    for (name, bytes) in made {
        match fs::read(Path::new(FOLDER).join(name)) {
            Ok(there) if there == *bytes => {}
            Ok(_) => drift.push((name.clone(), "changed")),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                drift.push((name.clone(), "new"));
            }
            Err(error) => return Err(format!("{name}: {error}").into()),
        }
    }
    for folder in GENERATED {
        let Ok(entries) = fs::read_dir(Path::new(FOLDER).join(folder)) else { continue };
        for entry in entries {
            let name = format!("{folder}/{}", entry?.file_name().to_string_lossy());
            if !made.contains_key(&name) {
                drift.push((name, "no longer made"));
            }
        }
    }
    Ok(drift)
}

/// The folders that hold nothing but generated files.
const GENERATED: &[&str] = &[objects::FOLDER, targets::FOLDER];
