//! `cargo xtask instructions`: counts the instructions of each part of a relocation and compares them
//! with the recorded counts.
//!
//! Unlike times, instruction counts hardly depend on the machine and its load. Valgrind counts them in
//! the program `bench-parts`, whose generated inputs never change. A part that takes over 5 % more than
//! [`RECORDED`] fails the check; record an intended increase in the same commit.

use std::fmt::Write;
use std::fs;
use std::process::Command;

use crate::Result;
use crate::command::{cargo, flag, is_installed, run as run_command, text};
use crate::skip::skipped;

/// The program that runs the parts.
const PROGRAM: &str = "target/release/bench-parts";
/// The recorded counts: one part and its count a line.
const RECORDED: &str = "bench/instructions.tsv";
/// The command that records them.
const RECORD: &str = "cargo xtask instructions --record";
/// By how many percent a count may grow.
const TOLERANCE: u64 = 5;

/// Counts and compares, or records with `--record`.
pub(crate) fn run(arguments: &[String]) -> Result {
    let record = flag(arguments, "--record")?;
    if !is_installed("valgrind") {
        return skipped("valgrind, which counts the instructions, is not installed");
    }
    let compiler = text(Command::new("rustc").arg("--version"))?;
    let figures = count_all()?;
    if record {
        return Ok(fs::write(RECORDED, table(&figures, compiler.trim()))?);
    }
    let recorded = fs::read_to_string(RECORDED).map_err(|error| format!("{RECORDED}: {error}"))?;
    let grown = compare(&figures, &parse(&recorded)?);
    if grown.is_empty() {
        return Ok(());
    }
    let recorder = recorded.lines().next().unwrap_or_default().trim_start_matches("# ");
    Err(format!(
        "over {TOLERANCE} % more instructions than recorded: {}\n\
         {recorder}; this is {compiler}\
         if the increase is intended, record it in the same commit: {RECORD}",
        grown.join(", ")
    )
    .into())
}

/// Counts the instructions of all parts.
fn count_all() -> Result<Vec<(String, u64)>> {
    let mut build = cargo();
    build.args(["build", "--release", "--locked", "--package", "core-reloc-bench"]);
    run_command(build.args(["--bin", "bench-parts"]))?;
    let parts = text(&mut Command::new(PROGRAM))?;
    parts.lines().map(|part| Ok((part.to_owned(), count(part)?))).collect()
}

fn count(part: &str) -> Result<u64> {
    // Only instructions inside the program's function `counted` count.
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--toggle-collect=*counted*"]);
    valgrind.args(["--callgrind-out-file=/dev/null", "--log-fd=1"]);
    let report = text(valgrind.args([PROGRAM, part]))?;
    let collected = report.lines().find_map(|line| line.split_once("Collected :"));
    let (_, count) = collected.ok_or_else(|| format!("valgrind reports no count:\n{report}"))?;
    match count.trim().parse()? {
        0 => Err("valgrind counted no instruction: it did not find the function".into()),
        count => Ok(count),
    }
}

/// Prints all counts beside the recorded ones, and returns those that have grown too much.
fn compare(figures: &[(String, u64)], recorded: &[(String, u64)]) -> Vec<String> {
    let mut grown = Vec::new();
    for (part, count) in figures {
        let known = recorded.iter().find(|(name, _)| name == part).map(|(_, count)| *count);
        let known = known.unwrap_or_default();
        println!("{part:10} {count:12}, recorded {known:12}");
        if count.saturating_mul(100) > known.saturating_mul(100 + TOLERANCE) {
            grown.push(format!("{part} {known} → {count}"));
        }
    }
    grown
}

fn table(figures: &[(String, u64)], compiler: &str) -> String {
    let mut table = format!("# recorded by `{RECORD}` with {compiler}\n");
    for (part, count) in figures {
        // Writing to text cannot fail.
        _ = writeln!(table, "{part}\t{count}");
    }
    table
}

fn parse(table: &str) -> Result<Vec<(String, u64)>> {
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (part, count) =
                line.split_once('\t').ok_or_else(|| format!("{RECORDED}: {line}"))?;
            Ok((part.to_owned(), count.parse()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(parse: u64, patch: u64) -> Vec<(String, u64)> {
        vec![("parse".to_owned(), parse), ("patch".to_owned(), patch)]
    }

    #[test]
    fn a_twentieth_more_is_allowed() {
        let recorded = parse(&table(&figures(1_000, 2_000), "rustc 1.0")).unwrap();
        assert_eq!(recorded, figures(1_000, 2_000));
        assert!(compare(&figures(1_050, 2_100), &recorded).is_empty());
        assert!(compare(&figures(500, 1), &recorded).is_empty());
        assert_eq!(compare(&figures(1_051, 2_000), &recorded), ["parse 1000 → 1051"]);
    }

    #[test]
    fn a_part_that_was_never_recorded_fails() {
        assert_eq!(compare(&figures(1, 2), &figures(1, 2)[..1]), ["patch 0 → 2"]);
    }
}
