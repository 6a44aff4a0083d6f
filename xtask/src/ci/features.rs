//! Each crate alone, with each feature alone.

use std::fs;
use std::path::PathBuf;

use crate::Result;
use crate::command::{cargo, run};

/// Checks every crate below `crates/` with no feature, then with each by itself.
///
/// One package a command: in one build of several, cargo would unite their features.
pub(super) fn check() -> Result {
    for folder in crates()? {
        let manifest = folder.join("Cargo.toml");
        let text = fs::read_to_string(&manifest)
            .map_err(|error| format!("{}: {error}", manifest.display()))?;
        check_alone(&manifest, None)?;
        for feature in features(&text) {
            check_alone(&manifest, Some(feature))?;
        }
    }
    Ok(())
}

fn check_alone(manifest: &std::path::Path, feature: Option<&str>) -> Result {
    let mut check = cargo();
    check.args(["check", "--quiet", "--locked", "--no-default-features", "--manifest-path"]);
    check.arg(manifest);
    if let Some(feature) = feature {
        check.args(["--features", feature]);
    }
    run(check.env("RUSTFLAGS", "-D warnings"))
}

fn crates() -> Result<Vec<PathBuf>> {
    let mut folders = fs::read_dir("crates")?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    folders.sort();
    Ok(folders)
}

/// The names in the manifest's `[features]` section, `default` left out: it only
/// unites others.
fn features(manifest: &str) -> Vec<&str> {
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
}
