//! The minimum Rust version that the workspace declares: no dependency of the published crates may
//! need a newer one. Clippy's `incompatible_msrv` checks our own code.

use std::collections::BTreeSet;

use crate::Result;
use crate::command::{cargo, text};
use crate::crates::{Metadata, PUBLISHED};

/// The workspace's version, which xtask inherits.
const OURS: &str = env!("CARGO_PKG_RUST_VERSION");

/// Compares the version that each dependency declares with ours.
pub(super) fn check() -> Result {
    let metadata = Metadata::read()?;
    let dependencies = dependencies()?;
    for (name, version) in &dependencies {
        let Some(theirs) = metadata.package(name, Some(version))?["rust_version"].as_str() else {
            continue;
        };
        if parse(theirs)? > parse(OURS)? {
            return Err(format!("{name} needs Rust {theirs}, we declare {OURS}").into());
        }
    }
    println!("{} dependencies, none needs more than Rust {OURS}", dependencies.len());
    Ok(())
}

/// The names and versions of the packages from registries that the published crates are built from.
fn dependencies() -> Result<BTreeSet<(String, String)>> {
    let mut tree = cargo();
    tree.args(["tree", "--all-features", "--locked", "--target", "all"]);
    tree.args(["--edges", "normal,build", "--prefix", "none", "--format", "{p}"]);
    for package in PUBLISHED {
        tree.args(["--package", package]);
    }
    // `name v1.2.3`, followed by the folder of a package that is ours.
    let tree = text(&mut tree)?;
    let registry = tree.lines().filter(|line| !line.contains("(/"));
    let split = registry.filter_map(|line| line.split_once(" v"));
    Ok(split
        .map(|(name, rest)| (name.to_owned(), rest.split(' ').next().unwrap_or(rest).to_owned()))
        .collect())
}

/// Parses `1.88` or `1.88.0`.
fn parse(version: &str) -> Result<[u32; 3]> {
    let mut numbers = [0; 3];
    for (place, number) in numbers.iter_mut().zip(version.split('.')) {
        *place = number.parse().map_err(|error| format!("Rust version {version}: {error}"))?;
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn versions_compare_as_numbers() {
        assert_eq!(parse("1.88").unwrap(), [1, 88, 0]);
        assert!(parse("1.100.1").unwrap() > parse("1.88").unwrap());
        assert!(parse("one").is_err());
    }
}
