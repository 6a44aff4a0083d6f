//! `cargo xtask fuzz`: runs the fuzz targets of `tests/fuzz`, one after the other.
//!
//! Inputs that reach new code are kept in `tests/fuzz/corpus`, an input that makes a target panic in
//! `tests/fuzz/artifacts`. Once the bug is fixed, move it to `tests/fuzz/regressions`, which
//! `cargo test` runs.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::{Result, command, tools};

const FOLDER: &str = "tests/fuzz";

/// Where the generated attacks go.
const ATTACKS: &str = "tests/fuzz/attacks";

const VERSION: &str = "0.13.2";

/// How long each target runs by default.
const SECONDS: u32 = 60;

/// The limits for one input: seconds of wall-clock time and MiB of memory. The targets themselves
/// limit processor time more tightly: a busy or suspended machine must not look like an endless loop.
const TIMEOUT: u32 = 600;
const MEMORY: u32 = 2048;

pub(crate) fn run(arguments: &[String]) -> Result {
    let all = targets()?;
    let (names, seconds) = read(arguments, &all)?;
    let program = tools::find_or_build("cargo-fuzz", VERSION)?;
    write_attacks()?;
    for name in names {
        command::run(&mut fuzz(&program, &name, seconds)?)?;
    }
    Ok(())
}

/// Writes the small attacks that the targets start from.
fn write_attacks() -> Result {
    let mut write = command::cargo();
    write.args(["run", "--quiet", "--locked", "--package", "core-reloc-tests"]);
    command::run(write.args(["--bin", "attacks", "--", ATTACKS]))
}

/// The names of the targets, which are those of their files.
fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(Path::new(FOLDER).join("fuzz_targets"))? {
        let path = entry?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// The targets to run, and the number of seconds for each.
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
            return Err(
                format!("there is no fuzz target `{argument}`; the targets are {all}").into()
            );
        }
    }
    Ok((if names.is_empty() { all.to_vec() } else { names }, seconds))
}

fn fuzz(program: &Path, name: &str, seconds: u32) -> Result<Command> {
    let corpus = Path::new(FOLDER).join("corpus").join(name);
    fs::create_dir_all(&corpus)?;
    let mut fuzz = Command::new(program);
    // The libraries have no unsafe code to sanitize. Without a sanitizer, the stable compiler is
    // enough and runs are twice as fast.
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
