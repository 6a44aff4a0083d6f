//! `cargo xtask fuzz`: the fuzz targets of `tests/fuzz`, one after the other.
//!
//! What a fuzzer finds on its way is kept in `tests/fuzz/corpus`, an input that makes
//! a target panic in `tests/fuzz/artifacts`. Once mended, it belongs into
//! `tests/fuzz/regressions`, which `cargo test` runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Result, command};

const FOLDER: &str = "tests/fuzz";

/// Where the attacks go that are made for them.
const ATTACKS: &str = "tests/fuzz/attacks";

/// Where a cargo-fuzz of our own goes when the machine has none.
const TOOLS: &str = "target/tools/cargo-fuzz";

const VERSION: &str = "0.13.2";

/// How long each target runs when nothing else is said.
const SECONDS: u32 = 60;

/// No input may take longer, in seconds by the clock, nor more memory, in MiB. The targets measure
/// the processor's time themselves, with a closer limit: a machine that was busy, or stopped, must not
/// look like an endless loop.
const TIMEOUT: u32 = 600;
const MEMORY: u32 = 2048;

pub(crate) fn run(arguments: &[String]) -> Result {
    let all = targets()?;
    let (names, seconds) = read(arguments, &all)?;
    let program = find_or_install()?;
    write_attacks()?;
    for name in names {
        command::run(&mut fuzz(&program, &name, seconds)?)?;
    }
    Ok(())
}

/// Writes the small attacks that the targets begin with.
fn write_attacks() -> Result {
    let mut write = command::cargo();
    write.args(["run", "--quiet", "--locked", "--package", "core-reloc-tests"]);
    command::run(write.args(["--bin", "attacks", "--", ATTACKS]))
}

/// The names of the targets: those of their files.
fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(Path::new(FOLDER).join("fuzz_targets"))? {
        let path = entry?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// Which targets are to run, and for how many seconds each.
fn read(arguments: &[String], all: &[String]) -> Result<(Vec<String>, u32)> {
    let (mut names, mut seconds) = (Vec::new(), SECONDS);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--seconds" {
            let number = rest.next().ok_or("--seconds takes a number")?;
            seconds = number.parse().map_err(|error| format!("--seconds {number}: {error}"))?;
        } else if all.contains(argument) {
            names.push(argument.clone());
        } else {
            let all = all.join(", ");
            return Err(format!("no fuzz target is called `{argument}`, but {all}").into());
        }
    }
    Ok((if names.is_empty() { all.to_vec() } else { names }, seconds))
}

fn fuzz(program: &Path, name: &str, seconds: u32) -> Result<Command> {
    let corpus = Path::new(FOLDER).join("corpus").join(name);
    fs::create_dir_all(&corpus)?;
    let mut fuzz = Command::new(program);
    // Without a sanitizer the stable compiler will do, and it is twice as fast: the libraries
    // have no unsafe code.
    fuzz.args(["fuzz", "run", "--sanitizer", "none", "--fuzz-dir", FOLDER, name]);
    fuzz.arg(corpus);
    for folder in ["seeds", "regressions", "attacks"] {
        let folder = Path::new(FOLDER).join(folder).join(name);
        fuzz.args(folder.exists().then_some(folder));
    }
    match name {
        "btf" => fuzz.arg("fixtures/btf"),
        "elf" => fuzz.arg("fixtures/objects"),
        _ => &mut fuzz,
    };
    fuzz.arg("--");
    fuzz.arg(format!("-max_total_time={seconds}"));
    fuzz.args([format!("-timeout={TIMEOUT}"), format!("-rss_limit_mb={MEMORY}")]);
    Ok(fuzz)
}

fn find_or_install() -> Result<PathBuf> {
    if command::is_installed("cargo-fuzz") {
        return Ok("cargo-fuzz".into());
    }
    let program = Path::new(TOOLS).join("bin/cargo-fuzz");
    if !program.is_file() {
        let mut install = command::cargo();
        install.args(["install", "--quiet", "--locked", "--root", TOOLS, "cargo-fuzz"]);
        command::run(install.args(["--version", VERSION]))?;
    }
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_chosen_by_name_and_time() {
        let all: Vec<String> = ["btf", "elf"].map(String::from).into();
        let check = |arguments: &[&str]| {
            let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
            read(&arguments, &all).ok()
        };
        assert_eq!(check(&[]), Some((all.clone(), SECONDS)));
        assert_eq!(check(&["elf", "--seconds", "5"]), Some((vec!["elf".into()], 5)));
        assert_eq!(check(&["exe"]), None);
        assert_eq!(check(&["--seconds"]), None);
        assert_eq!(check(&["--seconds", "x"]), None);
    }
}
