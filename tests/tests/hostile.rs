//! Runs every fuzz target on its seeds, and on damaged seeds.

use core_reloc_tests::hostile::{
    TARGETS,
    damage::{scrambled, truncated},
    seeds,
};

/// The number of truncated and of scrambled copies of each seed.
const TIMES: usize = 48;

fn check(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target");
    let seeds = seeds::of(name).expect("the seeds can be read");
    assert!(!seeds.is_empty(), "{name} has no seeds");
    for seed in seeds {
        println!("{}", seed.path.display());
        (target.run)(&seed.bytes);
        truncated(&seed.bytes, TIMES).for_each(target.run);
        scrambled(&seed.bytes, TIMES).for_each(|bytes| (target.run)(&bytes));
    }
}

#[test]
fn btf() {
    check("btf");
}

#[test]
fn split() {
    check("split");
}

#[test]
fn distilled() {
    check("distilled");
}

#[test]
fn ext() {
    check("ext");
}

#[test]
fn elf() {
    check("elf");
}

#[test]
fn log() {
    check("log");
}

#[test]
fn access() {
    check("access");
}

#[test]
fn relocate() {
    check("relocate");
}

#[test]
fn store() {
    check("store");
}
