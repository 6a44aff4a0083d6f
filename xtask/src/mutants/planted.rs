//! `cargo xtask mutants planted`: at least one bug for each rule of relocation, made by hand.
//!
//! The bugs are a table, `planted.txt`. They are planted one at a time, in a copy of the workspace.

mod bug;
mod table;
mod tree;

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::time::Instant;

use self::bug::Bug;
use self::tree::{Outcome, Tree};
use crate::Result;

const TABLE: &str = include_str!("planted.txt");

/// What `--sample` tries: one of so many.
const SAMPLED: usize = 6;

/// Looks whether all bugs of the table can be planted, and unless that is all, plants the chosen
/// ones. A bug that no test notices is an error.
pub(super) fn run(arguments: &[String]) -> Result {
    let bugs = table::parse(TABLE)?;
    let stale: Vec<String> =
        bugs.iter().filter_map(|bug| bug.changes(Path::new(".")).err()).collect();
    if !stale.is_empty() {
        let list = stale.join("\n  ");
        return Err(format!("the sources have changed below planted bugs:\n  {list}").into());
    }
    let chosen: Vec<&Bug> = match arguments {
        [flag] if flag == "--check" => {
            println!("all {} bugs can be planted", bugs.len());
            return Ok(());
        }
        [flag] if flag == "--sample" => {
            let first = sources()?;
            bugs.iter().skip(first % SAMPLED).step_by(SAMPLED).collect()
        }
        [] => bugs.iter().collect(),
        words => {
            let is_meant = |bug: &&Bug| words.iter().any(|word| bug.to_string().contains(word));
            bugs.iter().filter(is_meant).collect()
        }
    };
    plant(&chosen)
}

/// A number that the sources decide, so that another change tries other bugs, and the same one the
/// same again.
fn sources() -> Result<usize> {
    let mut files = tree::files(Path::new("crates/core-reloc"))?;
    files.sort();
    let mut state = DefaultHasher::new();
    for file in files {
        fs::read(file)?.hash(&mut state);
    }
    Ok(usize::try_from(state.finish() >> 48)?)
}

fn plant(bugs: &[&Bug]) -> Result {
    let started = Instant::now();
    let tree = Tree::copy()?;
    for elf in [false, true] {
        if bugs.iter().all(|bug| bug.is_in_elf() != elf) {
            continue;
        }
        let outcome = tree.test(elf)?;
        if !matches!(outcome, Outcome::Missed) {
            return Err(format!("without a bug: {outcome}").into());
        }
    }
    println!("without a bug all tests pass, after {:.0} s", started.elapsed().as_secs_f64());
    let (mut missed, mut rule) = (Vec::new(), "");
    for (number, bug) in bugs.iter().enumerate() {
        if rule != bug.rule {
            rule = bug.rule;
            println!("{rule}");
        }
        let bug_started = Instant::now();
        let outcome = tree.test_with(bug)?;
        let seconds = bug_started.elapsed().as_secs_f64();
        println!("  {:3} {outcome} in {seconds:.1} s: {}", number + 1, bug.name);
        if !matches!(outcome, Outcome::Caught(_)) {
            missed.push(bug.to_string());
        }
    }
    let (caught, all) = (bugs.len() - missed.len(), bugs.len());
    println!("{caught} of {all} bugs caught in {:.0} s", started.elapsed().as_secs_f64());
    if missed.is_empty() {
        Ok(())
    } else {
        Err(format!("not caught:\n  {}", missed.join("\n  ")).into())
    }
}
