//! The published crates, their features, and the targets without std that they build for.

/// In the order of their dependencies.
pub(crate) const PUBLISHED: [&str; 4] =
    ["btf-types", "core-reloc", "core-reloc-sys", "core-reloc-cli"];

/// Debian's rustc, which comes with a `core` and `alloc` built for BPF.
pub(crate) const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
/// The targets without std: BPF in both byte orders.
pub(crate) const BARE_METAL: [&str; 2] = ["bpfel-unknown-none", "bpfeb-unknown-none"];

/// The names in the manifest's `[features]` section, `default` left out: it only
/// unites others.
pub(crate) fn features(manifest: &str) -> Vec<&str> {
    manifest
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != "[features]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('=').map(|(name, _)| name.trim()))
        .filter(|name| *name != "default")
        .collect()
}

/// Sets of features: none, each by itself, and each two together.
pub(crate) fn matrix<'f>(features: &[&'f str]) -> Vec<Vec<&'f str>> {
    let mut sets = vec![vec![]];
    sets.extend(features.iter().map(|feature| vec![*feature]));
    for (position, first) in features.iter().enumerate() {
        sets.extend(features[position + 1..].iter().map(|second| vec![*first, *second]));
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_read_from_the_manifest() {
        let manifest = "[package]\nname = \"a\"\n\n[features]\ndefault = []\n## Words = words.\n\
                        build = []\nelf = [\"dep:object\"]\n\n[dependencies]\nb = \"1\"\n";
        assert_eq!(features(manifest), ["build", "elf"]);
        assert!(features("[package]\nname = \"a\"\n").is_empty());
    }

    #[test]
    fn the_matrix_has_none_each_and_pairs() {
        assert_eq!(matrix(&[]), [[""; 0]]);
        let sets = matrix(&["a", "b", "c"]);
        assert_eq!(
            sets.iter().map(|set| set.concat()).collect::<Vec<_>>(),
            ["", "a", "b", "c", "ab", "ac", "bc"]
        );
    }
}
