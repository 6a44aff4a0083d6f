//! `cargo xtask mutants planted`: bugs that break a rule of relocation in a way that cargo-mutants does
//! not try.
//!
//! The bugs are a table, `planted.txt`. They are planted one at a time, in a copy of the workspace.

mod bug;
mod pattern;
mod place;
mod table;
mod tree;

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::time::Instant;

use self::bug::{Bug, Change};
use self::place::Places;
use self::tree::{Outcome, Tree};
use crate::Result;

const TABLE: &str = include_str!("planted.txt");

/// `--sample` tries one bug out of this many.
const SAMPLED: usize = 6;

/// Checks that each bug of the table can be planted; then, without `--check`, plants the chosen ones.
/// A bug that no test notices is an error.
pub(super) fn run(arguments: &[String]) -> Result {
    let (mut planned, mut places, mut stale) = (Vec::new(), Places::default(), Vec::new());
    for bug in table::parse(TABLE)? {
        match bug.changes(&mut places) {
            Ok(changes) => planned.push((bug, changes)),
            Err(error) => stale.push(error.to_string()),
        }
    }
    if !stale.is_empty() {
        let list = stale.join("\n  ");
        return Err(format!("{} bugs can no longer be planted:\n  {list}", stale.len()).into());
    }
    let chosen: Vec<&(Bug, Vec<Change>)> = match arguments {
        [flag] if flag == "--check" => {
            println!("all {} bugs can be planted", planned.len());
            return Ok(());
        }
        [flag] if flag == "--sample" => {
            planned.iter().skip(seed(&places)? % SAMPLED).step_by(SAMPLED).collect()
        }
        [] => planned.iter().collect(),
        words => planned
            .iter()
            .filter(|(bug, _)| words.iter().any(|word| bug.to_string().contains(word)))
            .collect(),
    };
    plant(&chosen)
}

/// A number that the sources determine: another change tries other bugs, the same one the same bugs.
fn seed(places: &Places) -> Result<usize> {
    let mut state = DefaultHasher::new();
    places.texts.hash(&mut state);
    Ok(usize::try_from(state.finish() >> 48)?)
}

fn plant(bugs: &[&(Bug, Vec<Change>)]) -> Result {
    let started = Instant::now();
    let tree = Tree::copy()?;
    for elf in [false, true] {
        if bugs.iter().all(|(_, changes)| tree::is_in_elf(changes) != elf) {
            continue;
        }
        let outcome = tree.test(elf)?;
        if !matches!(outcome, Outcome::Missed) {
            return Err(format!("without a bug: {outcome}").into());
        }
    }
    println!("without a bug all tests pass, after {:.0} s", started.elapsed().as_secs_f64());
    let (mut missed, mut rule) = (Vec::new(), "");
    for (number, (bug, changes)) in bugs.iter().enumerate() {
        if rule != bug.rule {
            rule = bug.rule;
            println!("{rule}");
        }
        let bug_started = Instant::now();
        let outcome = tree.test_with(changes)?;
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
