//! The minimum Rust version that the workspace declares: no dependency of the
//! published crates may need a newer one. That our own code keeps to it is clippy's
//! `incompatible_msrv`.

use std::collections::BTreeSet;
use std::fs;

use crate::Result;
use crate::command::{cargo, output};
use crate::crates::PUBLISHED;

/// Compares what each dependency's manifest declares with what ours does.
pub(super) fn check() -> Result {
    let ours = declared("Cargo.toml")?.ok_or("the workspace declares no rust-version")?;
    let metadata = output(cargo().args(["metadata", "--format-version", "1", "--locked"]))?;
    let metadata = String::from_utf8(metadata)?;
    let manifests: Vec<&str> = manifests(&metadata).collect();
    let dependencies = dependencies()?;
    for dependency in &dependencies {
        let end = format!("/{dependency}/Cargo.toml");
        let manifest = manifests.iter().find(|manifest| manifest.ends_with(&end));
        let manifest =
            manifest.ok_or_else(|| format!("cargo does not say where {dependency} is"))?;
        if let Some(theirs) = declared(manifest)?
            && theirs > ours
        {
            let ([our_major, our_minor, _], [major, minor, _]) = (ours, theirs);
            return Err(format!(
                "{dependency} needs Rust {major}.{minor}, we declare {our_major}.{our_minor}"
            )
            .into());
        }
    }
    println!(
        "{} dependencies, none needs more than Rust {}.{}",
        dependencies.len(),
        ours[0],
        ours[1]
    );
    Ok(())
}

/// What the published crates are built of, from registries: `name-version`, as their
/// folders are called.
fn dependencies() -> Result<BTreeSet<String>> {
    let mut tree = cargo();
    tree.args(["tree", "--all-features", "--locked", "--target", "all"]);
    tree.args(["--edges", "normal,build", "--prefix", "none", "--format", "{p}"]);
    for package in PUBLISHED {
        tree.args(["--package", package]);
    }
    let tree = String::from_utf8(output(&mut tree)?)?;
    // `name v1.2.3`, and in brackets what else there is to say: a folder, if it is ours.
    let registry = tree.lines().filter(|line| !line.contains("(/"));
    Ok(registry
        .filter_map(|line| line.split_once(" v"))
        .map(|(name, rest)| format!("{name}-{}", rest.split(' ').next().unwrap_or(rest)))
        .collect())
}

/// Where the manifests of all packages are, from cargo's JSON.
fn manifests(metadata: &str) -> impl Iterator<Item = &str> {
    metadata.split(r#""manifest_path":""#).skip(1).filter_map(|rest| rest.split('"').next())
}

/// The `rust-version` of a manifest.
fn declared(manifest: &str) -> Result<Option<[u32; 3]>> {
    let text = fs::read_to_string(manifest).map_err(|error| format!("{manifest}: {error}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("rust-version = "));
    line.map(|version| parse(version).ok_or_else(|| format!("{manifest}: {version}").into()))
        .transpose()
}

/// `"1.88"` or `"1.88.0"`, quotes included.
fn parse(version: &str) -> Option<[u32; 3]> {
    let mut numbers = version.trim_matches('"').split('.');
    let mut next = || numbers.next().map_or(Some(0), |number| number.parse().ok());
    Some([next()?, next()?, next()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert_eq!(parse("\"1.88\""), Some([1, 88, 0]));
        assert!(parse("\"1.100.1\"") > parse("\"1.88\""));
        assert_eq!(parse("{ workspace = true }"), None);
    }

    #[test]
    fn manifests_are_found_in_the_metadata() {
        let metadata = r#"{"packages":[{"name":"a","manifest_path":"/r/a-1.0.0/Cargo.toml"},{"#;
        assert_eq!(manifests(metadata).collect::<Vec<_>>(), ["/r/a-1.0.0/Cargo.toml"]);
    }
}
