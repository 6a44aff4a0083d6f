//! The lowest versions of their dependencies that the packed manifests allow: whether they really do.

use std::fs;
use std::path::Path;

use super::{Package, list};
use crate::Result;
use crate::command::{cargo, run};

/// A workspace of the packed crates: of what is direct to a member, cargo takes the lowest version.
const FOLDER: &str = "target/minimal";

/// Builds each packed crate with the lowest versions. The switch that chooses them is unstable.
pub(super) fn check(packages: &[Package]) -> Result {
    let mut manifest = String::from("[workspace]\nresolver = \"3\"\nmembers = [\"*-*\"]\n");
    manifest.push_str("\n[patch.crates-io]\n");
    for package in packages {
        copy(package)?;
        manifest.push_str(&format!("{0} = {{ path = \"{0}\" }}\n", package.name));
    }
    fs::write(format!("{FOLDER}/Cargo.toml"), manifest)?;
    let manifest = format!("{FOLDER}/Cargo.toml");
    let mut update = cargo();
    update.args(["update", "-Z", "direct-minimal-versions", "--manifest-path", &manifest]);
    run(update.env("RUSTC_BOOTSTRAP", "1"))?;
    for package in packages {
        let mut check = cargo();
        check.args(["check", "--quiet", "--locked", "--all-features", "--package", package.name]);
        check.args(["--manifest-path", &manifest, "--target-dir", "target/minimal/target"]);
        run(&mut check)?;
    }
    Ok(())
}

/// Copies a packed crate. What only its tests need has lowest versions of its own, which are nobody's
/// concern.
fn copy(package: &Package) -> Result {
    let from = package.folder();
    let to = format!("{FOLDER}/{}", package.name);
    if Path::new(&to).exists() {
        fs::remove_dir_all(&to)?;
    }
    let mut files = Vec::new();
    list(Path::new(&from), "", &mut files)?;
    for file in files {
        let to = Path::new(&to).join(&file);
        fs::create_dir_all(to.parent().ok_or("a file is in no folder")?)?;
        let from = Path::new(&from).join(&file);
        if file == "Cargo.toml" {
            fs::write(to, without_tests(&fs::read_to_string(from)?))?;
        } else {
            fs::copy(from, to)?;
        }
    }
    Ok(())
}

/// A manifest without its sections of dev-dependencies.
fn without_tests(manifest: &str) -> String {
    let mut is_kept = true;
    let mut kept = String::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_kept = !line.starts_with("[dev-dependencies");
        }
        if is_kept {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::without_tests;

    #[test]
    fn dev_dependencies_go() {
        let manifest = "[a]\nb = 1\n[dev-dependencies.c]\nversion = \"1\"\n[lints]\nd = 2\n";
        assert_eq!(without_tests(manifest), "[a]\nb = 1\n[lints]\nd = 2\n");
    }
}
