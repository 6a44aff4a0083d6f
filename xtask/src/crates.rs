//! The published crates, what cargo knows about them, and the targets without std that they build for.

use serde_json::Value;

use crate::Result;
use crate::command::{cargo, text};

/// In the order of their dependencies.
pub(crate) const PUBLISHED: [&str; 8] = [
    "btf-types",
    "core-reloc",
    "btf-store",
    "core-reloc-proptest",
    "core-reloc-sys",
    "core-reloc-targets",
    "core-reloc-tools",
    "core-reloc-cli",
];

/// Debian's rustc, which comes with a `core` and `alloc` built for BPF.
pub(crate) const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
/// The targets without std: BPF in both byte orders.
pub(crate) const BARE_METAL: [&str; 2] = ["bpfel-unknown-none", "bpfeb-unknown-none"];

/// The packages of the workspace and their dependencies, as cargo describes them.
pub(crate) struct Metadata(Vec<Value>);

impl Metadata {
    pub(crate) fn read() -> Result<Self> {
        let mut metadata = cargo();
        metadata.args(["metadata", "--format-version", "1", "--all-features", "--locked"]);
        let mut metadata: Value = serde_json::from_str(&text(&mut metadata)?)?;
        match metadata["packages"].take() {
            Value::Array(packages) => Ok(Self(packages)),
            _ => Err("cargo's metadata lists no packages".into()),
        }
    }

    /// The first package of this name, in this version if one is given.
    pub(crate) fn package(&self, name: &str, version: Option<&str>) -> Result<&Value> {
        let is_meant = |package: &&Value| {
            package["name"] == name && version.is_none_or(|version| package["version"] == version)
        };
        let found = self.0.iter().find(is_meant);
        found.ok_or_else(|| format!("cargo's metadata has no package {name}").into())
    }

    /// The features of a package, except `default`, which only unites others.
    pub(crate) fn features(&self, name: &str) -> Result<Vec<String>> {
        let features = self.package(name, None)?["features"].as_object();
        let mut features: Vec<String> =
            features.into_iter().flat_map(|all| all.keys().cloned()).collect();
        features.retain(|feature| feature != "default");
        features.sort();
        Ok(features)
    }
}

/// Sets of features: none, each by itself, and each pair.
pub(crate) fn matrix(features: &[String]) -> Vec<Vec<&str>> {
    let mut sets = vec![vec![]];
    sets.extend(features.iter().map(|feature| vec![feature.as_str()]));
    for (position, first) in features.iter().enumerate() {
        let pair = |second| vec![first.as_str(), second];
        sets.extend(features[position + 1..].iter().map(|second| pair(second.as_str())));
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_read_from_the_metadata() {
        let packages = serde_json::json!([
            {"name": "b", "version": "1.0.0", "features": {"x": []}},
            {"name": "a", "version": "2.0.0", "features": {"elf": ["dep:o"], "default": [], "build": []}},
        ]);
        let metadata = Metadata(packages.as_array().unwrap().clone());
        assert_eq!(metadata.features("a").unwrap(), ["build", "elf"]);
        assert!(metadata.features("c").is_err());
        assert!(metadata.package("a", Some("1.0.0")).is_err());
    }

    #[test]
    fn the_matrix_has_none_each_and_pairs() {
        assert_eq!(matrix(&[]), [[""; 0]]);
        let features = ["a", "b", "c"].map(String::from);
        let sets = matrix(&features);
        assert_eq!(
            sets.iter().map(|set| set.concat()).collect::<Vec<_>>(),
            ["", "a", "b", "c", "ab", "ac", "bc"]
        );
    }
}
